"""Stage: leads of one shard: who they are, what they count for, what is told of them.

In:  records of the crm and wishes to be forgotten; what readers of events and other shards of leads tell.
Out: rows of homes, parts and deals; changes of cells; messages, orders and results.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, Final

from msgspec import Raw

from stream.changes.accumulator import Accumulator
from stream.changes.panes import DAY_MS, MINUTE_MS
from stream.contract.lead import named_by
from stream.identity.ids import EMAIL, FIELDS, LEAD, USER, VISITOR
from stream.identity.messages import Drop, Link, Name, Put, Puts, Seen, Unlink
from stream.lifecycle.rules import Rules
from stream.stages.leads.counting import Counting, Counts
from stream.stages.leads.deal_homes import Deals, deal_of_nobody
from stream.stages.leads.forgetting import Forgetting
from stream.stages.leads.homes import Homes
from stream.stages.leads.messages import (
    DealForget,
    DealTold,
    Edge,
    Erasing,
    Forget,
    Full,
    Join,
    Linked,
    Moved,
    Sharing,
    Shipped,
    Standing,
    Union,
    Wipe,
    Wiped,
    decode,
)  # fmt: skip
from stream.stages.leads.native import leads_core
from stream.stages.leads.post import Post
from stream.stages.leads.records import Records, Source
from stream.stages.leads.results import Results
from stream.stages.leads.rows import Deal, Waiting, encode, key, waiting_of
from stream.stages.leads.rulebook import Rulebook
from stream.stages.leads.store import Store, id_of
from stream.stages.leads.tables import Encoded
from stream.stages.leads.tending import SLICE, Tending
from stream.stages.stage import Batch, HandOver, Refused, Result, Shared, Stage, Stands
from stream.state.keys import TO_FORGET
from stream.state.labels import LONG_MEMORY_DAYS, Kept
from stream.state.table import Table

#: What was sent before a wish to be forgotten has come after so long.
_WAIT_MS: Final = MINUTE_MS
#: Whoever was down then has told by now.
_AGAIN_MS: Final = DAY_MS
_SUBJECTS: Final = (("email_hash", EMAIL), ("lead_id", LEAD), ("user_id", USER), ("visitor_id", VISITOR))


class Leads(Stage):
    """The leads of one shard."""

    labels_kept = Kept(LONG_MEMORY_DAYS, ("site", "rep"))

    def __init__(
        self,
        shared: Shared,
        rules: Rules,
        source: Source,
        counts: Counts,
        sure_after_ms: int = 72 * DAY_MS,
        native: Any = None,
    ) -> None:
        """Take `counts`, which says what leads and deals count for.

        `native` is the module of the compiled core, which takes common cases as the shipped `contribution` counts them.
        `source` gives channel and campaign of a record. `sure_after_ms` is how long a visitor is remembered, how late
        a record may come, and a little more.
        """
        assert shared.namer is not None, "leads have names"
        self._shared, self._counts, self._namer = shared, counts, shared.namer
        self._book = Rulebook(rules)
        self._store, self._post = Store(), Post(shared.shard)
        self._results = Results(self._namer, rules.last, lambda: self._clock_ms)
        self._counting = Counting(shared, self._book, counts, self._results.changed)
        self._homes = Homes(self._store, self._post, self._counting, self._results, self._namer, rules)
        self._forgetting = Forgetting(self._store, self._post, self._homes, self._counting, self._results)
        self._deals = Deals(self._post, self._count_deal)
        self._records = Records(self._namer, source, self._post)
        self._tending = Tending(self._store, self._homes, self._counting, self._forgetting, self._book, sure_after_ms)
        self._to_forget = Encoded(TO_FORGET)
        self.core: Any = None if native is None else leads_core(native, shared.grid, rules)
        self._waiting: list[tuple[Any, int, int] | Raw] = []
        self._clock_ms = 0
        self._learned = False
        self._to_tell: list[bytes] | None = None  # rows of which is still to be told what they are; None: nobody asked
        homes, deals, forgetting = self._homes, self._deals, self._forgetting
        self._do: Final[Mapping[type, Callable[[Any], None]]] = {
            Puts: homes.puts, Put: homes.put, Drop: homes.drop, Name: homes.name, Seen: homes.seen, Link: homes.link,
            Linked: homes.linked, Join: homes.join, Edge: homes.edge, Union: homes.union, Sharing: homes.sharing,
            Full: homes.full,
            Shipped: homes.shipped, Moved: homes.moved, DealTold: deals.told, DealForget: deals.forget,
            Erasing: forgetting.erase, Forget: forgetting.forget, Wipe: forgetting.wipe, Wiped: forgetting.wiped,
            Unlink: forgetting.unlink, Standing: homes.standing,
        }  # fmt: skip

    @property
    def tables(self) -> Sequence[Table]:
        """By which rules rows were counted; homes, parts and deals; who is to be forgotten."""
        return self._book, self._store.homes, self._store.parts, self._deals.rows, self._to_forget

    @property
    def behind(self) -> bool:
        """Tell whether some rows still go by former rules."""
        return self._tending.behind > 0

    @property
    def known(self) -> Container[str] | None:
        """Nothing: where a record belongs is decided by its key alone."""
        return None

    # what comes in ----------------------------------------------------------------------------------------

    def take(self, batch: Batch) -> None:
        """Keep records until the fold, in their order."""
        for event, time_ms, arrival_ms in zip(batch.events, batch.times.tolist(), batch.arrivals.tolist(), strict=True):
            self._waiting.append((event, time_ms, arrival_ms))

    def hear(self, group: str, shard: int, messages: Sequence[Raw]) -> None:
        """Keep messages until the fold, in their order."""
        self._waiting += messages

    def fold(self, accumulator: Accumulator) -> Sequence[Refused]:
        """Do what was told, one thing after another; then count what has changed."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return ()
        self._begin(accumulator)
        if self.core is not None:
            waiting = self._fold_natively(waiting, accumulator)
        do, queue = self._do, self._post.queue
        for one in waiting:
            if isinstance(one, Raw):
                message = decode(one)
                do[type(message)](message)
            else:
                self._event(*one)
            if queue:
                for message in self._post.here():
                    do[type(message)](message)
        self._end()
        return ()

    def advance(self, now_ms: int, accumulator: Accumulator) -> None:
        """Count what changes by itself until now, and do what waits for a moment."""
        self._clock_ms = self._counting.clock_ms = self._homes.clock_ms = max(now_ms, self._clock_ms)
        self._begin(accumulator)
        self._tending.due(self._clock_ms)
        self._tending.rules()
        self._forget_due()
        self._tell_some()
        for message in self._post.here():
            self._do[type(message)](message)
        self._counting.settle()
        self._tending.look(self._clock_ms)
        for message in self._post.here():
            self._do[type(message)](message)
        self._end()

    def _begin(self, accumulator: Accumulator) -> None:
        self._counting.accumulator = accumulator
        if not self._learned:
            self._learned = True
            self._tending.learn()

    def _fold_natively(
        self, waiting: list[tuple[Any, int, int] | Raw], accumulator: Accumulator
    ) -> list[tuple[Any, int, int] | Raw]:
        """Have the core take what concerns those who are alone, as far as it is common; give the rest."""
        shared, rows = self._shared, self._store.homes
        left, records, due, sizes = self.core.fold(
            [bytes(one) if isinstance(one, Raw) else None for one in waiting],
            (rows.rows, rows.changed, shared.admit, shared.sites),
            (self._book.number, self._clock_ms),
            accumulator,
        )
        self._results.records += map(Result._make, records)
        add = self._counting.due.add
        for named, due_ms in due:
            add(due_ms, named)
        for site, largest, sign in sizes:
            self._counting.size(site, largest, sign)
        return [waiting[at] for at in left]

    def _end(self) -> None:
        self._counting.settle()
        self._store.write()

    # what goes out ----------------------------------------------------------------------------------------

    def noted(self) -> Mapping[str, int]:
        """Count ids that were ignored, facts for which was no room, and ids that could not be joined."""
        noted, self._records.noted = self._records.noted, Counter()
        for field, n in self._homes.unjoined.items():
            noted[f"crm/ignored_id/{field}"] += n
        if self._counting.dropped:
            noted["crm/fact_dropped"] += self._counting.dropped
        self._counting.dropped = 0
        self._homes.unjoined.clear()
        return noted

    def touches(self) -> Mapping[int, Sequence[Raw]]:
        """Give what other shards must be told."""
        return self._post.elsewhere()

    def hand_over(self) -> Sequence[HandOver]:
        """Give claims and orders for the readers of events."""
        orders = self._records.orders + self._forgetting.orders
        self._records.orders, self._forgetting.orders = [], []
        return orders

    def results(self) -> Sequence[Result]:
        """Give what became of leads."""
        records, self._results.records = self._results.records, []
        return records

    def tell_all(self) -> None:
        """Let results tell of all leads that there are now, a part with each commit."""
        if self._to_tell is None:
            self._to_tell = list(self._store.homes.rows)

    def confirm(self, stands: Sequence[Stands]) -> None:
        """Have it told of each of these what it is now; a key that is none of ours is left alone."""
        for one in stands:
            name = named_by(one.key)
            if name is not None:
                site, called, text = name
                id = self._namer.id(FIELDS.index(called), site, text)
                self._post.send(Standing(id, id, site, text, one.version))

    @property
    def tells_all(self) -> bool:
        """Whether a part of that is still to come."""
        return bool(self._to_tell)

    def gauges(self) -> Mapping[str, float]:
        """Give how many ids the largest lead of each site has, and how many rows still go by former rules."""
        out: dict[str, float] = {"leads_behind": self._tending.behind}
        for site, sizes in self._counting.sizes.items():
            largest = max((size for size, n in sizes.items() if n > 0), default=0)
            out[f"largest_lead_ids/{self._shared.sites[site]}"] = largest
        return out

    # events -----------------------------------------------------------------------------------------------

    def _event(self, event: Any, time_ms: int, arrival_ms: int) -> None:
        if event.type == "privacy":
            self._wish(event, arrival_ms)
            return
        lead, deal = self._records.take(event, time_ms), self._records.deal(event.data)
        if lead is not None and deal is not None and lead.home == self._shared.shard:
            home = self._store.make(lead)
            if deal not in home.row.deals:
                home.row.deals.append(deal)
                home.changed = True

    def _wish(self, event: Any, arrival_ms: int) -> None:
        """Note whom it is about; what was sent before comes first."""
        data = event.data
        consent = data.consent.analytics if data.action == "consent_changed" and data.consent is not None else None
        if data.action == "consent_changed" and consent is None:
            return
        for field, type in _SUBJECTS:
            text = getattr(data, field)
            if text is None or self._namer.ignored(type, text):
                continue
            id = self._namer.id(type, data.site_id, text)
            if consent is not None:
                self._forgetting.consent(data.site_id, id, text, consent)
            if consent is not True:
                wait = Waiting(arrival_ms + _WAIT_MS, id, text, data.site_id, arrival_ms)
                self._to_forget.put(key(id), encode(wait))

    def _forget_due(self) -> None:
        """Forget those whose time has come; and once more when whoever was down has told."""
        for name, raw in list(self._to_forget.rows.items()):
            wait = waiting_of(raw)
            if wait.due_ms > self._clock_ms:
                continue
            self._post.send(Erasing(wait.id, wait.id, wait.site, wait.text, wait.asked_ms if wait.again else 0))
            if wait.again:
                self._to_forget.remove(name)
            else:
                wait.again, wait.due_ms = True, wait.asked_ms + _AGAIN_MS
                self._to_forget.put(name, encode(wait))

    def _tell_some(self) -> None:
        """Tell of some leads what they are."""
        if not self._to_tell:
            return
        some, self._to_tell = self._to_tell[:SLICE], self._to_tell[SLICE:]
        for name in some:
            home = self._store.get(id_of(name))
            if home is not None:
                self._results.whole(home)

    def _count_deal(self, row: Deal, sign: int) -> None:
        """Count a deal of nobody, or take back what it counted for."""
        pane, accumulator = self._shared.grid.pane, self._counting.accumulator

        def out(cell: tuple[str | int | None, ...], time_ms: int | None, amount: int) -> None:
            if time_ms is None:
                accumulator.stand(cell, sign * amount)
            else:
                accumulator.add(cell, pane(time_ms), sign * amount)

        deal, refunds = deal_of_nobody(row)
        self._counts.unattributed(self._shared.sites[row.site], deal, refunds, self._shared.admit, out)
