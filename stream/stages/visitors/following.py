"""Following: what visitors are told of to the shards of leads, while their rows are folded.

In:  events of a batch, beside the facts that are counted; rows before and after.
Out: details in the rows of those who may become known; messages: names, links and sights once, facts as they change.

Neither way of folding knows of it. Both leave the same sessions, and what an event says of a person is noted in the
session that has it when the row is folded. Then what is known of the visitor is told as the difference of before and
after (`published`). What leaves a row by age or bounds does so behind that, and is no difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from stream.contract.kinds import KindName
from stream.contract.records import UNIT
from stream.identity.ids import VISITOR, Id, Namer
from stream.identity.telling import Named, Teller
from stream.stages.stage import Batch
from stream.stages.visitors import chats
from stream.stages.visitors.details import (
    Ask,
    Details,
    KeyDetails,
    Mark,
    Saying,
    Sight,
    ask,
    say,
    see,
    with_campaign,
)  # fmt: skip
from stream.stages.visitors.facts import Fact, Facts
from stream.stages.visitors.names import short
from stream.stages.visitors.published import ME, Known, Terms, is_known, published
from stream.stages.visitors.row import Deeds, Extra, Packed, Row, decode
from stream.stages.visitors.sessions import running
from stream.stages.visitors.sightings import Moment, OutsideSightings, with_moments
from stream.state.labels import clean

_DIRECT: Final = "direct"
#: What an event names: site, the ids as it has them, time, source and id.
Naming = tuple[str, str | None, str | None, str | None, int, str]


class Detail(msgspec.Struct, gc=False):
    """What an event says beside what is counted."""

    kind: KindName
    time_ms: int
    name: str
    named: Named
    ids: list[Id]
    campaign_id: str
    #: Of a submit, or of a key event in a chat.
    data: Any


class _Change(msgspec.Struct, gc=False):
    """What was known of a visitor, and what is."""

    before: Known
    after: Known
    first_ms: int


class Following:
    """What is told of the visitors of one shard."""

    def __init__(self, namer: Namer, labels: Facts, campaign_id: Callable[[Any], str], terms: Terms = Terms()) -> None:
        """Take `campaign_id`, which gives the id of the campaign of an event's data, "" where it does not say one."""
        self.teller = Teller(namer)
        self.outside = OutsideSightings()
        self.namer, self._labels, self._campaign_id, self.terms = namer, labels, campaign_id, terms
        self._details: defaultdict[str, list[Detail]] = defaultdict(list)
        self._kept: list[tuple[str, Detail]] = []
        self._changes: dict[str, list[_Change]] = {}
        self._claimed: list[tuple[str, list[Moment]]] = []

    # events -------------------------------------------------------------------------------------------------

    def take(self, batch: Batch, touches: Sequence[Any]) -> None:
        """Note what the events of a batch say beside what is counted."""
        kind, details, campaign_of = batch.kind, list[tuple[str, Detail]](), self._campaign_id
        makes_more = _MAKES_MORE.get(kind)
        times = batch.times
        # mostly there is nothing more, and that is seen without a call: no id of a person, no campaign.id
        some = [
            at for at, (event, touch) in enumerate(zip(batch.events, touches, strict=True))
            if (data := event.data).email_hash is not None or data.user_id is not None or data.lead_id is not None
            or makes_more is not None
            or (touch[0] != _DIRECT
                and ((said := data.campaign) is None or said.id or not said.source or said.source.isspace()))
        ]  # fmt: skip
        for at in some:
            event, data = batch.events[at], batch.events[at].data
            names_somebody = data.email_hash is not None or data.user_id is not None or data.lead_id is not None
            campaign = campaign_of(data) if touches[at][0] != _DIRECT else ""
            more = data if makes_more is not None and makes_more(data) else None
            if names_somebody or campaign or more is not None:
                time_ms, name = int(times[at]), event.source + UNIT + event.id
                named = Named(data.site_id, data.email_hash, data.lead_id, data.user_id, time_ms, name)
                detail = Detail(kind, time_ms, name, named, [], clean(campaign) if campaign else "", more)
                details.append((batch.keys[at], detail))
        if details:
            for (key, detail), ids in zip(details, self.teller.people([one.named for _, one in details]), strict=True):
                detail.ids = ids
                self._details[key].append(detail)

    # what the core does -------------------------------------------------------------------------------------

    def name(self, events: Sequence[Naming]) -> list[list[Id]]:
        """Give the strong ids that events name."""
        return self.teller.people([Named(*one) for one in events])

    def id_of(self, site: str, visitor: str) -> Id | None:
        """Give the id of a visitor; None: it names nobody."""
        return self.teller.visitors([(site, visitor)])[0]

    def take_back(self, saying: Sequence[tuple[str, KindName, Naming, Any]]) -> None:
        """Note what events that the core decoded say beside what is counted: their person, kind, names, and data."""
        named = [Named(*naming) for _, _, naming, _ in saying]
        for (key, kind, _, data), one, ids in zip(saying, named, self.teller.people(named), strict=True):
            self._details[key].append(Detail(kind, one.time_ms, one.event, one, ids, "", data))

    def tell(self, naming: Sequence[tuple[str, KindName, Naming, list[Id]]]) -> None:
        """Tell whom the events that the core folded name: their person, kind, names, and ids."""
        teller = self.teller
        visitors = self._visitors(key for key, _, _, ids in naming if ids)
        for _, kind, named, ids in naming:
            teller.tell(kind, Named(*named), ids)
        for key, _, _, ids in naming:
            for id in ids:
                if (me := visitors[key]) is not None:
                    teller.seen(id, me, key[key.index(UNIT) + 1 :])

    def send(self, messages: Sequence[tuple[int, bytes, bytes]]) -> None:
        """Tell shards of leads what the core found: the home of an id, its hash, a message to it."""
        self.teller.send_encoded(messages)

    def _visitors(self, keys: Iterable[str]) -> dict[str, Id | None]:
        """Give the ids of visitors by the keys of their rows; None for those whose text names nobody."""
        keys = list(dict.fromkeys(keys))
        parted = [(site, text) for site, _, text in (key.partition(UNIT) for key in keys)]
        return dict(zip(keys, self.teller.visitors(parted), strict=True))

    # rows ---------------------------------------------------------------------------------------------------

    @property
    def concerned(self) -> tuple[Container[str], Container[str]]:
        """Give those to whose events there may be more than what is counted: in this batch, and in any."""
        return self._details, self.outside.rows.encoded

    def person(self, key: str, raw: bytes | None, row: Row, until_ms: int, flood: Iterable[Fact] = ()) -> None:
        """Note in a row that was folded what its events said, and tell what is known of the visitor from now on.

        `raw` is the row as it was before, `until_ms` the newest event that was folded, `flood` those that do not count.
        """
        said, known_outside = self._said(key, until_ms, flood), self.outside.of(key)
        outside = known_outside
        for detail in said:
            outside = self._note(row, outside, detail)
        outside = _into_sessions(row, outside)
        self._told(key, raw, row, known_outside, outside)
        if known_outside or outside:
            self.outside.put(key, outside, row.last)

    def claim(self, key: str, raw: bytes | None, row: Row | None, moments: list[Moment]) -> None:
        """Take what the crm says of a visitor, who may have no row."""
        known_outside = self.outside.of(key)
        outside = with_moments(known_outside, moments)
        if row is not None:
            outside = _into_sessions(row, outside)
            self._told(key, raw, row, known_outside, outside)
        self.outside.put(key, outside, 0 if row is None else row.last)
        self._claimed.append((key, moments))

    def erased(
        self, key: str, row: Row, left: Row | None, outside: Sequence[Moment], outside_left: Sequence[Moment]
    ) -> None:
        """Tell what is known no more of a visitor whose row is what is left of another, or nothing."""
        if row.extra is None or not row.extra.followed:
            return
        visitor = key[key.index(UNIT) + 1 :]
        before = published(visitor, row, outside, self.terms)
        after = set() if left is None else published(visitor, left, outside_left, self.terms)
        if left is not None and left.extra is not None:
            left.extra.followed = is_known(left, outside_left)
        self._changes.setdefault(key, []).append(_Change(before, after, row.last))

    def _told(self, key: str, raw: bytes | None, row: Row, known_outside: list[Moment], outside: list[Moment]) -> None:
        """Note what changes of what is known."""
        extra = row.extra
        was_followed = extra is not None and extra.followed
        if not was_followed and not is_known(row, outside):
            return
        visitor = key[key.index(UNIT) + 1 :]
        if self.namer.ignored(VISITOR, visitor):
            return
        before: Known = set()
        if was_followed and raw is not None:
            before = published(visitor, decode(raw), known_outside, self.terms)
        after = published(visitor, row, outside, self.terms)
        if extra is None:
            extra = row.extra = Extra()
        extra.followed = True
        if before != after:
            first_ms = row.sessions[0].start if row.sessions else row.last
            self._changes.setdefault(key, []).append(_Change(before, after, first_ms))

    def flush(self) -> None:
        """Tell what was noted since the last call."""
        kept, self._kept = self._kept, []
        changes, self._changes = self._changes, {}
        claimed, self._claimed = self._claimed, []
        if not kept and not changes and not claimed:
            return
        seen = [(key, id) for key, detail in kept for id in detail.ids]
        seen += [(key, id) for key, moments in claimed for _, _, id in moments]
        teller, visitors = self.teller, self._visitors([*(key for key, _ in seen), *changes])
        for _, detail in kept:
            teller.tell(detail.kind, detail.named, detail.ids)
        for key, id in seen:
            if (me := visitors[key]) is not None:
                teller.seen(id, me, key[key.index(UNIT) + 1 :])
        for key, some in changes.items():
            me = visitors[key]
            if me is None:
                continue
            for change in some:
                if not change.before:  # as mostly: nothing was told yet, and nothing need be compared
                    if any(id in (ME, me) for id, _ in change.after):
                        site, _, text = key.partition(UNIT)
                        teller.visitor(me, site, text, change.first_ms)
                    for id, fact in change.after:
                        teller.put(me if id == ME else id, fact)
                    continue
                before, after = _mine(change.before, me), _mine(change.after, me)
                if any(id == me for id, _ in after):
                    site, _, text = key.partition(UNIT)
                    teller.visitor(me, site, text, change.first_ms)
                teller.change(before, after)

    # details ------------------------------------------------------------------------------------------------

    def _said(self, key: str, until_ms: int, flood: Iterable[Fact]) -> list[Detail]:
        """Give what the events of a visitor said, up to a moment, but for those that do not count."""
        said = self._details.pop(key, None)
        if said is None:
            return []
        later = [detail for detail in said if detail.time_ms > until_ms]
        if later:
            self._details[key] = later
        names = {fact.name for fact in flood}
        out = [detail for detail in said if detail.time_ms <= until_ms and detail.name not in names]
        self._kept += [(key, detail) for detail in out]
        return out

    def _note(self, row: Row, outside: list[Moment], detail: Detail) -> list[Moment]:
        """Note what an event said in the session that has it; give who was seen outside of sessions."""
        at_ms, source = detail.time_ms, row.source
        place = running(row.sessions, at_ms)
        if place < 0:
            if detail.campaign_id and row.extra is not None:
                row.extra.loose = [
                    msgspec.structs.replace(loose, campaign_id=detail.campaign_id)
                    if (loose.time_ms, loose.name) == (at_ms, detail.name) else loose
                    for loose in row.extra.loose
                ]  # fmt: skip
            return with_moments(outside, [(at_ms, detail.name, detail.ids[0])]) if detail.ids else outside
        session, at = row.sessions[place], (at_ms, short(detail.name, source))
        if detail.ids:
            _seen(session, Sight(detail.ids[0], at, at), source)
        if detail.campaign_id and session.channel is not None:
            deeds = session.deeds
            said = deeds.said if deeds is not None else None
            if at == ((session.start, session.opened_by) if said is None else said[:2]):
                held = _details_of(session)
                of = with_campaign(held, (*at, detail.campaign_id), source)
                held.campaign = of.campaign
        if detail.data is not None:
            self._deed(session, detail, at, source)
        return outside

    def _deed(self, session: Packed, detail: Detail, at: Mark, source: str) -> None:
        """Note what a submit, or a key event in a chat, says beside what is counted."""
        data, details = detail.data, _details_of(session)
        offer, offer_type = "", ""
        if detail.kind == "form":
            offer = self._labels.offers[data.offer_id] if data.offer_id else ""
            offer_type = _cleaned(data.offer_type)
            event = self._labels.events[data.event_id] if data.event_id else ""
            one = Ask(data.form_type or "", data.offer_stage or "", event, at, offer_type, offer)
            details.asks = ask(details.asks, one, source)
            if (saying := _saying(data, at)) is not None:
                details.sayings = say(details.sayings, saying, source)
        first = session.first_key
        if first is not None and first[:2] == at:
            region = _cleaned(data.geo.region) if data.geo is not None else ""
            details.key = KeyDetails(at, offer, offer_type, region, _cleaned(data.product))


