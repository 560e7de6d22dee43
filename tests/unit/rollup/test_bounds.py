"""Bounds: what is kept and written grows with what there is to show, and every record fits what topics take.

All shards and the rollup run in one process; each record that they write is measured.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from stream.changes.accumulator import Spread
from stream.changes.panes import DAY_MS, HOUR_MS, MINUTE_MS, Grid
from stream.contract.codes import COUNTRIES, CURRENCIES
from stream.contract.readings import Reading
from stream.contract.times import format_ms
from stream.windows.levels import Levels
from stream.windows.spreads import Part
from tests.installation import Installation

MIDNIGHT = 1_750_000_000_000 // DAY_MS * DAY_MS
ACTIONS = ("impression", "click", "conversion", "spend")
METRICS = {"impression": "ad_impressions", "click": "ad_clicks", "conversion": "ad_conversions", "spend": "ad_spend"}


def total(action: str, campaign: str, amount: int, now_ms: int, revision: int, **data: Any) -> dict[str, Any]:
    """Make the total of a day, as it is at a moment."""
    said = {"cost_micros": amount * 1_000_000, "currency": "EUR"} if action == "spend" else {"count": amount}
    made = {"site_id": "s1", "action": action, "platform": "google", "campaign_id": campaign, "revision": revision}
    period = {"period_start": format_ms(MIDNIGHT), "period_end": format_ms(MIDNIGHT + DAY_MS)}
    return {"time": format_ms(now_ms), "data": {**made, **period, **said, **data}}


def amounts(readings: Iterable[Reading], window: str) -> dict[tuple[str, str], float]:
    """Give the amounts of ads by metric and campaign."""
    out: Counter[tuple[str, str]] = Counter()
    for one in readings:
        if one.window == window and one.metric in METRICS.values():
            out[one.metric, one.labels["campaign"]] += one.value or 0  # type: ignore[assignment]
    return dict(out)


# --- totals that are restated --------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "limit"), [(1, 1_000), (3, 1_000), (1, 5)])
def test_todays_totals_may_be_restated_each_hour_of_many_campaigns(days: int, limit: int) -> None:
    """Exact after each, across restarts; records are as large after the last revision as after the third."""
    installation = Installation({"ads": 2}, label_limit=limit, most_readings=100_000)

    def exact(found: dict[tuple[str, str], float], right: dict[tuple[str, str], int]) -> None:
        named = {name: n for name, n in found.items() if name[1] != "(other)"}
        assert named == {name: n for name, n in right.items() if limit > 5 or name in named}
        for metric in METRICS.values():
            every = [sum(n for name, n in some.items() if name[0] == metric) for some in (found, right)]
            assert every[0] == every[1], metric

    ends = {"period_end": format_ms(MIDNIGHT + days * DAY_MS)}
    largest: list[int] = []
    for revision in range(1, 13):
        now_ms = MIDNIGHT + revision * HOUR_MS - MINUTE_MS
        right = {
            (METRICS[action], f"c{n}"): n * revision + place for n in range(40) for place, action in enumerate(ACTIONS)
        }
        told = [(action, n, n * revision + place) for n in range(40) for place, action in enumerate(ACTIONS)]
        made = [total(action, f"c{n}", amount, now_ms, revision, **ends) for action, n, amount in told]
        made += [total("click", f"c{n}", 999, now_ms, revision - 1, **ends) for n in range(5) if revision > 1]  # late
        installation.tell("ad", made, now_ms)
        installation.commit()
        exact(amounts(installation.publish(), "24h"), right)
        if revision % 3 == 0:
            installation.largest.clear()
            installation.store(full=True)
            largest.append(installation.largest["rollup"])
        if revision in (4, 7):
            installation.restart()
            exact(amounts(installation.publish(), "24h"), right)
    # cells of a pane are written by series: they are as many after 12 revisions as after 3
    assert max(largest) < largest[0] * 1.1


def test_totals_that_wait_for_the_end_of_their_period_are_one_entry_however_often_they_change() -> None:
    """What has not happened yet is known to nobody: such spreads only come from another release, or another clock."""
    levels = Levels([("24h", 0), ("7d", 0)], Grid())
    sids = [levels.add_series([("24h", 0)]) for _ in range(50)]
    levels.advance(MIDNIGHT + HOUR_MS)
    for revision in range(1, 31):
        changes = []
        for sid in sids:
            for amount, sign in ((sid * revision, -1), (sid * (revision + 1), 1)):
                if revision > 1 or sign > 0:
                    spread = Spread(("ad_click",), MIDNIGHT, MIDNIGHT + DAY_MS, amount, sign)
                    changes.append(Part(sid, spread, 0, 1 << 62))
        random.Random(revision).shuffle(changes)
        levels.spread_all(changes)
    level = levels.levels[2]
    assert len(level.waiting) == 50
    assert level.waiting.slices == 1
    levels.advance(MIDNIGHT + DAY_MS)
    assert levels.total(("24h", 0)).tolist() == [sid * 31 for sid in sids] + [0]
    assert len(level.waiting) == 0


def test_a_backlog_of_revisions_tells_of_the_last_one() -> None:
    installation = Installation({"ads": 1})
    now_ms = MIDNIGHT + 20 * HOUR_MS
    events = [total("click", f"c{n}", n + revision, now_ms, revision) for revision in range(1, 25) for n in range(20)]
    random.Random(7).shuffle(events)
    installation.tell("ad", events, now_ms)
    installation.commit()
    assert amounts(installation.publish(), "24h") == {("ad_clicks", f"c{n}"): n + 24 for n in range(20)}
    assert installation.largest["leadpulse.deltas.ads"] < 20_000


def test_periods_that_overlap_segments_and_late_reports_are_exact_across_restarts() -> None:
    installation = Installation({"ads": 2})
    edges = {"period_start": format_ms(MIDNIGHT), "period_end": format_ms(MIDNIGHT + 4 * HOUR_MS)}
    steps: list[tuple[int, list[dict[str, Any]], float]] = [
        (10, [total("click", "a", 24, MIDNIGHT + 10 * HOUR_MS, 1)], 24),
        # a newer report of some hours covers the day so far in them: 24 · 6 / 10 are left of it
        (11, [total("click", "a", 100, MIDNIGHT + 11 * HOUR_MS, 1, **edges)], 100 + 14.4),
        (12, [total("click", "a", 50, MIDNIGHT + 12 * HOUR_MS, 2, segment="mobile")], 150 + 14.4),
        (13, [total("click", "a", 60, MIDNIGHT + 13 * HOUR_MS, 3, segment="mobile")], 160 + 14.4),
        (14, [total("click", "a", 9, MIDNIGHT + 9 * HOUR_MS, 0)], 160 + 14.4),  # late, and older than what stands
        (15, [total("click", "a", 300, MIDNIGHT + 15 * HOUR_MS, 2)], 360),  # the day anew covers its hours
    ]
    for hour, events, right in steps:
        installation.tell("ad", events, MIDNIGHT + hour * HOUR_MS)
        installation.commit()
        assert amounts(installation.publish(), "24h") == {("ad_clicks", "a"): pytest.approx(right, abs=2e-6)}
        if hour % 2:
            installation.store()
        installation.restart()
        assert amounts(installation.publish(), "24h") == {("ad_clicks", "a"): pytest.approx(right, abs=2e-6)}


# --- records ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("letter", ["a", "\N{HIRAGANA LETTER A}", "\N{GRINNING FACE}"])
def test_whatever_labels_are_made_of_every_record_fits(letter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is lowered to a fortieth, so that some hundred values are as many as thousands are in life."""
    monkeypatch.setattr("stream.rollup.pieces.MOST_BYTES", 16_000)
    monkeypatch.setattr("stream.rollup.snapshot._CELLS", 200)
    monkeypatch.setattr("stream.windows.spreads.A_SLICE", 200)
    monkeypatch.setattr("stream.changes.deltas._RECORD_BYTES", 24_000)
    installation = Installation({"visitors": 1, "emails": 1, "ads": 1}, label_limit=10_000, most_readings=1_000_000)
    for turn in range(2):
        now_ms = MIDNIGHT + (12 + turn) * HOUR_MS
        for kind, events in mixed(150, 10_000, 40, now_ms, letter, turn).items():
            installation.tell(kind, events, now_ms)
        installation.commit()
        installation.publish()
        installation.store(full=turn == 1)
        for topic, size in installation.largest.items():
            assert size < 26_000, topic
        before = amounts(installation.publish(), "24h")
        installation.restart()
        assert amounts(installation.publish(), "24h") == before


