"""Feed: what the windows of a site show, given to the judge as a worker would.

In:  counts by channel in bins of ten minutes.
Out: records of `leadpulse.alerts` over the judged weeks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from stream.catalog import BY_NAME
from stream.contract.alert import AlertRecord
from stream.judge.block import Block
from stream.judge.history import SLOTS, Figure, History, Pairs, figure_of
from stream.judge.look import Judge
from stream.judge.settings import CalendarEntry, Settings
from stream.judge.state import State
from tests.life.clock import BEGIN_MS, BIN_MS, END, FIRST, HOUR, WEEK
from tests.life.mailing import Mailing
from tests.life.site import CHANNELS, Floats, Site

HOURS = {"1h": 1, "6h": 6, "24h": 24, "7d": 168}
#: Looks that are given to the judge at once.
BLOCK = WEEK


def window(counts: Floats, hours: int) -> Floats:
    """Give what a window of some hours shows at the end of each bin."""
    total = np.cumsum(counts, axis=-1)
    out = total.copy()
    out[..., hours * HOUR :] -= total[..., : -hours * HOUR]
    return out


def site_name(run: int) -> str:
    """Name the site of a run."""
    return f"r{run:02}"


class Shown(NamedTuple):
    """Figures of all runs: rows × bins, as history names them."""

    figures: list[Figure]
    successes: Floats
    trials: Floats


def shown_of_site(site: Site, random: np.random.Generator) -> Shown:
    """Draw a site, and give what its windows show."""
    return shown_of_counts(site, *site.draw(random))


def shown_of_counts(site: Site, visits: Floats, leads: Floats) -> Shown:
    """Give what windows show of visits and leads by channel."""
    figures: list[Figure] = []
    successes: list[Floats] = []
    trials: list[Floats] = []
    nothing = np.full(END, np.nan)
    for name, hours in HOURS.items():
        visitors, converted = window(visits, hours), window(leads, hours)
        for shown in (visitors, converted):
            shown[..., : site.start] = np.nan
            for begin, end in site.holes:
                shown[..., begin:end] = np.nan
        for run in range(site.runs):
            labels = {"site": site_name(run)}
            figures.append(figure_of(BY_NAME["visitors"], labels, name))
            successes.append(visitors[run].sum(axis=0))
            trials.append(nothing)
            for at, channel in enumerate(CHANNELS):
                figures.append(figure_of(BY_NAME["channel_visit_to_lead_ratio"], {**labels, "channel": channel}, name))
                successes.append(converted[run, at])
                trials.append(visitors[run, at])
    return Shown(figures, np.stack(successes), np.stack(trials))


def shown_of_mailings(mailings: Iterable[Mailing]) -> Shown:
    """Give what windows show of mailings, each of a site of its own."""
    figures: list[Figure] = []
    rows: list[tuple[Floats, Floats]] = []
    nothing = np.full(END, np.nan)
    for run, mailing in enumerate(mailings):
        labels = {"site": site_name(run), "purpose": "newsletter"}
        for name, hours in HOURS.items():
            figures.append(figure_of(BY_NAME["emails_sent"], labels, name))
            rows.append((mailing.windows(hours), nothing))
            if name in ("24h", "7d"):
                figures.append(figure_of(BY_NAME["email_open_in_time_ratio"], labels, name))
                rows.append(mailing.in_time(hours))
    successes, trials = zip(*rows, strict=True)
    return Shown(figures, np.stack(successes), np.stack(trials))


def moment_ms(bin_: int) -> int:
    """Give the end of a bin."""
    return BEGIN_MS + (bin_ + 1) * BIN_MS


def settings_of(site: Site) -> Settings:
    """Write what a site's people would have put into the calendar."""

    def local(bin_: int) -> datetime:
        return datetime.fromtimestamp((BEGIN_MS + bin_ * BIN_MS) / 1_000, UTC).replace(tzinfo=None)

    return Settings(calendar=tuple(CalendarEntry(("*",), local(a), local(b)) for a, b in site.marked))


def history_of(shown: Shown, slots: int) -> History:
    """Fill history with the weeks before those that are judged."""
    history = History(slots)
    rows = np.array([history.row(figure) for figure in shown.figures])
    for bin_ in range(HOUR - 1, FIRST - 1, HOUR):
        history.put(moment_ms(bin_) // 3_600_000, rows, shown.successes[:, bin_], shown.trials[:, bin_])
    return history


def blocks(shown: Shown, length: int = BLOCK, looks: int = END) -> Iterator[Block]:
    """Cut the judged weeks into looks that are given at once."""
    end = min(FIRST - 1 + looks, END)
    for begin in range(FIRST - 1, end, length):
        bins = np.arange(begin, min(begin + length, end))
        now = Pairs(shown.successes[:, bins], shown.trials[:, bins])
        yield Block(moment_ms(0) + bins * BIN_MS, now, np.zeros(now.successes.shape, np.int64))


def told(shown: Shown, settings: Settings, length: int = BLOCK, looks: int = END) -> list[AlertRecord]:
    """Judge four weeks, or the first looks of them."""
    judge, state = Judge(settings), State(history_of(shown, SLOTS + length // HOUR + 1))
    out: list[AlertRecord] = []
    for block in blocks(shown, length, looks):
        out += judge.block(state, block).records
    return out
