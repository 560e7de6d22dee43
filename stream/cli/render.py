"""`leadpulse render`: write what is rendered from the code, or check that it is up to date.

In:  types and catalog.
Out: every rendered file; with --check exit code 1 when one differs, is missing, or is left over.
"""

from __future__ import annotations

from pathlib import Path

import click

from stream.errors import DriftError


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail when a file is not up to date.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    metavar="DIR",
    help="The checkout; default: here.",
)
def render(check: bool, root: Path) -> None:
    """Write schemas and the metric reference from the code, or check them.

    JSON Schemas and AsyncAPI come from the types of events and readings, METRICS.md from the catalog.

    \b
    Examples:
      leadpulse render
      leadpulse render --check
    """
    from stream.render import render as rendering

    if not check:
        for path, how in rendering.write(root):
            click.echo(
                f"{path} is left over: nothing renders it any more; delete it"
                if how == "is left over"
                else f"wrote {path}"
            )
        return
    found = rendering.drift(root)
    for path, how in found:
        click.echo(f"{path} {how}")
    if found:
        raise DriftError(
            f"{len(found)} rendered file(s) are not up to date.",
            where=str(root.resolve()),
            do="Run `leadpulse render`, delete what is left over, and commit the result; never edit these files.",
        )
    click.echo("All rendered files are up to date.")
