"""A person on two devices, with mails and a crm: explained, then erased, down to the bytes that the broker keeps."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator

import pytest
import xxhash
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from stream.contract.records import UNIT
from stream.contract.times import format_ms
from stream.explain.shown import Table
from stream.identity.ids import EMAIL, LEAD, USER, VISITOR, Namer
from stream.stages.visitors.known import name_of
from stream.state.keys import TO_FORGET
from tests import patience
from tests.events import data_of, event
from tests.integration import way_out
from tests.integration.brokers import Broker, NoBroker, choose_broker
from tests.integration.conftest import Site
from tests.integration.told import Told

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PARTITIONS = 2
SITE = "shop"
MINUTE_MS = 60_000
KEYS = {"page_view": "visitor_id", "form": "visitor_id", "email": "message_id", "crm": "lead_id"}
#: What the person is called; the laptop is not theirs alone.
NAMES = {EMAIL: secrets.token_hex(32), LEAD: "ann-lead", USER: "ann-user", VISITOR: "ann-phone"}
ANN = NAMES[EMAIL]
OTHERS = [f"{n}b" * 32 for n in range(4)]
#: A broker that cleans at once; of the last segment, which takes what is written, nothing is ever cleaned.
CLEANED_SOON = {
    "segment.ms": "1000",
    "min.cleanable.dirty.ratio": "0.001",
    "min.compaction.lag.ms": "0",
    "max.compaction.lag.ms": "2000",
    "delete.retention.ms": "100",
}


class Shop:
    """An installation that follows people, with traffic."""

    def __init__(self, site: Site) -> None:
        self.site, self.told = site, Told(site)
        self._producer = KafkaProducer(bootstrap_servers=site.broker.bootstrap, acks="all")
        self._number = 0
        layout = site.layout
        self.logs = [layout.state(group) for group in ("visitors", "emails", "leads")]
        self.kept = [*self.logs, layout.results["leads"]]
        admin = KafkaAdminClient(bootstrap_servers=site.broker.bootstrap)
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, dict(CLEANED_SOON)) for name in self.kept])
        admin.close()

    def send(self, kind: str, ago_ms: int, **data: object) -> None:
        """Send an event of some time ago."""
        self._number += 1
        told = {"site_id": SITE, **data}
        made = event(kind, told, id=f"p{self._number}", time=format_ms(int(time.time() * 1000) - ago_ms))
        self._producer.send(
            self.site.prefix + kind, key=str(told[KEYS[kind]]).encode(), value=json.dumps(made).encode()
        )

    def person(self) -> None:
        """Send all that there is of the person, and what somebody else did on the same laptop."""
        page = data_of("page_view")["page"]
        self.send("page_view", 180 * MINUTE_MS, visitor_id="laptop", page=page)
        self.form(150 * MINUTE_MS, "laptop", email_hash=ANN)
        self.form(120 * MINUTE_MS, NAMES[VISITOR], email_hash=ANN, user_id=NAMES[USER])
        for n, action in enumerate(("sent", "delivered", "opened")):
            self.send("email", (100 - n) * MINUTE_MS, message_id="m1", action=action, email_hash=ANN)
        self.send("crm", 90 * MINUTE_MS, lead_id=NAMES[LEAD], action="lead_created", email_hash=ANN)
        deal = {"deal_id": "d-1", "value": 1_200, "currency": "EUR"}
        self.send("crm", 60 * MINUTE_MS, lead_id=NAMES[LEAD], action="deal_won", **deal)
        self.form(20 * MINUTE_MS, "laptop", email_hash=OTHERS[0])
        self._producer.flush()

    def form(self, ago_ms: int, visitor: str, **data: str) -> None:
        """Send a demo form."""
        sent = f"s{self._number}"
        named = {"action": "submit", "form_id": "demo", "form_type": "demo", "submission_id": sent}
        self.send("form", ago_ms, visitor_id=visitor, **named, **data)

    def others(self) -> None:
        """Send something new of each of the others, and of people who are new, so that every log goes on."""
        for n, hash in enumerate([*OTHERS, *(secrets.token_hex(32) for _ in range(8))]):
            self.form(0, f"other-{n if n < len(OTHERS) else self._number}", email_hash=hash)
            for action in ("sent", "delivered", "opened"):
                self.send("email", 0, message_id=f"o{self._number}", action=action, email_hash=hash)
        self._producer.flush()

    def explain(self, option: str, value: str) -> Table | None:
        """Explain somebody by the command; None where nobody is known."""
        words = f"leadpulse explain --site {SITE} --{option} {value} --format json"
        told = way_out.run(words, self.site.settings, code=None)
        return json.loads(told) if told else None

    def records(self, topics: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Give every record that the broker keeps of some topics, committed or not: its topic, key and value."""
        tps = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
        consumer = KafkaConsumer(
            bootstrap_servers=self.site.broker.bootstrap, isolation_level="read_uncommitted", group_id=None
        )
        consumer.assign(tps)
        consumer.seek_to_beginning(*tps)
        ends = consumer.end_offsets(tps)
        while any(consumer.position(tp) < ends[tp] for tp in tps):
            for some in consumer.poll(timeout_ms=500).values():
                for record in some:
                    yield record.topic, (record.key or b"") + b"\x00" + (record.value or b"")
        consumer.close()


