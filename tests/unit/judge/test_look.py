"""Look: readings in, verdicts and records out: gates, spells, what is held, restart."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
import numpy as np
import pytest

from stream.changes.panes import MINUTE_MS
from stream.contract.alert import AlertRecord
from stream.contract.readings import Reading
from stream.judge.history import History
from stream.judge.look import Judge, Looked
from stream.judge.settings import AlertRule, CalendarEntry, Limit, Quiet, Settings
from stream.judge.state import Remembered, State
from tests.unit.judge.made import NOON_MS, Was, reading, remember

TEN_MS = 10 * MINUTE_MS
CHANNELS = {"direct": (0.05, 0.4), "organic_search": (0.05, 0.6)}
TIMES = {"1h": 1, "6h": 6, "24h": 24, "7d": 168}


def history(site_visitors: float = 1_000.0) -> History:
    """Fill six weeks of a site with so many visitors an hour, of whom 5 % become leads."""
    of = History()
    for window, times in TIMES.items():
        remember(of, "visitors", window, {}, _always(site_visitors * times))
        for channel, (rate, share) in CHANNELS.items():
            trials = site_visitors * share * times
            remember(of, "channel_visit_to_lead_ratio", window, {"channel": channel}, _always((rate * trials, trials)))
        remember(of, "valid_event_ratio", window, {"kind": "page_view"}, _always((3_000.0 * times, 3_000.0 * times)))
        remember(of, "conversations", window, {"bot": "b"}, _always(100.0 * times))
    return of


def _always(value: float | tuple[float, float]) -> Was:
    return lambda lag: value


def now(
    at_ms: int,
    visitors: float = 1_000.0,
    rate: float = 0.05,
    records: float = 3_000.0,
    chats: float = 100.0,
    **more: object,
) -> list[Reading]:
    """Read what windows show if it has been so for as long as they are."""
    out = []
    for window, times in TIMES.items():
        out.append(reading("visitors", window, visitors * times, at_ms=at_ms, **more))  # type: ignore[arg-type]
        for channel, (_, share) in CHANNELS.items():
            trials = visitors * share * times
            pair = (rate * trials, trials)
            out.append(reading("channel_visit_to_lead_ratio", window, pair, at_ms=at_ms, channel=channel, **more))  # type: ignore[arg-type]
        pair = (records * times, records * times)
        out.append(reading("valid_event_ratio", window, pair, at_ms=at_ms, kind="page_view", **more))  # type: ignore[arg-type]
        out.append(reading("conversations", window, chats * times, at_ms=at_ms, bot="b", **more))  # type: ignore[arg-type]
    return out


def looks(judge: Judge, state: State, *each: list[Reading]) -> list[Looked]:
    """Look each ten minutes, from noon on."""
    begin = max([NOON_MS - TEN_MS, *state.looks]) + TEN_MS
    return [
        judge.look(state, begin + at * TEN_MS, [msgspec.structs.replace(r, as_of_ms=begin + at * TEN_MS) for r in one])
        for at, one in enumerate(each)
    ]


def brief(records: Iterable[AlertRecord]) -> list[tuple[str, str, str, str]]:
    return [(record.alert, record.state, record.severity, record.held) for record in records]


USUAL = now(NOON_MS)
DEAD = now(NOON_MS, rate=0.0)


def test_a_usual_look_tells_nothing_and_says_ok() -> None:
    judge, state = Judge(), State(history())
    (looked,) = looks(judge, state, USUAL)
    assert looked.records == []
    verdict = looked.verdicts.of("visitors", "shop", (), "1h")
    assert (verdict.state, verdict.usual, verdict.weeks, verdict.needed) == ("ok", 1_000, 4, 64)


def test_a_dead_form_is_one_page_with_figures_and_causes() -> None:
    judge, state = Judge(), State(history())
    first, second, third = looks(judge, state, DEAD, DEAD, DEAD)
    assert first.records == [] == third.records
    (page, *tickets) = second.records
    assert brief([page]) == [("visit_to_lead_drop", "firing", "page", "")]
    assert (page.since, page.at) == ("2026-03-02T12:00:00Z", "2026-03-02T12:10:00Z")
    assert (page.window, page.numerator, page.denominator, page.missing) == ("1h", 0, 1_000, pytest.approx(50))
    assert page.moved == "numerator"
    assert [(part.by, part.value, part.missing) for part in page.parts] == [
        ("channel", "organic_search", 30), ("channel", "direct", 20),
    ]  # fmt: skip
    assert all(ticket.held == "page" for ticket in tickets)
    assert {ticket.value for ticket in tickets} == {"direct", "organic_search"}


def test_it_is_over_fifteen_minutes_after_it_last_held() -> None:
    judge, state = Judge(), State(history())
    told = looks(judge, state, DEAD, DEAD, USUAL, USUAL, USUAL)
    ended = [record for looked in told for record in looked.records if record.state == "resolved"]
    assert {record.alert for record in ended} == {"visit_to_lead_drop", "channel_visit_to_lead_drop"}
    assert {record.at for record in ended} == {"2026-03-02T12:30:00Z"}
    assert state.told == {}
    assert state.spells == {}


def test_a_restart_tells_nothing_twice() -> None:
    judge, state = Judge(), State(history())
    looks(judge, state, DEAD, DEAD)
    stored = msgspec.msgpack.decode(msgspec.msgpack.encode(state.remembered()), type=Remembered)
    after = State.of(state.history, stored)
    assert looks(Judge(), after, DEAD)[0].records == []
    (over,) = looks(Judge(), after, USUAL, USUAL)[1:]
    assert {record.state for record in over.records} == {"resolved"}
    assert {record.since for record in over.records} == {"2026-03-02T12:00:00Z"}


def test_a_restart_between_the_two_looks_delays_nothing() -> None:
    state = State(history())
    looks(Judge(), state, DEAD)
    stored = msgspec.msgpack.decode(msgspec.msgpack.encode(state.remembered()), type=Remembered)
    (second,) = looks(Judge(), State.of(state.history, stored), DEAD)
    assert brief(second.records[:1]) == [("visit_to_lead_drop", "firing", "page", "")]


def test_a_repeated_or_older_look_changes_nothing() -> None:
    judge, state = Judge(), State(history())
    looks(judge, state, DEAD, DEAD)
    before = msgspec.msgpack.encode(state.remembered())
    for at_ms in (NOON_MS, NOON_MS + TEN_MS):
        assert judge.look(state, at_ms, USUAL).records == []
    assert msgspec.msgpack.encode(state.remembered()) == before


def test_what_still_fires_is_told_again_each_hour() -> None:
    judge, state = Judge(), State(history())
    told = looks(judge, state, *[DEAD] * 8)
    pages = [record.at for looked in told for record in looked.records if record.severity == "page"]
    assert pages == ["2026-03-02T12:10:00Z", "2026-03-02T13:10:00Z"]


@pytest.mark.parametrize(
    ("readings", "says"),
    [
        (now(NOON_MS, rate=0, complete=False), "its sources are behind"),
        (now(NOON_MS, rate=0, since_ms=NOON_MS - 1), "its window begins before anything is known"),
    ],
)
def test_what_is_not_complete_waits(readings: list[Reading], says: str) -> None:
    judge, state = Judge(), State(history())
    told = looks(judge, state, readings, readings, readings)
    assert [looked.records for looked in told] == [[], [], []]
    verdict = told[-1].verdicts.of("visitors", "shop", (), "1h")
    assert (verdict.state, verdict.says) == ("waiting", says)


def test_what_is_not_complete_is_a_hole_in_history() -> None:
    judge, state = Judge(), State(history())
    looks(judge, state, now(NOON_MS, complete=False))
    assert not state.history.is_measured(NOON_MS // 3_600_000)
    looks(judge, state, USUAL)  # ten minutes late: this is what stands for the hour
    assert state.history.is_measured(NOON_MS // 3_600_000)


def test_a_site_without_weeks_is_young() -> None:
    judge, state = Judge(), State(History())
    (looked,) = looks(judge, state, USUAL)
    assert looked.verdicts.of("visitors", "shop", (), "24h").state == "young"


def test_few_are_too_little_and_say_how_many_are_needed() -> None:
    judge, state = Judge(), State(history(site_visitors=20))
    (looked,) = looks(judge, state, now(NOON_MS, visitors=20))
    verdict = looked.verdicts.of("visit_to_lead_ratio", "shop", (), "1h")
    # four such hours expect four leads: nothing can be said of them
    assert (verdict.state, verdict.needed) == ("too_little", None)
    verdict = looked.verdicts.of("visit_to_lead_ratio", "shop", (), "6h")
    # 2.8² · 0.9 / (0.05 · 0.4²) = 882, and 120 come
    assert (verdict.state, verdict.needed) == ("too_little", 882)


def test_a_window_that_is_not_judged_shows_the_nearest_and_names_it() -> None:
    judge, state = Judge(), State(history())
    (looked,) = looks(judge, state, USUAL)
    for window, nearest in (("5m", "1h"), ("7d", "24h"), ("30d", "24h"), ("6h", None)):
        assert looked.verdicts.of("visitors", "shop", (), window).window == nearest
    assert looked.verdicts.of("page_views", "shop", (), "1h").state == "none"


def test_a_marked_hour_is_neither_judged_nor_an_example() -> None:
    entry = CalendarEntry(
        ("shop",),
        datetime.fromisoformat("2026-03-02T09:00"),
        datetime.fromisoformat("2026-03-02T11:00"),
        name="inventory",
    )
    judge, state = Judge(Settings(calendar=(entry,))), State(history())
    told = looks(judge, state, DEAD, DEAD)
    alerts = {(record.alert, record.window) for looked in told for record in looked.records}
    assert ("visit_to_lead_drop", "1h") in alerts  # 12 h is over: only windows that reach back are marked
    verdict = told[-1].verdicts.of("visitors", "shop", (), "6h")
    assert (verdict.state, verdict.says) == ("marked", "inventory")


def test_a_calendar_entry_ends_what_fires() -> None:
    judge, state = Judge(), State(history())
    looks(judge, state, DEAD, DEAD)
    entry = CalendarEntry(("*",), datetime.fromisoformat("2026-03-02"), datetime.fromisoformat("2026-03-03"))
    told = looks(Judge(Settings(calendar=(entry,))), state, DEAD, DEAD)
    assert {record.state for looked in told for record in looked.records} == {"resolved"}


def test_a_silent_source_is_one_page() -> None:
    gone = now(NOON_MS, visitors=0, rate=0, records=0)
    judge, state = Judge(), State(history())
    told = looks(judge, state, gone, gone, gone)
    records = [record for looked in told for record in looked.records]
    assert brief(records) == [("source_silent", "firing", "page", "")]
    assert records[0].value == "page_view"
    assert "shop, kind page_view: 0 over 1h, usual 2,750." in records[0].text  # the day before is 0 here, too
    assert told[-1].verdicts.of("visitors", "shop", (), "1h").says == "a source of it is silent"
    # and windows that remember the silence wait, those that do not are judged
    back = looks(judge, state, *[USUAL] * 8)[-1].verdicts
    assert back.of("visitors", "shop", (), "1h").state == "ok"
    assert back.of("visitors", "shop", (), "24h").state == "waiting"


def test_a_nightly_import_that_is_late_does_not_silence_visitors() -> None:
    few = now(NOON_MS, rate=0, chats=0)  # chats are gone: no source of visitors
    judge, state = Judge(), State(history())
    told = looks(judge, state, few, few)
    assert ("conversations_drop", "firing", "ticket", "page") in brief(told[-1].records)
    assert ("visit_to_lead_drop", "firing", "page", "") in brief(told[-1].records)


def test_a_ticket_that_outlives_its_page_is_told_then() -> None:
    chats = now(NOON_MS, chats=0)
    judge, state = Judge(), State(history())
    told = looks(judge, state, *[now(NOON_MS, rate=0, chats=0)] * 2, *[chats] * 3)
    tickets = [(r.at[11:16], r.held) for looked in told for r in looked.records if r.alert == "conversations_drop"]
    assert tickets == [("12:10", "page"), ("12:30", "")]


def test_tickets_wait_in_quiet_hours_of_the_site() -> None:
    settings = Settings(zones={"shop": "Europe/Berlin"}, quiet=Quiet(12 * 60, 13 * 60 + 20))
    state = State(history())
    told = looks(Judge(settings), state, *[now(NOON_MS, chats=0)] * 4)
    tickets = [(record.at[11:16], record.held) for looked in told for record in looked.records]
    assert tickets == [("12:10", "quiet"), ("12:20", "")]  # 13.20 h in Berlin


@pytest.mark.parametrize(("severity", "told"), [("off", []), ("info", ["info"]), (None, ["page"])])
def test_settings_say_how_an_alert_is_told(severity: str | None, told: list[str]) -> None:
    rule = AlertRule("visit_to_lead_drop", severity=severity)  # type: ignore[arg-type]
    state = State(history())
    found = looks(Judge(Settings(rules=(rule,))), state, DEAD, DEAD)[-1].records
    assert [record.severity for record in found if record.alert == "visit_to_lead_drop"] == told
    assert all(record.held == ("page" if told == ["page"] else "") for record in found if record.severity == "ticket")


def test_limits_are_plain_comparisons() -> None:
    limits = (
        Limit("channel_visit_to_lead_ratio", "24h", below=0.06, least=5_000, severity="page"),
        Limit("channel_visit_to_lead_ratio", "24h", below=0.06, least=20_000),
        Limit("visitors", "1h", above=900, severity="info"),
    )
    told = looks(Judge(Settings(limits=limits)), State(history()), USUAL, USUAL)[-1].records
    assert {(r.value, r.severity, r.limit) for r in told} == {
        ("channel_visit_to_lead_ratio,24h,below 0.06 on 5000,direct", "page", 0.06),
        ("channel_visit_to_lead_ratio,24h,below 0.06 on 5000,organic_search", "page", 0.06),
        ("visitors,1h,above 900", "info", 900),
    }


def test_a_figure_that_is_gone_is_told_and_a_site_that_is_gone_is_not() -> None:
    judge, state = Judge(), State(history())
    without = [r for r in USUAL if r.metric != "visitors"]
    views = [reading("page_views", "1h", 3_000.0)]
    told = looks(judge, state, USUAL + views, without + views, without + views)
    assert ("figure_vanished", "firing", "page", "") in brief(told[-1].records)
    assert "visitors" in next(r.text for r in told[-1].records if r.alert == "figure_vanished")
    fresh = State(history())
    assert [looked.records for looked in looks(judge, fresh, USUAL, [], [])] == [[], [], []]


def test_many_sites_are_one_page() -> None:
    of = History()
    sites = ["a", "b", "c", "d"]
    for window, times in TIMES.items():
        for site in sites:
            remember(of, "visitors", window, {"site": site}, _always(1_000.0 * times))

    def visitors(**by_site: float) -> list[Reading]:
        return [
            msgspec.structs.replace(reading("visitors", window, many * times), labels={"site": site})
            for window, times in TIMES.items()
            for site, many in by_site.items()
        ]

    usual = dict.fromkeys(sites, 1_000.0)
    judge, state = Judge(), State(of)
    two, four = visitors(**(usual | {"a": 0, "b": 0})), visitors(**dict.fromkeys(sites, 0.0))
    told = looks(judge, state, two, two, four, four, two, two, two)
    pages = [
        [(r.site, r.alert, r.state, r.held) for r in looked.records if r.alert in ("visitors_drop", "many_sites")]
        for looked in told
    ]
    assert pages[1] == [("a", "visitors_drop", "firing", ""), ("b", "visitors_drop", "firing", "")]
    assert ("", "many_sites", "firing", "") in pages[3]
    assert [held for site, _, _, held in pages[3] if site in "cd" and site] == ["many_sites", "many_sites"]


def test_the_order_of_labels_and_readings_does_not_matter() -> None:
    def turned(readings: list[Reading]) -> list[Reading]:
        return [msgspec.structs.replace(r, labels=dict(reversed(r.labels.items()))) for r in reversed(readings)]

    one = looks(Judge(), State(history()), DEAD, DEAD, USUAL)
    other = looks(Judge(), State(history()), turned(DEAD), turned(DEAD), turned(USUAL))
    assert [sorted(map(repr, looked.records)) for looked in one] == [sorted(map(repr, o.records)) for o in other]


def test_history_is_filled_at_full_hours_only() -> None:
    state = State(history())
    looks(Judge(), state, USUAL, now(NOON_MS, visitors=7))
    row = next(
        row for figure, row in state.history.rows.items() if figure.metric == "visitors" and figure.window == "1h"
    )
    assert state.history.read(np.array([row]), np.array([NOON_MS // 3_600_000])).successes.item() == 1_000
