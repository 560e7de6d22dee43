"""CloudEvents: one JSON object a record, as the structured mode has it.

In:  values of records of one kind.
Out: events, and a reject for every other value.

A value goes by one of two lanes with the same outcome. The closed lane is for records that are nothing but the
contract: one call of a parser in C. All others go by the open lane, where the gate looks at the bytes first,
because what the parser skips could be anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from stream.adapters.adapter import Bounds, Parsed
from stream.adapters.faults import fault_of
from stream.adapters.gate import shut_out
from stream.contract.closed import closed
from stream.contract.kinds import KINDS, KindName
from stream.contract.rejects import Reject
from stream.kernels.gate import with_doubtful_ids

Parser = Callable[[bytes], Any]

# Where half of the first records do not fit the closed lane, their producer adds fields of its own: a refusal
# costs 2 µs, so the rest of the batch goes straight to the open lane.
_TRIAL: Final = 64


@dataclass(frozen=True, slots=True)
class Lanes:
    """The two parsers of a kind: one refuses fields that the contract does not name, one passes over them."""

    closed: Parser
    open: Parser


LANES: Final[Mapping[KindName, Lanes]] = {
    name: Lanes(msgspec.json.Decoder(closed(kind.struct)).decode, msgspec.json.Decoder(kind.struct).decode)
    for name, kind in KINDS.items()
}


@dataclass(frozen=True, slots=True)
class CloudEvents:
    """Read CloudEvents 1.0 in structured JSON mode."""

    lanes: Mapping[KindName, Lanes]
    name: str = "cloudevents"

    def read(self, kind: KindName, values: Sequence[bytes | None], bounds: Bounds) -> Parsed:
        """Turn bytes into events: what fits by the closed lane, the rest by the open one."""
        batch = Parsed([], [], [])
        self._parse(batch, kind, values, bounds)
        if batch.events:
            held: list[Any] = [values[i] for i in batch.index]
            batch.doubtful = with_doubtful_ids(held)
        return batch

    def _parse(self, batch: Parsed, kind: KindName, values: Sequence[Any], bounds: Bounds) -> None:
        lanes = self.lanes[kind]
        places: Sequence[int] = range(len(values))
        if max(map(len, filter(None, values)), default=0) > bounds.max_bytes:
            places = [i for i in places if values[i] is not None and len(values[i]) <= bounds.max_bytes]
        refused = _run(batch, values, places[:_TRIAL], lanes.closed)
        if len(refused) <= _TRIAL // 2:
            _run(batch, values, places[_TRIAL:], lanes.closed)
        if len(batch.index) == len(values):
            return

        left = sorted(set(range(len(values))).difference(batch.index))
        shut = shut_out([values[i] for i in left], bounds.max_bytes, bounds.max_depth)
        # the site of what is shut out stays unknown: these are the bytes that no parser should see
        batch.rejects += [Reject(left[nth], reason) for nth, reason in shut.items()]
        passed = [i for nth, i in enumerate(left) if nth not in shut]
        fitted = len(batch.index)
        for i, error in _run(batch, values, passed, lanes.open).items():
            batch.rejects.append(Reject(i, *fault_of(kind, values[i], error)))
        if len(batch.index) > fitted:
            in_order = sorted(range(len(batch.index)), key=batch.index.__getitem__)
            batch.events = [batch.events[place] for place in in_order]
            batch.index.sort()


def _run(batch: Parsed, values: Sequence[Any], places: Sequence[int], parser: Parser) -> dict[int, Exception]:
    """Parse the values at these places in one call, taken up again behind each failure; give the failures."""
    events: list[Any] = []
    failed: dict[int, Exception] = {}
    remaining = map(values.__getitem__, places)
    while True:
        try:
            # a failure leaves the events before it in the list, and the iterator behind its record
            events.extend(map(parser, remaining))
        except Exception as error:
            # without its traceback, which would hold on to this frame and all its events
            failed[places[len(events) + len(failed)]] = error.with_traceback(None)
        else:
            break
    batch.events += events
    batch.index += [i for i in places if i not in failed] if failed else places
    return failed


STRUCTURED: Final = CloudEvents(LANES)
