"""`leadpulse render`: write what is rendered from the code, or check that it is up to date.

In:  types and catalog.
Out: every rendered file; with --check exit code 1 when one differs, is missing, or is left over.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import click

from stream.errors import DriftError, UsageError


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail when a file is not up to date.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    metavar="DIR",
    help="The checkout; default: here.",
)
@click.option(
    "--runbook-url",
    metavar="URL",
    help="Where alerts find their runbook; default: the page that a worker at localhost:9464 serves.",
)
@click.option(
    "--dashboard-url",
    metavar="URL",
    help="The Grafana that has the dashboards; default: http://localhost:3000, as in deploy/compose.yaml.",
)
def render(check: bool, root: Path, runbook_url: str | None, dashboard_url: str | None) -> None:
    """Write what follows from the code, or check it: schemas, reference, rules, dashboards, runbook.

    JSON Schemas and AsyncAPI come from the types of events and readings, all else from the catalog and what judges it.

    \b
    Examples:
      leadpulse render
      leadpulse render --check
      leadpulse render --runbook-url https://wiki.example/leadpulse --dashboard-url https://grafana.example
    """
    from stream.render import render as rendering
    from stream.render.rules import Links

    given = {
        "runbook": _address("--runbook-url", runbook_url),
        "dashboards": _address("--dashboard-url", dashboard_url),
    }
    links = Links(**{name: url for name, url in given.items() if url is not None})
    if not check:
        for path, how in rendering.write(root, links):
            click.echo(
                f"{path} is left over: nothing renders it any more; delete it"
                if how == "is left over"
                else f"wrote {path}"
            )
        return
    found = rendering.drift(root, links)
    for path, how in found:
        click.echo(f"{path} {how}")
    if found:
        raise DriftError(
            f"{len(found)} rendered file(s) are not up to date.",
            where=str(root.resolve()),
            do="Run `leadpulse render`, delete what is left over, and commit the result; never edit these files.",
        )
    click.echo("All rendered files are up to date.")


def _address(option: str, url: str | None) -> str | None:
    """Give an address without a slash at its end; refuse what a link in a message would not lead to."""
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
        raise UsageError(
            f"{option} is no address that a link can lead to: {url!r}.", where="command line",
            do="Write it in full, with http:// or https:// and a host, without #.",
        )  # fmt: skip
    return url.rstrip("/")
