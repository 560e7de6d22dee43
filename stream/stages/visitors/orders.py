"""Orders: what the shards of leads ask of those who keep the rows of visitors.

In:  claims and erasures, as they were handed over.
Out: rows changed, and what is told of it.

A claim is a sight of a visitor that no event of theirs tells of. An erasure comes behind the events of its batch: what
came before it must be gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from stream.changes.accumulator import Accumulator
from stream.contract.records import CLAIM, ERASE, KIND_HEADER, UNIT, Record
from stream.identity import orders
from stream.identity.consent import Consent
from stream.identity.ids import Id, Namer
from stream.stages.visitors.ad_leads import AdLeads
from stream.stages.visitors.erasing import count_the_rest, seen_as, without
from stream.stages.visitors.fold import PeopleFold, last_key
from stream.stages.visitors.following import Following
from stream.stages.visitors.published import ME
from stream.stages.visitors.row import Row, decode, encode
from stream.stages.visitors.sightings import Moment
from stream.state.holders import holders
from stream.state.keys import NO_CONSENT
from stream.state.marks import Marks


class Orders:
    """The orders that one shard of visitors was given, until they are carried out."""

    def __init__(
        self, people: PeopleFold, ad_leads: AdLeads, following: Following, namer: Namer,
        pane: Callable[[int], int],
    ) -> None:  # fmt: skip
        self._people, self._ad_leads, self._following = people, ad_leads, following
        self.marks = Marks(NO_CONSENT)
        self.consent = Consent(namer, self.marks)
        self._pane = pane
        self._claims: defaultdict[str, list[Moment]] = defaultdict(list)
        self._erasures: list[orders.Erase] = []

    def receive(self, records: Sequence[Record]) -> None:
        """Take what was handed over."""
        for record in records:
            kind, value = dict(record[4]).get(KIND_HEADER), record[3]
            if value is None:
                continue
            if kind == CLAIM:
                claim = orders.claim(value)
                self._claims[claim.site + UNIT + claim.visitor].append((claim.time_ms, claim.event, claim.id))
            elif kind == ERASE:
                self._erasures.append(orders.erase(value))

    def claim(self) -> None:
        """Let visitors be who the crm says they were, before the events of a batch."""
        claims = self._claims
        if claims:
            self._claims = defaultdict(list)
            for key, moments in claims.items():
                self._people.claim(key, moments)
            self._following.flush()

    def erase(self, accumulator: Accumulator) -> None:
        """Forget those who shall be forgotten, behind the events of a batch."""
        erasures, self._erasures = self._erasures, []
        for order in erasures:
            if order.consent is not None:
                self.consent.set(order.ids, order.consent)
            else:
                for key in [order.site + UNIT + order.visitor] if order.visitor else self._keys_of(order):
                    self._erase(key, set(order.ids), accumulator)
                self._ad_leads.erase(order.site, order.ids)
        if erasures:
            self._following.flush()
            self._people.forget()

    def _keys_of(self, order: orders.Erase) -> list[str]:
        """Name the visitors of a site who were seen under one of some ids."""
        rows, outside = self._people.rows.encoded, self._following.outside.rows.encoded
        start, hashes = order.site + UNIT, [id.hash for id in order.ids]
        return list(dict.fromkeys(holders(rows, start, hashes) + holders(outside, start, hashes)))

    def _erase(self, key: str, ids: set[Id], accumulator: Accumulator) -> None:
        people, following = self._people, self._following
        site, _, visitor = key.partition(UNIT)
        (me,) = following.teller.visitors([(site, visitor)])
        outside, raw = following.outside.of(key), people.rows.encoded.get(key)
        if me is not None and me in ids:
            ids = ids | {ME}
            for id in seen_as(None if raw is None else decode(raw), outside):
                following.teller.unseen(id, me, visitor)
        outside_left = [] if ME in ids else [moment for moment in outside if moment[2] not in ids]
        left: Row | None = None
        if raw is not None:
            left = without(decode(raw), outside, ids)
            following.erased(key, decode(raw), left, outside, outside_left)
            count_the_rest(
                people.facts.sites[site], decode(raw), left, self._pane, following.terms.look_back_ms, accumulator
            )
        following.outside.put(key, outside_left, 0)
        people.known.forget(key)
        if left is None:
            people.rows.drop(key)
            return
        people.rows.put(key, encode(left))
        if newest_ms := max(left.extra.known if left.extra is not None else 0, last_key(left)):
            people.known.note(key, newest_ms)
