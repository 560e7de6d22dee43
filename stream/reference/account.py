"""Account: what every count and ratio must read, kept without the engine.

In:  records with the truth about each, or plain events that count.
Out: `readings(at_ms)`: for every metric, label set and window its value, numerator and denominator;
     `account()`.

How it is kept: the events of a person, a message or a row of an ad report are remembered, and when one is added, the
marks of that unit are worked out again from scratch (people.py with forms.py and chats.py, mails.py, adverts.py). A
reading is a plain count of the marks inside [start, end). So the only thing that is incremental is *whom* to look at
again; nothing is ever adjusted, and nothing is forgotten (about 2 kB an event).

With rules of leads the account also says what everybody amounts to as a lead (leads/): of all events at once, as of the
moment that is asked for.

`readings` holds at a moment T at or after every event told: the distinct people of a window are those whose
*latest* presence is in it. The medians of durations are exact here, while the engine promises them within 2 %.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from stream.reference import adverts, mails, people
from stream.reference.events import MILLION, Event, Labels, Mark, Source, series
from stream.reference.forms import STEP_TARGETS_MS, submissions, value_of
from stream.reference.leads import metrics as of_leads
from stream.reference.leads.books import LeadBooks
from stream.reference.leads.figures import Figures
from stream.reference.leads.rules import Rules
from stream.reference.ledger import Ledger, Unit, Window
from stream.reference.metrics import (
    AMOUNTS,
    BOTH_KNOWN,
    BY_STEP,
    LEAD_COSTS,
    LENGTHS_MS,
    MONEY,
    PLATFORM_CHANNEL,
    QUANTILES,
    RATIOS,
    SHIFTS_MS,
    SPECIAL,
    TIMES,
    windows_of,
)
from stream.reference.money import Expected, Money, ratio
from stream.reference.outside import cost_of, signal_of

Key = tuple[str, Labels, str]

_RATIOS = {**RATIOS, **of_leads.RATIOS}
_AMOUNTS = {**AMOUNTS, **of_leads.AMOUNTS}
_TIMES = {**TIMES, **of_leads.TIMES}
_MONEY = MONEY | of_leads.MONEY


def shift_of(metric: str, labels: Labels) -> int:
    """Give how much earlier than others the windows of a metric end for some labels, in milliseconds."""
    if metric not in BY_STEP:
        return SHIFTS_MS.get(metric, 0)
    named = dict(labels)
    return STEP_TARGETS_MS.get((named.get("from", ""), named.get("to", "")), 0)


def window(name: str, end_ms: int) -> Window:
    """Give the window of a name, such as `24h`, that ends at a moment."""
    return Window(name, end_ms - LENGTHS_MS[name], end_ms)


class Reference:
    """The account: `tell` it each record once, then ask.

    Direct sessions look back for `look_back_ms`; with `rules` people are followed as leads, without them not at all.
    """

    def __init__(self, look_back_ms: int = 0, rules: Rules | None = None) -> None:
        self._look_back_ms = look_back_ms
        self.outcomes: Counter[tuple[str, str, str]] = Counter()  # (kind, outcome, reason)
        self.newest_ms: int | None = None
        self.leads = LeadBooks(rules, look_back_ms) if rules is not None else None
        self._clock_ms = 0  # as of which leads were looked at last
        self._events: dict[Unit, list[Event]] = defaultdict(list)
        self._stale: set[Unit] = set()
        self._ledger = Ledger()
        self._money = Money(self._ledger)
        self._figures_of_leads = Figures(self._ledger, self._money, rules)

    # -- telling

    def tell(self, kind: str, truth: Any, arrival_ms: int, placed: bool = True) -> None:
        """Enter one record: `truth` as the simulator gives it, `arrival_ms` as the broker stamped it.

        What is not `placed` is part of the account and no more, such as a line of a file that names no kind.
        """
        self.outcomes[kind, truth.outcome, truth.reason] += 1
        if not placed:
            return
        self._enter(Mark(series("_events_accepted", site=truth.site, kind=kind), arrival_ms))
        # A series exists from its first record on; of `counted` too, where nothing counts yet.
        counted = int(truth.outcome == "counted")
        self._enter(Mark(series("_events_counted", site=truth.site, kind=kind), arrival_ms, counted))
        at_ms = min(truth.happened_ms, arrival_ms)
        if counted or truth.outcome == "filtered":
            whose = truth.reason or "human"
            self._enter(Mark(series("traffic_events", site=truth.site, kind=kind, **{"class": whose}), at_ms))
        if counted:
            source = Source(*truth.touch) if truth.touch is not None else None
            self.count(Event(at_ms, truth.name, kind, truth.data, source))

    def count(self, event: Event) -> None:
        """Enter an event that counts."""
        self.newest_ms = event.at_ms if self.newest_ms is None else max(event.at_ms, self.newest_ms)
        if event.kind == "ad":
            self._advert(event)
            return
        if event.kind == "cost":
            self._ledger.report(*cost_of(event))
            return
        if event.kind == "signal":
            which, signal = signal_of(event)
            self._figures_of_leads.signals[which].append(signal)
            return
        if self.leads is not None:
            self.leads.tell(event)
        if event.kind in of_leads.KINDS:
            return
        unit = self._unit_of(event)
        self._events[unit].append(event)
        self._stale.add(unit)

    def _unit_of(self, event: Event) -> Unit:
        data = event.data
        if event.kind == "email":
            return "message", data["site_id"], data["message_id"]
        if event.kind == "form" and data.get("platform", "site") != "site":
            by = (data["platform"], data["lead_id"]) if data.get("lead_id") else ("", data["email_hash"])
            return ("stranger", data["site_id"], *by)
        return "person", data["site_id"], data["visitor_id"]

    def _advert(self, event: Event) -> None:
        if adverts.is_total(event.data):
            self._ledger.report(adverts.total_key(event.data), adverts.totals(event))
            return
        for mark in adverts.singles(event):
            self._enter(mark)

    def _enter(self, mark: Mark) -> None:
        self._ledger.enter(mark)

    def _bring_up(self, clock_ms: int | None = None) -> None:
        """Work out again the marks of those who did something, and those of all leads as of a moment."""
        for unit in self._stale:
            self._ledger.replace(unit, self._work_out(unit))
        self._stale.clear()
        if self.leads is not None and self.newest_ms is not None:
            page = self.leads.page(max(self.newest_ms, clock_ms or self._clock_ms))
            self._clock_ms = page.clock_ms
            if page is not self._figures_of_leads.page:
                self._ledger.replace(("leads",), page.marks)
                self._figures_of_leads.page = page

    def _work_out(self, unit: Unit) -> Iterator[Mark]:
        sort, site = unit[0], unit[1]
        events = self._events[unit]
        if sort == "message":
            yield from mails.marks_of(site, events)
        elif sort == "stranger":
            if self.leads is None:
                yield from people.marks_of_stranger(site, PLATFORM_CHANNEL, events)
            for submission in submissions([event for event in events if event.action == "submit"]):
                yield from value_of(site, submission)
        else:
            followed = self.leads is not None and self.leads.everybody.follows(unit[2])
            yield from people.marks_of(site, events, self._look_back_ms, followed)

    # -- asking

    def units(self, sort: str) -> int:
        """Count those that something was told of: `person`, `message` (an id) or `stranger`."""
        return sum(unit[0] == sort for unit in self._events)

    def account(self) -> dict[str, Any]:
        """Give the conservation account: accepted = counted + duplicates + filtered + dead-lettered."""
        filtered: Counter[str] = Counter()
        dead: Counter[str] = Counter()
        plain: Counter[str] = Counter()
        for (_, outcome, reason), n in self.outcomes.items():
            {"filtered": filtered, "dead_lettered": dead}.get(outcome, plain)[reason or outcome] += n
        return {
            "accepted": self.outcomes.total(),
            "counted": plain["counted"],
            "duplicates": plain["duplicate"],
            "filtered": dict(filtered),
            "dead_lettered": dict(dead),
        }

    def readings(
        self, at_ms: int, windows: Iterable[Window] | None = None, metrics: Collection[str] | None = None
    ) -> dict[Key, Expected]:
        """Give what every metric must read at `at_ms`, at or after all events told.

        Without `windows`, each metric in its standard windows, ending exactly at `at_ms`; with them, every
        metric in each of them. `metrics` narrows it down. The key is (metric, sorted labels, name of the
        window).
        """
        self._bring_up(at_ms)
        given = None if windows is None else list(windows)
        found: dict[Key, Expected] = {}
        for metric in sorted(self.metrics() if metrics is None else metrics):
            standard = [window(name, at_ms) for name in of_leads.windows_of(metric) or windows_of(metric)]
            asked = standard if given is None or metric in of_leads.STANDING else given
            for span in asked:
                for labels, expected in self._read(metric, span):
                    found[of_leads.EXPOSED.get(metric, metric), labels, span.name] = expected
        return found

    def leads_at(self, at_ms: int) -> Figures:
        """Give the figures of leads as of a moment, for what is more than a reading."""
        self._bring_up(at_ms)
        return self._figures_of_leads

    def metrics(self) -> set[str]:
        """Name the metrics that can be read: all counts seen, all ratios, amounts, costs and times."""
        self._bring_up()
        counts = {name for name in self._ledger.names if not name.startswith("_")}
        return (
            counts | set(RATIOS) | set(AMOUNTS) | set(BOTH_KNOWN) | set(LEAD_COSTS) | set(TIMES) | SPECIAL
            | (of_leads.METRICS if self.leads is not None else set())
        )  # fmt: skip

    def between(self, metric: str, span: Window, at_ms: int | None = None) -> dict[Labels, Expected]:
        """Give the readings of a metric over exactly these edges: those that a reading itself names.

        What shifts a window (bounces) or ends it early (costs) is in such edges already. `at_ms` is the moment as of
        which leads are seen; without one it is the end of the window.
        """
        self._bring_up(span.end_ms if at_ms is None else at_ms)
        others = [name for name, shown in of_leads.EXPOSED.items() if shown == metric]
        return {labels: one for name in (metric, *others) for labels, one in self._figures(name, span)}

    def _read(self, metric: str, span: Window) -> Iterator[tuple[Labels, Expected]]:
        if metric in SHIFTS_MS:
            yield from self._figures(metric, span.shifted(SHIFTS_MS[metric]))
        elif metric in BY_STEP:
            # a cohort at least as old as the step's target, which each step has of its own
            for labels in self._ledger.labels(RATIOS[metric][1]):
                yield labels, self._ratio_of(metric, labels, span.shifted(shift_of(metric, labels)))
        elif metric in BOTH_KNOWN or metric in LEAD_COSTS:
            for labels in self._money.labels(metric):
                end_ms = self._money.end_ms(metric, labels, span)
                if end_ms is not None:
                    yield labels, self._money.within(metric, labels, Window(span.name, end_ms - span.length_ms, end_ms))
        elif metric in of_leads.END_EARLY:
            yield from self._figures_of_leads.ending_early(metric, span)
        else:
            yield from self._figures(metric, span)

    def _figures(self, metric: str, span: Window) -> Iterator[tuple[Labels, Expected]]:
        special: dict[str, Callable[[Window], Iterator[tuple[Labels, Expected]]]] = {
            "form_without_chat_ratio": self._form_without_chat,
            "funnel_step_mean_seconds": self._mean_times,
        }
        if metric in special:
            yield from special[metric](span)
        elif metric in of_leads.SPECIAL:
            yield from self._figures_of_leads.read(metric, span)
        elif metric in _TIMES:
            yield from self._times(metric, span)
        elif metric in BOTH_KNOWN or metric in LEAD_COSTS:
            for labels in self._money.labels(metric):
                yield labels, self._money.within(metric, labels, span)
        elif metric in _AMOUNTS:
            for labels in self._ledger.labels(_AMOUNTS[metric]):
                if self._ledger.shows((_AMOUNTS[metric], labels), span):
                    yield labels, Expected(self._ledger.count((_AMOUNTS[metric], labels), span) / MILLION)
        elif metric in _RATIOS:
            for labels in self._ledger.labels(_RATIOS[metric][1]):
                yield labels, self._ratio_of(metric, labels, span)
        else:
            for labels in self._ledger.labels(metric):
                n = self._ledger.count((metric, labels), span)
                yield labels, Expected(n / MILLION if metric in _MONEY else n)

    def _ratio_of(self, metric: str, labels: Labels, span: Window) -> Expected:
        top, bottom = _RATIOS[metric]
        return ratio(self._ledger.count((top, labels), span), self._ledger.count((bottom, labels), span))

    def _form_without_chat(self, span: Window) -> Iterator[tuple[Labels, Expected]]:
        count = self._ledger.count
        for labels in self._ledger.labels("visitors"):
            both = count(("_chat_form_people", labels), span)
            submitted = count(("_form_people", labels), span) - both
            yield labels, ratio(submitted, count(("visitors", labels), span) - count(("_chat_people", labels), span))

    def _times(self, metric: str, span: Window) -> Iterator[tuple[Labels, Expected]]:
        """Quantiles by nearest rank, in seconds; the denominator tells of how many."""
        for labels in self._ledger.labels(_TIMES[metric]):
            took = sorted(self._ledger.inside((_TIMES[metric], labels), span))
            for quantile in QUANTILES:
                rank = max(0, -int(-float(quantile) * len(took) // 1) - 1)
                value = took[rank] / 1000 if took else None
                yield (
                    tuple(sorted((*labels, ("quantile", quantile)))),
                    Expected(value, sum(took) / 1000, len(took)),
                )

    def _mean_times(self, span: Window) -> Iterator[tuple[Labels, Expected]]:
        for labels in self._ledger.labels("_step_ms"):
            took = list(self._ledger.inside(("_step_ms", labels), span))
            yield labels, ratio(sum(took) / 1000, len(took))
