"""What is stored stays readable: a field is appended, or the version rises."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from stream.contract.records import CLAIM, ERASE, KIND_HEADER
from stream.engine.options import FoldOptions
from stream.engine.shard import ShardFold
from stream.identity import orders
from stream.identity.ids import Id
from stream.ingest.touches import ChannelOptions
from stream.lifecycle.read import shipped
from stream.state.keys import STORED, Stored
from tests import stored as examples
from tests.laws.leads.simulation import World
from tests.laws.leads.worlds import T0
from tests.laws.traffic import REPORT, batch, shard
from tests.unit.engine import telling
from tests.unit.golden.events import ad, ad_form, form, mail, signal

BY_NAME = {stored.name: stored for stored in STORED}
#: What a worker refuses; the log that it lies in is read no further.
REFUSED = {"position.v1.json", "position.v2.json"}
#: What the release before wrote, and this one still reads.
FORMER = {"delta.v2.json", "label_budget.v2.json", "rollup_pending.v2.json"}
FILES = sorted(path for path in examples.FOLDER.glob("*.json") if path.name not in REFUSED)
#: What these hold depends on the catalog too; what they say is held by the restored rollup below.
OF_CATALOG = {"rollup_cells", "rollup_series", "rollup_pending"}


def says(now: Any, before: Any) -> bool:
    """Tell whether all that was said before is said now, under the same names; more may be said."""
    if isinstance(before, dict):
        return isinstance(now, dict) and all(name in now and says(now[name], one) for name, one in before.items())
    if isinstance(before, list):
        return isinstance(now, list) and len(now) >= len(before) and all(map(says, now, before))
    return bool(now == before)


def test_everything_that_is_stored_has_bytes_of_its_version() -> None:
    """Of older ones only those that lie beside a position of today: a log of another format is refused as a whole."""
    wanted = {f"{stored.name}.v{stored.version}.json" for stored in STORED} | FORMER
    assert {path.name for path in FILES} == wanted


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_bytes_that_lie_in_a_log_say_what_they_said_when_they_were_written(path: Path) -> None:
    name = path.name.partition(".")[0]
    records, reads = examples.fixture(path)
    assert records
    assert all(key.startswith(BY_NAME[name].prefix) for key, _ in records), "found by its prefix"
    assert says(examples.read(BY_NAME[name], records), reads)


@pytest.mark.parametrize(
    "stored", [one for one in STORED if one.name not in OF_CATALOG], ids=lambda stored: stored.name
)
def test_what_is_written_today_begins_as_the_fixture_of_its_version(stored: Stored) -> None:
    """The same keys, and in each value the same fields in the same places."""
    before, _ = examples.fixture(examples.FOLDER / f"{stored.name}.v{stored.version}.json")
    now = examples.EXAMPLES[stored.name]()
    if stored.name == "label_budget":  # an entry of the catalog that is new brings a family of labels
        now = [record for record in now if record[0] in dict(before)]
    assert [key for key, _ in now] == [key for key, _ in before]
    for (_, new), (_, old) in zip(now, before, strict=True):
        if new != old:
            assert old is not None
            assert new is not None
            read = msgspec.json.decode if old.startswith(b"{") else msgspec.msgpack.decode
            assert says(examples.named(read(new)), examples.named(read(old)))


@pytest.mark.parametrize("former", [False, True], ids=["today", "the release before"])
def test_a_rollup_restored_from_the_fixtures_reads_what_it_read(former: bool) -> None:
    made = examples.rollup()
    for stored in STORED:
        if stored.log == "rollup" and not stored.prefix.startswith(b"\x00"):
            name = f"{stored.name}.v2.json"
            if former and stored.name == "rollup_marks":
                continue  # they were part of the standing
            if not former or name not in FORMER:
                name = f"{stored.name}.v{stored.version}.json"
            records, _ = examples.fixture(examples.FOLDER / name)
            for key, value in records:
                made.load(key, value)
    made.advance(examples.NOON)
    waits = made.snapshot(False)
    assert any(key[:1] == b"p" and len(key) == 6 and value for key, value in waits) == former, "written anew once"
    assert ((b"p\x02", None) in waits) == former
    assert any(key[:1] == b"b" and len(key) > 1 for key, _ in waits) == former
    assert made.snapshot(False) == [(b"q", waits[-1][1])]
    made.advance(examples.NOON + 60_000)
    found = {(r.metric, r.window): (r.labels.get("campaign"), r.value) for r in made.readings(None)}
    assert found["ad_clicks", "24h"] == ("brand", 1.2e-05)  # the amounts of cells are millionths
    assert found["ad_spend", "24h"][0] == "brand"
    assert found["source_lag_records", None] == (None, 4)


@pytest.mark.parametrize("log", ["shard", "rollup"])
def test_no_key_of_a_log_can_be_taken_for_another(log: str) -> None:
    prefixes = [stored.prefix for stored in STORED if stored.log == log]
    assert all(prefixes)
    for prefix in prefixes:
        assert [other for other in prefixes if other.startswith(prefix)] == [prefix]


def test_what_shards_write_is_in_the_list_and_all_of_the_list_is_written() -> None:
    """One event of each sort is enough for every table of the centre."""
    events = {
        "visitors": [form("10:00", "ann", "submit"), ad_form("10:00", "meta", "L1")],
        "emails": [
            mail("10:00", "m1", "sent"),
            *(mail("10:00", "many", "sent", lead_id=f"l{one}") for one in range(5)),
        ],
        "ads": [
            ad("10:00", "click", count=3, period="06-14 00:00 - 06-15 00:00"),
            signal("10:00", "keyword_rank", "serp", "crm", 5, "09:00"),
        ],
    }
    written = set()
    for group, told in events.items():
        fold = shard(group, channels=ChannelOptions(look_back_ms=1), leads=1 if group != "ads" else 0)
        claim = orders.Claim("s1", "bob", Id(0, bytes(16), 0), 1, "crm\x1fr1")
        refusal = orders.Erase("s1", "", [Id(0, bytes(16), 0)], consent=False)
        ordered = [
            (0, 0, b"", orders.encode(order), ((KIND_HEADER, kind),))
            for kind, order in ((CLAIM, claim), (ERASE, refusal))
        ]
        fold.fold([*batch([{"id": f"{group}{n}", **event} for n, event in enumerate(told)]), ("handover", ordered)])
        written |= {key[:1] for key, _ in fold.changes(1, REPORT).state}
    tells = ShardFold("mails", 0, 1, FoldOptions(leads=1), telling.GROUPS)
    written |= {key[:1] for key, _ in tells.changes(1, REPORT).state}
    written |= of_leads()
    assert written == {stored.prefix for stored in STORED if stored.log == "shard" and stored.prefix[0] != 0}


def of_leads() -> set[bytes]:
    """Give the prefixes of what a shard of leads writes."""
    here = World(1, 1, 1, shipped())
    record = {"kind": "crm", "time": T0, "lead": "l1"}
    here.produce({**record, "id": "crm\x1f1", "action": "lead_created", "email": "ab12"})
    here.produce({**record, "id": "crm\x1f2", "action": "deal_won", "deal": "d1", "value": 1, "currency": "EUR"})
    here.produce({"kind": "privacy", "id": "crm\x1f3", "time": T0, "action": "erase", "email": "ab13"})
    here.run(Random(1), crash=0)
    return {key[:1] for shard in here.leads() for key in shard.log}


def test_the_list_names_structs_that_there_are() -> None:
    for stored in STORED:
        assert re.fullmatch(r"[a-z_]+", stored.name)
        assert examples.struct(stored) is not None
