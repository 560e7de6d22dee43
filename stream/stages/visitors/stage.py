"""Visitors: page views, forms and chats as a stage: who they are of, and which of them are flood.

In:  batches of the three kinds.
Out: rows of people and of ad leads, changes of cells, the events over a person's bound.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from stream.changes.accumulator import Accumulator
from stream.changes.panes import DAY_MS
from stream.contract.records import Record
from stream.stages.stage import Batch, Natively, NativeSide, Refused, Shared, Stage, refuse
from stream.stages.visitors.ad_leads import AdLeads
from stream.stages.visitors.ad_telling import AdTelling
from stream.stages.visitors.bounds import DEFAULT_BOUNDS, Bounds
from stream.stages.visitors.facts import Chat, Facts, Form, People, View
from stream.stages.visitors.fold import PeopleFold
from stream.stages.visitors.following import TELLING_ACTIONS, Following
from stream.stages.visitors.orders import Orders
from stream.stages.visitors.published import Terms
from stream.state.table import Table


def _no_campaign(_data: Any) -> tuple[str, str]:
    return "", ""


def _no_campaign_id(_data: Any) -> str:
    return ""


class Visitors(Stage):
    """The people of one shard."""

    def __init__(
        self,
        shared: Shared,
        touches: Callable[[list[Any]], list[Any]],
        bounds: Bounds = DEFAULT_BOUNDS,
        look_back_ms: int = 0,
        campaign: Callable[[Any], tuple[str, str]] = _no_campaign,
        campaign_id: Callable[[Any], str] = _no_campaign_id,
        native: Any = None,
        touch_by: Callable[[bytes, Callable[[], Any]], Any] | None = None,
    ) -> None:
        """Take `touches`, which says of each event of a batch where its visit came from, and `touch_by`, which says it
        of one by a key of all that it depends on.

        Direct sessions go by the last touch within `look_back_ms`; 0: by none. For as long people are remembered.
        `campaign` gives name and id of that of an event's data, `campaign_id` the id alone; they are asked only where
        people are followed. `native` is the module of the compiled core, which folds common cases.
        """
        self._touches = touches
        self._touch_by = touch_by or (lambda _key, event: touches([event()])[0])
        self._facts = Facts(shared.admit, shared.sites)
        self._waiting: People = defaultdict(list)
        self._native: Natively | None = None
        memory_ms = max(shared.memory_ms, look_back_ms + DAY_MS)
        grid, namer = shared.grid, shared.namer
        self.following = None if namer is None else Following(namer, self._facts, campaign_id, Terms(look_back_ms))
        self.people = PeopleFold(
            grid,
            self._facts,
            memory_ms,
            bounds,
            look_back_ms=look_back_ms,
            following=self.following,
            native=native,
        )
        self._orders: Orders | None = None
        self._refused: list[Refused] = []
        if namer is None or self.following is None:
            self.ad_leads = AdLeads(grid, self._facts)
            return
        self._facts.reserve()
        self.ad_leads = AdLeads(grid, self._facts, AdTelling(namer, self.following.teller, self._facts, campaign))
        self._orders = Orders(self.people, self.ad_leads, self.following, namer, grid.pane)

    @property
    def tables(self) -> Sequence[Table]:
        """How people were counted, before all else; people, those who are known, and ad leads."""
        tables: list[Table] = [
            self.people.counted_by, self.people.rows, self.people.known.rows, self.ad_leads.rows,
        ]  # fmt: skip
        if self.following is not None and self._orders is not None:
            tables += [self.following.outside.rows, self._orders.marks]
        return tables

    @property
    def known(self) -> Container[str]:
        """Site and visitor of everybody with a row here."""
        return self.people.rows.encoded

    def receive(self, records: Sequence[Record]) -> None:
        """Take what the shards of leads ask for."""
        if self._orders is not None:
            self._orders.receive(records)

    def take(self, batch: Batch) -> None:
        """Gather events by person; forms from an ad platform have none."""
        if self._orders is not None and (flags := self._orders.consent.refused(batch.events)):
            batch, refused = refuse(batch, flags, "no_consent")
            self._refused += refused
        if batch.kind == "form" and "" in batch.keys:
            on_site = np.fromiter(map(bool, batch.keys), np.bool_, len(batch))
            elsewhere = batch.only(~on_site)
            self.ad_leads.take(elsewhere.events, elsewhere.times.tolist())
            batch = batch.only(on_site)
        touches = self._touches(batch.events)
        if self.following is not None:
            self.following.take(batch, touches)
        if batch.kind == "page_view":
            self._facts.views(self._waiting, batch, touches)
        else:
            self._facts.others(self._waiting, Form if batch.kind == "form" else Chat, batch, touches)

    def natively(self) -> NativeSide:
        """Say by what page views, forms and chats are labelled."""
        facts = self._facts
        labels = {
            "site": facts.sites, "page_group": facts.groups, "content": facts.contents, "offer": facts.offers,
            "country": facts.countries, "form": facts.forms, "bot": facts.bots, "event": facts.events,
            "campaign": facts.campaigns,
        }  # fmt: skip
        return NativeSide(labels, self._touch_of, (View, Form, Chat), TELLING_ACTIONS)

    def _touch_of(self, key: bytes, event: Callable[[], Any]) -> tuple[Any, bool]:
        touch, safe = self._touch_by(key, event), self._facts.touches
        return safe[touch], touch in safe

    @property
    def looks_closer(self) -> bool:
        """Somebody took their consent back: each event may be theirs."""
        return self._orders is not None and self._orders.consent.is_asked

    def take_natively(self, core: Natively) -> None:
        """Keep what went the native way for the fold."""
        self._native = core

    def noted(self) -> Mapping[str, int]:
        """Count offers and contents over the bounds of a person and of a session."""
        noted, self.people.noted = self.people.noted, Counter()
        if self.following is not None:
            noted += self.following.teller.noted()
        return noted

    def touches(self) -> Mapping[int, Sequence[msgspec.Raw]]:
        """Give what the shards of leads must be told of people."""
        return {} if self.following is None else self.following.teller.take()

    def fold(self, accumulator: Accumulator) -> Sequence[Refused]:
        """Fold people and ad leads; flood is what goes over a person's bound."""
        if self._orders is not None:
            self._orders.claim()
        self.ad_leads.fold(accumulator)
        waiting, self._waiting = self._waiting, defaultdict(list)
        kept, self._native = self._native, None
        if kept is not None:
            self.people.fold_kept(kept, waiting, accumulator)
        flood = self.people.fold(waiting, accumulator) if waiting else ()
        if self._orders is not None:
            self._orders.erase(accumulator)
        refused, self._refused = self._refused, []
        return refused + [Refused(fact.kind, fact.site_id, fact.arrival_ms, "flood", fact.name) for fact in flood]
