"""Stage: what the engine asks of whoever keeps the rows of a group.

In:  batches of events that count, of the kinds of the group; what other groups hand over or tell of people.
Out: changes of cells, rows in tables, events that do not count after all, messages for other groups, results.

A stage is told of a batch with `take` and works in `fold`, once for all batches that came together: a person's
events of several topics are folded in one go. What it does not need is inherited: the defaults do nothing.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, NamedTuple, Protocol, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from stream.changes.accumulator import Accumulator
from stream.changes.panes import Grid
from stream.contract.kinds import KindName
from stream.contract.records import UNIT, Record
from stream.identity.ids import Namer
from stream.state.labels import Kept, Labels
from stream.state.table import Table


class Batch(Protocol):
    """Events of one kind that count, side by side with what is known of each; times are milliseconds."""

    kind: KindName
    events: list[Any]
    keys: list[str]
    times: NDArray[np.int64]
    arrivals: NDArray[np.int64]

    def __len__(self) -> int: ...
    def only(self, flags: NDArray[np.bool_]) -> Self:
        """Give the events whose flag is set."""


class Refused(NamedTuple):
    """An event that does not count, as only its row could tell; `name` is its source and id."""

    kind: KindName
    site: str
    arrival_ms: int
    reason: str
    name: str = ""


def refuse(batch: Batch, flags: Sequence[bool], reason: str) -> tuple[Batch, list[Refused]]:
    """Part a batch into the events that may count and those that do not, whose flag is set."""
    rows = zip(batch.events, batch.arrivals.tolist(), flags, strict=True)
    refused = [
        Refused(batch.kind, event.data.site_id, arrival_ms, reason, event.source + UNIT + event.id)
        for event, arrival_ms, flag in rows
        if flag
    ]
    return batch.only(~np.array(flags, np.bool_)), refused


#: The partition of a message that goes to every shard of its group.
EVERY: Final = -1


class HandOver(NamedTuple):
    """A message to a shard of another group: to a partition, or to the one that its key belongs to.

    It is written in the transaction of the commit; where delivery is at least once it may come twice. One whose
    `KIND_HEADER` names an order (`stream.contract.records.ORDERS`) goes to the group's topic of forwarded records and
    comes in by `receive`, as all others do; the account knows nothing of it.
    """

    group: str
    key: bytes
    value: bytes
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


#: Topics of results that a stage may write to: what it knows of a key now, and what happened.
ResultTopic = Literal["leads", "lead_events"]


class Result(NamedTuple):
    """A record of a result topic; without a value it takes back what stood there by its key."""

    topic: ResultTopic
    key: str
    value: bytes | None


class Stands(NamedTuple):
    """What stands by a key in the topic of leads, whoever wrote it: the key, and the version that it says."""

    key: str
    version: int


@dataclass(frozen=True, slots=True)
class Shared:
    """What a stage has in common with the rest of its shard."""

    grid: Grid
    admit: Callable[[str, str | None], str]  # (label, value) → a value that may be shown
    sites: Labels
    memory_ms: int
    shard: int = 0  # the stage's own
    namer: Namer | None = None  # names people, if leads are followed; else nothing is told of anybody


@dataclass(frozen=True, slots=True)
class NativeSide:
    """What a stage has to say for the native way of its events.

    `labels` by name; `touch_of` gives the safe touch of an event, by a key of all that it depends on and by the event
    itself where it must be read, and whether it is remembered; `facts` are classes of facts. `telling` are actions by
    kind that say more of somebody who is followed than what is counted.
    """

    labels: Mapping[str, Labels]
    touch_of: Callable[[bytes, Callable[[], Any]], tuple[Any, bool]]
    facts: tuple[type[Any], type[Any], type[Any]]
    telling: Mapping[str, Sequence[str]]


def without_visits() -> NativeSide:
    """Give what a stage says whose events are no visits: nothing of them is labelled before they are folded."""

    def nowhere(_key: bytes, _event: Any) -> tuple[Any, bool]:
        raise TypeError("what is no visit came from nowhere")

    return NativeSide({}, nowhere, (object, object, object), {})


class Natively(Protocol):
    """What the native core kept of the events of a stage."""

    def people(self, waiting: dict[str, list[Any]]) -> list[Any]:
        """Give the facts of events by person, and forget them; what some say beside what is counted comes back."""

    def fold_people(
        self, folding: Any, waiting: dict[str, list[Any]], of: Any, accumulator: Accumulator
    ) -> tuple[list[str], list[Any]]:
        """Fold people by the core's part of a fold into its rows, and give facts of the others as above.

        The keys of rows that are larger than they may be come back, and what those facts say.
        """

    def fold_mails(self, folding: Any, waiting: dict[str, list[Any]], of: Any, accumulator: Accumulator) -> list[Any]:
        """Fold messages by the core's part of a fold; give the events of the others, also by message."""

    def fold_ads(self, folding: Any, of: Any, accumulator: Accumulator) -> None:
        """Fold ad events by the core's part of a fold."""


