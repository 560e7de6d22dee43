"""Sections: an entry stands where it says, and none is ever absent from its dashboard."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stream.catalog import BOUNCES, BY_NAME, CONTENT, METRICS, TRAFFIC, Metric
from stream.catalog.entry import count
from stream.catalog.words import Chart, Column, Look, Now
from stream.errors import CatalogError

pytest.importorskip("grafana_foundation_sdk", reason="grafana-foundation-sdk renders the dashboards; not installed")

from grafana_foundation_sdk.models.dashboard import GridPos

from stream.render.dashboards.boards import place
from stream.render.dashboards.sections import REST, own_rows, rest

ON = {"window": (TRAFFIC, "1h"), "content_window": (CONTENT, "7d")}
NEW = count("new_things", "site form", TRAFFIC, "Things.", made_of="form_views", area="conversion")


def titles(metrics: tuple[Metric, ...]) -> dict[str, list[str]]:
    return {row: [built(panel).title for panel in panels] for row, panels in own_rows("conversion", ON, metrics)}


def built(panel: Any) -> Any:
    return panel.build()


def shown(metrics: tuple[Metric, ...]) -> str:
    """Give all queries of the last row."""
    (_, panels), *_ = rest("conversion", ON, metrics)
    return "\n".join(target.expr for panel in panels for target in built(panel).targets)


def test_an_entry_without_a_place_stands_in_a_table_of_the_last_row() -> None:
    assert titles((NEW,))[REST] == ["By form"]
    assert "leadpulse_new_things" in shown((NEW,))


def test_entries_of_the_same_labels_and_windows_share_a_table_and_others_do_not() -> None:
    others = replace(NEW, name="old_things"), replace(NEW, name="long_things", windows=CONTENT)
    assert titles((NEW, *others))[REST] == ["By form", "By form"]
    assert all(f"leadpulse_{name}_things" in shown((NEW, *others)) for name in ("new", "old", "long"))


def test_a_summary_beside_a_count_is_shown_as_well() -> None:
    long = replace(BY_NAME["chat_conversation_seconds"], name="thing_seconds", area="conversion", look=Look())
    beside = replace(NEW, labels=("site", "bot"))
    for some in ((long, beside), (beside, long)):
        assert "leadpulse_thing_seconds" in shown(some)
        assert "leadpulse_new_things" in shown(some)


def test_no_entry_of_today_needs_the_last_row() -> None:
    assert all(metric.look.places for metric in METRICS)
    assert list(rest("conversion", ON)) == []


def test_an_entry_stands_in_each_of_its_places() -> None:
    placed = replace(NEW, look=Look(places=(Now(), Chart("Forms", "form", "New by form"), Column("Forms", "Forms"))))
    rows = titles((placed,))
    assert rows["Now"] == ["New things"]
    assert rows["Forms"] == ["New by form", "Forms"]
    assert REST not in rows


def test_an_entry_of_another_area_is_not_there() -> None:
    assert [name for row in titles((replace(NEW, area="email"),)).values() for name in row] == []


def test_an_entry_that_no_window_of_its_dashboard_fits_is_named() -> None:
    with pytest.raises(CatalogError, match="new_things"):
        titles((replace(NEW, windows=BOUNCES),))


@pytest.mark.parametrize(("sizes", "at"), [
    # width, height         x, y
    ([(12, 8), (12, 8)], [(0, 0), (12, 0)]),
    ([(12, 8), (24, 9)], [(0, 0), (0, 8)]),  # what does not fit begins a line
    ([(6, 6), (18, 9), (6, 4)], [(0, 0), (6, 0), (0, 9)]),  # below the highest of its line
    ([(24, 1), (6, 6), (24, 1)], [(0, 0), (0, 1), (0, 7)]),
])  # fmt: skip
def test_panels_stand_beside_each_other_as_far_as_they_fit(
    sizes: list[tuple[int, int]], at: list[tuple[int, int]]
) -> None:
    row = [GridPos(w=width, h=height) for width, height in sizes]
    place(row)
    assert [(each.x, each.y) for each in row] == at
