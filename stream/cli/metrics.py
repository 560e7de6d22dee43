"""`leadpulse metrics`: what is measured, and how it is worked out.

In:  the catalog.
Out: a table, the full text of some entries, or JSON.
"""

from __future__ import annotations

import difflib
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from stream.errors import UsageError

if TYPE_CHECKING:
    from stream.catalog import Metric


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--area", help="Only one area: traffic, conversion, chatbot, email, ads, funnel, trust.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def metrics(names: tuple[str, ...], area: str | None, form: str) -> None:
    """List the metrics; with NAME, all that is known about it.

    \b
    Examples:
      leadpulse metrics
      leadpulse metrics --area email
      leadpulse metrics visit_to_lead_ratio deliverability_ratio
      leadpulse metrics --format json | python -m json.tool
    """
    from stream.catalog import BY_NAME

    chosen = [_named(name, BY_NAME) for name in names] or list(BY_NAME.values())
    if area is not None:
        areas = dict.fromkeys(metric.area for metric in BY_NAME.values())
        if area not in areas:
            raise UsageError(f"There is no area {area}.", where="--area", do=f"Areas: {', '.join(areas)}.")
        chosen = [metric for metric in chosen if metric.area == area]
    if form == "json":
        import orjson

        found = [{name: value for name, value in asdict(metric).items() if name != "look"} for metric in chosen]
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    elif names:
        click.echo("\n\n".join(_full(metric) for metric in chosen))
    else:
        _table(chosen)


def _named(name: str, known: dict[str, Metric]) -> Metric:
    short = name.removeprefix("leadpulse_")
    if short not in known:
        near = difflib.get_close_matches(short, known, n=1)
        raise UsageError(
            f"There is no metric {name}.",
            do=f"Did you mean {near[0]}?" if near else "`leadpulse metrics` lists all.",
        )
    return known[short]


def _full(metric: Metric) -> str:
    lines = {
        "formula": metric.formula,
        "kind": metric.kind,
        "unit": metric.unit,
        "labels": ", ".join(metric.labels) or "none",
        "windows": ", ".join(metric.windows) or "none: since the beginning",
        "harmed by": metric.direction or "-",
        "across": metric.across or "-",
        "note": "values in `(other)` are an upper bound" if metric.people else metric.notes,
    }
    text = "\n".join(f"  {name:<10}{value}" for name, value in lines.items() if value and value != "-")
    return f"leadpulse_{metric.series}\n  {metric.help}\n{text}"


def _table(chosen: list[Metric]) -> None:
    width = max((len(metric.name) for metric in chosen), default=0)
    area = None
    for metric in chosen:
        if metric.area != area:
            area = metric.area
            click.echo(f"\n{area}")
        click.echo(f"  {metric.name:<{width}}  {', '.join(metric.labels):<32}  {metric.formula}")
