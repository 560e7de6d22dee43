"""Money: figures that set sums of ads against each other, or spend against leads, and where they end.

In:  the ledger.
Out: label sets, the end of a window for each, and what lies between exactly its edges.

A figure of two sides that become known at different times ends where both are known.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from stream.reference.events import MILLION, Labels, series
from stream.reference.ledger import Ledger, Window
from stream.reference.metrics import BOTH_KNOWN, LEAD_COSTS

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


def ratio(numerator: int | float, denominator: int | float) -> Expected:
    """Divide; an empty denominator gives no value."""
    return Expected(numerator / denominator if denominator else None, numerator, denominator)


class Money:
    """Reads the figures of money off a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def labels(self, metric: str) -> list[Labels]:
        """Give the label sets of a figure."""
        if metric in LEAD_COSTS:
            constant = {"cost": "media"} if metric == "cost_per_lead" else {}
            found = {(dict(pairs)["site"], dict(pairs)["currency"]) for pairs in self._ledger.labels("_spend_micros")}
            return [series("", site=site, currency=currency, **constant)[1] for site, currency in sorted(found)]
        top, bottom, _ = BOTH_KNOWN[metric]
        has_currency = {name: name in ("_spend_micros", "_conversion_micros") for name in (top, bottom)}
        wanted = [name for name in (top, bottom) if has_currency[name] or not any(has_currency.values())]
        return sorted({labels for name in wanted for labels in self._ledger.labels(name)})

    def within(self, metric: str, labels: Labels, span: Window) -> Expected:
        """Divide what lies between exactly these edges."""
        if metric in LEAD_COSTS:
            leads = self._ledger.count(series(LEAD_COSTS[metric], site=dict(labels)["site"]), span)
            return ratio(self.spend(labels, span) / MILLION, leads)
        top, bottom, unit = BOTH_KNOWN[metric]
        n, d = (self._ledger.count((name, _fitting(name, labels)), span) / MILLION for name in (top, bottom))
        return ratio(n, d / unit)

    def spend(self, labels: Labels, span: Window) -> int:
        """Add up what a site, or a campaign of it, spent on ads in a currency."""
        return sum(self._ledger.count(("_spend_micros", pairs), span) for pairs in self._paid(labels))

    def end_ms(self, metric: str, labels: Labels, span: Window) -> int | None:
        """Give where a figure ends; None: it is not in this window."""
        return (self._both_known if metric in BOTH_KNOWN else self.spend_known)(metric, dict(labels), span)

    def _paid(self, labels: Labels) -> list[Labels]:
        """Give the label sets of spend that belong to a site and currency, and campaign where one is named."""
        wanted = {pair for pair in labels if pair[0] in ("site", "currency", "campaign")}
        return [pairs for pairs in self._ledger.labels("_spend_micros") if wanted <= set(pairs)]

    def _both_known(self, metric: str, labels: dict[str, str], span: Window) -> int | None:
        """Give the earlier of what is known of the two sides."""
        top, bottom, _ = BOTH_KNOWN[metric]
        whole = series("", **labels)[1]
        if not all(self._ledger.shows((name, _fitting(name, whole)), span) for name in (top, bottom)):
            return None
        known = (self._known_ms(_KNOWN_BY[name], labels, span.end_ms) for name in (top, bottom))
        end_ms = min(span.end_ms, *(span.end_ms if ms is None else ms for ms in known))
        return end_ms if end_ms > span.start_ms else None

    def _known_ms(self, name: str, labels: dict[str, str], now_ms: int) -> int | None:
        """Give until when a platform's figure of a campaign is known; None where nothing ever was told."""
        wanted = {"site", "platform", "campaign"} | ({"currency"} if name == "_spend_micros" else set())
        pairs = {(label, value) for label, value in labels.items() if label in wanted}
        known: list[int] = []
        for which in self._ledger.series_of(name):
            if pairs <= set(which[1]):
                known += [row.end_ms for row in self._ledger.totals(which)]
                # what comes one by one is told as it happens; spend is booked
                known += [at_ms + 1 if name == "_spend_micros" else now_ms for at_ms in self._ledger.moments(which)]
        return max(known, default=None)

    def spend_known(self, metric: str, labels: dict[str, str], span: Window) -> int | None:
        """Give where spend against leads ends: at the earliest of what platforms that reported lately are known for."""
        wanted = {name: value for name, value in labels.items() if name in ("site", "currency")}
        paid = self._paid(series("", **wanted)[1])
        if not all(self._ledger.shows(("_spend_micros", pairs), span) for pairs in paid):
            return None
        newest: dict[str, int] = {}
        for pairs in paid:
            known = self._known_ms("_spend_micros", dict(pairs), span.end_ms)
            platform = dict(pairs)["platform"]
            newest[platform] = max(newest.get(platform, 0), known or 0)
        return min((ms for ms in newest.values() if span.start_ms < ms <= span.end_ms), default=None)


def _fitting(name: str, labels: Labels) -> Labels:
    """Take the currency off where a series has none."""
    if name in ("_spend_micros", "_conversion_micros"):
        return labels
    return tuple(pair for pair in labels if pair[0] != "currency")
