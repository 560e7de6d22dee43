"""Ad leads: people known only from a form that was filled in on an ad platform; they have no visit.

In:  form events without a visitor.
Out: a row each, the lead that it counts for, once in 400 days, at its first submit, and what its submissions are worth;
     where people are followed, each submit as a fact, that which is counted among them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from msgspec import structs

from stream.changes.accumulator import Accumulator
from stream.changes.panes import Grid
from stream.contract.records import UNIT
from stream.identity.ids import Id
from stream.stages.visitors import forms
from stream.stages.visitors.ad_telling import AdTelling
from stream.stages.visitors.bounds import DEFAULT_BOUNDS
from stream.stages.visitors.contribution import Contributions
from stream.stages.visitors.facts import PLATFORM_CHANNELS, Facts
from stream.stages.visitors.people import KNOWN_MS
from stream.stages.visitors.row import UNKNOWN, AdLead, decode_ad_lead, encode
from stream.stages.visitors.steps import Cells
from stream.state.holders import holders
from stream.state.keys import AD_LEADS
from stream.state.rows import Rows

_MOST_SUBMISSIONS: Final = 100


class AdLeads:
    """The ad leads of one shard."""

    def __init__(self, grid: Grid, labels: Facts, telling: AdTelling | None = None) -> None:
        self.rows = Rows(AD_LEADS, KNOWN_MS)
        self._labels = labels
        self._contributions = Contributions(grid)
        self._taken: list[tuple[int, str, Any]] = []
        self._telling = telling

    def take(self, events: list[Any], times: list[int]) -> None:
        """Take form events; only a submit makes a lead."""
        named = [
            (time_ms, event.source + UNIT + event.id, event.data) for event, time_ms in zip(events, times, strict=True)
        ]
        if self._telling is not None:
            self._telling.name(named)
        self._taken += [one for one in named if one[2].action == "submit"]

    def fold(self, accumulator: Accumulator) -> None:
        """Fold what was taken."""
        taken, self._taken = self._taken, []
        if taken:
            self._contributions.into(accumulator)
        for time_ms, name, data in sorted(taken, key=lambda one: one[:2]):
            self._fold(time_ms, name, data)
        if self._telling is not None:
            self._telling.end()

    def _fold(self, time_ms: int, name: str, data: Any) -> None:
        # an id of a lead is one of its platform; a hashed address is the same everywhere
        who = data.platform + UNIT + data.lead_id if data.lead_id else data.email_hash
        key, site = data.site_id + UNIT + who, self._labels.sites[data.site_id]
        raw = self.rows.encoded.get(key)
        known: AdLead | None = None if raw is None else decode_ad_lead(raw)
        if known is not None and time_ms - known.last > KNOWN_MS:
            known = None
        before = [] if known is None else self.cells(site, known)
        channel = PLATFORM_CHANNELS.get(data.platform, "paid_other")
        event = self._labels.events[data.event_id] if data.event_id else None
        lead = AdLead(
            time_ms, time_ms, name, channel, data.form_type or UNKNOWN, data.offer_stage or UNKNOWN, event, []
        )
        if self._telling is not None:
            self._telling.tell(known, lead, data)
        if known is not None:
            first = known if (known.time, known.name) <= (lead.time, lead.name) else lead
            lead = structs.replace(first, last=max(lead.last, known.last), submissions=known.submissions, ids=lead.ids)
        forms.submit(
            lead.submissions, time_ms, name, self._labels.forms[data.form_id], None, data, on_site=False
        )  # fmt: skip
        self._contributions.change(before, self.cells(site, lead))
        forms.forget(lead.submissions, lead.last - forms.SUBMISSION_MS, _MOST_SUBMISSIONS)
        row = encode(lead)
        while len(row) > DEFAULT_BOUNDS.row_bytes and lead.submissions:
            forms.forget(lead.submissions, 0, len(lead.submissions) // 2)
            row = encode(lead)
        self.rows.put(key, row)

    def erase(self, site: str, ids: Collection[Id]) -> None:
        """Forget the leads of a site that one of some ids was named for; what they count for stays."""
        if self._telling is None:
            return
        for key in holders(self.rows.encoded, site + UNIT, [id.hash for id in ids]):
            lead = decode_ad_lead(self.rows.encoded[key])
            if not set(lead.ids).isdisjoint(ids):
                self._telling.erased(lead)
                self.rows.drop(key)

    def cells(self, site: str, lead: AdLead) -> Cells:
        """List what a lead counts for."""
        pane = self._contributions.pane
        at = pane(lead.time)
        return [
            (("lead", site, "ad_platform", lead.channel, None, "paid"), at, 1),
            (("lead_deed", site, lead.action, lead.stage, lead.event), at, 1),
            *forms.values(site, lead.submissions, pane),
        ]
