"""Books: the simulator's own account of what every count and ratio must read, kept without the engine.

In:  records with their truth and their arrival.
Out: `readings(at_ms)`: for every metric, label set and window its value, numerator and denominator;
     `account()`.

How it is kept: the events of a person (message, figure of an advertisement) are remembered, and when one of
them is added, that person's marks are worked out again from scratch (book_people.py, book_mails.py,
book_adverts.py). A reading is a plain count of the marks inside [start, end). So the only thing that is
incremental is *whom* to look at again; nothing is ever adjusted, and nothing is forgotten (about 2 kB an
event).

`readings` holds at a moment T at or after every event told: the distinct people of a window are those whose
*latest* event is in it. The medians of durations are exact here, while the engine promises them within 2 %.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Final, NamedTuple

from stream.reference import adverts as book_adverts
from stream.reference import mails as book_mails
from stream.reference import people as book_people
from stream.reference.metrics import (
    COSTS,
    DAY_MS,
    LENGTHS_MS,
    PLATFORM_CHANNEL,
    QUANTILES,
    RATIOS,
    SHIFT_MS,
    SHIFTED,
    SPECIAL,
    TIMES,
    windows_of,
)
from stream.reference.people import Event, Labels, Mark, Series, Source, series

#: What is remembered of an event; the rest moves no figure.
_KEEP: Final = frozenset((
    "action", "ad_group_id", "ad_id", "appointment_id", "audience_type", "bot_id", "bounce_type",
    "campaign_id", "channel_type", "conversation_id", "cost_micros", "count", "currency", "duration_s",
    "email_hash", "email_purpose", "fields_asked", "fields_present", "form_id", "form_type", "geo",
    "lead_id", "machine", "message_id", "offer_id", "order_id", "page", "period_end", "period_start",
    "platform", "recipient_domain", "resolved", "revision", "site_id", "variant", "visitor_id",
))  # fmt: skip


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


Key = tuple[str, Labels, str]
Unit = tuple[str, ...]


def window(name: str, end_ms: int) -> Window:
    """Give the window of a name, such as `24h`, that ends at a moment."""
    return Window(name, end_ms - LENGTHS_MS[name], end_ms)


class Books:
    """The account: `tell` it each record once, then ask."""

    def __init__(self) -> None:
        self.outcomes: Counter[tuple[str, str, str]] = Counter()  # (kind, outcome, reason)
        self.newest_ms: int | None = None
        self._events: dict[Unit, list[Event]] = defaultdict(list)
        self._stale: set[Unit] = set()
        self._marks: dict[Unit, list[Mark]] = {}
        self._counts: dict[Series, dict[Unit, list[tuple[int, int]]]] = defaultdict(dict)
        self._by_metric: dict[str, set[Series]] = defaultdict(set)
        self._totals: dict[tuple[Any, ...], book_adverts.Total] = {}
        self._loose = 0  # marks that belong to no unit: each is a unit of its own

    # -- telling

    def tell(self, kind: str, truth: Any, arrival_ms: int, placed: bool = True) -> None:
        """Enter one record: `truth` as traffic.py gives it, `arrival_ms` as the broker stamped it.

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
        if not counted:
            return
        data = {name: value for name, value in truth.data.items() if name in _KEEP}
        source = Source(*truth.touch) if truth.touch is not None else None
        event = Event(at_ms, truth.event_id, kind, data, source)
        self.newest_ms = at_ms if self.newest_ms is None else max(at_ms, self.newest_ms)
        if kind == "ad":
            self._advert(event)
            return
        unit = self._unit_of(event)
        self._events[unit].append(event)
        self._stale.add(unit)

    def _unit_of(self, event: Event) -> Unit:
        data = event.data
        if event.kind == "email":
            return "message", data["site_id"], data["message_id"]
        if data.get("platform", "site") != "site":
            return "stranger", data["site_id"], data.get("lead_id") or data["email_hash"]
        return "person", data["site_id"], data["visitor_id"]

    def _advert(self, event: Event) -> None:
        if not book_adverts.is_total(event.data):
            self._enter(book_adverts.single(event))
            return
        key, row = book_adverts.total_key(event.data), book_adverts.total(event)
        if key not in self._totals or row.order > self._totals[key].order:
            self._totals[key] = row
        self._by_metric[row.series[0]].add(row.series)

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
            yield from book_mails.marks_of(site, events)
        elif sort == "stranger":
            submits = sorted(event for event in events if event.action == "submit")
            if submits:
                channel = PLATFORM_CHANNEL[submits[0].data["platform"]]
                yield from book_people.lead(site, submits[0].at_ms, "ad_platform", channel)
        else:
            yield from book_people.marks_of(site, events)

    # -- asking

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
        """Name the metrics that can be read: all counts seen, all ratios, costs and times."""
        self._bring_up()
        counts = {name for name in self._by_metric if not name.startswith("_")}
        return counts | set(RATIOS) | set(COSTS) | set(TIMES) | SPECIAL

    def between(self, metric: str, span: Window) -> dict[Labels, Expected]:
        """Give the readings of a metric over exactly these edges: those that a reading itself names.

        What shifts a window (bounces) or ends it early (cost per lead) is in such edges already.
        """
        self._bring_up()
        return dict(self._figures(metric, span))

    def _read(self, metric: str, span: Window) -> Iterator[tuple[Labels, Expected]]:
        if metric in SHIFTED:
            yield from self._figures(metric, span.shifted(SHIFT_MS))
        elif metric == "cost_per_lead":
            # Spend arrives late: both sides end at the newest spend of the site and currency.
            for labels in self._cost_labels():
                end_ms = min(span.end_ms, self.newest_spend_ms(labels))
                until = Window(span.name, end_ms - span.length_ms, end_ms)
                yield labels, self.between(metric, until)[labels]
        else:
            yield from self._figures(metric, span)

    def _figures(self, metric: str, span: Window) -> Iterator[tuple[Labels, Expected]]:
        special: dict[str, Callable[[Window], Iterator[tuple[Labels, Expected]]]] = {
            "ad_spend": self._spend,
            "cost_per_lead": self._cost_per_lead,
            "form_without_chat_ratio": self._form_without_chat,
            "funnel_step_mean_seconds": self._mean_times,
        }
        if metric in special:
            yield from special[metric](span)
        elif metric in TIMES:
            yield from self._times(metric, span)
        elif metric in COSTS:
            yield from self._costs(metric, span)
        elif metric in RATIOS:
            numerator, denominator = RATIOS[metric]
            for labels in self._labels(denominator):
                yield (
                    labels,
                    _ratio(self._count((numerator, labels), span), self._count((denominator, labels), span)),
                )
        else:
            for labels in self._labels(metric):
                yield labels, Expected(self._count((metric, labels), span))

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
        if span.length_ms >= DAY_MS and which[0].startswith(("ad_", "_spend")):
            rows = (row for row in self._totals.values() if row.series == which)
            whole += sum(row.within(span.start_ms, span.end_ms) for row in rows)
        return whole

    def _spend(self, span: Window) -> Iterator[tuple[Labels, Expected]]:
        for labels in self._labels("_spend_micros"):
            yield labels, Expected(self._count(("_spend_micros", labels), span) / 1e6)

    def _costs(self, metric: str, span: Window) -> Iterator[tuple[Labels, Expected]]:
        per, units = COSTS[metric]
        for labels in self._labels("_spend_micros"):
            micros = self._count(("_spend_micros", labels), span)
            n = self._count((per, tuple(pair for pair in labels if pair[0] != "currency")), span)
            paid = _ratio(micros / 1e6, n)
            value = None if paid.value is None else units * paid.value
            yield labels, paid._replace(value=value)

    def _cost_labels(self) -> list[Labels]:
        found = {(dict(pairs)["site"], dict(pairs)["currency"]) for pairs in self._labels("_spend_micros")}
        return [series("", site=site, currency=currency, cost="media")[1] for site, currency in sorted(found)]

    def _paid(self, labels: Labels) -> list[Labels]:
        """Give the label sets of spend that belong to a site and currency."""
        wanted = {pair for pair in labels if pair[0] in ("site", "currency")}
        return [pairs for pairs in self._labels("_spend_micros") if wanted <= set(pairs)]

    def _cost_per_lead(self, span: Window) -> Iterator[tuple[Labels, Expected]]:
        for labels in self._cost_labels():
            micros = sum(self._count(("_spend_micros", pairs), span) for pairs in self._paid(labels))
            leads = self._count(series("_all_leads", site=dict(labels)["site"]), span)
            yield labels, _ratio(micros / 1e6, leads)

    def newest_spend_ms(self, labels: Labels) -> int:
        """Give the newest moment that the spend of a site in a currency is known for."""
        known: list[int] = []
        for pairs in self._paid(labels):
            known += [row.end_ms for row in self._totals.values() if row.series == ("_spend_micros", pairs)]
            known += [at_ms for marks in self._counts["_spend_micros", pairs].values() for at_ms, _ in marks]
        return max(known)

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


def _ratio(numerator: int | float, denominator: int | float) -> Expected:
    return Expected(numerator / denominator if denominator else None, numerator, denominator)
