"""Explain: one account of somebody or of one message, over all shards that know something.

In:  what was asked for; logs of shards, read when they are needed.
Out: a table of plain values, the same for a person and for a program; None where nobody is known by it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from stream.engine.options import FoldOptions
from stream.explain import ad_forms, messages
from stream.explain.leads import Leads, LeadShard
from stream.explain.logs import Log, Wanted, of_leads, of_message, of_row, of_visitor
from stream.explain.shown import GROUP, Table
from stream.explain.visitors import Visitor
from stream.identity.ids import FIELDS, VISITOR

#: The version of the table: it rises when a field goes or means something else; new fields do not change it.
FORMAT: Final = 1
MESSAGE: Final = "message_id"


class Asked(NamedTuple):
    """Who or what is to be explained: a field of events and its value."""

    site: str
    field: str
    value: str


def names_nobody(asked: Asked, options: FoldOptions) -> bool:
    """Tell whether an id that joins is one of the values by which nobody can be known."""
    namer = options.namer()
    if namer is None or asked.field in (MESSAGE, FIELDS[VISITOR]):
        return False
    return namer.ignored(FIELDS.index(asked.field), asked.value)


#: Reads what is wanted of the log of a shard, by group and number.
Read = Callable[[str, int, Wanted], Log]


def explain(asked: Asked, options: FoldOptions, home: Callable[[str, str], int], read: Read) -> Table | None:
    """Explain what was asked for; `home` gives the shard of a group that a key belongs to."""
    leads = None if options.namer() is None else Leads(partial(_lead_shard, options, read))
    table: Table = {
        "format": FORMAT,
        "site": asked.site,
        "type": asked.field,
        "value": asked.value,
        "follows_people": leads is not None,
        "shard": None,
        "visitor": None,
        "message": None,
        "ad_form": None,
        "ids": [],
        "clusters": [],
    }
    if asked.field == MESSAGE:
        return _message(table, asked, options, home, read)
    if asked.field == FIELDS[VISITOR]:
        return _visitor(table, asked, options, home, read, leads)
    assert leads is not None, "where nobody is followed, only visitors and messages can be explained"
    return _id(table, asked, options, home, read, leads)


def _lead_shard(options: FoldOptions, read: Read, number: int) -> LeadShard:
    return LeadShard(number, read(GROUP, number, of_leads()).records, options)


def _message(
    table: Table, asked: Asked, options: FoldOptions, home: Callable[[str, str], int], read: Read
) -> Table | None:
    number = home("emails", asked.value)
    log = read("emails", number, of_message(asked.site, asked.value))
    found = messages.explained(asked.site, asked.value, log.records, options)
    return None if found is None else {**table, "shard": f"emails/{number}", "message": found}


def _visitor(
    table: Table, asked: Asked, options: FoldOptions, home: Callable[[str, str], int], read: Read, leads: Leads | None
) -> Table | None:
    """Explain a visitor, and those whom their sessions belong to."""
    number = home("visitors", asked.value)
    log = read("visitors", number, of_visitor(asked.site, asked.value))
    visitor = Visitor(asked.site, asked.value, log.records, options)
    nodes: list[Table] = []
    if leads is not None and visitor.id is not None:
        own = visitor.id
        found = [leads.explain(id, asked.value if id == own else "") for id in dict.fromkeys([own, *visitor.owners()])]
        nodes = [node for node in found if node is not None]
    if not (visitor.is_known or nodes):
        return None
    table |= {"shard": f"visitors/{number}", "visitor": visitor.table(leads.names if leads is not None else {})}
    return {**table, "ids": nodes, "clusters": leads.clusters if leads is not None else []}


def _id(
    table: Table, asked: Asked, options: FoldOptions, home: Callable[[str, str], int], read: Read, leads: Leads
) -> Table | None:
    """Explain an id at its home and where it belongs, and a form on an ad platform that is known by it."""
    namer = options.namer()
    assert namer is not None, "somebody is followed"
    id = namer.id(FIELDS.index(asked.field), asked.site, asked.value)
    node, form = leads.explain(id, asked.value), None
    place = ad_forms.place(asked.site, asked.field, asked.value)
    if place is not None:
        log = read("visitors", home("visitors", place.key), of_row(place.row))
        form = ad_forms.explained(asked.site, place.row, log.records, options, leads.names)
    if node is None and form is None:
        return None
    nodes = [] if node is None else [node]
    return {**table, "shard": f"{GROUP}/{id.home}", "ad_form": form, "ids": nodes, "clusters": leads.clusters}
