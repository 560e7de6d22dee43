"""Visitors: what is known of one visitor, and all that the row counts for.

In:  the records that the shard of a visitor keeps.
Out: sessions with what they say and whose they are, chats, submissions, cells; ids that sessions belong to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from stream.contract.records import UNIT
from stream.engine.options import FoldOptions
from stream.errors import SettingsError
from stream.explain.logs import Records, admits
from stream.explain.shown import Names, Table, cell_of, event_of, id_of, time_of
from stream.identity.ids import VISITOR, Id
from stream.stages.visitors.chats import unpacked
from stream.stages.visitors.contribution import contribution, counted
from stream.stages.visitors.counted_by import CountedBy
from stream.stages.visitors.known import KnownPeople
from stream.stages.visitors.names import whole
from stream.stages.visitors.published import ME, life_at, lives_of
from stream.stages.visitors.row import Extra, Folded, Packed, Row, decode
from stream.stages.visitors.sightings import Moment, Sightings
from stream.state.keys import COUNTED_BY, KNOWN_PEOPLE, NO_CONSENT, PEOPLE, SIGHTINGS
from stream.state.table import CountedOtherwise

_MICRO: Final = 1_000_000
_sightings: Final = msgspec.msgpack.Decoder(Sightings).decode


class Visitor:
    """One visitor, as the log of their shard has them."""

    def __init__(
        self, site: str, visitor: str, records: Records, options: FoldOptions, group: str = "visitors"
    ) -> None:
        self._site, self._options = site, options
        self._key = site + UNIT + visitor
        self._records, self._admit = records, admits(records.items(), options.label_limit)
        name = self._key.encode("utf-8", "surrogatepass")
        row, seen = records.get(PEOPLE.prefix + name), records.get(SIGHTINGS.prefix + name)
        self.row: Row | None = None if row is None else decode(row)
        self.outside: list[Moment] = [] if seen is None else _sightings(seen).moments
        namer = options.namer()
        #: None where nobody is followed, or the value names nobody.
        self.id = None if namer is None or namer.ignored(VISITOR, visitor) else namer.id(VISITOR, site, visitor)
        self._names_nobody = namer is not None and self.id is None
        self._look_back_ms = options.channels.look_back_ms
        self._refuse_counted_otherwise()

    @property
    def is_known(self) -> bool:
        """Tell whether anything is kept of the visitor."""
        return self.row is not None or bool(self.outside) or bool(self._key_event_ms()) or self._is_refused()

    def owners(self) -> list[Id]:
        """Give the ids that sessions belong to, each once, in order; the visitor's own among them where it is."""
        if self.row is None or self.id is None:
            return []
        return list(dict.fromkeys(owner for owner in self._owners(self.row) if owner is not None))

    def table(self, names: Names) -> Table:
        """Show all of it."""
        row = self.row
        out: Table = {
            "newest": None if row is None else time_of(row.last),
            "key_event": time_of(self._key_event_ms()),
            "names_nobody": self._names_nobody,
            "consent_taken_back": self._is_refused(),
            "sessions": [],
            "folded": None,
            "chats": [],
            "submissions": [],
            "offers": {},
            "seen_outside": [
                {"id": id_of(id, names), "at": time_of(at_ms), "event": event_of(event)}
                for at_ms, event, id in self.outside
            ],
            "counts": [],
        }
        if row is None:
            return out
        sessions, _ = counted(row, self._look_back_ms)
        owners = self._owners(row) if self.id is not None else [None] * len(sessions)
        out["sessions"] = [
            self._session(row, session, owner, names) for session, owner in zip(sessions, owners, strict=True)
        ]
        if row.extra is not None:
            out |= self._extra(row, row.extra, names)
        site, grid = self._admit("site", self._site), self._options.grid
        cells = contribution(site, row, grid.pane, self._look_back_ms)
        out["counts"] = [cell_of(cell, grid.start_ms(pane), amount) for cell, pane, amount in cells]
        return out

    def _refuse_counted_otherwise(self) -> None:
        """Refuse a row that was counted by another look-back; raises SettingsError."""
        counted_by = CountedBy(self._look_back_ms)
        try:
            if (stored := self._records.get(COUNTED_BY.prefix)) is not None:
                counted_by.load(COUNTED_BY.prefix, stored)
            if self.row is not None:
                counted_by.check()
        except CountedOtherwise as error:
            raise SettingsError(error.what, do=error.do, fields=("look_back",)) from None

    # what is kept beside the row --------------------------------------------------------------------------

    def _key_event_ms(self) -> int:
        """Give when the visitor last had a key event, for whom the row may be gone."""
        known = KnownPeople()
        for key, value in self._records.items():
            if key.startswith(KNOWN_PEOPLE.prefix):
                known.rows.load(key, value)
        return known.last(self._key)

    def _is_refused(self) -> bool:
        return self.id is not None and NO_CONSENT.prefix + bytes((self.id.type,)) + self.id.hash in self._records

    # the row ----------------------------------------------------------------------------------------------

    def _owners(self, row: Row) -> Iterator[Id | None]:
        """Give whose each session is; None where nothing is told of it to anybody."""
        sessions, _ = counted(row, self._look_back_ms)
        lives = lives_of(row, sessions, self.outside)
        for session in sessions:
            life = life_at(lives, session.start)
            owner = life.owner(session.start, session.end) if life.tells(session.start) else None
            yield self.id if owner == ME else owner

    def _session(self, row: Row, session: Packed, owner: Id | None, names: Names) -> Table:
        deeds = session.deeds
        first = session.first_key
        return {
            "start": time_of(session.start),
            "end": time_of(session.end),
            "events": session.events,
            "page_views": session.views,
            "engaged_s": session.engaged / 1_000,
            "bounced": session.is_bounce,
            "channel": session.channel or "direct",
            "campaign": session.campaign,
            "campaign_id": session.campaign_id or None,
            "engine": session.engine,
            "referrer": session.domain,
            "country": session.country,
            "landing": None if session.group is None else {"page_group": session.group, "content": session.content},
            "viewed": [_page(name) for name in session.names],
            "first_key_event": None if first is None else {
                "at": time_of(first[0]), "event": event_of(whole(first[1], row.source)), "capture_method": first[2],
                "action": first[3], "offer_stage": first[4], "event_name": first[5],
            },
            "last_key_event": time_of(session.last_key),
            "forms": {} if deeds is None else {form: _form(times) for form, times in deeds.forms.items()},
            "seen_as": [
                {"id": id_of(sight.id, names), "first": time_of(sight.first[0]), "last": time_of(sight.last[0])}
                for sight in session.sights
            ],
            "belongs_to": None if owner is None else id_of(owner, names),
        }  # fmt: skip

    @staticmethod
    def _extra(row: Row, extra: Extra, names: Names) -> Table:
        """Show what only few people have."""
        talks = [unpacked(stored, row.source) for stored in extra.talks]
        return {
            "folded": None if extra.folded is None else _folded(extra.folded, names),
            "chats": [
                {"at": time_of(talk.time_ms), "conversation": talk.conversation, "action": talk.action, "bot": talk.bot}
                for talk in talks
            ],
            "submissions": [
                {
                    "form": one.form, "submission": one.id,
                    "first": time_of(one.first[0]), "last": time_of(one.last[0]),
                    "fields_asked": one.asked, "fields_known": one.known, "key_event": one.key is not None,
                    "value": None if one.value is None else one.value[2] / _MICRO,
                    "currency": None if one.value is None else one.value[3],
                }
                for one in extra.submissions
            ],
            "offers": {
                offer: {"seen": time_of(seen), "taken": time_of(taken)} for offer, (seen, taken) in extra.offers.items()
            },
        }  # fmt: skip


def _folded(folded: Folded, names: Names) -> Table:
    """Show what is left of sessions that lie too far back to be remembered one by one."""
    sight = folded.sight
    return {
        "end": time_of(folded.end),
        "counts_by": [
            {"way": name.split(UNIT), "last_presence": time_of(times[0]), "last_key_event": time_of(times[1])}
            for name, times in sorted(folded.ways.items())
        ],
        "seen_as": None if sight is None else id_of(sight.id, names),
    }


def _page(name: str) -> Table:
    group, _, content = name.partition(UNIT)
    return {"page_group": group, "content": content}


def _form(times: Sequence[int]) -> Table:
    viewed, started, *submits = times
    return {"viewed": time_of(viewed), "started": time_of(started), "submitted": [time_of(at) for at in submits]}
