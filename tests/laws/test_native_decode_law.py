"""Native decode: what the compiled core takes, Python takes with the same outcome; what it leaves is Python's as ever.

Records go through a shard that has the core and through one that has not: rows, deltas, dead letters, forwards and the
account are the same. The records are those made to hurt, the examples of the contract, and both with fields changed,
left out, added, or bytes exchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stream.adapters.cloudevents import STRUCTURED
from stream.contract.kinds import KINDS
from stream.contract.records import ARRIVAL_HEADER, FROM_HEADER, KIND_HEADER, REROUTE, Record
from stream.contract.times import parse_ms
from stream.engine.groups import GROUPS
from stream.engine.options import FoldOptions
from stream.engine.shard import ShardFold
from stream.ingest.decode import Limits
from stream.ingest.touches import ChannelOptions
from stream.state.keys import ACCOUNT
from tests.contracts.poison import corpus
from tests.laws.test_native_fold_law import stored, told
from tests.laws.traffic import REPORT

pytestmark = pytest.mark.native

GROUP_OF: Final = {kind: name for name, group in GROUPS.items() for kind in group.kinds}
CORE: Final = [name for name, kind in KINDS.items() if not kind.optional]
ARRIVAL_MS: Final = parse_ms("2025-06-15T12:00:00Z") or 0
#: Values that a field may have, right ones and wrong ones, as JSON.
ODD: Final = (
    "null", '""', '" "', '"\\u3000"', '"\u3000"', "0", "-0", "1", "12.0", "1e3", "-1", "1.5", "0.0000005", "0.00000151",
    "999999999999.9999999", "1000000000000", "9007199254740992", "9007199254740991", "true", "false", "[]", "{}",
    '["a"]', '["a",""]', '[1]', '"DE"', '"de"', '"UK"', '"EUR"', '"eur"', '"submit"', '"SUBMIT"', '"site"', '"meta"',
    '"human"', '"bot"', '"a@b.example"', '"a%40b.example"', '"\\u0061@b.example"', '"<m@x.example>"', '"<>"', '"< a>"',
    '"a\\nb"', '"a\\u001fb"', '"\\ud800"', '"\\ud83d\\ude00"', '"é"', '"É "', '" Google "', '"%zz"', '"a\\"b\\\\/"',
    '"https://shop.example/a?utm_source=x&utm_medium=cpc&gclid=1#f"', '"https://www.google.com/"', '"-"',
    '"https://shop.example/b"', '"android-app://com.x/"', '"2025-06-15T12:00:00Z"', '"2025-06-15t10:00:00.5+02:00"',
    '"2025-06-14T11:59:59Z"', '"1999-12-31T23:59:59Z"', '"2025-06-17T00:00:00Z"', '"2016-12-31T23:59:60Z"', '"never"',
    '"curl/8.5.0"', '"Mozilla/5.0"', '"' + "x" * 257 + '"', '"' + "é" * 200 + '"', '"' + "x" * 5_000 + '"',
    '"' + "ab" * 32 + '"', '"' + "AB" * 32 + '"', "[" * 40 + "]" * 40, '{"a":{"b":[1,"x@y.example"]}}', "01", "1.", "nul",
)  # fmt: skip
#: Fields at any place, some of which no kind has.
PLACES: Final = (
    "id", "source", "time", "type", "specversion", "recordedtime", "extra", "data.site_id", "data.visitor_id",
    "data.lead_id", "data.user_id", "data.email_hash", "data.campaign", "data.campaign.source", "data.campaign.medium",
    "data.campaign.name", "data.campaign.id", "data.campaign.term", "data.click_ids", "data.click_ids.gclid",
    "data.click_ids.fbclid", "data.referrer", "data.referrer.url", "data.referrer.domain", "data.geo", "data.geo.country",
    "data.user_agent", "data.traffic", "data.traffic.class", "data.consent", "data.consent.analytics", "data.action",
    "data.page", "data.page.path", "data.page.url", "data.page.group", "data.page.content_id", "data.page.content_type",
    "data.page.offer_id", "data.engagement_ms", "data.form_id", "data.form_type", "data.submission_id", "data.platform",
    "data.fields_asked", "data.fields_present", "data.qualification", "data.qualification.known", "data.value",
    "data.currency", "data.conversation_id", "data.actor", "data.bot_id", "data.resolved", "data.duration_s",
    "data.message_id", "data.bounce_type", "data.machine", "data.recipient_domain", "data.count", "data.cost_micros",
    "data.conversion_value", "data.revision", "data.period_start", "data.extra", "data.page.extra",
)  # fmt: skip


def examples() -> list[tuple[str, bytes]]:
    """Give records of the kinds that the core reads: what is made to hurt, and what is typical."""
    made = [
        (kind, value) for _, kind, value, _ in corpus() if kind in CORE and value is not None and len(value) < 20_000
    ]
    return made + [(kind, orjson.dumps(KINDS[kind].example)) for kind in CORE]


RECORDS: Final = examples()
TYPICAL: Final = [(kind, value) for kind, value in RECORDS if orjson.dumps(KINDS[kind].example) == value]


def changed(value: bytes, path: str, said: str | None) -> bytes:
    """Put a piece of JSON at a place of a record, or take away what is there."""
    try:
        whole = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return value
    at: Any = whole
    *outer, name = path.split(".")
    for step in outer:
        if not isinstance(at, dict):
            return value
        at = at.setdefault(step, {})
    if not isinstance(at, dict):
        return value
    if said is None:
        at.pop(name, None)
    else:
        at[name] = "\0put\0"
    return msgspec.json.encode(whole).replace(b'"\\u0000put\\u0000"', (said or "").encode("utf-8", "surrogatepass"))


@st.composite
def records(draw: st.DrawFn) -> tuple[str, bytes]:
    """Give a record with some of its fields and bytes changed."""
    kind, value = draw(st.sampled_from(draw(st.sampled_from((TYPICAL, RECORDS)))))
    for _ in range(draw(st.integers(0, 3))):
        value = changed(value, draw(st.sampled_from(PLACES)), draw(st.none() | st.sampled_from(ODD)))
    if value and draw(st.integers(0, 7)) == 0:
        at = draw(st.integers(0, len(value) - 1))
        value = value[:at] + bytes([draw(st.integers(0, 255))]) + value[at + draw(st.integers(0, 2)) :]
    return kind, value


def kept(fold: ShardFold) -> dict[bytes, Any]:
    """Give what a commit writes of the state; the account whatever the order of its entries."""
    state: dict[bytes, Any] = dict(stored(fold))
    if account := state.get(ACCOUNT.prefix):
        state[ACCOUNT.prefix] = msgspec.msgpack.decode(account)
    return state


def forwarded(sources: dict[str, list[Record]]) -> list[tuple[str, list[Record]]]:
    """Give records as another shard forwards them."""
    made = [(kind, record) for kind, some in sources.items() for record in some]
    headers = [
        ((KIND_HEADER, kind.encode()), (FROM_HEADER, b"1"), (ARRIVAL_HEADER, b"%d" % ARRIVAL_MS)) for kind, _ in made
    ]
    return [(REROUTE, [(*record[:4], told) for (_, record), told in zip(made, headers, strict=True)])]


def hold_together(made: Sequence[tuple[str, bytes]], shards: int = 1, *, reroute: bool = False, **options: Any) -> None:
    """Fold records with the core and without; compare everything that leaves the shard."""
    by_group: dict[str, dict[str, list[Record]]] = {}
    for nth, (kind, value) in enumerate(made):
        record: Record = (nth, ARRIVAL_MS + nth, None, value, ())
        by_group.setdefault(GROUP_OF[kind], {}).setdefault(kind, []).append(record)
    for group, sources in by_group.items():
        for number in range(shards):
            one, other = (
                ShardFold(group, number, shards, FoldOptions(native=wanted, **options)) for wanted in ("off", "on")
            )
            for fold in (one, other):
                fold.fold(forwarded(sources) if reroute else list(sources.items()))
            assert other.account.letters() == one.account.letters()
            assert other._router.forwards() == one._router.forwards()
            assert kept(other) == kept(one)
            assert told(other.take_delta(1, REPORT)) == told(one.take_delta(1, REPORT))


@given(st.lists(records(), min_size=1, max_size=12))
def test_whatever_comes_ends_as_without_the_core(made: list[tuple[str, bytes]]) -> None:
    hold_together(made)


@given(st.lists(records(), min_size=1, max_size=8))
def test_so_it_does_with_other_settings(made: list[tuple[str, bytes]]) -> None:
    channels = ChannelOptions(own_domains={"shop": ["shop.example"]}, sets=("ai_assistants", "web_mail"))
    limits = Limits(max_bytes=2_000, max_depth=4, own_lateness_ms={"form": 3_600_000})
    hold_together(made, shards=2, require_consent=True, channels=channels, limits=limits, label_limit=2)


@given(st.lists(records(), min_size=1, max_size=8))
def test_so_it_does_where_people_are_followed(made: list[tuple[str, bytes]]) -> None:
    hold_together(made, leads=1, told_by={"visitors": 1, "emails": 1})


@given(st.lists(records(), min_size=1, max_size=8))
def test_so_it_does_with_what_is_forwarded(made: list[tuple[str, bytes]]) -> None:
    hold_together(made, shards=2, reroute=True)


@pytest.mark.parametrize("path", PLACES)
def test_every_field_with_every_value(path: str) -> None:
    hold_together([(kind, changed(value, path, said)) for kind, value in TYPICAL for said in (None, *ODD)])


def test_what_is_made_to_hurt() -> None:
    hold_together(RECORDS)


@given(records())
@example(TYPICAL[0])
def test_what_is_taken_python_takes(made: tuple[str, bytes]) -> None:
    kind, value = made
    fold = ShardFold(GROUP_OF[kind], 0, 1, FoldOptions(native="on"))
    if fold.natively.take(kind, [(0, ARRIVAL_MS, None, value, ())], kind):
        return
    read = STRUCTURED.read(kind, [(0, ARRIVAL_MS, None, value, ())], Limits())
    assert (read.index, read.rejects, read.ignored) == ([0], [], {})


@pytest.mark.parametrize(("kind", "value"), TYPICAL, ids=[kind for kind, _ in TYPICAL])
def test_what_is_typical_goes_the_native_way(kind: str, value: bytes) -> None:
    fold = ShardFold(GROUP_OF[kind], 0, 1, FoldOptions(native="on"))
    is_total = orjson.loads(value)["data"].get("period_start") is not None
    assert bool(fold.natively.take(kind, [(0, ARRIVAL_MS, None, value, ())], kind)) is is_total
