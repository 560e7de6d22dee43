"""Stored: an example of everything that is stored, and how it is read back.

In:  the structs of today; the fixtures in `tests/fixtures/stored`.
Out: records as (key, value), and what they say in names.

`python -m tests.stored` writes the fixtures that are missing. It changes none: what lies in somebody's log does not
change either. A new version gets a file of its own beside the old one.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from stream.changes import holds
from stream.changes.accumulator import Spread
from stream.changes.deltas import Delta, pack
from stream.changes.holds import Held
from stream.changes.panes import HOUR_MS, Grid
from stream.engine.account import Figures
from stream.engine.chain import Links, Taken
from stream.identity.facts import Evidence, Mailed
from stream.identity.ids import Id
from stream.identity.packed import FACTS, encode_fact
from stream.lifecycle.read import shipped
from stream.rollup.rollup import Rollup, RollupOptions
from stream.rollup.standing import Standing
from stream.stages.ads.grains import Grains
from stream.stages.ads.signals import Latest
from stream.stages.ads.totals import Total
from stream.stages.emails.copy import Copy, Told
from stream.stages.emails.message import Message
from stream.stages.leads import rows as leads
from stream.stages.leads.rulebook import Applied
from stream.stages.visitors.counted_by import LookBack
from stream.stages.visitors.details import Ask, Details, KeyDetails, Saying, Sight
from stream.stages.visitors.known import KnownSince
from stream.stages.visitors.row import AdDetails, AdLead, Deeds, Extra, Folded, Loose, Packed, Row, Submission
from stream.stages.visitors.sightings import Sightings
from stream.state.horizon import Hours
from stream.state.keys import STORED, Stored
from stream.state.known_ids import KnownIds, hash_ids
from stream.state.labels import LabelGuard
from stream.state.own_ids import OwnIds
from stream.worker import position
from stream.worker.life import birth
from stream.worker.rollup_shard import RollupPosition

FOLDER = Path(__file__).parent / "fixtures/stored"
NOON = 1_750_000_000_000 // HOUR_MS * HOUR_MS

Records = list[tuple[bytes, bytes | None]]
_pack = msgspec.msgpack.encode


def _id(type: int) -> Id:
    return Id(type, bytes(range(type, 16 + type)), 3 + type)


def _details() -> Details:
    return Details(
        [Sight(_id(0), (NOON + 1, "e1"), (NOON + 5, "chat\x1fe5"))], [Ask("demo", "top", "fair", (NOON + 5, "e5"), "ebook", "o7")],
        [Saying((NOON + 5, "e5"), "bant", ("budget", "need"), "software", "50-200", "1-10m")],
        KeyDetails((NOON + 5, "e5"), "o7", "ebook", "BE", "crm"), (NOON + 1, "e1", "77"),
    )  # fmt: skip


def _people() -> Row:
    """Every field with a value of its own, so that no two can be taken for each other."""
    deeds = Deeds(
        (NOON + 5, "e5", "form", "demo", "top", "fair"), NOON + 6, [NOON + 6], [NOON + 7], {"contact": [1, 2, 3]}, 1,
        (NOON + 1, "e1", NOON + 2, "mail\x1fe2", 7, "e3"), _details(),
    )  # fmt: skip
    session = Packed(
        NOON, NOON + 9_000, 4, 3, 8_000, array("I", [1, 8]).tobytes(), "e0", "email", "spring", "google", "example.org",
        "DE", "blog", "a-1", "\x1eblog\x1fa-1\x1e", deeds,
    )  # fmt: skip
    extra = Extra(
        13, 14, 15, {"ebook": [15, 16]}, [[17, "chat\x1fe17", "c1", 5, "greeter", True, 2_500, "o1", 7_000_000, "EUR"]],
        [
            Submission("contact", "1", (18, "e18"), (19, "e19"), 4, 3, (18, "e18", "demo"), (19, "e19", 5, "EUR"),
                       (18, "e18", "ebook"))
        ],
        [Loose(20, "e20", "contact", ("email", "june", None, None), "FR", "77")],
        Folded({"channel\x1femail": [29, 30]}, 31, 32, [33, 1, 34, 35], [("ad_landing", 36)],
               Sight(_id(2), (37, "e37"), (38, "e38")), 39, "78"),
        True,
    )  # fmt: skip
    return Row(NOON + 9_000, [session], "web", extra)


def _copy() -> Copy:
    return Copy(
        NOON + 9, NOON + 1, NOON + 2, 0b110, NOON // 1_000 * 8 + 2, NOON + 3, NOON + 8, NOON + 4, [NOON // 1_000 << 32 | 7],
        (NOON + 5, "mail\x1fu"), (NOON + 6, "mail\x1fr"),
        [(NOON + 2, "mail\x1fs", "spring", "newsletter", "a", "example.org"), (NOON + 7, "mail\x1ft", None, None, "b", None)],
        Told([_id(0), _id(1)], NOON + 2, NOON + 4, NOON + 5),
    )  # fmt: skip


def _message() -> Message:
    return Message(NOON + 9, {0x1122334455667788: _copy()}, [(0x1122334455667788, 0x99AABBCCDDEEFF1)], False)


_EMAIL, _LEAD, _USER, _DEAL = (Id(type, bytes((type,)) * 16, 3) for type in (0, 1, 2, 4))


def _part() -> leads.Part:
    facts = Evidence("v1", NOON, "web\x1fe1", "form", "email", "june"), Mailed("00ff", "delivered", NOON + 1, True)
    raws = [msgspec.Raw(encode_fact(fact)) for fact in facts]
    return leads.Part("s1", "ab12", NOON - 1, "web\x1fe0", 2, b"".join(map(bytes, raws)), True, [(_EMAIL, raws[0])])


def _home() -> leads.Row:
    told = leads.Told(
        1, "l1", "s1", 7, "warm", {"created": b"12345678"},
        leads.Said(15, [("booked", 25, 1)], (NOON, "email", "june"), b"{}"),
    )  # fmt: skip
    return leads.Row(
        NOON, NOON + 5, NOON + 4, 2, 1, 3, "s1", NOON - 7, _EMAIL, True, [_LEAD], ["v1"], [_DEAL], FACTS, _part(),
        [_USER], [(_USER, _LEAD)], [_LEAD], msgspec.Raw(_pack([told])), NOON - 9, 4,
        leads.Calm(NOON, NOON - 1, "sql", True, False, True, 5, 20, 50),
    )  # fmt: skip


def _deal() -> leads.Deal:
    return leads.Deal(
        NOON, "s1", "d1", (NOON, "crm\x1f1"), (NOON + 1, "crm\x1f2", _LEAD), (NOON + 2, "crm\x1f3", 9_000_000, "EUR", True),
        (NOON + 3, "crm\x1f4"), (NOON + 4, "crm\x1f5", _USER), [(NOON + 6, "crm\x1f6", 5_000_000, "USD")], False,
    )  # fmt: skip


def _total() -> Total:
    cell: list[str | int | None] = ["ad_conversion", "s1", "google", "brand", "search", "prospecting", "b"]
    worth: list[str | int | None] = ["ad_conversion_value", *cell[1:], "EUR"]
    return Total(NOON + 9, 2, NOON + 5, "ads\x1fe7", NOON - 8, NOON + 8, 41_700_000, cell, 90_000_000, worth)


def _signal() -> Latest:
    labels = ["s1", "keyword_rank", "searchbox", "crm software"]
    return Latest(NOON + 9, NOON - 8, 3, NOON + 7, "tool\x1fe9", 4_250_000, 1, labels, True)


def _known_ids() -> Records:
    ids = KnownIds(cap_bytes=8 * 4)
    for hour in range(4):
        ids.check(hash_ids([f"shop\x1f{hour}", f"shop\x1f{hour}'"]), np.full(2, hour + 10, np.int64))
    return ids.changes()


def _own_ids() -> Records:
    kept = OwnIds(["crm", "privacy"])
    for at, ids in enumerate(kept.of.values()):
        ids.check(hash_ids([f"shop\x1f{at}"]), np.full(1, at + 31, np.int64), "crm")
    kept.of["crm"].expire(32, 0)
    kept.of["crm"].expire(32, 200_000)
    kept.of["crm"].check(hash_ids(["shop\x1fnew"]), np.full(1, 40, np.int64), "crm")
    return kept.changes()


def _labels() -> Records:
    guard = LabelGuard(2)
    guard.see(NOON // 86_400_000, ())
    for value in ("spring", "café", "over", "further"):
        guard.admit("campaign", value)
    return guard.changes()


def _granularity() -> Records:
    kept = Grains()
    for grain in ("x-----", "------"):
        kept.add("s1\x1fgoogle\x1fbrand\x1fclick", grain, NOON, NOON + HOUR_MS)
    return kept.changes()


def _delta() -> Delta:
    return Delta(
        "ads", 3, 9, [("ad_click", "s1", "google", "brand", "search", "unknown", "b")], np.zeros(1, np.int32).tobytes(),
        np.array([Grid().pane(NOON)], np.int64).tobytes(), np.array([12], np.int64).tobytes(),
        [Spread(("ad_spend", "s1", "google", "brand", "search", "unknown", "b", "EUR"), NOON, NOON + HOUR_MS, 5_000_000, 1)],
        {"ad": NOON}, NOON - 5, True, NOON + 7, {"ad": 4}, ["lead"], {"ad/counted": 12, "ad/accepted": 12},
        {"mixed_granularity/s1": 1.0}, {"known/s1\x1fgoogle\x1fbrand\x1fspend\x1fEUR": NOON + HOUR_MS}, "00ff",
        sent={2: 17}, taken={"visitors/4": 21}, standing=[("counted", "s1", "ad")],
        stands=np.array([31], np.int64).tobytes(),
    )  # fmt: skip


def rollup() -> Rollup:
    """Make an empty rollup, as all of these fixtures are of."""
    return Rollup(RollupOptions({"ads": 4}, windows=("1h", "24h")))


def _rollup() -> Records:
    made = rollup()
    made.advance(NOON + 60_000)
    made._standings.of["ads", 3] = Standing(8, 0, True, {}, None, {}, [], {}, {}, {})  # what it reported before
    for delta in pack(_delta()):
        made.apply(delta)
    made.readings(None)
    return made.snapshot(True)


def _amounts() -> Records:
    made = rollup()
    assert made._levels is not None
    made._levels.stand(np.array([3, 1_004]), np.array([5, -2]))
    return [(key, value) for key, value in made.snapshot(True) if key[:1] == b"a"]


def _of_rollup(prefix: bytes) -> Callable[[], Records]:
    return lambda: [(key, value) for key, value in _rollup() if key[:1] == prefix]


def _row(key: str, value: msgspec.Struct) -> Callable[[], Records]:
    return lambda: [(key.encode(), _pack(value))]


_PLACE: dict[str, Any] = {
    "life": "00ff", "settings": {"partitioner": "murmur2"}, "owner": position.Owner("leadpulse", "w1", "77aa"),
}  # fmt: skip
_POSITION = position.Position({"ad": position.SourcePosition(17, 16, "a1b2", NOON, 12)}, seq=9, **_PLACE)

#: Name → its records as they are written today.
EXAMPLES: dict[str, Callable[[], Records]] = {
    "people": _row("vs1\x1fann", _people()),
    "known_people": _row("y0011223344556677", KnownSince(NOON)),
    "counted_by": _row("o", LookBack(90 * 24 * HOUR_MS)),
    "ad_leads": _row(
        "ws1\x1fmeta\x1fL1",
        AdLead(
            NOON + 5, NOON, "meta\x1fe9", "paid_social", "demo", "top", "fair",
            [Submission("f", "1", (NOON, "meta\x1fe9"), (NOON + 5, "meta\x1fe10"), 2, 1, None, (NOON, "meta\x1fe9", 5, "EUR"))],
            AdDetails(_id(0), "spring", "o7", "ebook", "DE", "BE", "crm", "77"), [_id(0), _id(1)],
        ),
    ),
    "sightings": _row("es1\x1fann", Sightings(NOON, [(NOON - 5, "crm\x1fr1", _id(1)), (NOON, "crm\x1fr2", _id(0))])),
    "no_consent": lambda: [(b"z\x00" + bytes(range(16)), b"")],
    "messages": _row("ms1\x1fm1", _message()),
    "message_parts": _row("ns1\x1fm1\x1f1122334455667788", _copy()),
    "ad_totals": _row("ts1\x1fgoogle\x1fbrand", _total()),
    "granularity": _granularity,
    "lead_homes": lambda: [(b"b" + leads.key(_LEAD), _pack(_home()))],
    "lead_parts": lambda: [(b"p" + leads.key(_EMAIL) + leads.key(_LEAD), _pack(_part()))],
    "lead_deals": lambda: [(b"d" + leads.key(_DEAL), _pack(_deal()))],
    "lead_rules": _row("r", Applied(shipped().hash, [2], [shipped()])),
    "to_forget": lambda: [
        (b"f" + leads.key(_EMAIL), _pack(leads.Waiting(NOON + 60_000, _EMAIL, "ab12", "s1", NOON, True)))
    ],
    "known_ids": _known_ids,
    "signals": _row("us1\x1fkeyword_rank\x1fsearchbox\x1fcrm software", _signal()),
    "own_ids": _own_ids,
    "labels": _labels,
    "known_horizon": _row("h", Hours({"page_view": 485_000, "form": 484_990}, {"form": 484_000}, 483_000, 482_000)),
    "account": _row("c", Figures({"ad/accepted": 3, "ad/counted": 2}, {"ad": NOON}, NOON - 5)),
    "chain": _row("a", Links({0: 7, 2: 9}, {"visitors/1": Taken(5, "00ff", NOON - 3)}, NOON - 4)),
    "position": lambda: [(position.POSITION_KEY, position.encode(_POSITION))],
    "rollup_cells": _of_rollup(b"x"),
    "rollup_series": _of_rollup(b"s"),
    "rollup_pending": _of_rollup(b"p"),
    "rollup_amounts": _amounts,
    "rollup_marks": _of_rollup(b"k"),
    "standing": _row(
        "dads/3", Standing(9, NOON, True, {"ad": NOON}, NOON - 5, {"ad": 4}, ["lead"], {"ad/counted": 2}, {"g": 1.5}, {"m": 6}, "00ff", {2: 17}, {"visitors/4": 21})
    ),
    "label_budget": _of_rollup(b"b"),
    "rollup_clock": _of_rollup(b"q"),
    "rollup_position": lambda: [(b"\x00position", msgspec.json.encode(RollupPosition(next={"leadpulse.deltas.ads": [4, 0]}, **_PLACE)))],
    "birth": lambda: [(b"\x00birth", birth("00ff", 7))],
    "rollup_birth": lambda: [(b"\x00birth", birth("00ff", 7))],
    "rollup_alive": lambda: [(b"\x00alive", b"")],
    "rollup_successor": lambda: [(b"\x00successor", b"2")],
    "delta": lambda: [(b"", record) for record in pack(_delta())],
    "holds": lambda: [(holds.pack(NOON, [Held("ads", 3, 9, "00ff"), Held("emails", 0, 2, "ff00")]), None)],
}  # fmt: skip


# --- what records say ---------------------------------------------------------------------------------------


def named(value: Any) -> Any:
    """Give a value with its fields by name, so that two that changed places are seen."""
    if isinstance(value, msgspec.Struct):
        return {name: named(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, msgspec.Raw):
        return named(msgspec.msgpack.decode(value))
    if is_dataclass(value) and not isinstance(value, type):
        return named(asdict(value))
    if isinstance(value, dict):
        return {str(key): named(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [named(one) for one in value]
    return value.hex() if isinstance(value, bytes) else value


def struct(stored: Stored) -> Any:
    room, _, name = stored.struct.rpartition(".")
    return getattr(import_module(room), name)


def _read_known_ids(records: Records) -> Any:
    ids = KnownIds()
    for key, value in records:
        ids.load(key, value)
    every = hash_ids([f"shop\x1f{hour}{mark}" for hour in range(4) for mark in ("", "'")])
    return {"dropped": ids.dropped_before_hour, "known": ids.check(every, np.full(8, 13, np.int64)).tolist()}


def _read_own_ids(records: Records) -> Any:
    kept = OwnIds(["crm", "privacy"])
    for key, value in records:
        kept.load(key, value)
    every = hash_ids(["shop\x1f0", "shop\x1f1", "shop\x1fnew"])
    return {
        kind: [ids.forgotten_before_hour("crm"), ids.check(every, np.full(3, 40, np.int64)).tolist()]
        for kind, ids in kept.of.items()
    }


def _read_labels(records: Records) -> Any:
    guard = LabelGuard(2)
    for key, value in records:
        guard.load(key, value)
    folded = dict(guard.folded)
    return {"folded": folded, "admitted": [guard.admit("campaign", value) for value in ("spring", "café", "over")]}


def _read_granularity(records: Records) -> Any:
    kept = Grains()
    for key, value in records:
        kept.load(key, value)
    return {"mixed": kept.mixed()}


def _read_plain(records: Records) -> Any:
    return [[key.hex(), named(msgspec.msgpack.decode(value))] for key, value in records if value is not None]


def _read_pending(records: Records) -> Any:
    if len(records[0][0]) == 2:  # as it was written until version 2
        return _read_plain(records)
    return [[key.hex(), np.frombuffer(value or b"", "<i8").tolist()] for key, value in records]


_READ: dict[str, Callable[[Records], Any]] = {
    "known_ids": _read_known_ids,
    "own_ids": _read_own_ids,
    "labels": _read_labels,
    "granularity": _read_granularity,
    "position": lambda records: named(position.decode(records[0][1] or b"")),
    "rollup_position": lambda records: named(msgspec.json.decode(records[0][1] or b"", type=RollupPosition)),
    "rollup_alive": lambda records: len(records),
    "holds": lambda records: [named(holds.unpack(key)) for key, _ in records],
    "no_consent": lambda records: [key.hex() for key, _ in records],
    "rollup_successor": lambda records: [int(value) for _, value in records],
    **dict.fromkeys(("birth", "rollup_birth"), lambda records: named(msgspec.json.decode(records[0][1] or b""))),
    "rollup_pending": _read_pending,
    **dict.fromkeys(
        ("rollup_amounts", "rollup_cells", "rollup_series", "rollup_marks", "label_budget", "rollup_clock"), _read_plain
    ),
}


def read(stored: Stored, records: Records) -> Any:
    """Read records as a restart does, and say what is in them."""
    if stored.name in _READ:
        return json.loads(json.dumps(_READ[stored.name](records)))
    kind = struct(stored)
    return [named(msgspec.msgpack.decode(value or b"", type=kind)) for _, value in records]


def fixture(path: Path) -> tuple[Records, Any]:
    """Give the records of a fixture, and what they were found to say when it was written."""
    told = json.loads(path.read_text(encoding="utf-8"))
    rows = [(bytes.fromhex(key), None if value is None else bytes.fromhex(value)) for key, value in told["records"]]
    return rows, told["reads"]


def main() -> None:
    """Write what is missing."""
    for stored in STORED:
        path = FOLDER / f"{stored.name}.v{stored.version}.json"
        if path.exists():
            continue
        records = EXAMPLES[stored.name]()
        rows = [[key.hex(), None if value is None else value.hex()] for key, value in records]
        told = {"records": rows, "reads": read(stored, records)}
        path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"wrote {path.name}")


if __name__ == "__main__":
    main()
