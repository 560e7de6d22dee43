"""Job: the events that every engine is given.

In:  how many, the moment at which they end, a seed.
Out: records in order of arrival as (partition, event); the same for the same seed.

One site, a visitor for each ten events (some come often, most seldom), 5 % form submits, 12 channels, two hours of event time, up to
five seconds out of order, 1 % of the records once more within two seconds; 385 bytes each, keyed by visitor, four partitions. For each
event an engine keeps, by visitor: first seen, last seen, pages, is-lead; and counts, by minute and channel: page views, sessions begun (after
30 minutes without an event), submits, new leads. It is the worst shape for whoever works by the batch: nearly every event of one is of
another person.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from tests.bench.mix import Event
from tests.bench.site import shards_of

PARTITIONS: Final = 4
SPAN_MS: Final = 7_200_000
GAP_MS: Final = 1_800_000
AGAIN_MS: Final = 1_800
QUARTER_MS: Final = 900_000

_CHANNELS: Final = dict(zip(
    (b"cpc", b"organic", b"email", b"social", b"referral", b"direct", b"display", b"affiliate", b"video", b"sms", b"push", b"qr"),
    (0.20, 0.25, 0.08, 0.12, 0.07, 0.15, 0.04, 0.03, 0.02, 0.01, 0.01, 0.02), strict=True,
))  # fmt: skip
_SOURCES: Final = (b"google", b"bing", b"newsletter", b"facebook", b"partner", b"none")
_PAGES: Final = (
    b'"path":"/","title":"Home"',
    b'"path":"/pricing","title":"Pricing and plans"',
    b'"path":"/features","title":"Features overview"',
    b'"path":"/blog/how-to-score-leads","title":"How to score leads"',
    b'"path":"/contact","title":"Contact us"',
    b'"path":"/docs/start","title":"Getting started"',
)
_AGENTS: Final = (
    b"Mozilla/5.0 (X11; Linux x86_64) Firefox/133.0",
    b"Mozilla/5.0 (Macintosh) Safari/605.1.15",
    b"Mozilla/5.0 (Windows NT 10.0) Chrome/131.0",
    b"Mozilla/5.0 (iPhone) Mobile/15E148",
)
_SUBMIT: Final = b',"action":"submit","form_id":"f1","form_type":"contact","submission_id":"%08x"'
_VALUE: Final = (
    b'{"specversion":"1.0","id":"%08x-%04x-%04x-%016x","source":"web","type":"%b","time":"%b","data":{"site_id":"s1",'
    b'"visitor_id":"%b","session_id":"%016x","page":{%b},"campaign":{"source":"%b","medium":"%b","name":"c%d"},"user_agent":"%b"%b}}'
)


def last_quarter_ms() -> int:
    """Give the last full quarter of an hour: a window of 24 hours ends there, and so do the events."""
    return int(time.time() * 1000) // QUARTER_MS * QUARTER_MS


@dataclass(frozen=True, slots=True)
class Job:
    """What the events depend on."""

    events: int = 2_000_000
    end_ms: int = field(default_factory=last_quarter_ms)
    seed: int = 42

    @property
    def visitors(self) -> int:
        """Count the visitors that there may be."""
        return max(100, self.events // 10)

    def records(self) -> Iterator[tuple[int, Event]]:
        """Give the records in order of arrival, each with its partition (murmur2 of the visitor)."""
        rng = np.random.default_rng(self.seed)
        unique = round(self.events / 1.0101)
        start_ms = self.end_ms - SPAN_MS
        arrival_ms = start_ms + np.arange(unique) * SPAN_MS // unique
        time_ms = np.maximum(start_ms, arrival_ms - rng.integers(0, 5_000, unique))
        often = np.cumsum(1 / (np.arange(self.visitors) + 200) ** 0.9)
        who = rng.permutation(self.visitors)[np.searchsorted(often, rng.random(unique) * often[-1])]
        channel = rng.choice(len(_CHANNELS), unique, p=list(_CHANNELS.values()))
        form = rng.random(unique) < 0.05
        bits = rng.integers(0, 1 << 62, (3, unique))

        again = rng.choice(unique, self.events - unique, replace=False)
        every = np.concatenate([np.arange(unique), again])
        within = max(2, round(unique * AGAIN_MS / SPAN_MS))
        place = np.concatenate([np.arange(unique), again + rng.integers(1, within, len(again)) + 0.5])
        order = every[np.argsort(place, kind="stable")]
        arrival_ms = np.maximum.accumulate(arrival_ms[order])

        keys = [b"v%d" % number for number in range(self.visitors)]
        partition = list(shards_of(keys, PARTITIONS).values())
        stamps = np.datetime_as_string(time_ms.astype("datetime64[ms]"), timezone="UTC").astype("S")
        channels = list(_CHANNELS)
        for at in range(0, len(order), 100_000):
            part = order[at : at + 100_000]
            columns = (
                who[part],
                channel[part],
                form[part],
                stamps[part],
                *bits[:, part],
                arrival_ms[at : at + 100_000],
            )
            for visitor, name, submits, stamp, one, two, three, arrived in zip(
                *(column.tolist() for column in columns), strict=True
            ):
                kind = "form" if submits else "page_view"
                value = _VALUE % (
                    one & 0xFFFFFFFF, one >> 32 & 0xFFFF, one >> 48, two, kind.encode(), stamp, keys[visitor], three,
                    _PAGES[one % 6], _SOURCES[two % 6], channels[name], three % 40, _AGENTS[two >> 8 & 3],
                    _SUBMIT % (three & 0xFFFFFFFF) if submits else b"",
                )  # fmt: skip
                yield partition[visitor], Event(kind, keys[visitor], value, arrived)
