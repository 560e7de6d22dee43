"""Visitors: page views, forms and chats as a stage: who they are of, and which of them are flood.

In:  batches of the three kinds.
Out: rows of people and of ad leads, changes of cells, the events over a person's bound.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

import numpy as np

from stream.changes.accumulator import Accumulator
from stream.changes.panes import DAY_MS
from stream.stages.stage import Batch, Refused, Shared, Stage
from stream.stages.visitors.ad_leads import AdLeads
from stream.stages.visitors.bounds import DEFAULT_BOUNDS, Bounds
from stream.stages.visitors.facts import Chat, Facts, Form, People
from stream.stages.visitors.fold import PeopleFold
from stream.state.table import Table


class Visitors(Stage):
    """The people of one shard."""

    def __init__(
        self,
        shared: Shared,
        touches: Callable[[list[Any]], list[Any]],
        bounds: Bounds = DEFAULT_BOUNDS,
        look_back_ms: int = 0,
    ) -> None:
        """Take `touches`, which says of each event of a batch where its visit came from.

        Direct sessions go by the last touch within `look_back_ms`; 0: by none. For as long people are remembered.
        """
        self._touches = touches
        self._facts = Facts(shared.admit, shared.sites)
        self._waiting: People = defaultdict(list)
        memory_ms = max(shared.memory_ms, look_back_ms + DAY_MS)
        self.people = PeopleFold(shared.grid, self._facts, memory_ms, bounds, look_back_ms=look_back_ms)
        self.ad_leads = AdLeads(shared.grid, self._facts)

    @property
    def tables(self) -> Sequence[Table]:
        """How people were counted, before all else; people, those who are known, and ad leads."""
        return self.people.counted_by, self.people.rows, self.people.known.rows, self.ad_leads.rows

    @property
    def known(self) -> Container[str]:
        """Site and visitor of everybody with a row here."""
        return self.people.rows.encoded

    def take(self, batch: Batch) -> None:
        """Gather events by person; forms from an ad platform have none."""
        if batch.kind == "form" and "" in batch.keys:
            on_site = np.fromiter(map(bool, batch.keys), np.bool_, len(batch))
            elsewhere = batch.only(~on_site)
            self.ad_leads.take(elsewhere.events, elsewhere.times.tolist())
            batch = batch.only(on_site)
        touches = self._touches(batch.events)
        if batch.kind == "page_view":
            self._facts.views(self._waiting, batch, touches)
        else:
            self._facts.others(self._waiting, Form if batch.kind == "form" else Chat, batch, touches)

    def noted(self) -> Mapping[str, int]:
        """Count offers and contents over the bounds of a person and of a session."""
        noted, self.people.noted = self.people.noted, Counter()
        return noted

    def fold(self, accumulator: Accumulator) -> Sequence[Refused]:
        """Fold people and ad leads; flood is what goes over a person's bound."""
        self.ad_leads.fold(accumulator)
        waiting, self._waiting = self._waiting, defaultdict(list)
        flood = self.people.fold(waiting, accumulator) if waiting else ()
        return [Refused(fact.kind, fact.site_id, fact.arrival_ms, "flood", fact.name) for fact in flood]
