"""Prospects: whom the people of the simulator are known as, on which devices, and how sales hears of them.

In:  the people and happenings of the traffic; a source of chance of its own.
Out: happenings with more ids in them, and those of the crm, of costs and of signals.

The chance is seeded apart from that of the traffic, so that whoever leaves leads out gets the same traffic as ever.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any, Final

from stream.demo import outside
from stream.demo.outside import DAY_MS, HOUR_MS
from stream.demo.sales import EVENT, Course, Prospect
from stream.demo.visits import Happening, Visitor, pick, token
from stream.demo.world import ARRIVALS

#: Leads that ring up, for each visit.
CALLED: Final = 0.01
#: Of those who are known, who has an account; who comes by another device; who shares an address with a whole team.
WITH_ACCOUNT, OTHER_DEVICE, ROLE_ADDRESS = 0.4, 0.3, 0.05
JUNK: Final = ({"lead_id": "undefined"}, {"user_id": "guest"}, {"user_id": "0"}, {"lead_id": "null"})
JUNK_SHARE: Final = 0.01
#: Campaigns of visits → as the ad platform names them.
AD_CAMPAIGNS: Final = {"brand-search": "g-brand", "crm-search": "g-crm", "spring-launch": "m-spring"}

INDUSTRIES: Final = (("software", 4), ("retail", 3), ("manufacturing", 2), ("", 2))
SIZES: Final = (("1-49", 4), ("50-199", 3), ("200-999", 2), ("", 2))
REVENUES: Final = (("0-1m", 3), ("1-10m", 3), ("10m+", 1), ("", 4))
BANT: Final = ("budget", "authority", "need", "timing")
#: Forms that ask for the company, and how ready it is.
ASKING: Final = frozenset({"demo-form", "trial-form", "quote-form"})


class Prospects:
    """Follows who becomes known."""

    def __init__(self, seed: int, sites: list[str]) -> None:
        self._rng = Random(f"leads of {seed}")
        self._devices: dict[str, list[Visitor]] = {}  # by lead
        self._sites = sites
        self._roles = {site: f"{self._rng.getrandbits(256):064x}" for site in sites}
        self._told_ms: dict[str, int] = {}

    # -- who comes

    def device(self, who: Visitor) -> Visitor:
        """Let somebody who is known come by another device now and then."""
        if not who.known or who.traffic != "human":
            return who
        devices = self._devices.setdefault(who.lead_id, [who])
        if self._rng.random() >= OTHER_DEVICE:
            return who
        if len(devices) < 3:
            devices.append(replace(who, visitor_id=token(self._rng, "v"), forms_done=set(who.forms_done)))
        return self._rng.choice(devices)

    def known(self, who: Visitor, visit: list[Happening]) -> list[Happening]:
        """Let somebody become known in a visit, and sales hear of it."""
        rng = self._rng
        if rng.random() < WITH_ACCOUNT:
            who.user_id = token(rng, "u")
        shared = rng.random() < ROLE_ADDRESS
        address = self._roles[who.site] if shared else who.email_hash
        if shared:
            for one in visit:
                if one.data.get("email_hash") == who.email_hash:
                    one.data["email_hash"] = address
            who.email_hash = address
        signed_up = any(one.data.get("event_id") == EVENT for one in visit)
        prospect = Prospect(who.site, who.lead_id, address, who.visitor_id, attends=signed_up)
        return Course(rng, prospect, visit[-1].at_ms).play()

    def filled(self, form: Happening) -> list[Happening]:
        """Let sales hear of a form that was filled in on an ad platform."""
        data = form.data
        if not data.get("lead_id") or self._rng.random() < 0.2:
            return []
        return Course(self._rng, Prospect(data["site_id"], f"{data['platform']}:{data['lead_id']}"), form.at_ms).play()

    def called(self, site: str, at_ms: int) -> list[Happening]:
        """Let somebody ring up, about as often as the visits come."""
        rng = self._rng
        if rng.random() >= CALLED:
            return []
        arrival = pick(rng, [(one, one.weight) for one in ARRIVALS])
        tracked = rng.random() < 0.4 and arrival.touch.channel != "direct"
        method = rng.choices(("phone", "event", "import"), (6, 2, 2))[0]
        fields: dict[str, Any] = dict(arrival.fields) if tracked else {}
        if method == "event":
            fields["event_id"] = "fair-spring"
        prospect = Prospect(
            site,
            token(rng, "l"),
            f"{rng.getrandbits(256):064x}",
            method=method,
            fields=tuple(fields.items()),
            touch=arrival.touch if tracked else None,
        )
        return Course(rng, prospect, at_ms).play()

    # -- what more their events say

    def visited(self, happenings: list[Happening], who: Visitor) -> list[Happening]:
        """Add to a visit what is told of people: accounts, companies, and now and then what a bug writes."""
        rng = self._rng
        out: list[Happening] = []
        for one in happenings:
            data: dict[str, Any] = {"user_id": who.user_id} if who.user_id else {}
            campaign = one.data.get("campaign") or {}
            if campaign.get("name") in AD_CAMPAIGNS:
                data["campaign"] = campaign | {"id": AD_CAMPAIGNS[campaign["name"]]}
            if one.kind == "form" and one.data["action"] == "submit":
                data |= self._told(one.data["form_id"])
            if rng.random() < JUNK_SHARE:
                data |= rng.choice(JUNK)
            out.append(one._replace(data=one.data | data))
        return out

    def _told(self, form: str) -> dict[str, Any]:
        """Say what a form tells beside who sent it."""
        rng = self._rng
        if form == "webinar-form":
            return {"event_id": EVENT}
        if form not in ASKING:
            return {}
        drawn = {"industry": pick(rng, INDUSTRIES), "size_band": pick(rng, SIZES), "revenue_band": pick(rng, REVENUES)}
        company = {name: value for name, value in drawn.items() if value}
        known = [name for name in BANT if rng.random() < 0.4]
        ready = {"qualification": {"framework": "bant", "known": known}} if rng.random() < 0.6 else {}
        return {"product": rng.choice(("crm", "mailer"))} | ({"company": company} if company else {}) | ready

    def mailed(self, happenings: list[Happening], to: Visitor) -> list[Happening]:
        """Add the address to some of what is told of a message."""
        told = {"email_hash": to.email_hash}
        return [one._replace(data=one.data | told) if self._rng.random() < 0.5 else one for one in happenings]

    # -- what goes on outside

    def hour(self, site: str, at_ms: int) -> list[Happening]:
        """Tell of costs and signals, once an hour that begins."""
        rng, out = self._rng, list[Happening]()
        if site not in self._told_ms or outside.month_of(at_ms) != outside.month_of(self._told_ms[site]):
            out += outside.months(rng, site, at_ms)
        if site not in self._told_ms or at_ms % DAY_MS < HOUR_MS:
            out += outside.day(rng, site, at_ms // DAY_MS * DAY_MS - DAY_MS)
        if site not in self._told_ms or at_ms // HOUR_MS % 6 == 0:
            out += outside.signals(rng, site, at_ms)
        self._told_ms[site] = at_ms
        return out
