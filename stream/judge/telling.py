"""Telling: what fires becomes records: who is told, who is not and why, and when something is told again.

In:  what fires at some moments, what was told before.
Out: records of `leadpulse.alerts`, in order; the state has what stands.

A page of a site holds its tickets, a silent source the page on what it brings, many sites at once all their pages,
quiet hours tickets. What is held is told on the topic, and to nobody else.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from stream.changes.panes import HOUR_MS
from stream.contract.alert import AlertRecord, Held
from stream.judge import told
from stream.judge.block import Block
from stream.judge.docket import Case, Docket, severity_of
from stream.judge.firing import Active, Firing
from stream.judge.history import Ints
from stream.judge.plan import LIMIT, MANY_SITES, PUSHED_DROP, SILENT, SLOW_DROP, VANISHED, VISITORS_DROP
from stream.judge.settings import Settings, Severity
from stream.judge.state import State
from stream.judge.usual import HOURS
from stream.judge.why import why
from stream.judge.zones import local_minute, zone

#: Sites with a page at once, and the share of all, that are one page.
MANY: Final = 3
MANY_SHARE: Final = 0.5
#: Something is told again when what is missing has changed by so much.
CHANGED: Final = 0.5
#: Alerts whose severity is no entry's.
SEVERITY: Final[dict[str, Severity]] = {
    SLOW_DROP: "ticket", PUSHED_DROP: "ticket", SILENT: "page", VANISHED: "page", MANY_SITES: "page",
}  # fmt: skip
SUMMARY: Final = {
    SLOW_DROP: "Over days fewer visitors become leads than usual.",
    PUSHED_DROP: "Visitors are missing who are pushed by ads or mailings; those who come by themselves are there.",
    SILENT: "No records come from a source that usually brings many.",
    VANISHED: "Figures are gone that were there within a day.",
    MANY_SITES: "Many sites have pages at once.",
    LIMIT: "A limit is passed.",
}
_ORDER: Final = ("page", "ticket", "info")
_MANY: Final = Case("", MANY_SITES, "", "")


class _One(NamedTuple):
    """An alert that fires at a moment."""

    case: Case
    severity: str
    since_ms: int
    active: list[Active]


def tell(settings: Settings, state: State, docket: Docket, firing: Firing, block: Block) -> list[AlertRecord]:
    """Tell what changed, moment by moment."""
    teller = _Teller(settings, state, docket, block)
    severities = {case: teller.severity(case, active) for case, active in firing.items()}
    some = np.zeros(len(block.moments_ms), np.bool_)
    for active in firing.values():
        for one in active:
            some |= one.fires
    for at, moment_ms in enumerate(block.moments_ms.tolist()):
        if some[at] or state.told:
            ones = []
            for case, active in firing.items():
                mine = [one for one in active if one.fires[at]]
                if mine and severities[case] != "off":
                    ones.append(_One(case, severities[case], min(int(one.since_ms[at]) for one in mine), mine))
            teller.moment(at, moment_ms, ones)
    return teller.records


class _Teller:
    """Tells one moment after the other."""

    def __init__(self, settings: Settings, state: State, docket: Docket, block: Block) -> None:
        self._settings, self._state, self._docket, self._block = settings, state, docket, block
        self.records: list[AlertRecord] = []

    def severity(self, case: Case, active: list[Active]) -> str:
        """Give how an alert is told."""
        usual = SEVERITY.get(case.alert)
        if usual is None:
            ruled = next((one.ruled for one in active if one.ruled is not None), None)
            before = self._state.told.get(case)
            if ruled is not None:
                usual = ruled.group.series[int(ruled.places[active[0].row])].entry.severity
            else:
                usual = before.severity if before is not None else "info"
        return severity_of(self._settings.rules, case, usual)

    def moment(self, at: int, moment_ms: int, ones: list[_One]) -> None:
        """Tell what fires at a moment, and what no longer does."""
        pages = Counter(one.case.site for one in ones if one.severity == "page")
        many = self._many(pages)
        if many:
            before = self._state.told.get(_MANY)
            since_ms = moment_ms if before is None else told.moment_ms(before.since)
            ones.append(_One(_MANY, "page", since_ms, []))
        silent = {one.case.site for one in ones if one.case.alert == SILENT and one.severity == "page"}
        for one in sorted(ones, key=lambda one: (_ORDER.index(one.severity), one.case)):
            self._tell(at, moment_ms, one, self._held(one, moment_ms, pages, silent, many=many), sorted(pages))
        fires = {one.case for one in ones}
        for case in [case for case in self._state.told if case not in fires]:
            last = self._state.told.pop(case)
            text = last.text.replace("firing", "resolved")
            self._write(msgspec.structs.replace(last, state="resolved", at=told.iso(moment_ms), held="", text=text))

    def _many(self, pages: Counter[str]) -> bool:
        """Say whether so many sites have pages at once that they are one."""
        sites = len(self._docket.sites)
        if _MANY in self._state.told:
            return len(pages) >= 1  # until all of it is over: who is left over is no news
        return len(pages) >= max(MANY, math.ceil(MANY_SHARE * sites))

    def _held(self, one: _One, moment_ms: int, pages: Counter[str], silent: set[str], *, many: bool) -> Held:
        site = one.case.site
        if one.severity == "page":
            if many and site:
                return "many_sites"
            return "page" if one.case.alert == VISITORS_DROP and site in silent else ""
        if one.severity == "ticket":
            if pages[site]:
                return "page"
            quiet = self._settings.quiet
            if quiet is not None and quiet.holds(local_minute(self._settings.zone(site), moment_ms)):
                return "quiet"
        return ""

    def _tell(self, at: int, moment_ms: int, one: _One, held: Held, sites: list[str]) -> None:
        before = self._state.told.get(one.case)
        shown = _shown(one.active, before, at)
        if before is not None and not self._is_news(before, one, held, shown, at, moment_ms):
            return
        record = self._record(at, moment_ms, one, held, shown, sites)
        if before is not None:
            record = msgspec.structs.replace(record, since=before.since)
        self._state.told[one.case] = record
        self._write(record)

    def _is_news(
        self, before: AlertRecord, one: _One, held: Held, shown: Active | None, at: int, moment_ms: int
    ) -> bool:
        if (before.severity, before.held) != (one.severity, held):
            return True
        if shown is not None and shown.window != before.window:
            return True
        if moment_ms - told.moment_ms(before.at) >= HOUR_MS:
            return True
        missing = _facts(shown, at).get("missing")
        known = before.missing
        return bool(missing is not None and known and abs(missing - known) > CHANGED * max(abs(known), 1.0))

    def _write(self, record: AlertRecord) -> None:
        self.records.append(msgspec.structs.replace(record, seq=self._block.seq, catalog_version=self._block.version))

    def _record(
        self, at: int, moment_ms: int, one: _One, held: Held, shown: Active | None, sites: list[str]
    ) -> AlertRecord:
        case, severity = one.case, one.severity
        record = AlertRecord(
            alert=case.alert, site=case.site, by=case.by, value=case.value, state="firing",
            severity=severity,  # type: ignore[arg-type]
            since=told.iso(one.since_ms), at=told.iso(moment_ms), metric="", held=held,
            runbook=f"{self._settings.runbook}#{case.alert.replace('_', '-')}",
        )  # fmt: skip
        if case.alert == MANY_SITES:
            return msgspec.structs.replace(record, text=f"Pages of {len(sites)} sites at once: {', '.join(sites)}.")
        if shown is None or shown.ruled is None:
            return record
        return self._with_facts(record, at, moment_ms, shown)

    def _with_facts(self, record: AlertRecord, at: int, moment_ms: int, shown: Active) -> AlertRecord:
        ruled = shown.ruled
        assert ruled is not None
        series = ruled.group.series[int(ruled.places[shown.row])]
        metric = series.entry.metric
        facts = _facts(shown, at)
        summary = SUMMARY.get(record.alert) or series.entry.summary
        if record.alert == SILENT:
            usual = f"{told.count(facts['figure'])} over {shown.window}, usual {told.count(facts['usual'])}"
            text = f"{summary} {told.where(record)}: {usual}."
            return msgspec.structs.replace(record, metric=metric.series, window=shown.window, text=text, **facts)
        if ruled.notes:
            return msgspec.structs.replace(record, window=shown.window,
                                           text=f"{summary} {record.site}: {ruled.notes[shown.row]}.")  # fmt: skip
        clock = zone(self._settings.zone(record.site), moment_ms)
        reason = why(self._state.history, self._block, at, clock, series, _rows(shown), shown.window)
        record = msgspec.structs.replace(
            record, metric=metric.series, window=shown.window, moved=reason.moved, parts=reason.parts, **facts
        )
        of = ""
        if record.denominator is not None:
            of = f" ({told.count(record.numerator)} of {told.count(record.denominator)})"
        usual = f"; usual {told.value(metric, record.usual)}" if record.usual is not None else ""
        limit = f", limit {told.value(metric, record.limit)}" if record.limit is not None else ""
        head = f"{summary} {metric.series} of {told.where(record)} over {shown.window}:"
        text = f"{head} {told.value(metric, record.figure)}{of}{usual}{limit}. {reason.words()}"
        return msgspec.structs.replace(record, text=text.strip())


def _rows(shown: Active) -> Ints:
    """Give the rows of history that add up to the figure that is told."""
    ruled = shown.ruled
    if ruled is None or ruled.rows is None:
        return np.zeros(0, np.int64)
    if ruled.group.how == "conversion":
        place = int(ruled.places[shown.row])
        channels = np.split(ruled.group.beside[shown.window].rows, ruled.group.starts[1:])[place]
        return channels[channels >= 0]
    row = ruled.rows[shown.row : shown.row + 1]
    return row[row >= 0]


def _shown(active: list[Active], before: AlertRecord | None, at: int) -> Active | None:
    """Choose the window that shows an alert: the one told before as long as it fires, else the shortest that holds."""
    if not active:
        return None
    if before is not None:
        for one in active:
            if one.window == before.window:
                return one
    return min(active, key=lambda one: (not _holds(one, at), HOURS.get(one.window, 0)))


def _holds(one: Active, at: int) -> bool:
    return one.ruled is not None and bool(one.ruled.judgement.holds[one.row, at])


def _facts(shown: Active | None, at: int) -> dict[str, Any]:
    """Give the figures of a record, as the rule saw them."""
    if shown is None or shown.ruled is None:
        return {}
    judged = shown.ruled.judgement
    figure, over, usual, limit, needed = (
        _number(each[shown.row, at]) for each in (judged.figure, judged.over, judged.usual, judged.limit, judged.needed)
    )
    facts: dict[str, Any] = {"usual": usual, "limit": limit, "needed": None if needed is None else int(needed)}
    if over is None:
        missing = None if usual is None or figure is None else usual - figure
        return facts | {"figure": figure, "n": figure, "missing": missing}
    value = None if figure is None or over == 0 else figure / over
    missing = None if usual is None or figure is None else usual * over - figure
    return facts | {"figure": value, "numerator": figure, "denominator": over, "n": over, "missing": missing}


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
