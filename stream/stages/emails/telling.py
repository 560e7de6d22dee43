"""Telling: what is told of messages to the shards of leads, and what these ask for.

In:  events of a batch; what copies counted for before and after; erasures.
Out: messages: names and links once, facts as they change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from stream.contract.records import ERASE, KIND_HEADER, Record
from stream.identity import orders
from stream.identity.consent import Consent
from stream.identity.facts import Mailed
from stream.identity.ids import EMAIL, Id, Namer
from stream.identity.telling import Named, Teller
from stream.stages.emails.copy import Copy
from stream.stages.emails.mailed import NOTHING, WHAT, Basis, Known, basis, mailed, message_name, what_of
from stream.stages.stage import Batch
from stream.state.keys import NO_CONSENT
from stream.state.marks import Marks

_NOBODY: Final[list[Id]] = []


class MailTelling:
    """What is told of the messages of one shard."""

    def __init__(self, namer: Namer) -> None:
        self.teller = Teller(namer)
        self.marks = Marks(NO_CONSENT)
        self.consent = Consent(namer, self.marks)
        self._ids: dict[str, list[Id]] = {}
        self._before: list[Basis] = []
        self._after: list[Basis] = []
        self._erasures: list[orders.Erase] = []

    def take(self, batch: Batch, names: Sequence[str], times: Sequence[int]) -> None:
        """Find the ids that the events of a batch name, and tell their names and links.

        `names` has source and id of each event, `times` when it was.
        """
        alone, several = list[tuple[str, str, int, str]](), list[Named]()
        for event, name, time_ms in zip(batch.events, names, times, strict=True):
            data = event.data
            if data.lead_id is not None or data.user_id is not None:
                several.append(Named(data.site_id, data.email_hash, data.lead_id, data.user_id, time_ms, name))
            elif data.email_hash is not None:  # as nearly all
                alone.append((data.site_id, data.email_hash, time_ms, name))
        found, teller = self._ids, self.teller
        for (_, _, _, name), ids in zip(alone, teller.alone("email", EMAIL, alone), strict=True):
            found[name] = ids
        for one, ids in zip(several, teller.people(several), strict=True):
            teller.tell("email", one, ids)
            found[one.event] = ids

    def name(self, recipients: Sequence[tuple[str, str, int, str]]) -> list[list[Id]]:
        """Find the ids of recipients by their addresses alone, and tell their names: (site, hash, time, event)."""
        return self.teller.alone("email", EMAIL, recipients)

    def take_over(self, events: Sequence[tuple[int, str, Any]]) -> None:
        """Find the ids of events whose names were told: (time, name, data)."""
        named = [Named(data.site_id, data.email_hash, None, None, time_ms, name) for time_ms, name, data in events]
        for one, ids in zip(named, self.teller.people(named), strict=True):
            self._ids[one.event] = ids

    def ids(self, name: str) -> list[Id]:
        """Give the strong ids that an event of this batch names."""
        return self._ids.get(name, _NOBODY)

    def count(self, copy: Copy, sign: int) -> None:
        """Note what is known of a copy, or was: from now on, or no more."""
        if (of := basis(copy)) is not None:
            (self._after if sign > 0 else self._before).append(of)

    def settle(self, key: str) -> None:
        """Tell what changed of a message since the last call."""
        before, after = self._before, self._after
        if before == after:
            if before:
                self._before, self._after = [], []
            return
        self._before, self._after = [], []
        if len(after) == 1 and (not before or (len(before) == 1 and before[0].to[0] == after[0].to[0])):
            self._change(key, before[0] if before else None, after[0])  # one copy, of the same person
        else:
            self.teller.change(_all(key, before), _all(key, after))

    def _change(self, key: str, before: Basis | None, after: Basis) -> None:
        """Tell what changed of a copy."""
        name, to = "", after.to[0]
        was = what_of(before) if before is not None else NOTHING
        for old, new, what in zip(was, what_of(after), WHAT, strict=True):
            if old != new:
                name = name or message_name(key, to)
                if old is not None:
                    self.teller.drop(to, Mailed(name, what, *old))
                if new is not None:
                    self.teller.put(to, Mailed(name, what, *new))

    def end(self) -> None:
        """Forget the ids of a batch, which is folded."""
        self._ids = {}

    # orders -------------------------------------------------------------------------------------------------

    def receive(self, records: Sequence[Record]) -> None:
        """Take what was handed over."""
        for record in records:
            if record[3] is not None and dict(record[4]).get(KIND_HEADER) == ERASE:
                self._erasures.append(orders.erase(record[3]))

    @property
    def is_asked_to_forget(self) -> bool:
        """Whether somebody asked for it since `erasures` were given last."""
        return bool(self._erasures)

    def erasures(self) -> list[orders.Erase]:
        """Give who shall be forgotten, and mark whose events do not count from now on."""
        erasures, self._erasures = self._erasures, []
        for order in erasures:
            if order.consent is not None:
                self.consent.set(order.ids, order.consent)
        if erasures:
            self.teller.forget()
        return [order for order in erasures if order.consent is None]


def _all(key: str, of: Sequence[Basis]) -> Known:
    out: Known = set()
    for one in of:
        out |= mailed(key, one)
    return out
