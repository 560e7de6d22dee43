"""Everybody: all counted events of all sites, parted by person.

In:  counted events.
Out: what is known of each person, of everything that is nobody's the deals and refunds, and which ids are shared.

Nothing is kept up to date: each question goes through all events again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from stream.reference.events import KNOWN_MS, Event, in_order
from stream.reference.leads import crm, mail
from stream.reference.leads.known import Counted, Evidence, Known, Way
from stream.reference.leads.names import Id, Links, names_nobody, strong_ids
from stream.reference.leads.rules import Rules
from stream.reference.leads.visits import Told, Visitor, company_of, form_of
from stream.reference.metrics import PLATFORM_CHANNEL


@dataclass
class Site:
    """What was told of one site, as it came."""

    visits: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    forms: list[Event] = field(default_factory=list)  # on ad platforms
    mails: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    crm: list[Event] = field(default_factory=list)


@dataclass
class People:
    """Everybody of a site, once it is known who is who."""

    site: str
    known: list[Known]
    nobody: Known  # deals, refunds and forms that belong to no person
    shared: set[Id]
    lost: list[int]  # when deals were lost that were never won


class Everybody:
    """All sites; `tell` it events that count."""

    def __init__(self, rules: Rules, look_back_ms: int = 0) -> None:
        self._rules, self._look_back_ms = rules, look_back_ms
        self._sites: dict[str, Site] = defaultdict(Site)

    def tell(self, event: Event) -> None:
        """Take an event of a kind that says something of people."""
        data = event.data
        if event.kind == "crm":
            self._sites[data["site_id"]].crm.append(event)
        elif event.kind == "email":
            self._sites[data["site_id"]].mails[data["message_id"]].append(event)
        elif event.kind == "form" and data.get("platform", "site") != "site":
            self._sites[data["site_id"]].forms.append(event)
        elif event.kind in ("page_view", "form", "chatbot"):
            self._sites[data["site_id"]].visits[data["visitor_id"]].append(event)

    def follows(self, visitor: str) -> bool:
        """Tell whether a visitor can be followed as a lead; what a name for anybody did is counted where it is read."""
        return not names_nobody("v", visitor, self._rules.ignore)

    def people(self) -> Iterator[People]:
        """Part everything by person, site by site."""
        for name, site in sorted(self._sites.items()):
            yield self._part(name, site)

    def _part(self, name: str, site: Site) -> People:
        links = self._links(site)
        shared = links.shared()
        whose: dict[Id, Known] = {}
        for ids in links.groups():
            whose.update(dict.fromkeys(ids, Known(name, ids)))
        # an id of everybody is somebody of its own, as far as it was told of by itself
        whose |= {one: Known(name, frozenset({one})) for one in shared}
        nobody = Known(name, frozenset())
        for told in self._told(site):
            one = told.whose
            if one == crm.NOBODY or (one in shared and (told.visitor or told.where == "companies")):
                # what was done under an id of everybody is the device's own; what a form said of a company nobody's
                one = Id("v", told.visitor)
            if one.type == "v" and one.value:
                whose.setdefault(one, _lone(name, one.value))
            getattr(whose.get(one, nobody), told.where).append(told.what)
        everyone = list({id(known): known for known in whose.values()}.values())
        return People(name, everyone, nobody, shared, list(crm.Deals(site.crm, self._rules).lost()))

    def _links(self, site: Site) -> Links:
        links = Links(self._rules)
        for visitor, events in site.visits.items():
            device = [Id("v", visitor)] if self.follows(visitor) else []
            for event in events:
                ids = strong_ids(event.data, self._rules)
                links.together([*ids, *device] if ids else [])
        for event in [*site.forms, *site.crm, *(event for events in site.mails.values() for event in events)]:
            platform = event.data["platform"] if event.kind == "form" else ""
            links.together(strong_ids(event.data, self._rules, platform))
            claimed = crm.claims_of(event, self._rules) if event.kind == "crm" else None
            if claimed is not None:
                links.together([Id("v", claimed[0]), claimed[1]])
        return links

    def _told(self, site: Site) -> Iterator[Told]:
        claims: dict[str, list[tuple[Event, Id]]] = defaultdict(list)
        for event in site.crm:
            claimed = crm.claims_of(event, self._rules)
            if claimed is not None:
                claims[claimed[0]].append((event, claimed[1]))
        for visitor, events in site.visits.items():
            if self.follows(visitor):
                yield from Visitor(visitor, events, claims[visitor], self._rules).told(self._look_back_ms)
        yield from self._elsewhere(site.forms)
        for message, events in site.mails.items():
            yield from mail.of_message(message, events, self._rules)
        for event in site.crm:
            yield from crm.of_record(event, self._rules)
        yield from crm.Deals(site.crm, self._rules).told()

    def _elsewhere(self, forms: list[Event]) -> Iterator[Told]:
        """Tell of forms that were submitted on ad platforms."""
        before: dict[tuple[str, str], int] = {}
        for event in in_order(one for one in forms if one.action == "submit"):
            data = event.data
            ids = strong_ids(data, self._rules, data["platform"])
            whose = ids[0] if ids else crm.NOBODY
            yield Told(whose, "forms", form_of(event))
            yield Told(whose, "evidence", _evidence(event))
            yield Told(whose, "elsewhere", (event.at_ms, _way(event)))
            told = company_of(event)
            if told is not None:
                yield Told(whose, "companies", told)
            stranger = (data["platform"], data["lead_id"]) if data.get("lead_id") else ("", data["email_hash"])
            if stranger not in before or event.at_ms - before[stranger] > KNOWN_MS:
                yield Told(whose, "counted", Counted(event.at_ms, event.name))
            before[stranger] = event.at_ms


def _lone(site: str, visitor: str) -> Known:
    return Known(site, frozenset({Id("v", visitor)}))


def _way(event: Event) -> Way:
    campaign = event.data.get("campaign") or {}
    name, id_ = campaign.get("name") or "", campaign.get("id") or ""
    return Way(PLATFORM_CHANNEL.get(event.data["platform"], "paid_other"), name or id_, id_)


def _evidence(event: Event) -> Evidence:
    data = event.data
    geo = data.get("geo") or {}
    form = form_of(event)
    return Evidence(
        event.at_ms,
        event.name,
        "ad_platform",
        _way(event),
        form.form_type,
        form.stage,
        data.get("offer_id") or "",
        data.get("offer_type") or "",
        form.event,
        geo.get("country") or "",
        geo.get("region") or "",
        data.get("product") or "",
    )
