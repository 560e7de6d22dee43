"""Ad telling: what is told of forms on ad platforms to the shards of leads.

In:  submits, and the ad lead as it was before each.
Out: facts; the details of the submit by which the lead is counted, which an earlier one may take over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from stream.identity.facts import Fact, PlatformForm, Told
from stream.identity.ids import LEAD, Id, Namer
from stream.identity.telling import Named, Teller
from stream.stages.consent import of_platform
from stream.stages.visitors.facts import Facts
from stream.stages.visitors.following import saying_of
from stream.stages.visitors.row import AdDetails, AdLead
from stream.state.labels import UNKNOWN, clean

_MOST_IDS: Final = 8


class AdTelling:
    """What is told of the ad leads of one shard."""

    def __init__(self, namer: Namer, teller: Teller, labels: Facts, campaign: Callable[[Any], tuple[str, str]]) -> None:
        """Take `campaign`, which gives name and id of an event's campaign."""
        self._namer, self._teller, self._labels, self._campaign = namer, teller, labels, campaign
        self._ids: dict[str, list[Id]] = {}

    def name(self, submits: Sequence[tuple[int, str, Any]]) -> None:
        """Tell the names in some submits, given as (time, name, data); what is told of them follows."""
        named = [self._named(*submit) for submit in submits]
        ids = self._teller.people(named)
        for one, some in zip(named, ids, strict=True):
            self._teller.tell("form", one, some)
        self._ids = {one.event: some for one, some in zip(named, ids, strict=True)}

    def tell(self, known: AdLead | None, lead: AdLead, data: Any) -> None:
        """Tell of a submit, of which `lead` is made; it gets its ids, and `known` what it may lack."""
        ids = self._ids.get(lead.name, [])
        lead.ids = ids if known is None else sorted({*known.ids, *ids})[:_MOST_IDS]
        if not ids and known is not None and known.details is not None:
            ids = [known.details.id]  # what it names itself is nobody
        if not ids:
            return
        campaign, campaign_id = self._campaign(data)
        lead.details = AdDetails(
            ids[0], campaign, self._labels.offers[data.offer_id] if data.offer_id else "", _cleaned(data.offer_type),
            self._labels.countries[data.geo.country] if data.geo is not None and data.geo.country is not None else "",
            _cleaned(data.geo.region) if data.geo is not None else "", _cleaned(data.product), campaign_id,
        )  # fmt: skip
        before: list[tuple[Id, Fact]] = []
        after: list[tuple[Id, Fact]] = []
        is_first = known is None or (lead.time, lead.name) < (known.time, known.name)
        if known is not None:
            if known.details is not None:
                before.append(_fact(known, known.details, True))
            else:  # it was counted when nobody was followed yet
                known.details = AdDetails(ids[0])
            after.append(_fact(known, known.details, not is_first))
        after.append(_fact(lead, lead.details, is_first))
        if (saying := saying_of(data)) is not None:
            told = Told(
                "", lead.time, lead.name, saying.framework, saying.known, saying.industry, saying.size_band,
                saying.revenue_band,
            )  # fmt: skip
            after.append((ids[0], told))
        self._teller.change(before, after)

    def erased(self, lead: AdLead) -> None:
        """Tell that a lead is not known any more."""
        if lead.details is not None:
            self._teller.change([_fact(lead, lead.details, True)], [])

    def _named(self, time_ms: int, name: str, data: Any) -> Named:
        lead = data.lead_id
        if lead is not None and not self._namer.ignored(LEAD, lead):
            lead = of_platform(data.platform, lead)
        return Named(data.site_id, data.email_hash, lead, data.user_id, time_ms, name)


def _fact(lead: AdLead, details: AdDetails, is_counted: bool) -> tuple[Id, Fact]:
    return details.id, PlatformForm(
        lead.name, lead.time, lead.channel, details.campaign, lead.action, lead.stage, details.offer,
        details.offer_type, lead.event or "", details.country, details.region, details.product, details.campaign_id,
        is_counted,
    )  # fmt: skip


def _cleaned(value: str | None) -> str:
    return clean(value) if value and value != UNKNOWN else ""
