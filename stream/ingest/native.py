"""Native: the common way of a shard's records, decoded by the compiled core; the rest is left to the Python.

In:  records of one kind; what the shard labels and routes by.
Out: which records are left, and of the others what is known of each: hash, time, later the account and the facts.

The core is handed the contract as a table of fields, so that no limit and no word of it stands in two places, and asks
Python for whatever is a rule of its own (channels, programs, labels) once a value. It takes a record only where it can
vouch for the very same outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stream.adapters.cloudevents import STRUCTURED
from stream.contract.chatbot import NEEDS
from stream.contract.fields import MAY_LOOK_LIKE_ONE
from stream.contract.kinds import KindName
from stream.contract.packed import Packed
from stream.contract.records import Record
from stream.contract.table import Field, envelope_of
from stream.contract.times import DAY_MS
from stream.ingest.bots import MAX_CHARACTERS, is_listed, is_scanner
from stream.ingest.campaign import AD_CLICKS, PARAMETERS
from stream.ingest.decode import Limits

_HOUR_MS: Final = 3_600_000
#: What a parameter of an address says: its number in the core. From the last on they are click ids, as they count.
_SAYS: Final = {"source": 0, "medium": 1, "name": 2, "id": 3, "term": 4, "content": 4}
_CLICKS: Final = 5
_EARLIEST_MS: Final = -(1 << 62)
#: Parts of an envelope in which something may look like an address: no text of a person's.
_NO_TEXTS: Final = frozenset({"id", "source", *(f"data.{name}" for name in MAY_LOOK_LIKE_ONE)})


@dataclass(frozen=True, slots=True)
class Home:
    """The shard that records are read for.

    `labels` are the stage's by name, `touch_of` gives the safe touch of an event, by a key of all that it depends on
    and by the event where it must be read, and whether it is remembered, `facts` are the classes of facts. Of people
    who are `followed` some actions tell more than what is counted: `telling`.
    """

    shard: int
    shards: int
    kinds: Sequence[KindName]
    labels: Mapping[str, Any]
    touch_of: Callable[[bytes, Callable[[], Any]], tuple[Any, bool]]
    facts: tuple[type[Any], type[Any], type[Any]]
    grid: tuple[int, int]  # origin and length of a pane, in ms
    require_consent: bool = False
    followed: bool = False
    telling: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Taken:
    """What the core took of a batch: hashes and hours of events by which repeats are known, in order.

    `places` are theirs in the batch, `left` those of the records that are left.
    """

    kind: KindName
    left: list[int]
    places: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    times: NDArray[np.int64]
    hours: NDArray[np.int64]
    clock_ahead: int

    def __len__(self) -> int:
        return len(self.hashes)


@dataclass(frozen=True, slots=True)
class Settled:
    """The account of what was taken. Tallies are (site, pane, how many)."""

    counted: int
    again: int
    newest_ms: int
    oldest_ms: int
    by_arrival: list[tuple[str, int, int]]
    by_time: list[tuple[str, int, int]]
    repeats: list[tuple[str, int, int]]


class Native:
    """Reads the records of one shard."""

    def __init__(self, module: Any, home: Home, limits: Limits) -> None:
        self.kinds = tuple(kind for kind in home.kinds if kind in module.KINDS)
        self._limits = limits
        #: Kind → records so far, and those of them that the core took.
        self.seen: dict[str, list[int]] = {kind: [0, 0] for kind in self.kinds}
        self.core = module.Core({
            "shard": home.shard,
            "shards": home.shards,
            "kinds": [(kind, list(lines(kind)), limits.lateness_of(kind)) for kind in self.kinds],
            "labels": dict(home.labels),
            "touch_of": lambda kind, value, key: home.touch_of(key, lambda: _event(kind, value)),
            "facts": home.facts,
            "grid": home.grid,
            "max_bytes": limits.max_bytes,
            "max_depth": limits.max_depth,
            "latest_ms": None if limits.now_ms is None else limits.now_ms + DAY_MS,
            "require_consent": home.require_consent,
            "followed": home.followed,
            "telling": {kind: list(actions) for kind, actions in home.telling.items()},
            "needs": list(NEEDS.items()),
            "clicks": list(AD_CLICKS),
            "parameters": parameters(),
            "is_listed": lambda agent: is_listed(agent[:MAX_CHARACTERS]),
            "is_scanner": lambda agent: is_scanner(agent[:MAX_CHARACTERS]),
        })  # fmt: skip

    def take(
        self, kind: KindName, records: Sequence[Record], known: Any, since_hour: int | None, *, routed: bool
    ) -> Taken:
        """Decode records; events before `since_hour` are left, and what may belong elsewhere, where that can be.

        `known` holds the keys that have a row here, or is None.
        """
        since_ms = _EARLIEST_MS if since_hour is None else since_hour * _HOUR_MS
        if isinstance(records, Packed):
            told = self.core.decode_batches(kind, list(records.batches), known, routed, since_ms)
        else:
            told = self.core.decode(
                kind, records if isinstance(records, list) else list(records), known, routed, since_ms
            )
        left, places, hashes, times, ahead = told
        seen = self.seen[kind]
        seen[0] += len(records)
        seen[1] += len(records) - len(left)
        at, hashed, ms = (
            np.frombuffer(places, np.int64),
            np.frombuffer(hashes, np.uint64),
            np.frombuffer(times, np.int64),
        )
        return Taken(kind, left, at, hashed, ms, ms // _HOUR_MS, ahead)

    def settle(self, repeated: NDArray[np.bool_]) -> Settled:
        """Keep what was taken last, but for what came before."""
        return Settled(*self.core.settle(repeated.tobytes() if repeated.any() else None))

    def people(self, waiting: dict[str, list[Any]]) -> list[Any]:
        """Give facts of all that was kept to whoever folds them, by person, and forget it.

        What some of them say beside what is counted is given, too.
        """
        saying: list[Any] = self.core.people(waiting, self._data)
        self.core.clear()
        return saying

    def fold_people(
        self, folding: Any, waiting: dict[str, list[Any]], of: Any, accumulator: Any
    ) -> tuple[list[str], list[Any]]:
        """Fold people by the core's part of a fold into its rows, and forget what was kept.

        Facts of what is left over are put into `waiting`; the keys of rows that are larger than they may be are given,
        and what those facts say beside what is counted.
        """
        given: tuple[list[str], list[Any]] = self.core.fold_people(folding, waiting, of, accumulator, self._data)
        self.core.clear()
        return given

    def fold_mails(self, folding: Any, waiting: dict[str, list[Any]], of: Any, accumulator: Any) -> list[Any]:
        """Fold messages alike, and forget them; what is left over is given and put into `waiting`: time, name, data."""
        left: list[Any] = self.core.fold_mails(folding, waiting, of, accumulator, self._data)
        self.core.clear()
        return left

    def fold_ads(self, folding: Any, of: Any, accumulator: Any) -> None:
        """Fold ad events alike, and forget them; none is left over."""
        self.core.fold_ads(folding, of, accumulator)
        self.core.clear()

    def _data(self, kind: KindName, values: list[bytes]) -> list[Any]:
        """Read records that the core took as the Python reads them."""
        records: list[Record] = [(0, 0, None, value, ()) for value in values]
        return [event.data for event in STRUCTURED.read(kind, records, self._limits).events]


def _event(kind: KindName, value: bytes) -> Any:
    return STRUCTURED.read(kind, [(0, 0, None, value, ())], Limits(max_bytes=len(value))).events[0]


def parameters() -> list[tuple[str, int]]:
    """List the parameters of addresses, each with what it says to the core."""
    clicks = [name for name, _ in AD_CLICKS]
    return [
        (parameter, _CLICKS + clicks.index(name) if name in clicks else _SAYS[name])
        for parameter, name in PARAMETERS.items()
    ]


@cache
def lines(kind: KindName) -> tuple[dict[str, Any], ...]:
    """Write the fields of a kind one behind the other, objects before what is inside them; not to be changed.

    >>> [line["path"] for line in lines("page_view")][:4]
    ['specversion', 'id', 'source', 'time']
    """
    out: list[dict[str, Any]] = []
    _lines(envelope_of(kind).fields, 0, [1], out)
    return tuple(out)


def _lines(fields: Sequence[Field], parent: int, shapes: list[int], out: list[dict[str, Any]]) -> None:
    inner: list[tuple[Field, int]] = []
    for each in fields:
        out.append({
            "name": each.name,
            "path": each.path,
            "parent": parent,
            "reads": each.reads,
            "required": each.required,
            "instead": each.instead,
            "longest": each.longest or 0,
            "least": None if each.least is None else int(each.least),
            "lower": each.lower and each.reads != "enum",
            "words": list(each.values),
            "may_hold_at": each.path in _NO_TEXTS,
        })  # fmt: skip
        if each.reads == "object":
            inner.append((each, shapes[0]))
            shapes[0] += 1
    for each, shape in inner:
        _lines(each.fields, shape, shapes, out)
