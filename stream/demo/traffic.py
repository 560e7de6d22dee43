"""Traffic: believable events of some websites as the records a Kafka would get, with the truth about each.

In:  Options: seed, start, length, rate, sites.
Out: an endless (or bounded) stream of Records in order of arrival; the same options give the same bytes.

Chance comes from one seeded generator and time from the options: nothing here looks at a clock. What
happens on the sites is played by visits.py, mails.py and adverts.py; this file decides when it happens and
what the network does to it: duplicates, delays, wrong keys, running clocks, broken bytes.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

import orjson

from stream.demo import adverts, faults, mails
from stream.demo.adverts import HOUR_MS, stamp
from stream.demo.prospects import Prospects
from stream.demo.visits import Happening, Outage, Visit, Visitor, pick, token
from stream.demo.world import (
    ADS,
    ARRIVALS,
    BOTS,
    BROWSERS,
    COUNTRIES,
    MAIL_DOMAINS,
    MAIL_VISIT,
    MAILINGS,
    MANY_FORMS,
    MOST_SITES,
    Arrival,
    Company,
    Touch,
    site_names,
)

KINDS = ("page_view", "form", "chatbot", "email", "ad")
#: What comes beside these where people are followed as leads.
LEAD_KINDS = ("crm", "cost", "signal")
DAY_MS = 86_400_000

# Events that a visit, a mail, an advertisement gives on average: measured, held by a test within a fifth.
EVENTS_A_VISIT = 4.2
EVENTS_A_MAIL = 3.0
EVENTS_A_SHOWING = 1.4
SHARES = {"visit": 0.74, "mail": 0.14, "showing": 0.12}
PLATFORM_FORM_SHARE = 0.02  # ad-platform forms for each visit

BOT_VISITS, INTERNAL_VISITS, TEST_VISITS = 0.13, 0.012, 0.008
DUPLICATED, DELAYED, BROKEN, WRONG_KEY, AHEAD = 0.032, 0.016, 0.009, 0.004, 0.002
RETURNING = 0.3


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may choose.

    `rate` is records a second on the average of a day. Before `live_ms` it is `history_rate`: a past that
    is quick to make. `blanks` allows empty values and tombstones, which a file of lines cannot hold. With `leads`
    people are told by more ids, and there are records of a crm, costs and signals. `company` is what the sites live by,
    `outage` a form of theirs that is out for a while. `regulars` is how many people each site has had before the start:
    without any the first hours have more newcomers than any other.
    """

    seed: int = 1
    start_ms: int = 1_767_225_600_000
    length_ms: int | None = None
    rate: float = 50.0
    live_ms: int | None = None
    history_rate: float | None = None
    sites: int = 2
    rhythm: bool = True
    blanks: bool = True
    faults: bool = True
    leads: bool = False
    company: Company = MANY_FORMS
    outage: Outage | None = None
    regulars: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.sites <= MOST_SITES:
            raise ValueError(f"sites must be 1 to {MOST_SITES}, not {self.sites}")
        if not 0 < self.rate <= 1_000_000 or (self.history_rate is not None and not self.history_rate > 0):
            raise ValueError("rates must be above 0")


class Truth(NamedTuple):
    """What a record is, whatever its bytes say."""

    outcome: str  # counted, duplicate, filtered, dead_lettered
    reason: str  # bot, internal, test; or why it is dead; else empty
    site: str
    happened_ms: int  # by the producer's clock; it counts at the earlier of this and its arrival
    name: str  # source and id, which put events of one moment in order
    data: dict[str, Any] | None  # None where there is nothing to count
    touch: Touch | None
    fault: str = ""  # near_duplicate, far_duplicate, delayed, wrong_key, ahead: what the network did to it


class Record(NamedTuple):
    """One record of a source topic."""

    kind: str
    key: bytes | None
    value: bytes | None
    time_ms: int  # arrival
    truth: Truth


@dataclass(slots=True)
class _Site:
    name: str
    visitors: list[Visitor] = field(default_factory=list)
    readers: list[Visitor] = field(default_factory=list)


