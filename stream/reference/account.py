"""Account: what every count and ratio must read, kept without the engine.

In:  records with the truth about each, or plain events that count.
Out: `readings(at_ms)`: for every metric, label set and window its value, numerator and denominator;
     `account()`.

How it is kept: the events of a person, a message or a row of an ad report are remembered, and when one is added, the
marks of that unit are worked out again from scratch (people.py with forms.py and chats.py, mails.py, adverts.py). A
reading is a plain count of the marks inside [start, end). So the only thing that is incremental is *whom* to look at
again; nothing is ever adjusted, and nothing is forgotten (about 2 kB an event).

`readings` holds at a moment T at or after every event told: the distinct people of a window are those whose
*latest* presence is in it. The medians of durations are exact here, while the engine promises them within 2 %.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Final, NamedTuple

from stream.reference import adverts, mails, people
from stream.reference.events import DAY_MS, MILLION, Event, Labels, Mark, Series, Source, series
from stream.reference.forms import STEP_TARGETS_MS, submissions, value_of
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

#: Totals in memory: those that end later than this before the moment of reading.
_TOTALS_MEMORY_MS: Final = 125 * DAY_MS
#: Which action tells how far a series in millionths is known.
_KNOWN_BY: Final = {
    "_ad_impressions": "_ad_impressions",
    "_ad_clicks": "_ad_clicks",
    "_ad_conversions": "_ad_conversions",
    "_conversion_micros": "_ad_conversions",
    "_spend_micros": "_spend_micros",
}


class Expected(NamedTuple):
    """What a reading must say; a count has no numerator, an empty ratio no value."""

    value: int | float | None
    numerator: int | float | None = None
    denominator: int | float | None = None


class Window(NamedTuple):
    """A window by its edges: [start, end) in milliseconds."""

    name: str
    start_ms: int
    end_ms: int

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms

    def shifted(self, by_ms: int) -> Window:
        """Give the same window `by_ms` earlier."""
        return Window(self.name, self.start_ms - by_ms, self.end_ms - by_ms)


def shift_of(metric: str, labels: Labels) -> int:
    """Give how much earlier than others the windows of a metric end for some labels, in milliseconds."""
    if metric not in BY_STEP:
        return SHIFTS_MS.get(metric, 0)
    named = dict(labels)
    return STEP_TARGETS_MS.get((named.get("from", ""), named.get("to", "")), 0)


Key = tuple[str, Labels, str]
Unit = tuple[str, ...]


def window(name: str, end_ms: int) -> Window:
    """Give the window of a name, such as `24h`, that ends at a moment."""
    return Window(name, end_ms - LENGTHS_MS[name], end_ms)


class Reference:
    """The account: `tell` it each record once, then ask. Direct sessions look back for `look_back_ms`."""

    def __init__(self, look_back_ms: int = 0) -> None:
        self._look_back_ms = look_back_ms
        self.outcomes: Counter[tuple[str, str, str]] = Counter()  # (kind, outcome, reason)
        self.newest_ms: int | None = None
        self._events: dict[Unit, list[Event]] = defaultdict(list)
        self._stale: set[Unit] = set()
        self._marks: dict[Unit, list[Mark]] = {}
        self._counts: dict[Series, dict[Unit, list[tuple[int, int]]]] = defaultdict(dict)
        self._by_metric: dict[str, set[Series]] = defaultdict(set)
        self._reports: dict[adverts.Key, list[dict[Series, adverts.Total]]] = defaultdict(list)
        self._standing: dict[adverts.Key, list[dict[Series, adverts.Total]]] = {}
        self._keys: dict[Series, set[adverts.Key]] = defaultdict(set)  # series → keys of totals that tell of it
        self._loose = 0  # marks that belong to no unit: each is a unit of its own

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
            self.count(Event(at_ms, truth.event_id, kind, truth.data, source))

    def count(self, event: Event) -> None:
        """Enter an event that counts."""
        self.newest_ms = event.at_ms if self.newest_ms is None else max(event.at_ms, self.newest_ms)
        if event.kind == "ad":
            self._advert(event)
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
        if not adverts.is_total(event.data):
            for mark in adverts.singles(event):
                self._enter(mark)
            return
        key, report = adverts.total_key(event.data), adverts.totals(event)
        self._reports[key].append(report)
        self._standing.pop(key, None)
        for which in report:
            self._keys[which].add(key)
            self._by_metric[which[0]].add(which)

    def _enter(self, mark: Mark) -> None:
        self._loose += 1
        self._counts[mark.series][(str(self._loose),)] = [(mark.at_ms, mark.n)]
        self._by_metric[mark.series[0]].add(mark.series)

    def _bring_up(self) -> None:
        """Work out again the marks of those who did something."""
        for unit in self._stale:
            for mark in self._marks.pop(unit, ()):
                self._counts[mark.series].pop(unit, None)
            marks = list(self._work_out(unit))
            self._marks[unit] = marks
            for mark in marks:
                self._counts[mark.series].setdefault(unit, []).append((mark.at_ms, mark.n))
                self._by_metric[mark.series[0]].add(mark.series)
        self._stale.clear()

    def _work_out(self, unit: Unit) -> Iterator[Mark]:
        sort, site = unit[0], unit[1]
        events = self._events[unit]
        if sort == "message":
            yield from mails.marks_of(site, events)
        elif sort == "stranger":
            yield from people.marks_of_stranger(site, PLATFORM_CHANNEL, events)
            for submission in submissions([event for event in events if event.action == "submit"]):
                yield from value_of(site, submission)
        else:
            yield from people.marks_of(site, events, self._look_back_ms)

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
        self._bring_up()
        given = None if windows is None else list(windows)
        found: dict[Key, Expected] = {}
        for metric in sorted(self.metrics() if metrics is None else metrics):
            asked = [window(name, at_ms) for name in windows_of(metric)] if given is None else given
            for span in asked:
                for labels, expected in self._read(metric, span):
                    found[metric, labels, span.name] = expected
        return found

    def metrics(self) -> set[str]:
        """Name the metrics that can be read: all counts seen, all ratios, amounts, costs and times."""
        self._bring_up()
        counts = {name for name in self._by_metric if not name.startswith("_")}
        return counts | set(RATIOS) | set(AMOUNTS) | set(BOTH_KNOWN) | set(LEAD_COSTS) | set(TIMES) | SPECIAL

    def between(self, metric: str, span: Window) -> dict[Labels, Expected]:
        """Give the readings of a metric over exactly these edges: those that a reading itself names.

        What shifts a window (bounces) or ends it early (costs) is in such edges already.
        """
        self._bring_up()
        return dict(self._figures(metric, span))

    def _read(self, metric: str, span: Window) -> Iterator[tuple[Labels, Expected]]:
        if metric in SHIFTS_MS:
            yield from self._figures(metric, span.shifted(SHIFTS_MS[metric]))
        elif metric in BY_STEP:
            # a cohort at least as old as the step's target, which each step has of its own
            for labels in self._labels(RATIOS[metric][1]):
                yield labels, self._ratio_of(metric, labels, span.shifted(shift_of(metric, labels)))
        elif metric in BOTH_KNOWN or metric in LEAD_COSTS:
            ends = self._both_known if metric in BOTH_KNOWN else self._spend_known
            for labels in self._money_labels(metric):
                end_ms = ends(metric, dict(labels), span)
                if end_ms is not None:
                    until = Window(span.name, end_ms - span.length_ms, end_ms)
                    yield labels, self._money(metric, labels, until)
        else:
            yield from self._figures(metric, span)

    def _figures(self, metric: str, span: Window) -> Iterator[tuple[Labels, Expected]]:
        special: dict[str, Callable[[Window], Iterator[tuple[Labels, Expected]]]] = {
            "form_without_chat_ratio": self._form_without_chat,
            "funnel_step_mean_seconds": self._mean_times,
        }
        if metric in special:
            yield from special[metric](span)
        elif metric in TIMES:
            yield from self._times(metric, span)
        elif metric in BOTH_KNOWN or metric in LEAD_COSTS:
            for labels in self._money_labels(metric):
                yield labels, self._money(metric, labels, span)
        elif metric in AMOUNTS:
            for labels in self._labels(AMOUNTS[metric]):
                if self._shows((AMOUNTS[metric], labels), span):
                    yield labels, Expected(self._count((AMOUNTS[metric], labels), span) / MILLION)
        elif metric in RATIOS:
            for labels in self._labels(RATIOS[metric][1]):
                yield labels, self._ratio_of(metric, labels, span)
        else:
            for labels in self._labels(metric):
                n = self._count((metric, labels), span)
                yield labels, Expected(n / MILLION if metric in MONEY else n)

    # -- counting

    def _labels(self, name: str) -> list[Labels]:
        return sorted(labels for _, labels in self._by_metric[name])

    def _inside(self, which: Series, span: Window) -> Iterator[int]:
        for marks in self._counts[which].values():
            for at_ms, n in marks:
                if span.start_ms <= at_ms < span.end_ms:
                    yield n

    def _count(self, which: Series, span: Window) -> int:
        """Add up the marks of a series inside a window; totals of a period only enter windows from 24 h."""
        whole = sum(self._inside(which, span))
        if span.length_ms >= DAY_MS:
            for key in self._keys.get(which, ()):
                whole += adverts.within(self._reports_of(key), which, span.start_ms, span.end_ms)
        return whole

    def _ratio_of(self, metric: str, labels: Labels, span: Window) -> Expected:
        top, bottom = RATIOS[metric]
        return _ratio(self._count((top, labels), span), self._count((bottom, labels), span))

    def _reports_of(self, key: adverts.Key) -> list[dict[Series, adverts.Total]]:
        """Give the totals of a key that stand."""
        known = self._standing.get(key)
        if known is None:
            known = self._standing[key] = adverts.standing(self._reports[key])
        return known

    def _totals(self, which: Series) -> Iterator[adverts.Total]:
        for key in self._keys.get(which, ()):
            yield from (report[which] for report in self._reports[key] if which in report)

    def _shows(self, which: Series, span: Window) -> bool:
        """Tell whether a window can show a series: one below 24 h shows none that totals tell of."""
        newest_ms = max((row.end_ms for row in self._totals(which)), default=None)
        return span.length_ms >= DAY_MS or newest_ms is None or newest_ms <= span.end_ms - _TOTALS_MEMORY_MS

    # -- money

    def _money_labels(self, metric: str) -> list[Labels]:
        """Give the label sets of a figure that sets sums of ads against each other, or spend against leads."""
        if metric in LEAD_COSTS:
            constant = {"cost": "media"} if metric == "cost_per_lead" else {}
            found = {(dict(pairs)["site"], dict(pairs)["currency"]) for pairs in self._labels("_spend_micros")}
            return [series("", site=site, currency=currency, **constant)[1] for site, currency in sorted(found)]
        top, bottom, _ = BOTH_KNOWN[metric]
        has_currency = {name: name in ("_spend_micros", "_conversion_micros") for name in (top, bottom)}
        wanted = [name for name in (top, bottom) if has_currency[name] or not any(has_currency.values())]
        return sorted({labels for name in wanted for labels in self._labels(name)})

    def _money(self, metric: str, labels: Labels, span: Window) -> Expected:
        """Divide what lies between exactly these edges."""
        if metric in LEAD_COSTS:
            micros = sum(self._count(("_spend_micros", pairs), span) for pairs in self._paid(labels))
            return _ratio(micros / MILLION, self._count(series(LEAD_COSTS[metric], site=dict(labels)["site"]), span))
        top, bottom, unit = BOTH_KNOWN[metric]
        n, d = (self._count((name, _fitting(name, labels)), span) / MILLION for name in (top, bottom))
        return _ratio(n, d / unit)

    def _paid(self, labels: Labels) -> list[Labels]:
        """Give the label sets of spend that belong to a site and currency."""
        wanted = {pair for pair in labels if pair[0] in ("site", "currency")}
        return [pairs for pairs in self._labels("_spend_micros") if wanted <= set(pairs)]

    def _both_known(self, metric: str, labels: dict[str, str], span: Window) -> int | None:
        """Give where a figure ends: at the earlier of what is known of its two sides; None: not in this window."""
        top, bottom, _ = BOTH_KNOWN[metric]
        whole = series("", **labels)[1]
        if not all(self._shows((name, _fitting(name, whole)), span) for name in (top, bottom)):
            return None
        known = (self._known_ms(_KNOWN_BY[name], labels, span.end_ms) for name in (top, bottom))
        end_ms = min(span.end_ms, *(span.end_ms if ms is None else ms for ms in known))
        return end_ms if end_ms > span.start_ms else None

    def _known_ms(self, name: str, labels: dict[str, str], now_ms: int) -> int | None:
        """Give until when a platform's figure of a campaign is known; None where nothing ever was told."""
        wanted = {"site", "platform", "campaign"} | ({"currency"} if name == "_spend_micros" else set())
        pairs = {(label, value) for label, value in labels.items() if label in wanted}
        known: list[int] = []
        for which in self._by_metric[name]:
            if pairs <= set(which[1]):
                known += [row.end_ms for row in self._totals(which)]
                singles = [at_ms for marks in self._counts[which].values() for at_ms, _ in marks]
                # what comes one by one is told as it happens; spend is booked
                known += [at_ms + 1 if name == "_spend_micros" else now_ms for at_ms in singles]
        return max(known, default=None)

    def _spend_known(self, metric: str, labels: dict[str, str], span: Window) -> int | None:
        """Give where spend against leads ends: at the earliest of what platforms that reported lately are known for."""
        paid = self._paid(series("", **labels)[1])
        if not all(self._shows(("_spend_micros", pairs), span) for pairs in paid):
            return None
        newest: dict[str, int] = {}
        for pairs in paid:
            known = self._known_ms("_spend_micros", dict(pairs), span.end_ms)
            platform = dict(pairs)["platform"]
            newest[platform] = max(newest.get(platform, 0), known or 0)
        return min((ms for ms in newest.values() if span.start_ms < ms <= span.end_ms), default=None)

    def _form_without_chat(self, span: Window) -> Iterator[tuple[Labels, Expected]]:
        for labels in self._labels("visitors"):
            both = self._count(("_chat_form_people", labels), span)
            submitted = self._count(("_form_people", labels), span) - both
            silent = self._count(("visitors", labels), span) - self._count(("_chat_people", labels), span)
            yield labels, _ratio(submitted, silent)

    def _times(self, metric: str, span: Window) -> Iterator[tuple[Labels, Expected]]:
        """Quantiles by nearest rank, in seconds; the denominator tells of how many."""
        for labels in self._labels(TIMES[metric]):
            took = sorted(self._inside((TIMES[metric], labels), span))
            for quantile in QUANTILES:
                rank = max(0, -int(-float(quantile) * len(took) // 1) - 1)
                value = took[rank] / 1000 if took else None
                yield (
                    tuple(sorted((*labels, ("quantile", quantile)))),
                    Expected(value, sum(took) / 1000, len(took)),
                )

    def _mean_times(self, span: Window) -> Iterator[tuple[Labels, Expected]]:
        for labels in self._labels("_step_ms"):
            took = list(self._inside(("_step_ms", labels), span))
            yield labels, _ratio(sum(took) / 1000, len(took))


def _fitting(name: str, labels: Labels) -> Labels:
    """Take the currency off where a series has none."""
    if name in ("_spend_micros", "_conversion_micros"):
        return labels
    return tuple(pair for pair in labels if pair[0] != "currency")


def _ratio(numerator: int | float, denominator: int | float) -> Expected:
    return Expected(numerator / denominator if denominator else None, numerator, denominator)
