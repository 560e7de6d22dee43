"""Ad forms: what is known of a lead from a form on an ad platform, and what it counts for where it was read.

In:  the records that the shard keeps which the form's key belongs to.
Out: the first submit, whom its events named, cells.
"""

from __future__ import annotations

from typing import NamedTuple

from stream.contract.records import UNIT
from stream.engine.options import FoldOptions
from stream.explain.logs import Records, admits
from stream.explain.shown import Names, Table, cell_of, event_of, ids_of, time_of
from stream.identity.ids import EMAIL, FIELDS, LEAD
from stream.stages.visitors.ad_leads import AdLeads
from stream.stages.visitors.facts import Facts
from stream.stages.visitors.row import decode_ad_lead
from stream.state.keys import AD_LEADS
from stream.state.labels import Labels

#: Between a platform and its own id of a lead, where the crm calls it so.
_COLON = ":"


class Place(NamedTuple):
    """Where a form's row is: the key that chooses its shard, and its name there."""

    key: str
    row: bytes


def place(site: str, field: str, value: str) -> Place | None:
    """Give where the row of a form would be that an id is of; None where no form is known by such an id.

    >>> place("s1", "lead_id", "meta:7"), place("s1", "user_id", "u1")
    (Place(key='7', row=b'ws1\\x1fmeta\\x1f7'), None)
    """
    key = who = value
    if field == FIELDS[LEAD]:
        platform, colon, key = value.partition(_COLON)
        if not colon:
            return None
        who = platform + UNIT + key
    elif field != FIELDS[EMAIL]:
        return None
    return Place(key, AD_LEADS.prefix + (site + UNIT + who).encode("utf-8", "surrogatepass"))


def explained(site: str, row: bytes, records: Records, options: FoldOptions, names: Names) -> Table | None:
    """Show what is known of a form; None where there is none."""
    raw = records.get(row)
    if raw is None:
        return None
    lead, grid, admit = decode_ad_lead(raw), options.grid, admits(records.items(), options.label_limit)
    sites = Labels("site", admit)
    cells = AdLeads(grid, Facts(admit, sites)).cells(sites[site], lead)
    return {
        "first": time_of(lead.time),
        "event": event_of(lead.name),
        "newest": time_of(lead.last),
        "channel": lead.channel,
        "action": lead.action,
        "offer_stage": lead.stage,
        "event_name": lead.event,
        "submissions": len(lead.submissions),
        "named": ids_of(lead.ids, names),
        "counts": [cell_of(cell, grid.start_ms(pane), amount) for cell, pane, amount in cells],
    }
