"""Results: what is told of each lead to whoever acts on it, once.

In:  what a cluster was and is now: its leads, and what was told of them.
Out: records of `leadpulse.leads`, what a lead is now, and of `leadpulse.lead_events`, what happened.

What was told lies in the row and goes along wherever the cluster goes, so nothing is told twice; what turns out wrong
is withdrawn by the change that it was told with. A corrected time is silent in the events and right in the leads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import orjson
import xxhash

from stream.contract.times import format_ms
from stream.identity.ids import FIELDS, Id, Namer
from stream.stages.leads.counting import Lead, Sum
from stream.stages.leads.happened import Happening, happenings
from stream.stages.leads.rows import Told
from stream.stages.leads.store import Home
from stream.stages.leads.value import content
from stream.stages.stage import Result

#: By type of id: what a lead is called by, best first.
_CALLED: Final = (1, 2, 0, 3)


class Results:
    """Tells of the leads of one shard."""

    def __init__(self, namer: Namer, last: str, clock: Callable[[], int]) -> None:
        """Take the last stage of the ladder, and what gives the time."""
        self._namer, self._last, self._clock = namer, last, clock
        self.records: list[Result] = []

    def changed(self, home: Home, before: Sum, after: Sum) -> None:
        """Tell what is new of the leads of a cluster."""
        left = {self._id(told): told for told in home.row.told}
        if not left and not after.leads:
            return
        was = {id: lead for lead in before.leads for id in lead.ids}
        told: list[Told] = []
        for lead in after.leads:
            one = self._lead(home, lead, [left.pop(id) for id in lead.ids if id in left], was)
            if one is not None:
                told.append(one)
        for id, one in left.items():
            self._over(one, withdraw=id not in after.expired)
        home.row.told = told

    def erased(self, home: Home, ids: Sequence[Id]) -> None:
        """Tell that somebody was forgotten, as they asked."""
        row, kept = home.row, list[Told]()
        for told in row.told:
            if self._id(told) in ids:
                self._event(told, "erased", 0, {})
                self._tombstone(told)
            else:
                kept.append(told)
        row.told = kept

    def whole(self, home: Home, sum: Sum) -> None:
        """Tell all of a cluster's leads anew, whatever was told of them."""
        told = {self._id(one): one for one in home.row.told}
        for lead in sum.leads:
            for id in lead.ids:
                if id in told:
                    self._value(told[id], content(home, lead))

    # one lead ---------------------------------------------------------------------------------------------

    def _lead(self, home: Home, lead: Lead, known: list[Told], was: dict[Id, Lead]) -> Told | None:
        """Tell what is new of one lead; None where nobody has told what it is called."""
        called = _called(home, lead.ids)
        if called is None:
            return None
        id, site, text = called
        now = happenings(lead.view, self._last)
        if not known:
            told = Told(id.type, text, site, 0)
            parted = next((was[one] for one in lead.ids if one in was and len(was[one].ids) > len(lead.ids)), None)
            if parted is not None:  # all that happened was told of the whole of which this is a part
                self._event(told, "split", self._clock(), {"from": _key(home, parted)})
                told.changes = {one.name: self._change(told, one.name) for one in now}
                told.band, told.stage = lead.view.band, lead.view.stage
        else:
            told = self._joined(Told(id.type, text, site, 0), known)
        self._happened(told, lead, now)
        said = content(home, lead)
        mark = xxhash.xxh3_64_intdigest(orjson.dumps(said))
        if mark != told.content:
            told.content = mark
            told.version += 1
            self._value(told, said)
        return told

    def _joined(self, told: Told, known: list[Told]) -> Told:
        """Go on with what was told by this key and by others; those are over."""
        known.sort(key=lambda one: ((one.type, one.text) != (told.type, told.text), -one.version, one.type, one.text))
        first = known[0]
        told.version = max(one.version for one in known)
        told.stage, told.band, told.content = first.stage, first.band, first.content
        for one in reversed(known):
            told.changes = {**told.changes, **one.changes}
        for one in known:
            if (one.type, one.text) != (told.type, told.text):
                told.content = 0  # written under another key, or there is more to say
                self._tombstone(one)
                self._event(told, "merged", self._clock(), {"from": _named(one)})
        return told

    def _happened(self, told: Told, lead: Lead, now: Sequence[Happening]) -> None:
        """Tell what was not told yet, and take back what was told and is not so."""
        view = lead.view
        names = {one.name for one in now}
        for name in [name for name in told.changes if name not in names]:
            self._withdraw(told, name)
        for one in now:
            if one.name not in told.changes:
                told.changes[one.name] = self._event(told, one.event, one.at_ms, one.says(view))
        if told.band and told.band != view.band:
            self._event(told, "band_changed", view.newest_ms, {"from": told.band, "to": view.band, "score": view.score})
        told.band, told.stage = view.band, view.stage

    # records ----------------------------------------------------------------------------------------------

    def _over(self, told: Told, *, withdraw: bool) -> None:
        """Tell that a lead is none any more; without `withdraw` because nothing was heard for long."""
        for name in list(told.changes) if withdraw else ():
            self._withdraw(told, name)
        self._tombstone(told)

    def _withdraw(self, told: Told, name: str) -> None:
        change = told.changes.pop(name)
        self._event(told, "withdrawn", 0, {}, change)

    def _event(self, told: Told, event: str, at_ms: int, says: dict[str, Any], change: bytes | None = None) -> bytes:
        """Tell that something happened; give the change that it can be withdrawn by."""
        told.version += 1
        if change is None:
            change = self._change(told, event)
        now_ms = self._clock()
        value = {
            "event": event,
            "change": change.hex(),
            "lead": _named(told),
            "at": format_ms(at_ms or now_ms),
            "noticed": format_ms(max(now_ms, at_ms)),
            **says,
            "version": told.version,
        }
        self.records.append(Result("lead_events", _text(told), orjson.dumps(value)))
        return change

    def _change(self, told: Told, event: str) -> bytes:
        named = "\x1f".join((told.site, FIELDS[told.type], told.text, event, str(told.version)))
        return hashlib.blake2b(named.encode("utf-8", "surrogatepass"), digest_size=8).digest()

    def _value(self, told: Told, said: dict[str, Any]) -> None:
        value = {"lead": told.text, **said, "version": told.version, "as_of": format_ms(self._clock())}
        self.records.append(Result("leads", _text(told), orjson.dumps(value)))

    def _tombstone(self, told: Told) -> None:
        self.records.append(Result("leads", _text(told), None))

    def _id(self, told: Told) -> Id:
        return self._namer.id(told.type, told.site, told.text)


def _called(home: Home, ids: Iterable[Id]) -> tuple[Id, str, str] | None:
    """Give the id that a lead goes by: of the best type that it has the one that was named first."""
    named = [(id, part) for id in ids if (part := home.parts.get(id)) is not None and part.site]
    for type in _CALLED:
        some = [(part.first, part.text, id, part.site) for id, part in named if id.type == type]
        if some:
            _, text, id, site = min(some)
            return id, site, text
    return None


def _key(home: Home, lead: Lead) -> list[str] | None:
    called = _called(home, lead.ids)
    return None if called is None else [called[1], FIELDS[called[0].type], called[2]]


def _named(told: Told) -> list[str]:
    return [told.site, FIELDS[told.type], told.text]


def _text(told: Told) -> str:
    return orjson.dumps(_named(told)).decode()
