"""Figures of leads that are more than a sum: who waits, medians, merit, cost, and what stands.

In:  the ledger, the books of leads at a moment.
Out: label sets and what each must read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from stream.reference.events import DAY_MS, MILLION, Labels, Series, series
from stream.reference.leads import metrics
from stream.reference.leads.books import Page
from stream.reference.leads.credit import MODELS
from stream.reference.leads.marks import REACHED, WAITS, Spell, pairs_of_times
from stream.reference.leads.rules import FRAMEWORKS, Rules
from stream.reference.leads.survival import bounds_ms, curve, median_ms
from stream.reference.ledger import Ledger, Window
from stream.reference.money import Expected, Money, ratio
from stream.reference.outside import Signal, newest

Read = Iterator[tuple[Labels, Expected]]
#: How far a time is off by the bucket that it is counted in, and one that is below all buckets.
_BUCKET: Final = 0.05
_LITTLE: Final = 1e-9
_FLOOR_MS: Final = 10
_PAID_LEADS: Final = {"full_cost_per_lead": "_all_leads", "cost_per_sale": "deals_won"}


class Figures:
    """Reads them, as of the moment of the page."""

    def __init__(self, ledger: Ledger, money: Money, rules: Rules | None) -> None:
        self._ledger, self._money, self._rules = ledger, money, rules
        self.page = Page()
        self.signals: dict[Series, list[Signal]] = defaultdict(list)

    def read(self, metric: str, span: Window) -> Read:
        """Give the figures of a metric over exactly these edges."""
        if metric in metrics.COUNTED_NOW:
            for (name, labels), n in self.page.standing.items():
                if name == metric:
                    yield labels, Expected(n)
        elif metric in metrics.SIGNALS:
            for (name, labels), told in self.signals.items():
                if name == metric:
                    yield labels, Expected(newest(told).value / MILLION)
        elif metric in metrics.END_WITH_COST:
            for labels in self._of_costs():
                yield _shown(metric, labels), self._price(metric, labels, span)
        elif metric in metrics.END_WITH_SPEND:
            for labels in self._of_spend(metric):
                yield labels, self._return(metric, labels, span)
        else:
            yield from getattr(self, f"_{metric}")(span)

    def ending_early(self, metric: str, span: Window) -> Read:
        """Give the figures of a metric in windows that end where money is known."""
        for labels in self._of_costs() if metric in metrics.END_WITH_COST else self._of_spend(metric):
            end_ms = self._end_ms(metric, labels, span)
            if end_ms is not None:
                until = Window(span.name, end_ms - span.length_ms, end_ms)
                one = self._price if metric in metrics.END_WITH_COST else self._return
                yield _shown(metric, labels), one(metric, labels, until)

    def maturity(
        self, metric: str, labels: Labels, span: Window, factor: float = 1.0, slack_ms: int = 0
    ) -> float | None:
        """Say how final a cohort's figure is: how much of it no longer waits, or has waited longer than most do.

        The horizon may be longer or shorter, by a factor and some slack; None where there is nobody.
        """
        name = metrics.COHORTS.get(metric, "_pair")
        spells = self.page.spells.get((name, labels), [])
        cohort = [spell for spell in spells if span.start_ms <= spell.from_ms < span.end_ms]
        if metric == "stage_median_seconds":  # what went backwards took no time, and is no part of its n
            cohort = [spell for spell in cohort if spell.fate == WAITS or spell.took_ms is not None]
        if not cohort:
            return None
        clock_ms = self.page.clock_ms
        young_ms = self._horizon_ms(name, labels) * factor + slack_ms
        waiting = [one for one in cohort if one.fate == WAITS and clock_ms - one.from_ms < young_ms]
        return 1 - len(waiting) / len(cohort)

    def ripe(self, metric: str, labels: Labels, span: Window, told: float, slack_ms: int = 0) -> bool:
        """Tell whether a maturity is right, with a horizon out of a bucket, and ages by panes."""
        edges = [self.maturity(metric, labels, span, 1 + sign * _BUCKET, sign * slack_ms) for sign in (1, -1)]
        low, high = edges
        return low is None or high is None or low - _LITTLE <= told <= high + _LITTLE

    def _horizon_ms(self, name: str, labels: Labels) -> float:
        """Give how long nine of ten took who got there within a year; without enough of them 30 days."""
        named = dict(labels)
        since_ms = self.page.clock_ms - 365 * DAY_MS
        followed = set(pairs_of_times(self._rules)) if self._rules is not None else set()
        if name == "_pair" and (named["from"], named["to"]) not in followed:
            return 30 * DAY_MS  # nobody keeps how long that took
        took = sorted(
            one.took_ms
            for which, spells in self.page.spells.items()
            if which[0] == metrics.HORIZONS.get(name, name)
            and all(dict(which[1]).get(label) == named.get(label) for label in ("site", "from", "to"))
            for one in spells
            if one.fate == REACHED and one.took_ms is not None and one.from_ms + one.took_ms >= since_ms
        )
        return took[-(-len(took) * 9 // 10) - 1] if len(took) >= 20 else 30 * DAY_MS

    # -- counts and times

    def _segment_leads(self, span: Window) -> Read:
        for labels in self._ledger.labels("_segment"):
            yield labels, Expected(self._ledger.count(("_segment", labels), span))

    def _oldest_open_seconds(self, _: Window) -> Read:
        for (_name, labels), since_ms in self.page.oldest.items():
            yield labels, Expected((self.page.clock_ms - since_ms) / 1000)

    def _qualification_completeness_ratio(self, _: Window) -> Read:
        for (name, labels), leads in self.page.standing.items():
            if name == "_asked":
                known = self.page.standing["_qualified", labels]
                yield labels, ratio(known, leads * len(FRAMEWORKS[dict(labels)["framework"]]))

    def _samples(self, spells: list[Spell], span: Window, more_ms: int = 0) -> Iterator[tuple[int, bool]]:
        for one in spells:
            if not span.start_ms <= one.from_ms < span.end_ms:
                continue
            if one.fate == WAITS:
                yield max(0, self.page.clock_ms - one.from_ms + more_ms), False
            elif one.took_ms is not None:  # what went backwards took no time
                yield one.took_ms, one.fate == REACHED

    def _stage_median_seconds(self, span: Window) -> Read:
        for labels, spells in self._followed():
            samples = list(self._samples(spells, span))
            found = median_ms(curve(samples))
            yield labels, Expected(None if found is None else found / 1000, None, len(samples))

    def fits(self, labels: Labels, span: Window, seconds: float | None, slack_ms: int = 0) -> bool:
        """Tell whether a median is an honest one: at most a step of its curve, a bucket of times and some slack off.

        The slack is a pane: how long somebody has waited is known as well as when they began.
        """
        spells = self.page.spells.get(("_pair", labels), [])
        low_ms, _ = bounds_ms(curve(self._samples(spells, span, -slack_ms)))
        _, high_ms = bounds_ms(curve(self._samples(spells, span, slack_ms)))
        if seconds is None:
            return high_ms is None
        slack_ms += _FLOOR_MS
        late = high_ms is None or seconds * 1000 <= high_ms * (1 + _BUCKET) + slack_ms
        return low_ms is not None and seconds * 1000 >= low_ms * (1 - _BUCKET) - slack_ms and late

    def _followed(self) -> Iterator[tuple[Labels, list[Spell]]]:
        pairs = set(pairs_of_times(self._rules)) if self._rules is not None else set()
        for (name, labels), spells in self.page.spells.items():
            if name == "_pair" and (dict(labels)["from"], dict(labels)["to"]) in pairs:
                yield labels, spells

    # -- merit

    def _attribution_spread(self, span: Window) -> Read:
        found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        for labels in self._ledger.labels("_credit"):
            named = dict(labels)
            micros = self._ledger.count(("_credit", labels), span)
            found[named["site"], named["channel"]][named["model"]] = micros
        for (site, channel), by_model in found.items():
            whole = self._ledger.count(series("_all_credit", site=site), span)
            shares = [by_model.get(model, 0) for model in MODELS]
            yield series("", site=site, channel=channel)[1], ratio(max(shares) - min(shares), whole)

    # -- money

    def _average_deal_size(self, span: Window) -> Read:
        for labels in self._ledger.labels("_deals_valued"):
            micros = self._ledger.count(("_deal_micros", labels), span)
            yield labels, ratio(micros / MILLION, self._ledger.count(("_deals_valued", labels), span))

    def _revenue_growth_ratio(self, span: Window) -> Read:
        for labels in self._ledger.labels("revenue"):
            both = (self._ledger.count(("revenue", labels), one) for one in (span, span.shifted(span.length_ms)))
            yield labels, ratio(*(micros / MILLION for micros in both))

    def _lifetime_value(self, _: Window) -> Read:
        for (name, labels), payers in self.page.standing.items():
            if name == "_payers":
                yield labels, ratio(self.page.standing["_worth", labels] / MILLION, payers)

    def _repeat_customer_ratio(self, _: Window) -> Read:
        for (name, labels), buyers in self.page.standing.items():
            if name == "_buyers":
                yield labels, ratio(self.page.standing["_repeaters", labels], buyers)

    def _social_followers(self, _: Window) -> Read:
        wanted = self._rules.followers if self._rules is not None else frozenset()
        sums: dict[Labels, int] = defaultdict(int)
        for (name, labels), told in self.signals.items():
            named = dict(labels)
            if name == "social_followers" and (not wanted or f"{named['provider']}/{named['entity']}" in wanted):
                sums[series("", site=named["site"])[1]] += newest(told).value
        for labels, micros in sums.items():
            yield labels, Expected(micros / MILLION)

    # -- cost

    def _of_costs(self) -> list[Labels]:
        """Give the sites and currencies in which cost was told."""
        found = {(dict(one)["site"], dict(one)["currency"]) for one in self._ledger.labels("_cost_micros")}
        return [series("", site=site, currency=currency)[1] for site, currency in sorted(found)]

    def _costs(self, labels: Labels) -> list[Series]:
        return [("_cost_micros", one) for one in self._ledger.labels("_cost_micros") if set(labels) <= set(one)]

    def _end_ms(self, metric: str, labels: Labels, span: Window) -> int | None:
        """Give where a figure ends: with what is known of spend, and where all cost counts, of cost too."""
        spend_ms = self._money.spend_known(metric, dict(labels), span)
        if metric in metrics.END_WITH_SPEND:
            return spend_ms
        ends = [row.end_ms for which in self._costs(labels) for row in self._ledger.totals(which)]
        cost_ms = min(max(ends, default=0), span.end_ms)
        if cost_ms <= span.start_ms:
            return None
        return cost_ms if spend_ms is None else min(cost_ms, spend_ms)

    def _cost(self, labels: Labels, span: Window) -> int:
        """Add up all cost: of advertisements and of everything else."""
        other = sum(self._ledger.count(which, span) for which in self._costs(labels))
        return other + self._money.spend(labels, span)

    def _price(self, metric: str, labels: Labels, span: Window) -> Expected:
        micros, site = self._cost(labels, span), dict(labels)["site"]
        if metric == "return_on_investment_ratio":
            revenue, refunds = (self._ledger.count((name, labels), span) for name in ("revenue", "refunds"))
            return ratio((revenue - refunds - micros) / MILLION, micros / MILLION)
        if metric in _PAID_LEADS:
            return ratio(micros / MILLION, self._ledger.count(series(_PAID_LEADS[metric], site=site), span))
        price = ratio(micros / MILLION, self._ledger.count(series("_new_customers", site=site), span))
        if metric == "customer_acquisition_cost":
            return price
        worth, payers = (self.page.standing[name, labels] for name in ("_worth", "_payers"))
        each = worth / MILLION / payers if payers else None
        return Expected(each / price.value if each is not None and price.value else None, each, price.value)

    def _of_spend(self, metric: str) -> list[Labels]:
        """Give the label sets of returns on ad spend, where there are both money spent and credit for it."""
        credit, by = {
            "campaign_cost_per_lead": ("_ad_credit", ("site", "campaign")),
            "return_on_ad_spend_ratio": ("_paid_revenue", ("site", "currency")),
            "campaign_return_on_ad_spend_ratio": ("_ad_revenue", ("site", "campaign", "currency")),
        }[metric]
        found: set[Labels] = set()
        for spent in map(dict, self._ledger.labels("_spend_micros")):
            for earned in map(dict, self._ledger.labels(credit)):
                if all(spent[name] == earned[name] for name in by):
                    kept = {name: spent[name] for name in {*by, "currency"}}
                    found.add(series("", **kept, model=earned["model"])[1])
        return sorted(found)

    def _return(self, metric: str, labels: Labels, span: Window) -> Expected:
        named = dict(labels)
        spent = self._money.spend(labels, span) / MILLION
        if metric == "campaign_cost_per_lead":
            which = series("_ad_credit", site=named["site"], model=named["model"], campaign=named["campaign"])
            return ratio(spent, self._ledger.count(which, span) / MILLION)
        name = "_paid_revenue" if metric == "return_on_ad_spend_ratio" else "_ad_revenue"
        return ratio(self._ledger.count((name, labels), span) / MILLION, spent)


def _shown(metric: str, labels: Labels) -> Labels:
    """Add the label that tells a figure from others of its name."""
    return series("", **dict(labels), **metrics.CONSTANT.get(metric, {}))[1]
