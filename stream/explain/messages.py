"""Messages: what is known of one message, copy by copy, and what each counts for.

In:  the records that the shard of a message keeps.
Out: copies with what became of them, to whom they went, and cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from stream.changes.accumulator import Accumulator
from stream.contract.records import UNIT
from stream.engine.options import FoldOptions
from stream.explain.logs import Records, admits
from stream.explain.shown import Table, cell_of, event_of, fate_of, id_of, time_of
from stream.stages.emails.copy import Copy, bounce_type, fate, has_left, joined, labels, sent_ms
from stream.stages.emails.fold import Emails
from stream.stages.emails.message import Message, groups, ids
from stream.stages.stage import Shared
from stream.state.keys import MESSAGE_PARTS, MESSAGES
from stream.state.labels import Labels

_message: Final = msgspec.msgpack.Decoder(Message).decode
_copy: Final = msgspec.msgpack.Decoder(Copy).decode


def explained(site: str, message: str, records: Records, options: FoldOptions) -> Table | None:
    """Show a message; None where nothing is known of it."""
    key = site + UNIT + message
    raw = records.get(MESSAGES.prefix + key.encode("utf-8", "surrogatepass"))
    if raw is None:
        return None
    row = _message(raw)
    parts = _apart(key, records) if row.apart else row.parts
    copies = groups(row, ids(row) | set(parts))
    count = _Count(site, records, options)
    tables = [count.table(joined(held)) for copy in copies if (held := _held(copy, parts))]
    return {"newest": time_of(row.last), "copies": sorted(tables, key=lambda one: (one["first"], one["to"] == []))}


def _apart(key: str, records: Records) -> dict[int, Copy]:
    """Give the parts that are rows of their own, by recipient."""
    start = MESSAGE_PARTS.prefix + (key + UNIT).encode("utf-8", "surrogatepass")
    return {int(name[len(start) :], 16): _copy(value) for name, value in records.items() if name.startswith(start)}


def _held(copy: Iterable[int], parts: Mapping[int, Copy]) -> list[Copy]:
    """Give the parts of a copy of which something was heard."""
    return [parts[one] for one in sorted(copy) if one in parts and parts[one].last]


class _Count:
    """Says what copies of one site count for, by the stage that counts them."""

    def __init__(self, site: str, records: Records, options: FoldOptions) -> None:
        self._site, self._grid = site, options.grid
        admit = admits(records.items(), options.label_limit)
        self._emails = Emails(Shared(options.grid, admit, Labels("site", admit), options.memory_ms))

    def table(self, copy: Copy) -> Table:
        """Show a copy and its cells."""
        accumulator = Accumulator()
        self._emails.contribute(accumulator, self._site, copy, 1)
        names, index, panes, amounts, _ = accumulator.take()
        cells = zip(index.tolist(), panes.tolist(), amounts.tolist(), strict=True)
        campaign, purpose, variant, domain = labels(copy)
        told, what = copy.told, fate_of("email", fate(copy))
        return {
            "to": [] if told is None else [id_of(id, {}) for id in told.to],
            "fate": what,
            "bounce_type": bounce_type(copy) if "bounced" in what else None,
            "sent": time_of(sent_ms(copy)),
            "first": time_of(copy.first),
            "last": time_of(copy.last),
            "delivered": None if told is None else time_of(told.delivered),
            "opened": time_of(copy.opened),
            "clicked": time_of(copy.clicked),
            "clicks": len(copy.clicks),
            "replied": time_of(copy.replied),
            "unsubscribed": time_of(copy.left[0]) if copy.left is not None and has_left(copy) else None,
            "campaign": campaign,
            "purpose": purpose,
            "variant": variant,
            "domain": domain,
            "said_by": [event_of(said[1]) for said in copy.said],
            "counts": [cell_of(names[at], self._grid.start_ms(pane), amount) for at, pane, amount in cells],
        }
