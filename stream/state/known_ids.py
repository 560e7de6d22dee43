"""Known ids: which events have been seen, for as long as an event may still arrive.

In:  batches of 64-bit hashes of (source, id), each with the hour of its event time.
Out: which of them are repeats; records for the state log that restore exactly this.

An id is known whatever hour its first copy fell into: a copy whose clock was corrected on arrival, or that
was stamped anew by a retry, may carry another time. Hours only decide what is forgotten, and when.

In the log an hour is a set of records, key `b"i"` + hour + number, value: its ids, 8 bytes each. A commit
adds one piece an hour; pieces are merged into larger records while the hour fills up and once it is closed,
so that no commit has much to rewrite. Memory: 8 bytes an id (the cap is in these), 1 to 4 for the filter, and
the ids of pieces that are not merged yet once more (at most 32,768 an hour).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stream.kernels.ids import first_of_each, hashes_of, held, merged
from stream.state.horizon import NEVER, Horizon
from stream.state.id_filter import IdFilter
from stream.state.keys import KNOWN_IDS

Hashes = npt.NDArray[np.uint64]
Hours = npt.NDArray[np.int64]

HOUR_MS = 3_600_000
BYTES_AN_ID = 8
DEFAULT_CAP_BYTES = 64 * 1024 * 1024

#: A merged record has at most so many ids: 256 KiB, well under the usual limit of a record.
MERGE_IDS = 32_768
#: Pieces of a closed hour are left alone until there are so many: late events trickle in for a day.
MERGE_PIECES = 64
#: The cap never takes the newest hours: without them every event of this hour would be too late.
KEPT_HOURS = 2
#: An hour is forgotten no sooner after its last id: where a topic is read for the first time, other shards may still
#: forward what is as old.
KEPT_MS = 120_000

#: A run grows by each batch until it has so many ids: that costs less than to look at one more run with each batch.
_YOUNG = 4_096

_KEY = struct.Struct(">cqI")
_DROPPED_KEY = KNOWN_IDS.prefix
_FORGOTTEN_KEY = _DROPPED_KEY + b"f"  # written by releases before, which kept one horizon for all kinds
_DROPPED = struct.Struct(">q")


def hash_ids(names: Sequence[str]) -> Hashes:
    """Hash the names of events, source and id joined by a unit separator, to 64 bits, the same in every process.

    >>> hash_ids(["shop\\x1fe-1", "shop\\x1fe-1", "shop\\x1fe-2"]).tolist()
    [13294458545447093685, 13294458545447093685, 12208582162391813976]
    """
    return hashes_of(names)


class _Hour:
    """The ids of one hour: sorted runs to look things up in, and what the log holds of them."""

    __slots__ = ("fresh", "new", "next_number", "numbers", "rests_ms", "runs", "settled", "small")

    def __init__(self) -> None:
        self.runs: list[Hashes] = []  # each sorted, sizes falling: few searches, each id moved log(n) times
        self.new: list[Hashes] = []  # not in the log yet
        self.numbers: list[int] = []  # records in the log that stay as they are
        self.small: list[tuple[int, Hashes]] = []  # pieces in the log that are still to be merged
        self.next_number = 0
        self.settled = False  # merged once after newer hours closed it
        self.fresh = True  # ids came since the last look
        self.rests_ms = 0  # when it was seen first that none came

    def __len__(self) -> int:
        return sum(map(len, self.runs))

    def add(self, ids: Hashes) -> None:
        """Add sorted ids, none of which is known."""
        self.fresh = True
        self.new.append(ids)
        runs = self.runs
        runs.append(ids)
        while len(runs) > 1 and len(runs[-2]) < max(2 * len(runs[-1]), _YOUNG):
            last = runs.pop()
            runs[-1] = merged([runs[-1], last])

    def holds(self, ids: Hashes) -> npt.NDArray[np.bool_]:
        """Say which of the sorted ids are known in this hour."""
        found = np.zeros(len(ids), dtype=np.bool_)
        for run in self.runs:
            found |= held(run, ids)
        return found

    def rests(self, now_ms: int) -> bool:
        """Say whether no id came for a while; to be asked again and again."""
        if self.fresh or now_ms < self.rests_ms:
            self.fresh, self.rests_ms = False, now_ms
        return now_ms - self.rests_ms >= KEPT_MS

    def restore(self, number: int, ids: Hashes) -> None:
        """Take one record of the log; `finish` follows the last."""
        self.runs.append(ids)
        self.next_number = max(self.next_number, number + 1)
        if len(ids) < MERGE_IDS // 2:
            self.small.append((number, ids))
        else:
            self.numbers.append(number)

    def finish(self) -> None:
        """Make one run of the records.

        On a log without transactions a merge that was cut short may have left an id in two of them.
        """
        self.runs = [np.unique(np.concatenate(self.runs))]

    def write(self, out: list[tuple[bytes, bytes | None]], hour: int, closed: bool) -> list[bytes]:
        """Append this commit's records to `out`; give the keys of the pieces that they replace."""
        small = [ids for _, ids in self.small]
        merge = (
            sum(map(len, small)) + sum(map(len, self.new)) >= MERGE_IDS
            or (closed and len(small) >= MERGE_PIECES)
            or (closed and not self.settled)
        )
        if closed and not self.settled:
            self.settled = True
            if len(self.runs) > 1:
                self.runs = [merged(self.runs)]
            merge = len(small) + len(self.new) > 1
        if not merge and not self.new:
            return []
        replaced: list[bytes] = []
        pieces = self.new
        if merge:
            pieces = small + self.new
            replaced = [_KEY.pack(KNOWN_IDS.prefix, hour, number) for number, _ in self.small]
            self.small = []
        self.new = []
        ids = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
        for start in range(0, len(ids), MERGE_IDS):
            self._write_record(out, hour, ids[start : start + MERGE_IDS])
        return replaced

    def _write_record(self, out: list[tuple[bytes, bytes | None]], hour: int, ids: Hashes) -> None:
        number = self.next_number
        self.next_number += 1
        out.append((_KEY.pack(KNOWN_IDS.prefix, hour, number), ids.astype("<u8", copy=False).tobytes()))
        if len(ids) < MERGE_IDS // 2:
            # a copy, so that a short rest does not keep a long array alive
            self.small.append((number, ids if ids.base is None else ids.copy()))
        else:
            self.numbers.append(number)

    def keys(self, hour: int) -> list[bytes]:
        """Keys of all records of this hour that the log holds."""
        numbers = self.numbers + [number for number, _ in self.small]
        return [_KEY.pack(KNOWN_IDS.prefix, hour, number) for number in sorted(numbers)]


