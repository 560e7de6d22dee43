"""Report: what the fault suite found, as JSON and as a table in the docs.

In:  rows.
Out: build/chaos.json; the table between the marks in docs/reliability.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from tests.chaos.outcome import Row, Scenario

ROOT: Final = Path(__file__).resolve().parents[2]
JSON: Final = ROOT / "build" / "chaos.json"
PAGE: Final = ROOT / "docs" / "reliability.md"
BEGIN: Final = "<!-- written by `python -m tests.chaos --table`, from the last runs on this machine -->"
END: Final = "<!-- end -->"


def read(path: Path = JSON) -> dict[str, dict[str, Any]]:
    """Give the rows of former runs by id; none if there were none."""
    if not path.exists():
        return {}
    return {row["id"]: row for row in json.loads(path.read_text(encoding="utf-8"))}


def write(rows: Iterable[Row], scenarios: Iterable[Scenario], path: Path = JSON) -> None:
    """Put rows in the place of their former ones, in the order of the scenarios."""
    told = read(path) | {row.id: row.told() for row in rows}
    path.parent.mkdir(exist_ok=True)
    kept = [told.get(one.id) or Row(one.id, "not run", why="not asked for").told() for one in scenarios]
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def table(scenarios: Iterable[Scenario], told: Mapping[str, Mapping[str, Any]]) -> str:
    """Write the table.

    >>> one = Scenario("K1", "a worker is killed", "exact")
    >>> print(table([one], {"K1": {"verdict": "passed", "injected": 3, "rto_s": 4.21, "why": ""}}))
    | id | what happens | passes when | verdict | injected | right again after |
    |---|---|---|---|---|---|
    | K1 | a worker is killed | exact | passed | 3 | 4 s |
    """
    lines = [
        "| id | what happens | passes when | verdict | injected | right again after |",
        "|---|---|---|---|---|---|",
    ]
    for one in scenarios:
        row = told.get(one.id, {"verdict": "not run", "injected": 0, "rto_s": None, "why": "not asked for"})
        why = row["why"].splitlines()[0][:160].replace("|", "/") if row["why"] else ""
        verdict = f"{row['verdict']}: {why}" if why else row["verdict"]
        after = "" if row["rto_s"] is None else f"{row['rto_s']:.0f} s"
        injected = f"{row['injected']:,}" if row["injected"] else ""
        lines.append(f"| {one.id} | {one.what} | {one.passes} | {verdict} | {injected} | {after} |")
    return "\n".join(lines)


def into_page(text: str, page: str) -> str:
    """Put a table between the marks of a page."""
    before, _, rest = page.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{PAGE} has no marks for the table")
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"
