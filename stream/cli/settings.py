"""`leadpulse settings`: each setting, its value, and where it came from.

In:  flags, environment, settings file.
Out: a table, JSON, or a TOML file to start from.
"""

from __future__ import annotations

import textwrap
from typing import Any

import click
import orjson

from stream.cli.options import Loaded, with_settings
from stream.lifecycle.read import shipped_text
from stream.settings.load import FIELDS, env_name, text_of


@click.command()
@with_settings(loaded=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "toml"]),
    default="table",
    show_default=True,
    help="toml gives a commented file to start from.",
)
@click.option("--explain", is_flag=True, help="Say what each setting does.")
@click.option("--rules", is_flag=True, help="Print the rules of leads as they are shipped, a file to start from.")
def settings(loaded: Loaded, form: str, explain: bool, rules: bool) -> None:
    """Show each setting, its value and where it came from.

    Secrets are never shown. A wrong setting is a message and exit code 2, as it is for every command.

    \b
    Examples:
      leadpulse settings --explain
      LEADPULSE_COMMIT_INTERVAL=500ms leadpulse settings | grep commit
      leadpulse settings --format toml > leadpulse.toml
      leadpulse settings --config leadpulse.toml --set label_limit=100
      leadpulse settings --rules > leads.toml
      LEADPULSE_LEADS_RULES=leads.toml leadpulse settings
    """
    if rules:
        click.echo(shipped_text(), nl=False)
        return
    rows = [(name, text_of(name, getattr(loaded.settings, name)), loaded.origins[name]) for name in FIELDS]
    if form == "json":
        table: dict[str, dict[str, Any]] = {
            name: {"value": value, "origin": origin, "variable": env_name(name)} for name, value, origin in rows
        }
        table["ignored_referrers"]["shipped"] = _shipped()
        click.echo(orjson.dumps(table, option=orjson.OPT_INDENT_2))
    elif form == "toml":
        for name, value, origin in rows:
            if name.endswith(("password", "token")):
                value = ""  # a secret belongs into a variable or a file of its own
            mark = "" if origin != "default" and value else "# "
            click.echo(f"# {FIELDS[name].description}\n{mark}{name} = {_toml(name, value)}\n")
    else:
        widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
        for name, value, origin in rows:
            click.echo(f"{name:<{widths[0]}}  {value or '-':<{widths[1]}}  {origin}")
            if explain:
                click.echo(f"    {FIELDS[name].description}\n    {env_name(name)}\n")
        click.echo(f"\nStages of leads (--rules prints a file of rules): {' → '.join(loaded.settings.rules.ladder)}")
        click.echo(f"\nReferrers that are ignored without a setting, sub-domains included:\n{_wrapped(_shipped())}")


def _shipped() -> list[str]:
    """Name what people only come back from: hosts, first labels of hosts, sign-in pages of other hosts."""
    from stream.ingest.referrers import referrers

    tables = referrers()
    pages = (f"{host}{path}" for host, paths in tables.pages.items() for path in paths)
    return sorted((*tables.ignored, *(f"{first}.*.*" for first in tables.first), *pages))


def _wrapped(names: list[str]) -> str:
    return textwrap.fill(", ".join(names), 110, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def _toml(name: str, text: str) -> str:
    """Write a value as TOML: numbers and switches bare, the rest as text; lists are read from text, too."""
    field = FIELDS[name]
    bare = field.annotation is bool or (field.annotation is int and not {"ms", "bytes"} & set(field.metadata))
    return text if bare else orjson.dumps(text).decode()