class Traffic:
    """The stream of records; iterate it once."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._rng = Random(options.seed)
        self._sites = [_Site(name) for name in site_names(options.sites)]
        self._leads = Prospects(options.seed, site_names(options.sites)) if options.leads else None
        self._count = 0  # breaks ties in the heaps, so that equal times keep their order
        self._happenings: list[tuple[int, int, Happening]] = []
        self._records: list[tuple[int, int, Record]] = []
        self._next_of: list[tuple[int, str]] = [(options.start_ms, name) for name in SHARES]
        self._next_of.append((options.start_ms // HOUR_MS * HOUR_MS, "totals"))
        heapq.heapify(self._next_of)
        for site in self._sites:
            site.readers = [self._subscriber(site.name) for _ in range(300)]
            while len(site.visitors) < options.regulars:
                self._newcomer(site)

    def __iter__(self) -> Iterator[Record]:
        """Yield records by arrival until the length is over."""
        end_ms = math.inf if self._options.length_ms is None else self._options.start_ms + self._options.length_ms
        while True:
            # Whatever is yet to be drawn happens at or after `now`, and arrives no earlier than that.
            now_ms = min(self._next_of[0][0], self._happenings[0][0] if self._happenings else math.inf)
            while self._records and self._records[0][0] <= now_ms:
                record = heapq.heappop(self._records)[2]
                if record.time_ms >= end_ms:
                    return
                yield record
            if now_ms >= end_ms and not self._records:
                return
            if self._happenings and self._happenings[0][0] <= self._next_of[0][0]:
                self._send(heapq.heappop(self._happenings)[2])
            else:
                at_ms, what = heapq.heappop(self._next_of)
                heapq.heappush(self._next_of, (self._begin(what, at_ms), what))

    # -- what happens, and when

    def _rate(self, at_ms: int) -> float:
        options = self._options
        history = options.live_ms is not None and at_ms < options.live_ms and options.history_rate is not None
        rate = options.history_rate if history and options.history_rate is not None else options.rate
        if not options.rhythm:
            return rate
        hour = at_ms % DAY_MS / HOUR_MS
        return rate * (1 - 0.5 * math.cos((hour - 2) / 24 * 2 * math.pi))  # quiet at 2 at night, busy at 14, in UTC

    def _gap_ms(self, at_ms: int, what: str) -> int:
        events = {"visit": EVENTS_A_VISIT, "mail": EVENTS_A_MAIL, "showing": EVENTS_A_SHOWING}[what]
        gap_ms = 1000 * self._rng.expovariate(self._rate(at_ms) * SHARES[what] / events)
        live_ms = self._options.live_ms
        if live_ms is not None and at_ms < live_ms <= at_ms + gap_ms:
            return live_ms - at_ms  # a change of pace begins at once and not after a last slow gap
        return max(1, int(gap_ms))

    def _begin(self, what: str, at_ms: int) -> int:
        """Begin a visit, mail or showing at a moment; return when the next of its sort begins."""
        rng = self._rng
        site = rng.choice(self._sites)
        if what == "totals":
            for each in self._sites:
                for ad in ADS:
                    if ad.totals:
                        self._expect(adverts.totals(rng, each.name, ad, at_ms - HOUR_MS))
                if self._leads is not None:
                    self._expect(self._leads.hour(each.name, at_ms))
            return at_ms + HOUR_MS
        if what == "visit":
            self._visit(site, pick(rng, [(arrival, arrival.weight) for arrival in ARRIVALS]), at_ms)
            if rng.random() < PLATFORM_FORM_SHARE:
                form = adverts.platform_form(rng, site.name, at_ms)
                self._expect([form])
                if self._leads is not None:
                    self._expect(self._leads.filled(form))
            if self._leads is not None:
                self._expect(self._leads.called(site.name, at_ms))
        elif what == "mail":
            self._mail(site, rng.choice(site.readers), at_ms)
        else:
            ad = pick(rng, [(ad, ad.weight) for ad in ADS if not ad.totals])
            self._expect(adverts.single(rng, site.name, ad, at_ms))
        return at_ms + self._gap_ms(at_ms, what)

    def _expect(self, happenings: list[Happening]) -> None:
        for happening in happenings:
            if happening.at_ms >= self._options.start_ms:
                self._count += 1
                heapq.heappush(self._happenings, (happening.at_ms, self._count, happening))

    def _visit(self, site: _Site, arrival: Arrival, at_ms: int, who: Visitor | None = None) -> None:
        rng = self._rng
        if who is None and site.visitors and rng.random() < RETURNING:
            who = rng.choice(site.visitors)
        if who is None:
            who = self._newcomer(site)
        if self._leads is not None:
            who = self._leads.device(who)
        visit = Visit(rng, who, arrival, at_ms, self._options.company, self._options.outage)
        happenings = visit.play()
        if self._leads is not None:
            happenings = self._leads.visited(happenings, who)
            if visit.became_lead and who.traffic == "human":
                self._expect(self._leads.known(who, happenings))
        self._expect(happenings)
        if visit.became_lead and who.traffic == "human":
            who.mail_domain = pick(rng, MAIL_DOMAINS)
            site.readers.append(who)
            self._mail(site, who, visit.happenings[-1].at_ms + rng.randrange(5_000, 60_000), welcome=True)

    def _mail(self, site: _Site, to: Visitor, at_ms: int, welcome: bool = False) -> None:
        mailing = MAILINGS[0] if welcome else pick(self._rng, [(mailing, mailing.weight) for mailing in MAILINGS])
        fate = mails.fate(self._rng, to, mailing, at_ms)
        self._expect(fate.happenings if self._leads is None else self._leads.mailed(fate.happenings, to))
        if fate.visit_ms is not None:
            campaign = mailing.campaign or "mail"
            touch = Touch("email", campaign)
            arrival = Arrival(touch, 0, {"campaign": MAIL_VISIT | {"name": campaign}}, appetite=1.5)
            self._visit(site, arrival, fate.visit_ms + 1_500, who=to)

    # -- who does it

    def _newcomer(self, site: _Site) -> Visitor:
        rng = self._rng
        chance = rng.random()
        if chance < BOT_VISITS:
            return Visitor(site.name, token(rng, "v"), {"user_agent": rng.choice(BOTS)}, "bot")
        traits = self._traits()
        if chance < BOT_VISITS + INTERNAL_VISITS:
            return Visitor(site.name, token(rng, "v"), traits | {"traffic": {"class": "internal"}}, "internal")
        if chance < BOT_VISITS + INTERNAL_VISITS + TEST_VISITS:
            return Visitor(site.name, token(rng, "v"), traits | {"traffic": {"class": "test"}}, "test")
        # Two sites may know one visitor id: two persons all the same.
        other = rng.choice(self._sites)
        shared = other is not site and other.visitors and rng.random() < 0.03
        who = Visitor(site.name, rng.choice(other.visitors).visitor_id if shared else token(rng, "v"), traits)
        site.visitors.append(who)
        if len(site.visitors) > 20_000:
            site.visitors.pop(rng.randrange(10_000))
        return who

    def _traits(self) -> dict[str, Any]:
        rng = self._rng
        *_, agent = rng.choice(BROWSERS)
        country = pick(rng, COUNTRIES)
        traits: dict[str, Any] = {"geo": {"country": country}} if country else {}
        if agent:
            traits["user_agent"] = agent
        if rng.random() < 0.9:
            traits["consent"] = {"analytics": rng.random() < 0.96}
        return traits

    def _subscriber(self, site: str) -> Visitor:
        rng = self._rng
        who = Visitor(
            site,
            token(rng, "v"),
            self._traits(),
            lead_id=token(rng, "l"),
            mail_domain=pick(rng, MAIL_DOMAINS),
        )
        who.email_hash = f"{rng.getrandbits(256):064x}"
        return who

    # -- what the network does to it

    def _send(self, what: Happening) -> None:
        rng, noisy = self._rng, self._options.faults
        fault = ""
        happened_ms = what.at_ms
        arrival_ms = happened_ms + rng.randrange(3, 400)
        if noisy and rng.random() < DELAYED:
            fault, arrival_ms = "delayed", happened_ms + rng.randrange(60_000, 600_000)
        elif noisy and rng.random() < AHEAD:
            fault, happened_ms = "ahead", arrival_ms + rng.randrange(1_000, 90_000)
        event_id, source = f"{rng.getrandbits(64):016x}", f"//{what.data['site_id']}.example/{what.kind}"
        envelope = {
            "specversion": "1.0",
            "id": event_id,
            "source": source,
            "type": what.kind,
            "time": self._written(happened_ms),
            "recordedtime": stamp(arrival_ms),
            "data": what.data,
        }
        key: bytes | None = what.key.encode()
        if noisy and not fault and rng.random() < WRONG_KEY:
            fault, key = "wrong_key", rng.choice((None, token(rng, "x").encode()))
        outcome, reason = ("counted", "") if what.traffic == "human" else ("filtered", what.traffic)
        name = f"{source}\x1f{event_id}"
        truth = Truth(outcome, reason, what.data["site_id"], happened_ms, name, what.data, what.touch, fault)
        self._arrive(Record(what.kind, key, orjson.dumps(envelope), arrival_ms, truth))
        if not noisy:
            return
        # A clock that runs ahead makes the first arrival count; its twin could win the race, so it has none.
        if fault not in ("ahead", "wrong_key") and rng.random() < DUPLICATED:
            near = rng.random() < 0.5
            again_ms = arrival_ms + (rng.randrange(1, 40) if near else rng.randrange(30_000, 1_200_000))
            twin = truth._replace(
                outcome="duplicate",
                reason="",
                data=None,
                touch=None,
                fault="near_duplicate" if near else "far_duplicate",
            )
            value = orjson.dumps(envelope | {"recordedtime": stamp(again_ms)})
            self._arrive(Record(what.kind, key, value, again_ms, twin))
        if rng.random() < BROKEN:
            new_id = envelope | {"id": f"{rng.getrandbits(64):016x}"}
            broken = faults.break_it(rng, what.kind, new_id, arrival_ms, self._options.blanks)
            dead = Truth("dead_lettered", broken.reason, broken.site, happened_ms, "", None, None)
            self._arrive(Record(what.kind, key, broken.value, arrival_ms, dead))

    def _arrive(self, record: Record) -> None:
        self._count += 1
        heapq.heappush(self._records, (record.time_ms, self._count, record))

    def _written(self, at_ms: int) -> str:
        """Write a time as this or that sender does; all name the same millisecond."""
        style = self._rng.random()
        if style < 0.9:
            return stamp(at_ms)
        if style < 0.95:
            return stamp(at_ms + 2 * HOUR_MS)[:-1] + "+02:00"
        return stamp(at_ms)[:-1] + "000Z"
