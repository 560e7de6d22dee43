"""Results: what is told of each lead to whoever acts on it, once.

In:  what a cluster was and is now: its leads, and what was told of them.
Out: records of `leadpulse.leads`, what a lead is now, and of `leadpulse.lead_events`, what happened.

What was told lies in the row and goes along wherever the cluster goes, so nothing is told twice; what turns out wrong
is withdrawn by the change that it was told with. A corrected time is silent in the events and right in the leads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, cast

import orjson
from msgspec.structs import replace

from stream.contract.lead import Called, LeadKey, key_text
from stream.contract.lead_event import LeadEvent, Says, What
from stream.contract.results import time_text
from stream.identity.ids import FIELDS, Id, Namer
from stream.stages.leads.counting import Lead, Sum
from stream.stages.leads.happened import Happening, happenings
from stream.stages.leads.rows import Said, Told
from stream.stages.leads.store import Home
from stream.stages.leads.told import CHANGE, each, united
from stream.stages.leads.value import encoded, said_of
from stream.stages.stage import Result

#: By type of id: what a lead is called by, best first.
_CALLED: Final = (1, 2, 0, 3)
#: Parts of a cluster that are looked through for one.
_FEW: Final = 16


class Results:
    """Tells of the leads of one shard."""

    def __init__(self, namer: Namer, last: str, clock: Callable[[], int]) -> None:
        """Take the last stage of the ladder, and what gives the time."""
        self._namer, self._last, self._clock = namer, last, clock
        self._now_ms = 0
        self.records: list[Result] = []

    def changed(self, home: Home, before: Sum, after: Sum) -> None:
        """Tell what is new of the leads of a cluster, as soon as it is whole."""
        if home.row.awaits or home.row.silent:
            return
        self._now_ms = max(self._clock(), home.row.newest_ms)
        if not home.told and len(after.leads) == 1:  # as mostly: somebody has become a lead
            lead = after.leads[0]
            one = self._found(home, lead, [], None)
            if one is not None:
                self._tell(home, one, lead)
                home.told = [one]
            return
        left = {self._id(home, told): told for told in home.told}
        if not left and not after.leads:
            return
        told: list[Told] = []
        now: list[tuple[Told, Lead]] = []
        found = [(lead, [left.pop(id) for id in lead.ids if id in left]) for lead in after.leads]
        was: dict[Id, Told] = {}
        if home.told and not all(_stands(known) for _, known in found):
            was = self._was(home, before)
            found.sort(key=lambda one: _stands(one[1]))  # whoever is parted, before a key is over that they go on from
        for lead, known in found:  # first who is who, then what happened to each
            one = self._found(home, lead, known, next((was[id] for id in lead.ids if id in was), None))
            if one is not None:
                told.append(one)
                now.append((one, lead))
            told += [other for other in known if other is not one]
        for one, lead in now:
            self._tell(home, one, lead)
        for id, one in left.items():
            if one.changes:
                self._over(one, withdraw=id not in after.expired)
        home.told = [*told, *left.values()]

    def _was(self, home: Home, before: Sum) -> dict[Id, Told]:
        """Give what was told of the leads that there were, by each of their ids."""
        # a name that is over has nothing to give, though the id may still be one of the lead's
        told = {self._id(home, one): replace(one, changes=dict(one.changes)) for one in home.told if one.changes}
        pairs = [(lead.ids, next((told[id] for id in lead.ids if id in told), None)) for lead in before.leads]
        return {id: one for ids, one in pairs if one is not None for id in ids}

    def erased(self, home: Home, ids: Sequence[Id]) -> None:
        """Tell that somebody was forgotten, as they asked."""
        for told in self._taken_out(home, ids):
            if told.changes:
                self._event(told, "erased", 0, {})
                self._tombstone(told)

    def let_go(self, home: Home, ids: Sequence[Id]) -> None:
        """Forget somebody of whom nothing was heard for long, which was told when it came to that."""
        for told in self._taken_out(home, ids):
            if told.changes:
                self._over(told, withdraw=False)

    def _taken_out(self, home: Home, ids: Sequence[Id]) -> list[Told]:
        """Take out what was told by names that are nobody's here any more: who has them later begins anew."""
        self._now_ms = max(self._clock(), home.row.newest_ms)
        gone = [told for told in home.told if self._id(home, told) in ids]
        home.told = [told for told in home.told if self._id(home, told) not in ids]
        return gone

    def whole(self, home: Home) -> None:
        """Tell all of a cluster's leads anew, and which of their names are over, whatever was told of them."""
        self._now_ms = max(self._clock(), home.row.newest_ms)
        for told in home.told:
            if told.said is not None:
                self.records.append(Result("leads", _text(told), encoded(told, self._now_ms)))
            else:
                self._tombstone(told)

    def answer(self, home: Home, name: tuple[str, int, str], version: int) -> None:
        """Say what the lead of a name is, or that there is none; what stands there now says this version."""
        self._now_ms = max(self._clock(), home.row.newest_ms)
        told = next((one for one in home.told if (one.site, one.type, one.text) == name), None)
        if told is None or told.said is None:
            site, type, text = name
            self._tombstone(Told(type, text, site, 0))
        else:
            told.version, home.changed = max(told.version, version) + 1, True
            self.records.append(Result("leads", _text(told), encoded(told, self._now_ms)))

    def again(self, home: Home) -> None:
        """Say what the only lead of a cluster is, after it has changed a little."""
        self._now_ms = max(self._clock(), home.row.newest_ms)
        told = home.told[0]
        told.version += 1
        self.records.append(Result("leads", _text(told), encoded(told, self._now_ms)))

    def say(self, told: Told, said: Said) -> None:
        """Say what a lead is, unless that stands there already."""
        if said != told.said:
            told.said = said
            told.version += 1
            self.records.append(Result("leads", _text(told), encoded(told, self._now_ms)))

    # one lead ---------------------------------------------------------------------------------------------

    def _found(self, home: Home, lead: Lead, known: list[Told], was: Told | None) -> Told | None:
        """Give what was told of a lead, which goes on with all that is known; None where it has no name yet.

        `was` is what was told of the lead that it was a part of.
        """
        called = _called(home, lead.ids)
        if called is None:
            return None
        id, site, text = called
        told = next((one for one in known if (one.type, one.text) == (id.type, text)), Told(id.type, text, site, 0))
        self._join(told, [one for one in known if one is not told], was)
        return told

    def _tell(self, home: Home, told: Told, lead: Lead) -> None:
        """Tell what is new of a lead."""
        self._happened(told, lead, happenings(lead.view, self._last))
        self.say(told, said_of(home, lead))

    def _join(self, told: Told, others: list[Told], was: Told | None) -> None:
        """Go on with what was told by other keys, which are over; or else with what was told of the whole."""
        if not others and (told.changes or was is None):
            return
        merged = sorted((one for one in others if one.changes), key=lambda one: (-one.version, one.type, one.text))
        told.version = max([told.version, *(one.version for one in others)])
        if not (told.changes or merged):
            if was is not None:  # what happened to the whole happened to its parts, until it turns out otherwise
                told.version = max(told.version, was.version)
                told.changes, told.band = dict(was.changes), was.band
                self._event(told, "split", 0, {"from": _named(was)})
            return
        for one in merged:
            told.changes = united(told.changes, one.changes)
            told.band = told.band or one.band
            self._tombstone(one)
            self._event(told, "merged", 0, {"from": _named(one)})
            _end(one)

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
        told.band = view.band

    # records ----------------------------------------------------------------------------------------------

    def _over(self, told: Told, *, withdraw: bool) -> None:
        """Tell that a lead is none any more; without `withdraw` because nothing was heard for long."""
        for name in list(told.changes) if withdraw else ():
            self._withdraw(told, name)
        self._tombstone(told)
        _end(told)

    def _withdraw(self, told: Told, name: str) -> None:
        """Take back what was told, by all changes that it was told with: of each lead that was merged there is one."""
        for change in each(told.changes.pop(name)):
            self._event(told, "withdrawn", 0, {}, change)

    def _event(self, told: Told, event: What, at_ms: int, says: Says, change: bytes | None = None) -> bytes:
        """Tell that something happened; give the change that it can be withdrawn by."""
        told.version += 1
        if change is None:
            change = self._change(told, event)
        now_ms = self._now_ms
        value: LeadEvent = {
            "event": event,
            "change": change.hex(),
            "lead": _named(told),
            "at": time_text(at_ms or now_ms),
            "noticed": time_text(max(now_ms, at_ms)),
            **says,
            "version": told.version,
        }
        self.records.append(Result("lead_events", _text(told), orjson.dumps(value)))
        return change

    def _change(self, told: Told, event: str) -> bytes:
        named = "\x1f".join((told.site, FIELDS[told.type], told.text, event, str(told.version)))
        return hashlib.blake2b(named.encode("utf-8", "surrogatepass"), digest_size=CHANGE).digest()

    def _tombstone(self, told: Told) -> None:
        self.records.append(Result("leads", _text(told), None))

    def _id(self, home: Home, told: Told) -> Id:
        """Give the id that a lead is called by: mostly a part is there for it; to name it anew costs far more."""
        type, site, text = told.type, told.site, told.text
        for id, part in home.parts.items() if len(home.parts) < _FEW else ():
            if id.type == type and part.text == text and part.site == site:
                return id
        return self._namer.id(type, site, text)


def _called(home: Home, ids: Sequence[Id]) -> tuple[Id, str, str] | None:
    """Give the id that a lead goes by: of the best type that it has the one that was named first."""
    if len(ids) == 1:
        alone = home.parts.get(ids[0])
        return None if alone is None or not alone.site else (ids[0], alone.site, alone.text)
    named = [(id, part) for id in ids if (part := home.parts.get(id)) is not None and part.site]
    for type in _CALLED:
        some = [(part.first, part.text, id, part.site) for id, part in named if id.type == type]
        if some:
            _, text, id, site = min(some)
            return id, site, text
    return None


def _stands(known: Sequence[Told]) -> bool:
    """Tell whether anything stands of what was told."""
    return any(one.changes for one in known)


def _end(told: Told) -> None:
    """Let nothing stand of what was told; the version is kept, so that no change is ever taken for another."""
    told.changes, told.band, told.said = {}, "", None


def _named(told: Told) -> LeadKey:
    return told.site, cast(Called, FIELDS[told.type]), told.text


def _text(told: Told) -> str:
    return key_text(_named(told))