def needles() -> dict[str, bytes]:
    """Give all that the person could be found by: texts, hashes of ids, names and numbers made of them."""
    namer, number = Namer(1), xxhash.xxh3_64_intdigest(ANN.encode()) | 1
    return {
        **{f"text of {type}": text.encode() for type, text in NAMES.items()},
        **{f"hash of {type}": namer.id(type, SITE, text).hash for type, text in NAMES.items()},
        "name of a known visitor": name_of(SITE + UNIT + NAMES[VISITOR]).encode(),
        "recipient": number.to_bytes(8, "big"),
        "recipient in a key": f"{number:016x}".encode(),
    }


def found(shop: Shop) -> set[str]:
    """Name what of the person is in any record, but for the wish itself, which is carried out once more a day later."""
    wanted = needles()
    return {
        f"{name} in {topic.removeprefix(shop.site.prefix)}"
        for topic, raw in shop.records(shop.kept)
        if not (topic == shop.site.layout.state("leads") and raw.startswith(TO_FORGET.prefix))
        for name, needle in wanted.items()
        if needle in raw
    }


def wait(what: str, ready: Callable[[], bool], limit_s: float, beside: Callable[[], object] = lambda: None) -> None:
    until = patience.until(limit_s)
    while not ready():
        assert time.monotonic() < until, what
        beside()
        time.sleep(3)  # to ask is a process of its own


@pytest.fixture
def cleaner() -> Iterator[Broker]:
    """Give a broker of the test's own: one thread cleans all logs of a broker, and those of other tests come first."""
    try:
        with choose_broker("kafka", extra="log.cleaner.backoff.ms=1000") as broker:
            yield broker
    except NoBroker as error:
        if "kafka" in os.environ.get("LEADPULSE_REQUIRE", "").split(","):
            raise
        pytest.skip(str(error))


@pytest.mark.timeout(1_200)
def test_a_person_is_explained_and_erased_to_the_last_byte(site: Callable[..., Site], cleaner: Broker) -> None:
    shop = Shop(site(partitions=PARTITIONS, on=cleaner, optional=True, LEADPULSE_LEADS="on"))
    shop.told.worker()
    shop.told.worker()
    shop.person()
    shop.others()

    def is_one_lead() -> bool:
        table = shop.explain("lead", NAMES[LEAD])
        return table is not None and any(
            len(lead["ids"]) == 3 and lead["visitors"] == 2 and lead["deals"]
            for one in table["clusters"]
            for lead in one["leads"]
        )

    wait("the person's ids are one lead", is_one_lead, 90)
    wait("the mail is opened", lambda: bool(shop.explain("message", "m1")), 30)
    explained(shop)
    before = found(shop)
    assert {f"{name} in leadpulse.state.visitors" for name in ("text of 3", "hash of 0")} <= before
    assert {f"{name} in leadpulse.state.emails" for name in ("hash of 0", "recipient")} <= before
    assert {f"{name} in leadpulse.state.leads" for name in ("text of 0", "text of 1", "hash of 2")} <= before
    assert "text of 1 in leadpulse.leads" in before

    told = way_out.run(f"leadpulse erase --site {SITE} --user {NAMES[USER]} --dry-run", shop.site.settings)
    assert "Nothing was written" in told
    told = way_out.run(f"leadpulse erase --site {SITE} --user {NAMES[USER]}", shop.site.settings)
    assert f"Asked: {shop.site.prefix}privacy partition" in told

    def is_forgotten() -> bool:
        table = shop.explain("user", NAMES[USER])
        return table is not None and table["ids"][0]["forgetting"]["done_once"] and "way" not in table["ids"][0]

    wait("the person is forgotten", is_forgotten, 150)
    for option, value in (("visitor", NAMES[VISITOR]), ("lead", NAMES[LEAD]), ("email-hash", ANN), ("message", "m1")):
        wait(f"{option} is forgotten", lambda o=option, v=value: shop.explain(o, v) is None, 30)  # type: ignore[misc]
    laptop = shop.explain("visitor", "laptop")
    assert laptop is not None
    assert [one["belongs_to"]["id"] for one in laptop["visitor"]["sessions"]] == [OTHERS[0]], "his session stays"

    left = {""}

    def is_clean() -> bool:
        left.clear()
        left.update(found(shop))
        return not left

    try:
        wait("the broker has cleaned", is_clean, 50, shop.others)
    except AssertionError:
        raise AssertionError(f"still there: {sorted(left)}") from None
    wishes = [raw for _, raw in shop.records([shop.site.layout.state("leads")]) if raw.startswith(TO_FORGET.prefix)]
    assert any(NAMES[USER].encode() in raw for raw in wishes), "until it is done again"
    shop.told.close()


