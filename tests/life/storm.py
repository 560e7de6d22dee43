"""Storm: one cause moves dozens of figures; how many messages reach people.

In:  sites with 40 judged figures each, and what happens to them.
Out: pages, and lists of tickets (one a site an hour at most), within 30 hours.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from stream.catalog import BY_NAME
from stream.contract.alert import AlertRecord
from stream.judge.history import Figure, figure_of
from stream.judge.settings import Settings
from stream.judge.told import moment_ms
from tests.life import feed
from tests.life.clock import BEGIN_MS, BIN_MS, END, HOUR, at
from tests.life.feed import HOURS, Shown, site_name, window
from tests.life.site import CHANNELS, RATES, SHARES, Floats, Site

BEGIN, OVER = at(1, 1, 8), at(1, 1, 14)
_HEARD: Final = OVER + 24 * HOUR


class Part(NamedTuple):
    """Figures of one metric by a label: how many values, the share of visits of each, the rate of each."""

    metric: str
    label: str
    values: int
    share: float
    rate: float
    hours: tuple[str, ...] = ("1h", "6h", "24h")


PARTS: Final = (
    Part("campaign_visit_to_lead_ratio", "campaign", 10, 0.03, 0.05),
    Part("form_completion_ratio", "form", 4, 0.10, 0.35),
    Part("chat_conversion_ratio", "bot", 2, 0.05, 0.20),
    Part("funnel_step_in_time_ratio", "to", 5, 0.30, 0.15, ("24h", "7d")),
    Part("landing_page_visit_to_lead_ratio", "content", 8, 0.08, 0.05, ("24h",)),
)
_REST: Final = {
    "funnel_step_in_time_ratio": {"from": "first_view"},
    "landing_page_visit_to_lead_ratio": {"page_group": "p"},
}


class Heard(NamedTuple):
    """Messages of one cause."""

    pages: int
    lists: int


def shown(seed: int, runs: int, visits: float, rates: float) -> Shown:
    """Live with a factor of all visits and of all rates for six hours."""
    shares, converts = list(SHARES), list(RATES)
    for part in PARTS:
        shares += [part.share] * part.values
        converts += [part.rate] * part.values
    count = len(shares)
    ones, none = np.ones((count, END)), np.zeros((count, END))
    site = Site("shop", 1_000, runs, tuple(shares), tuple(converts), visits=ones, rates=ones.copy(), bots=none)
    site.visits[:, BEGIN:OVER] *= visits
    site.rates[:, BEGIN:OVER] *= rates
    counts, leads = site.draw(np.random.default_rng(seed))
    few = len(CHANNELS)
    channels = feed.shown_of_counts(site, counts[:, :few], leads[:, :few])
    more = _by_label(runs, counts[:, few:], leads[:, few:])
    successes, trials = (np.concatenate(sides) for sides in zip(channels[1:], more[1:], strict=True))
    return Shown([*channels.figures, *more.figures], successes, trials)


def _by_label(runs: int, counts: Floats, leads: Floats) -> Shown:
    figures: list[Figure] = []
    rows: list[tuple[Floats, Floats]] = []
    for run in range(runs):
        first = 0
        for part in PARTS:
            for value in range(part.values):
                k, n = leads[run, first + value], counts[run, first + value]
                labels = {"site": site_name(run), part.label: f"v{value}", **_REST.get(part.metric, {})}
                for name in part.hours:
                    figures.append(figure_of(BY_NAME[part.metric], labels, name))
                    rows.append((window(k, HOURS[name]), window(n, HOURS[name])))
                if part.label == "bot":
                    for name in ("1h", "6h", "24h"):
                        figures.append(figure_of(BY_NAME["conversations"], labels, name))
                        rows.append((window(n, HOURS[name]), np.full(END, np.nan)))
            first += part.values
    successes, trials = zip(*rows, strict=True)
    return Shown(figures, np.stack(successes), np.stack(trials))


def heard(records: Iterable[AlertRecord]) -> Heard:
    """Count what reaches people: pages one by one, tickets of a site in one list an hour."""
    pages: set[tuple[str, ...]] = set()
    tickets: dict[tuple[str, ...], tuple[str, int]] = {}
    for record in records:
        told = (moment_ms(record.at) - BEGIN_MS) / BIN_MS
        if record.state != "firing" or record.held or not BEGIN < told <= _HEARD:
            continue
        if record.severity == "page":
            pages.add(record.key)
        elif record.severity == "ticket":
            tickets.setdefault(record.key, (record.site, int((told - BEGIN) // HOUR)))
    return Heard(len(pages), len(set(tickets.values())))


def storm(seed: int, runs: int, *, visits: float = 1.0, rates: float = 1.0) -> list[AlertRecord]:
    """Live it, and give what was told."""
    return feed.told(shown(seed, runs, visits, rates), Settings())
