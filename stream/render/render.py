"""Render: every file that is written from code, and whether the ones on disk are up to date.

In:  the root of a checkout.
Out: the files' texts; the paths that differ, are missing, or are left over.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, NamedTuple

from stream.errors import LeadpulseError
from stream.render import constructors, deployment, events, rules, runbook, schemas
from stream.render.reference import reference

Difference = Literal["differs", "missing", "is left over"]

#: folders in which every file is rendered (not those below them); whatever else lies there was rendered once
WHOLE: Final = (
    "schemas",
    "deploy/alertmanager",
    "deploy/grafana/dashboards",
    "deploy/grafana/provisioning/dashboards",
    "deploy/grafana/provisioning/datasources",
    "deploy/prometheus/rules",
    "deploy/prometheus/tests",
)


class Drift(NamedTuple):
    """A file that is not as the code would write it."""

    path: Path
    how: Difference


def files(root: Path, links: rules.Links = rules.Links()) -> dict[Path, str]:
    """Give the text of every rendered file below `root`; links are of the installation that reads the rules."""
    try:
        from stream.render import dashboards

        boards = dashboards.render()
    except ImportError as error:  # a tool of development: whoever only runs workers does without it
        raise LeadpulseError(
            "Dashboards are rendered with grafana-foundation-sdk, which is not installed.",
            where=str(error.name),
            do="Render in a checkout that was set up with `make setup`.",
        ) from error
    monitoring = {
        **rules.render(links=links), **runbook.render(), **deployment.render(links=links), **boards,
    }  # fmt: skip
    return {
        **schemas.render(root),
        root / "schemas" / "METRICS.md": reference(),
        root / "docs" / "events.md": events.page(),
        root / constructors.PATH: constructors.stub(),
        **{root / path: text for path, text in monitoring.items()},
    }


def drift(root: Path, links: rules.Links = rules.Links()) -> list[Drift]:
    """Compare the rendered files with what is on disk."""
    found: list[Drift] = []
    texts = files(root, links)
    for path, text in texts.items():
        if not path.is_file():
            found.append(Drift(path, "missing"))
        elif path.read_text(encoding="utf-8") != text:
            found.append(Drift(path, "differs"))
    return found + [Drift(path, "is left over") for path in _lying_in_whole_folders(root) if path not in texts]


def _lying_in_whole_folders(root: Path) -> list[Path]:
    """Give the files that should all be rendered ones; what begins with a dot is an editor's or the system's."""
    return [
        path
        for folder in WHOLE
        for path in sorted((root / folder).glob("*"))
        if path.is_file() and not path.name.startswith(".")
    ]


def write(root: Path, links: rules.Links = rules.Links()) -> list[Drift]:
    """Write the files that are not up to date; give what had drifted.

    What is left over is told and stays: `root` may be a folder of somebody else's.
    """
    texts = files(root, links)
    found = drift(root, links)
    for path, how in found:
        if how != "is left over":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[path], encoding="utf-8", newline="\n")
    return found
