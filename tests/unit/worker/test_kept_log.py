"""Kept log: what of a publication is kept, and what was written elsewhere is taken, without a broker."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from stream.catalog import BY_NAME
from stream.changes.panes import HOUR_MS, MINUTE_MS
from stream.contract.readings import Reading
from stream.history.kept import Kept
from stream.judge.history import History
from stream.kafka.clock import BrokerClock
from stream.worker.kept_log import KeptLog
from tests.unit.history.test_kept import NAN, NOON, VISITORS, says


def reading(metric: str = "visitors", **changed: Any) -> Reading:
    labels = dict.fromkeys(BY_NAME[metric].labels, "shop")
    ratio = metric != "visitors"
    made = Reading(
        metric, labels, "6h", 0.5 if ratio else 5, 10 if ratio else None, 20 if ratio else None, 20, 0, 1, 1, True, 0,
        1, "v",
    )  # fmt: skip
    return replace(made, **changed)


def at(hour: int, minute: float = 0) -> int:
    return int((NOON + hour) * HOUR_MS + minute * MINUTE_MS)


def metrics(rows: list[Any]) -> int:
    return sum(key.startswith(b"hour/") for key, *_ in rows)


def log() -> KeptLog:
    return KeptLog("leadpulse.history", BrokerClock())


def test_a_full_hour_is_written_once() -> None:
    kept = log()
    assert kept.rows(at(0, -1), [reading()], ()) == []
    rows = kept.rows(at(0, 0.1), [reading()], ())
    assert [key for key, *_ in rows if key.startswith(b"hour/")] == [b"hour/%d/0" % NOON]
    assert kept.rows(at(0, 0.3), [reading(value=6)], ()) == []
    assert says(kept.history) == {(VISITORS._replace(window="6h"), NOON): (5, None, False)}


def test_figures_wait_for_their_own_sources_and_no_others() -> None:
    kept = log()
    some = [reading(complete=False), reading("deliverability_ratio", complete=False)]
    assert metrics(kept.rows(at(0), some, {"email"})) == 1
    assert {one.metric for one, _ in says(kept.history)} == {"visitors"}
    assert metrics(kept.rows(at(0, 4), [reading(value=9), reading("deliverability_ratio")], ())) == 1
    assert {one.metric for one, _ in says(kept.history)} == {"visitors", "deliverability_ratio"}
    assert says(kept.history)[VISITORS._replace(window="6h"), NOON][0] == 5, "the first one stands"


def test_what_is_not_complete_within_ten_minutes_is_a_hole() -> None:
    kept = log()
    everything = {"page_view", "form", "chatbot", "email"}
    assert kept.rows(at(0), [reading(complete=False)], everything) == []
    assert kept.rows(at(0, 11), [reading()], ()) == []
    assert kept.rows(at(1), [reading(data_since_ms=1)], ()) == [], "a window that begins before anything is known"
    assert says(kept.history) == {}


def test_what_somebody_fills_in_is_followed_and_what_was_measured_stays() -> None:
    kept, figure = log(), VISITORS._replace(window="6h")
    kept.rows(at(0), [reading()], ())
    seeds = History()
    for hour in range(-2, 1):
        seeds.put(NOON + hour, [seeds.row(figure)], [50], [NAN], seed=True)
    rows = list(Kept(seeds).seeds())
    kept.take([(offset, 0, key, value, ()) for offset, (key, value) in enumerate(rows)], len(rows))
    assert kept.next == len(rows)
    assert {hour - NOON: one for (_, hour), one in says(kept.history).items()} == {
        -2: (50, None, True),
        -1: (50, None, True),
        0: (5, None, False),
    }
