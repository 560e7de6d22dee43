"""Deals: what the home of a deal does with what it is told, so that a deal counts once, whoever tells of it.

In:  records of the crm about a deal, of whichever leads.
Out: its fact, put at the lead that has it; what it counts for where no record names a lead.

A deal belongs to the lead of the first record that it was won which names one, else of the first that it was lost;
what it is worth is what the last record that it was won says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from stream.identity import facts
from stream.identity.ids import Id
from stream.identity.messages import Drop, Put
from stream.stages.leads.messages import DealForget, DealTold
from stream.stages.leads.post import Post
from stream.stages.leads.rows import Deal, deal_of, encode, key
from stream.stages.leads.tables import Encoded
from stream.state.keys import LEAD_DEALS

#: Refunds of one deal that are told apart.
MOST_REFUNDS: Final = 256


class Deals:
    """The deals whose home is one shard."""

    def __init__(self, post: Post, count: Callable[[Deal, int], None]) -> None:
        """Take `count`, which counts (1) a deal of nobody or takes back (−1) what it counted for."""
        self._post, self._count = post, count
        self.rows = Encoded(LEAD_DEALS)

    def told(self, message: DealTold) -> None:
        """Learn of a deal."""
        row = self._row(message.at) or Deal(0, message.site, message.deal)
        with_this = msgspec.structs.replace(row, refunds=list(row.refunds))
        learn(with_this, message)
        self._change(message.at, row, with_this)

    def forget(self, message: DealForget) -> None:
        """Make a deal nobody's, if one of some ids has it: what it was counted for stays."""
        row = self._row(message.at)
        if row is None:
            return
        mine = frozenset(message.ids)
        owner = owner_of(row)
        if owner in mine:
            for fact in facts_of(row):  # for what is still on its way to the lead
                self._post.send(Drop(owner, owner, fact))
            row.nobody, row.won, row.last, row.lost, row.refunds = True, None, None, None, []
        if row.owner is not None and row.owner[2] in mine:
            row.owner = None
        if row.loser is not None and row.loser[2] in mine:
            row.loser = None
        self.rows.put(key(message.at), encode(row))

    def _row(self, id: Id) -> Deal | None:
        raw = self.rows.rows.get(key(id))
        return None if raw is None else deal_of(raw)

    def _change(self, id: Id, before: Deal, after: Deal) -> None:
        if before == after:
            return
        had, has = owner_of(before), owner_of(after)
        was, now = facts_of(before), facts_of(after)
        if had is None:
            self._count(before, -1)
        if has is None:
            self._count(after, 1)
        if had is not None:
            for fact in was:
                if had != has or fact not in now:
                    self._post.send(Drop(had, had, fact))
        if has is not None:
            for fact in now:
                if had != has or fact not in was:
                    self._post.send(Put(has, has, fact))
        self.rows.put(key(id), encode(after))


def learn(row: Deal, told: DealTold) -> None:
    """Add a record to what is known of a deal; whatever the order, the same comes out."""
    row.newest_ms = max(row.newest_ms, told.time_ms)
    name = told.time_ms, told.id
    if told.action == "refund":
        refund = *name, told.value or 0, told.currency
        if refund not in row.refunds:
            row.refunds = sorted([*row.refunds, refund], key=lambda one: one[:2])[:MOST_REFUNDS]
        return
    if row.nobody:
        return
    if told.action == "deal_won":
        row.won = min(row.won or name, name)
        if row.last is None or name > row.last[:2]:
            row.last = *name, told.value, told.currency, told.new_customer
        if told.lead is not None:
            row.owner = min(row.owner or (*name, told.lead), (*name, told.lead))
    else:
        row.lost = min(row.lost or name, name)
        if told.lead is not None:
            row.loser = min(row.loser or (*name, told.lead), (*name, told.lead))


def owner_of(row: Deal) -> Id | None:
    """Give the id of the lead that has a deal."""
    named = row.owner or row.loser
    return None if named is None else named[2]


def facts_of(row: Deal) -> list[facts.Fact]:
    """Give the facts of a deal for the lead that has it."""
    return [*_deal(row), *refunds_of(row)]


def refunds_of(row: Deal) -> list[facts.Refund]:
    """Give what was given back of a deal."""
    return [facts.Refund(id, row.deal, time_ms, value, currency) for time_ms, id, value, currency in row.refunds]


def _deal(row: Deal) -> list[facts.Deal]:
    first = row.won or row.lost
    if first is None:
        return []
    _, _, value, currency, new = row.last or (0, "", None, "", None)
    won_ms, lost_ms = row.won[0] if row.won else 0, row.lost[0] if row.lost else 0
    return [facts.Deal(row.deal, *first, value, currency, new, won_ms, lost_ms)]


def deal_of_nobody(row: Deal) -> tuple[facts.Deal, list[facts.Refund]]:
    """Give what a deal without a lead is, and what was given back of it."""
    some = _deal(row)
    return some[0] if some else facts.Deal(row.deal, 0, "", None, "", None), refunds_of(row)