class KnownIds:
    """The ids of one shard. `check` reads and adds; `changes` says what the log must be told."""

    prefix = KNOWN_IDS.prefix

    def __init__(self, cap_bytes: int = DEFAULT_CAP_BYTES) -> None:
        self._cap_ids = cap_bytes // BYTES_AN_ID
        self._hours: dict[int, _Hour] = {}
        self._count = 0
        self._newest = NEVER
        self._dropped_before = NEVER
        self._dropped_changed = False
        #: Stored beside the ids, and before them: what is forgotten is told first.
        self.horizon = Horizon()
        self._former_before = NEVER
        self._filter = IdFilter()
        self._forgotten: list[bytes] = []
        self._loaded: dict[tuple[int, int], bytes] = {}

    def __len__(self) -> int:
        self._restore()
        return self._count

    @property
    def dropped_before_hour(self) -> int | None:
        """The hour up to which ids went over the cap; None: none went."""
        return None if self._dropped_before == NEVER else self._dropped_before

    def forgotten_before_hour(self, kind: str) -> int | None:
        """Events of a kind are too late before this hour: nobody can say whether they were seen. None: it can be said.

        Ids go over the cap, or when all sources are further on than events may be late. Nothing that comes in order of
        time lies so far back, and neither does a topic that is read for the first time, however old it is; a topic that
        is written once more with its old times does, and what is forwarded by a shard that is behind.
        """
        self._restore()
        before = max(self._dropped_before, self.horizon.of(kind))
        return None if before == NEVER else before

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays: ids, filter, and what is not merged or not written yet."""
        self._restore()
        twice = sum(len(ids) for hour in self._hours.values() for _, ids in hour.small)
        twice += sum(len(ids) for hour in self._hours.values() for ids in hour.new)
        return BYTES_AN_ID * (self._count + twice) + self._filter.nbytes

    def check(self, hashes: Hashes, hours: Hours, kind: str = "") -> npt.NDArray[np.bool_]:
        """Say which ids are repeats, of earlier calls or within this one (the first stays); add the others.

        Events of hours before `forgotten_before_hour` are for the caller to turn away first.
        """
        self._restore()
        n = len(hashes)
        repeated = np.zeros(n, dtype=np.bool_)
        if not n:
            return repeated
        order = np.argsort(hashes, kind="stable")
        ids, hours = hashes[order], hours[order]
        known = ~first_of_each(ids)
        maybe = np.flatnonzero(self._filter.may_hold(ids) & ~known)
        if len(maybe):
            known[maybe] = self._holds(ids[maybe], hours[maybe])
        repeated[order[known]] = True
        fresh = ~known
        self._add(ids[fresh], hours[fresh])
        self.horizon.see(kind, int(hours.max()))
        return repeated

    def expire(self, before_hour: int, now_ms: int) -> None:
        """Forget the hours before this one to which no id was added for a while: nothing that old is counted then."""
        self._restore()
        old = [number for number in self._hours if number < before_hour]
        for number in [number for number in old if self._hours[number].rests(now_ms)]:
            self._forget(number)
            self.horizon.forget(number)

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        """Give the state records to write since the last call. They must be written in this order."""
        self._restore()
        # forgotten hours first, since one that comes back uses the same keys again; merged records before the
        # tombstones of their pieces, so that no prefix of the log lacks an id
        out: list[tuple[bytes, bytes | None]] = [(key, None) for key in self._forgotten]
        self._forgotten = []
        if self._dropped_changed:
            self._dropped_changed = False
            out.append((_DROPPED_KEY, _DROPPED.pack(self._dropped_before)))
        replaced: list[bytes] = []
        for number, hour in self._hours.items():
            replaced += hour.write(out, number, closed=number < self._newest)
        out += [(key, None) for key in replaced]
        return out

    def load(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the state log: all of them, in the order of the log, before anything else."""
        if key == _DROPPED_KEY:
            self._dropped_before = NEVER if value is None else _DROPPED.unpack(value)[0]
            return
        if key == _FORGOTTEN_KEY:
            self._former_before = NEVER if value is None else _DROPPED.unpack(value)[0]
            return
        _, hour, number = _KEY.unpack(key)
        if value is None:
            self._loaded.pop((hour, number), None)
        else:
            self._loaded[hour, number] = value

    def _restore(self) -> None:
        """Turn what was loaded into runs, once, at the first use."""
        if not self._loaded and self._former_before == NEVER:
            return
        loaded, self._loaded = self._loaded, {}
        self.horizon.inherit(self._former_before, max((hour for hour, _ in loaded), default=NEVER))
        self._former_before = NEVER
        if not loaded:
            return
        for (number, piece), value in sorted(loaded.items()):
            self._hours.setdefault(number, _Hour()).restore(piece, np.frombuffer(value, dtype="<u8"))
        for hour in self._hours.values():
            hour.finish()
        self._count = sum(map(len, self._hours.values()))
        self._newest = max(self._hours)
        self._fill_filter(0)

    def _holds(self, ids: Hashes, hours: Hours) -> npt.NDArray[np.bool_]:
        """Say which of the sorted ids are known: in the hour that they claim, else in any other."""
        found = np.zeros(len(ids), dtype=np.bool_)
        claimed = _distinct(hours)
        for number in claimed:
            hour = self._hours.get(number)
            if hour is not None:
                here = np.flatnonzero(hours == number)
                found[here] = hour.holds(ids[here])
        missing = np.flatnonzero(~found)
        if len(missing):
            rest = ids[missing]
            elsewhere = np.zeros(len(rest), dtype=np.bool_)
            for number, hour in self._hours.items():
                if len(claimed) > 1 or number != claimed[0]:
                    elsewhere |= hour.holds(rest)
            found[missing] = elsewhere
        return found

    def _add(self, ids: Hashes, hours: Hours) -> None:
        if not len(ids):
            return
        if self._filter.added + len(ids) > self._filter.capacity:
            self._fill_filter(len(ids))
        self._filter.add(ids)
        self._count += len(ids)
        numbers = _distinct(hours)
        for number in numbers:
            hour = self._hours.get(number)
            if hour is None:
                hour = self._hours[number] = _Hour()
                self._newest = max(self._newest, number)
            hour.add(ids if len(numbers) == 1 else ids[hours == number])
        while self._count > self._cap_ids and len(self._hours) > KEPT_HOURS:
            oldest = min(self._hours)
            self._forget(oldest)
            self._dropped_before = oldest + 1
            self._dropped_changed = True

    def _fill_filter(self, coming: int) -> None:
        """Build the filter anew, with room for twice what there is, so that this is rare."""
        self._filter = IdFilter(2 * (self._count + coming))
        for hour in self._hours.values():
            for run in hour.runs:
                self._filter.add(run)

    def _forget(self, number: int) -> None:
        hour = self._hours.pop(number)
        self._count -= len(hour)
        self._forgotten += hour.keys(number)


def _distinct(hours: Hours) -> list[int]:
    """Give the hours of a batch: mostly it is one."""
    first = hours[0]
    return [int(first)] if (hours == first).all() else np.unique(hours).tolist()