def explained(shop: Shop) -> None:
    """Hold against the traffic what the command says of the person."""
    laptop = shop.explain("visitor", "laptop")
    assert laptop is not None
    assert [one["belongs_to"]["id"] for one in laptop["visitor"]["sessions"]] == [ANN, ANN, OTHERS[0]]
    assert {one["cell"] for one in laptop["visitor"]["counts"]} >= {"session", "newcomer", "lead"}
    assert {ANN, OTHERS[0]} == {one["root"]["id"] for one in laptop["clusters"]}
    message = shop.explain("message", "m1")
    assert message is not None
    (copy,) = message["message"]["copies"]
    assert set(copy["fate"]) >= {"sent", "delivered", "opened"}
    assert copy["counts"]
    by_lead, by_user = shop.explain("lead", NAMES[LEAD]), shop.explain("user", NAMES[USER])
    assert by_lead is not None
    assert by_user is not None
    assert [one["id"] for one in by_user["ids"][0]["way"]] == [NAMES[USER], ANN]
    (cluster,) = by_user["clusters"]
    assert cluster["leads"] == by_lead["clusters"][0]["leads"]
    (lead,) = cluster["leads"]
    assert {one["id"] for one in lead["ids"]} == {ANN, NAMES[LEAD], NAMES[USER]}
    assert next(iter(lead["entered"])) == "lead"
    assert (lead["stage"], [deal["value"] for deal in lead["deals"]]) == ("customer", [1_200])
    assert cluster["told"][0]["key"] == [SITE, "lead_id", NAMES[LEAD]]
    shown = way_out.run(f"leadpulse explain --site {SITE} --visitor {NAMES[VISITOR]}", shop.site.settings)
    assert f"belongs to email_hash {ANN}" in shown
    assert "Nobody is known" in way_out.run(f"leadpulse explain --site {SITE} --lead l9", shop.site.settings, code=1)
    assert "junk" in way_out.run(f"leadpulse explain --site {SITE} --user undefined", shop.site.settings, code=1)
    off = {**shop.site.settings, "LEADPULSE_LEADS": "off"}
    assert "People are not followed" in way_out.run(f"leadpulse explain --site {SITE} --lead l9", off, code=2)
    assert "sessions" in way_out.run(f"leadpulse explain --site {SITE} --visitor laptop --format json", off)


def test_without_the_topics_of_leads_the_commands_say_how_to_make_them(site: Callable[..., Site]) -> None:
    here = site(partitions=1, off=True, LEADPULSE_LEADS="auto")
    for words in ("explain --site shop --lead l1", "erase --yes --site shop --lead l1"):
        told = way_out.run(f"leadpulse {words}", here.settings, code=2)
        (command,) = way_out.commands(told)
    assert "Nobody is known" in way_out.run("leadpulse explain --site shop --visitor v1", here.settings, code=1)
    way_out.run(command, here.settings)
    told = way_out.run("leadpulse erase --yes --site shop --lead l1", here.settings, code=2)
    assert "No worker has followed people here yet" in told