class Stage(Protocol):
    """Rows of one group in one shard."""

    #: For how long the values of its labels keep their places.
    labels_kept: ClassVar[Kept] = Kept()

    @property
    @abstractmethod
    def tables(self) -> Sequence[Table]:
        """Everything that it stores; load, changes and expiry follow from them."""

    @property
    @abstractmethod
    def known(self) -> Container[str] | None:
        """Keys of events that have a row here, wherever they would belong today; None: it keeps none by such a key."""

    @property
    def behind(self) -> bool:
        """Whether rows are still counted by former rules, and the figures are not yet what they shall be."""
        return False

    @abstractmethod
    def take(self, batch: Batch) -> None:
        """Take events of one kind, some of which may be far out of order."""

    @abstractmethod
    def fold(self, accumulator: Accumulator) -> Sequence[Refused]:
        """Fold all that was taken; give the events that do not count after all, each once."""

    def natively(self) -> NativeSide | None:
        """Say what the native core needs to know; None: there is no native way here."""
        return None

    @property
    def looks_closer(self) -> bool:
        """Whether each event has to be seen for now, and none can go the native way."""
        return False

    def take_natively(self, core: Natively) -> None:
        """Take what the native core kept; `fold` follows."""
        return

    def noted(self) -> Mapping[str, int]:
        """Give what the account says beside of events that count, and forget it.

        `kind/ignored/path` is how often a field found no room, `kind/unjoined` how often two ids could not be joined.
        """
        return {}

    def receive(self, records: Sequence[Record]) -> None:
        """Take what other groups handed over, as (…, key, value, headers); `fold` follows."""
        return

    def hear(self, group: str, shard: int, messages: Sequence[msgspec.Raw]) -> None:
        """Take what a shard told of people, in its order; `fold` follows."""
        return

    def advance(self, now_ms: int, accumulator: Accumulator) -> None:
        """Do what is due by now, before each commit: by the clock of the shell.

        Where people are told of it is the clock of what was read: never ahead of what is still to come.
        """
        return

    def hand_over(self) -> Sequence[HandOver]:
        """Give what other groups must be told with this commit, and forget it."""
        return ()

    def touches(self) -> Mapping[int, Sequence[msgspec.Raw]]:
        """Give what each shard of leads must be told with this commit, in order, and forget it."""
        return {}

    def results(self) -> Sequence[Result]:
        """Give what this commit writes to the result topics, and forget it."""
        return ()

    def tell_all(self) -> None:
        """Let results tell of all that stands, a part with each commit: what they told before was not written."""
        return

    @property
    def tells_all(self) -> bool:
        """Whether a part of that is still to come."""
        return False

    def confirm(self, stands: Sequence[Stands]) -> None:
        """Have results say of what stands in the topic of leads what it is now: here, or where it is known."""
        return

    def gauges(self) -> Mapping[str, float]:
        """Give totals as they stand, which the rollup adds up over shards."""
        return {}

    def marks(self) -> Mapping[str, int]:
        """Give the highest so far of whatever only rises, such as the newest spend of a site."""
        return {}
