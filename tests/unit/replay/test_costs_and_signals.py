"""Costs and signals in a replay: what is shown of them, at which moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from stream.contract.readings import Reading
from stream.contract.times import parse_ms
from stream.replay.replay import ReplayOptions, replay
from tests.events import data_of, event

MAY = {"period_start": "2025-05-01T00:00:00Z", "period_end": "2025-06-01T00:00:00Z"}
Envelope = dict[str, Any]


def cost(time: str, amount: int, **more: Any) -> Envelope:
    """Tell of a cost of May, in whole units of money."""
    return event("cost", data_of("cost", **{**MAY, "amount_micros": amount * 1_000_000, **more}), time=time)


def rank(time: str, observed_at: str, value: float, revision: int = 0) -> Envelope:
    """Tell of a rank."""
    data = {"name": "keyword_rank", "provider": "serp", "entity": "crm", "value": value}
    return event("signal", data_of("signal", observed_at=observed_at, revision=revision, **data), time=time)


def read(events: Sequence[Envelope], at: str, windows: tuple[str, ...] | None = None) -> list[Reading]:
    lines = [orjson.dumps({**one, "id": f"e{number}"}) for number, one in enumerate(events)]
    now_ms = parse_ms("2027-01-01T00:00:00Z") or 0
    replayed = replay(lines, ReplayOptions(now_ms, parse_ms(at), windows))
    assert not replayed.account.dead_lettered
    return replayed.readings


def spent(events: Sequence[Envelope], at: str, window: str) -> dict[tuple[str, str], float | None]:
    return {
        (one.labels["category"], one.labels["currency"]): one.value
        for one in read(events, at, (window,))
        if one.metric == "marketing_cost" and one.window == window
    }


@pytest.mark.parametrize(
    ("at", "window", "right"),
    [
        ("2025-06-01T00:00:00Z", "31d", 310),  # all of May
        ("2025-06-01T00:00:00Z", "24h", 10),  # its last day
        ("2025-06-01T12:00:00Z", "24h", 5),  # half of it
        ("2025-06-11T00:00:00Z", "24h", 0),
    ],
)
def test_a_month_is_spread_over_itself(at: str, window: str, right: float) -> None:
    assert spent([cost("2025-05-31T23:00:00Z", 310)], at, window)["tools", "EUR"] == pytest.approx(right)


def test_a_restated_month_is_shown_from_when_it_was_told() -> None:
    told = [cost("2025-05-31T23:00:00Z", 310, revision=1), cost("2025-12-05T06:00:00Z", 620, revision=2)]
    for events in (told, told[::-1]):
        assert spent(events, "2025-12-05T00:00:00Z", "365d") == {("tools", "EUR"): 310}
        assert spent(events, "2025-12-06T00:00:00Z", "365d") == {("tools", "EUR"): 620}


def test_currencies_and_categories_are_shown_by_themselves() -> None:
    told = [
        cost("2025-06-02T06:00:00Z", 31),
        cost("2025-06-02T06:00:00Z", 62, currency="usd"),
        cost("2025-06-02T06:00:00Z", 93, category="Salaries"),
    ]
    assert spent(told, "2025-06-03T00:00:00Z", "90d") == {
        ("tools", "EUR"): 31, ("tools", "USD"): 62, ("salaries", "EUR"): 93,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("events", "value", "as_of", "restated"),
    [
        ([rank("2025-06-10T12:00:00Z", "2025-06-10T00:00:00Z", 5)], 5, "2025-06-10T00:00:00Z", False),
        (
            [
                rank("2025-06-10T12:00:00Z", "2025-06-10T00:00:00Z", 5),
                rank("2025-06-12T12:00:00Z", "2025-06-10T00:00:00Z", 4, 1),
            ],
            4,
            "2025-06-10T00:00:00Z",
            True,
        ),
        (
            [
                rank("2025-06-13T12:00:00Z", "2025-06-11T00:00:00Z", 9, 3),  # told late
                rank("2025-06-12T12:00:00Z", "2025-06-12T00:00:00Z", 3.5),
            ],
            3.5,
            "2025-06-12T00:00:00Z",
            False,
        ),
    ],
)
def test_a_signal_says_when_it_was_observed(events: list[Envelope], value: float, as_of: str, restated: bool) -> None:
    (found,) = [one for one in read(events, "2025-06-20T00:00:00Z") if one.metric == "keyword_rank"]
    assert (found.window, found.labels) == ("now", {"site": "shop", "provider": "serp", "entity": "crm"})
    assert (found.value, found.as_of_ms, bool(found.restated)) == (value, parse_ms(as_of), restated)