#: Kind → actions of which more is told than what is counted.
TELLING_ACTIONS: Final[Mapping[str, Sequence[str]]] = {"form": ("submit",), "chatbot": tuple(sorted(chats.KEY_CHATS))}
_MAKES_MORE: Final[Mapping[str, Callable[[Any], bool]]] = {
    "form": lambda data: data.action == "submit",
    "chatbot": chats.makes_lead,
}


def saying_of(data: Any) -> Saying | None:
    """Give what a submit told of the company and of how ready the lead is, None if nothing."""
    return _saying(data, (0, ""))


def _saying(data: Any, at: Mark) -> Saying | None:
    company, told = data.company, data.qualification
    if company is None and told is None:
        return None
    saying = Saying(at)
    if told is not None:
        saying.framework, saying.known = told.framework or "", tuple(sorted(told.known or ()))
    if company is not None:
        saying.industry, saying.size_band = _cleaned(company.industry), _cleaned(company.size_band)
        saying.revenue_band = _cleaned(company.revenue_band)
    return saying


def _into_sessions(row: Row, outside: list[Moment]) -> list[Moment]:
    """Let sessions have who was seen while they run; give who was seen outside of them."""
    left = list[Moment]()
    for moment in outside:
        at_ms, name, id = moment
        place = running(row.sessions, at_ms)
        if place < 0:
            left.append(moment)
        else:
            at = at_ms, short(name, row.source)
            _seen(row.sessions[place], Sight(id, at, at), row.source)
    return left


def _seen(session: Packed, sight: Sight, source: str) -> None:
    details = _details_of(session)
    details.sights = see(details.sights, sight, source)


def _details_of(session: Packed) -> Details:
    """Give the details of a session, to be changed."""
    deeds = session.deeds
    if deeds is None:
        deeds = session.deeds = Deeds()
    details = deeds.details
    if details is None:
        details = deeds.details = Details()
    return details


def _mine(known: Known, me: Id) -> Known:
    """Give facts with the visitor's own id where it was left open."""
    return {(me if id == ME else id, fact) for id, fact in known}


def _cleaned(value: str | None) -> str:
    return clean(value) if value else ""