def mixed(
    count: int, values: int, sites: int, now_ms: int, letter: str = "x", seed: int = 0
) -> dict[str, list[dict[str, Any]]]:
    """Make events of all kinds in which every label has many values, of 64 characters."""
    draw = random.Random(seed)

    def value(label: str, many: int = values) -> str:
        return (f"{label}{draw.randrange(many):06d}" + letter * 64)[:64]

    def data(kind: str) -> dict[str, Any]:
        common = {"site_id": value("s", sites)}
        money = {"value": 5, "currency": draw.choice(CURRENCIES)}
        if kind == "page_view":
            if draw.random() < 0.5:
                common["referrer"] = {"url": f"https://{draw.randrange(values)}.example/"}
            else:
                common["campaign"] = {"source": "google", "medium": draw.choice(("cpc", "email")), "name": value("c")}
            page = {"path": "/", "group": value("g"), "content_id": value("p")}
            return common | {"visitor_id": value("v"), "page": page, "geo": {"country": draw.choice(COUNTRIES)}}
        if kind == "form":
            common |= {"visitor_id": value("v"), "form_id": value("f"), "form_type": "demo", "submission_id": "1"}
            return common | money | {"action": draw.choice(("view", "start", "submit"))}
        if kind == "chatbot":
            action = draw.choice(("conversation_started", "message", "lead_captured"))
            return common | {
                "visitor_id": value("v"), "action": action, "conversation_id": value("c"), "actor": "visitor",
                "bot_id": value("b"),
            }  # fmt: skip
        if kind == "email":
            action = draw.choice(("sent", "delivered", "bounced", "opened"))
            return common | {
                "lead_id": value("l"), "action": action, "message_id": value("m"), "campaign_id": value("c"),
                "email_purpose": value("p"), "variant": value("v"), "recipient_domain": value("d"),
                "bounce_type": draw.choice(("hard", "soft", "block")),
            }  # fmt: skip
        made = total(draw.choice(ACTIONS), value("c"), 3, now_ms, 1, audience_type=value("a"), variant=value("v"))
        if draw.random() < 0.5:
            made["data"] = {name: one for name, one in made["data"].items() if name[:6] not in ("period", "revisi")}
        return {**made["data"], **common}

    kinds = ("page_view", "form", "chatbot", "email", "ad")
    return {
        kind: [{"time": format_ms(now_ms - draw.randrange(HOUR_MS)), "data": data(kind)} for _ in range(count)]
        for kind in kinds
    }


