"""Render: every file that is written from code, and whether the ones on disk are up to date.

In:  the root of a checkout.
Out: the files' texts; the paths that differ, are missing, or are left over.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from stream.errors import LeadpulseError
from stream.render import deployment, events, rules, runbook, schemas
from stream.render.reference import reference

Difference = Literal["differs", "missing"]


class Drift(NamedTuple):
    """A file that is not as the code would write it."""

    path: Path
    how: Difference


def files(root: Path) -> dict[Path, str]:
    """Give the text of every rendered file below `root`."""
    try:
        from stream.render import dashboards

        boards = dashboards.render()
    except ImportError as error:  # a tool of development: whoever only runs workers does without it
        raise LeadpulseError(
            "Dashboards are rendered with grafana-foundation-sdk, which is not installed.",
            where=str(error.name),
            do="Render in a checkout that was set up with `make setup`.",
        ) from error
    monitoring = {**rules.render(), **runbook.render(), **deployment.render(), **boards}
    return {
        **schemas.render(root),
        root / "schemas" / "METRICS.md": reference(),
        root / "docs" / "events.md": events.page(),
        **{root / path: text for path, text in monitoring.items()},
    }


def drift(root: Path) -> list[Drift]:
    """Compare the rendered files with what is on disk."""
    found: list[Drift] = []
    for path, text in files(root).items():
        if not path.is_file():
            found.append(Drift(path, "missing"))
        elif path.read_text(encoding="utf-8") != text:
            found.append(Drift(path, "differs"))
    return found


def write(root: Path) -> list[Path]:
    """Write the files that are not up to date; give their paths."""
    texts = files(root)
    stale = [path for path, _ in drift(root)]
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path], encoding="utf-8", newline="\n")
    return stale
