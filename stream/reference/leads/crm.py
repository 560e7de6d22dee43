"""The crm's records: what each says of a lead, and what all of them say of a deal.

In:  all counted crm events of one site.
Out: what they tell, each with the id that it is told of; deals, refunds and losses of nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from stream.reference.events import Event, in_order, worth
from stream.reference.leads.known import Crm, Deal, Evidence, Refund, Way
from stream.reference.leads.names import Id, names_nobody, strong_ids
from stream.reference.leads.rules import Rules
from stream.reference.leads.visits import Told

OF_DEALS = frozenset({"deal_won", "deal_lost", "refund"})
NOBODY = Id("", "")


def named_by(event: Event, rules: Rules) -> Id | None:
    """Give the lead that a record names."""
    return next((id_ for id_ in strong_ids(event.data, rules) if id_.type == "l"), None)


def about(event: Event, rules: Rules) -> Id | None:
    """Give whom a record is about: the lead that it names, else who has the address or the account."""
    return named_by(event, rules) or next(iter(strong_ids(event.data, rules)), None)


def claims_of(event: Event, rules: Rules) -> tuple[str, Id] | None:
    """Give the visitor that a record names, and the id that it says the visitor has."""
    visitor, ids = event.data.get("visitor_id"), strong_ids(event.data, rules)
    if not visitor or not ids or names_nobody("v", visitor, rules.ignore):
        return None
    return visitor, ids[0]


def way_of(event: Event) -> Way:
    """Give how a record says that somebody came; a record without a word of it is offline."""
    campaign = event.data.get("campaign") or {}
    name, id_ = campaign.get("name") or "", campaign.get("id") or ""
    return Way(event.source.channel if event.source is not None else "offline", name or id_, id_)


class Deals:
    """The deals of a site, by their id; without one each record is a deal of its own."""

    def __init__(self, events: Iterable[Event], rules: Rules) -> None:
        self._rules = rules
        self._told: dict[str, list[Event]] = defaultdict(list)
        for event in in_order(events):
            # a record that names neither a deal nor anybody says nothing
            if event.action in OF_DEALS and (event.data.get("deal_id") or about(event, rules) is not None):
                self._told[self._name(event)].append(event)

    @staticmethod
    def _name(event: Event) -> str:
        return event.data.get("deal_id") or f"\0{event.name}"

    def owner(self, told: list[Event]) -> Id:
        """Give whose a deal is: the first lead that a winning names, else the first that a loss names.

        A record without a deal's name is of whom it is about.
        """
        if not told[0].data.get("deal_id"):
            return about(told[0], self._rules) or NOBODY
        ranked = [one for action in ("deal_won", "deal_lost") for one in told if one.action == action]
        return next((id_ for one in ranked if (id_ := named_by(one, self._rules)) is not None), NOBODY)

    def told(self) -> Iterator[Told]:
        """Tell of each deal that was won, each loss, each refund."""
        for name, told in self._told.items():
            whose = self.owner(told)
            wins = [one for one in told if one.action == "deal_won"]
            if wins:
                money = worth(wins[-1].data) if wins[-1].data.get("deal_id") else None
                amount, currency = money if money is not None else (None, "")
                yield Told(
                    whose,
                    "deals",
                    Deal(wins[0].at_ms, wins[0].name, name, amount, currency, wins[-1].data.get("new_customer")),
                )
            for one in told:
                money = worth(one.data)
                if one.action == "refund" and money is not None:
                    yield Told(whose, "refunds", Refund(one.at_ms, one.name, name, *money))

    def lost(self) -> Iterator[int]:
        """Give when each deal was lost that was never won."""
        for told in self._told.values():
            losses = [one.at_ms for one in told if one.action == "deal_lost"]
            if losses and not any(one.action == "deal_won" for one in told):
                yield losses[0]


def of_record(event: Event, rules: Rules) -> Iterator[Told]:
    """Tell what a record says of the lead that it is about."""
    whose = about(event, rules)
    if whose is None:
        return
    yield Told(whose, "crm", Crm(event.at_ms, event.name, event.action, event.data))
    yield Told(whose, "evidence", _evidence(event))
    if event.action == "lead_created":
        yield Told(whose, "elsewhere", (event.at_ms, way_of(event)))


def _evidence(event: Event) -> Evidence:
    data = event.data
    geo = data.get("geo") or {}
    return Evidence(
        event.at_ms,
        event.name,
        (data.get("capture_method") if event.action == "lead_created" else None) or "import",
        way_of(event),
        event=data.get("event_id") or "",
        country=geo.get("country") or "",
        region=geo.get("region") or "",
        product=data.get("product") or "",
        of_crm=True,
        of_deal=event.action in OF_DEALS,
        created=event.action == "lead_created",
    )