# --- readings --------------------------------------------------------------------------------------------------


def sums(readings: Iterable[Reading]) -> dict[tuple[str, str], int]:
    """Add up counts and amounts over all labels, in millionths."""
    out: Counter[tuple[str, str]] = Counter()
    for one in readings:
        if one.window in ("24h", "7d", "30d") and one.numerator is None and "quantile" not in one.labels:
            out[one.metric, one.window] += round((one.value or 0) * 1_000_000)
    return dict(out)


def windowed(readings: Iterable[Reading]) -> Iterator[Reading]:
    return (one for one in readings if one.window is not None)


@pytest.mark.parametrize(("most", "sites"), [(10_000, 60), (4_000, 3)])
def test_readings_are_within_their_bound_whatever_the_labels_and_sums_are_exact(most: int, sites: int) -> None:
    shards = {"visitors": 1, "emails": 1, "ads": 1}
    bounded = Installation(shards, most_readings=most)
    whole = Installation(shards, label_limit=10**7, most_readings=10**9)
    for turn in range(3):
        now_ms = MIDNIGHT + (12 + turn) * HOUR_MS
        for kind, events in mixed(250, 100_000, sites, now_ms, seed=turn).items():
            for one in (bounded, whole):
                one.tell(kind, events, now_ms)
        found = []
        for one in (bounded, whole):
            one.commit()
            found.append(one.publish())
            one.store()
        shown, right = found
        size = sum(1 for _ in windowed(shown))
        assert size <= most * 11 // 10
        assert turn or size > most // 2  # later some wait for the edge from which on they can be shown
        assert sums(shown) == sums(right)
        if turn == 1:
            bounded.restart()


def test_currencies_are_bounded_and_a_code_that_is_no_currency_is_a_dead_letter() -> None:
    installation = Installation({"ads": 2})
    now_ms = MIDNIGHT + 12 * HOUR_MS
    codes = CURRENCIES[:100]
    spend = [
        {
            "time": format_ms(now_ms - MINUTE_MS),
            "data": {
                "site_id": f"s{n % 51}", "action": "spend", "platform": "google", "campaign_id": f"c{n % 7}",
                "cost_micros": 1_000_000, "currency": codes[n // 51],
            },
        }
        for n in range(51 * 100)
    ]  # fmt: skip
    made_up = {"time": spend[0]["time"], "data": {**spend[0]["data"], "currency": "QQQ"}}
    installation.tell("ad", [*spend, made_up], now_ms)
    installation.commit()
    shown = installation.publish()
    assert sum(1 for _ in windowed(shown)) <= 11_000
    assert sum(one.value or 0 for one in shown if (one.metric, one.window) == ("ad_spend", "24h")) == 5_100
    refused = [one for one in shown if one.metric == "events_total" and one.labels["outcome"] == "dead_lettered"]
    assert [one.value for one in refused] == [1]
    named = [one for one in shown if one.metric == "cost_per_click" and one.labels["currency"] == "(other)"]
    assert named == [], "money of several currencies divides nothing"
