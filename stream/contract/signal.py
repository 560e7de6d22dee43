"""Signal: somebody outside measured something of us: a rank, followers, mentions.

In:  one envelope a record of the topic `signal`.
Out: its types, rule and keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from stream.contract.common import Common, Envelope, example
from stream.contract.fields import Count, Id, Revision, Time, says
from stream.contract.kind import Kind
from stream.contract.rules import Fault, Moment, Rule
from stream.contract.times import DAY_MS, YEAR_2000_MS, parse_ms

SignalName = Literal[
    "keyword_rank",
    "social_followers",
    "social_engagements",
    "social_clicks",
    "social_shares",
    "brand_search",
    "press_releases",
    "press_mentions",
    "events_held",
]


class SignalData(Common, gc=False, kw_only=True):
    """A measurement as it stood when it was observed; the newest of a name, provider and entity is shown."""

    name: Annotated[SignalName, says("What was measured: a figure of its own", "keyword_rank", strict=True)]
    provider: Annotated[Id, says("Who measured it", "searchbox")]
    entity: Annotated[Id, says("What it is of: a keyword, an account, a brand", "crm software")]
    value: Annotated[Count, says("What was measured: any number", 3)]
    observed_at: Annotated[Time, says("When it stood so; at most a day after the arrival", "2025-06-15T05:00:00Z")]
    revision: Annotated[Revision, says("A higher one replaces what was observed at the same time; absent: 0", 1)] = 0


class Signal(Envelope, gc=False, kw_only=True):
    """Somebody outside measured something. Topic signal, key provider/name."""

    type: Literal["signal"]
    data: SignalData


def _suspects(events: Sequence[Signal]) -> list[int]:
    return list(range(len(events)))


def _faults(event: Signal, moment: Moment) -> list[Fault]:
    """Ask for an observation that was made: what lies ahead would stand for ever."""
    observed_ms = parse_ms(event.data.observed_at)
    made = observed_ms is not None and YEAR_2000_MS <= observed_ms <= moment.newest_ms + DAY_MS
    return [] if made else [("bad_time", "data.observed_at")]


def _canonical_keys(events: Sequence[Signal]) -> list[str]:
    return [f"{event.data.provider}/{event.data.name}" for event in events]


def _row_keys(datas: Sequence[SignalData]) -> list[str]:
    # what stands has a key of its own, by entity
    return [""] * len(datas)


KIND: Final = Kind(
    name="signal",
    struct=Signal,
    canonical_keys=_canonical_keys,
    row_keys=_row_keys,
    key_says="provider/name",
    user_agent="nothing",
    rule=Rule(_suspects, _faults, ()),
    lateness_ms=35 * DAY_MS,
    hints={("bad_time", "data.observed_at"): "Say when it was observed, at most a day after the record came."},
    optional=True,
    example=example(
        "signal",
        8,
        "2025-06-15T06:00:00.000Z",
        {
            "name": "keyword_rank",
            "provider": "searchbox",
            "entity": "crm software",
            "value": 3,
            "observed_at": "2025-06-15T05:00:00Z",
            "revision": 1,
        },
    ),
)
