"""Ad leads: people known only from a form that was filled in on an ad platform; they have no visit.

In:  form events without a visitor.
Out: a row each, and the lead that it counts for: once, at its first submit.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from stream.changes.accumulator import Accumulator
from stream.changes.panes import Grid
from stream.contract.records import UNIT
from stream.stages.visitors.facts import PLATFORM_CHANNELS
from stream.stages.visitors.row import AdLead, decode_ad_lead, encode
from stream.state.keys import AD_LEADS
from stream.state.labels import Labels
from stream.state.rows import Rows


class AdLeads:
    """The ad leads of one shard."""

    def __init__(self, grid: Grid, sites: Labels, memory_ms: int) -> None:
        self.rows = Rows(AD_LEADS, memory_ms)
        self._grid, self._sites, self._memory_ms = grid, sites, memory_ms
        self._taken: list[tuple[str, str, AdLead]] = []

    def take(self, events: list[Any], times: list[int]) -> None:
        """Take form events; only a submit makes a lead."""
        for event, time_ms in zip(events, times, strict=True):
            data = event.data
            if data.action == "submit":
                key = data.site_id + UNIT + (data.lead_id or data.email_hash)
                lead = AdLead(time_ms, time_ms, event.id, PLATFORM_CHANNELS.get(data.platform, "paid_other"))
                self._taken.append((key, self._sites[data.site_id], lead))

    def fold(self, accumulator: Accumulator) -> None:
        """Fold what was taken."""
        taken, self._taken = self._taken, []
        for key, site, lead in taken:
            self._fold(key, site, lead, accumulator)

    def _fold(self, key: str, site: str, lead: AdLead, accumulator: Accumulator) -> None:
        raw = self.rows.encoded.get(key)
        pane = self._grid.pane
        if raw is not None:
            known = decode_ad_lead(raw)
            if lead.last - known.last <= self._memory_ms:  # else it was forgotten, like a person
                last = max(lead.last, known.last)
                if (known.time, known.event_id) <= (lead.time, lead.event_id):
                    if last != known.last:
                        self.rows.put(key, encode(structs.replace(known, last=last)))
                    return
                lead = structs.replace(lead, last=last)
                accumulator.add(("lead", site, "ad_platform", known.channel, None), pane(known.time), -1)
        accumulator.add(("lead", site, "ad_platform", lead.channel, None), pane(lead.time), 1)
        self.rows.put(key, encode(lead))
