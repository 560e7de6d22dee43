"""Verdict: what four witnesses say at the end of a run: the state, the reference, the result topic, the gauges.

In:  a run that has come to rest.
Out: each difference as a sentence; nothing, if all say the same whole numbers.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import msgspec
import orjson
from aiokafka import TopicPartition

from stream.changes.deltas import unpack
from stream.contract.readings import Reading
from stream.contract.results import encode
from stream.engine.chain import Links
from stream.engine.groups import GROUPS, following
from stream.engine.options import FoldOptions
from stream.engine.shard import ShardFold
from stream.reference.account import Window
from stream.stages.visitors.row import Extra
from stream.state.keys import CHAIN
from stream.worker import position as positions
from stream.worker.published import key_of
from tests.accounting import told_of
from tests.laws.sums import remembered
from tests.oracle import Raw, judge
from tests.straight import Series, straight

if TYPE_CHECKING:
    from tests.chaos.sim.world import World

#: A few of each group are enough to tell a wrong count.
FIGURES: Final = ("page_views", "visitors", "leads", "conversations", "emails_sent", "ad_impressions", "ad_clicks")
#: What people amount to who are followed; all of it lies in this window.
LEAD_FIGURES: Final = ("stage_leads", "attributed_leads", "merged_leads", "key_events")
_LONG: Final = "30d"
#: Kinds that the reference of these runs does not know.
_OF_LEADS: Final = ("crm", "privacy")
_READING: Final = msgspec.json.Decoder(dict[str, Any])


def settled(world: World) -> bool:
    """Tell whether the result topic accounts for every record, and says that it does."""
    end = world.broker.partition(TopicPartition(world.layout.metrics, 0)).stable_end
    if end == world.looked_at:
        return False
    world.looked_at = end
    records = sum(1 for _ in _sources(world))
    last = _last(world)
    accounted = sum(value["value"] for (metric, _), value in last.items() if metric == "events_total")
    complete = [value["value"] for (metric, _), value in last.items() if metric in ("complete", "leads_complete")]
    return accounted >= records and complete == [1] * (1 + world.followed)


def differences(world: World) -> list[str]:
    """Compare everything until something differs; what is in the rows, which costs most, last and in one run of three."""
    parts = [_positions, _deltas, _topic, _gauges]
    parts += [_told, _people] if world.followed else []
    parts += [_state] if world.seed % 3 == 0 else []
    return next((found for part in parts if (found := part(world))), [])


def _sources(world: World) -> list[Raw]:
    out = []
    for group, count in world.shards.items():
        for kind in GROUPS[group].kinds:
            for shard in range(count):
                for offset, time_ms, key, value, _ in _all(world, kind, shard):
                    out.append(Raw(kind, shard, offset, time_ms, key, value))
    return out


def _all(world: World, topic: str, shard: int) -> list[Any]:
    return world.broker.read(TopicPartition(topic, shard), 0)[0]


def _last(world: World, window: str = "1h") -> dict[tuple[str, tuple[tuple[str, str], ...]], dict[str, Any]]:
    """Give the last value of each key of the result topic, of one window and of what has none."""
    newest: dict[bytes, bytes | None] = {}
    for _, _, key, value, _ in _all(world, world.layout.metrics, 0):
        newest[key] = value
    found = [_READING.decode(value) for value in newest.values() if value is not None]
    return {
        (one["metric"], tuple(sorted(one["labels"].items()))): one for one in found if one["window"] in (None, window)
    }


def _positions(world: World) -> list[str]:
    """Each shard stands at the end of each of its sources."""
    out = []
    for group, count in world.shards.items():
        for shard in range(count):
            rows = {row[2]: row[3] for row in _all(world, world.layout.state(group), shard)}
            place = rows.get(positions.POSITION_KEY)
            if place is None:
                out.append(f"{group}/{shard} has no position")
                continue
            for source, found in positions.decode(place).sources.items():
                partition = world.broker.partition(TopicPartition(world.layout.topic_of(group, source), shard))
                if found.next != partition.end:
                    out.append(f"{group}/{shard} stands at {found.next} of {source}, which ends at {partition.end}")
    return out


def _deltas(world: World) -> list[str]:
    """Deltas are numbered without a gap."""
    out = []
    for group, count in world.shards.items():
        for shard in range(count):
            numbers = [unpack(row[3]).seq for row in _all(world, world.layout.deltas(group), shard)]
            if numbers != list(range(1, len(numbers) + 1)):
                out.append(f"{group}/{shard} numbered its deltas {numbers}")
    return out


def _state(world: World) -> list[str]:
    """What is in the log is what a shard without any fault would remember."""
    out = []
    for group, count in world.shards.items():
        for shard in range(count):
            options = following(FoldOptions(), world.shards)
            restored, plain = (ShardFold(group, shard, count, options) for _ in range(2))
            rows = {row[2]: row[3] for row in _all(world, world.layout.state(group), shard)}
            for key, value in rows.items():
                if not key.startswith(b"\x00"):
                    restored.load(key, value)
            topics = world.layout.sources[group].items()
            plain.fold([(source, _all(world, topic, shard)) for source, topic in topics])
            plain.stage.hand_over()
            kept = ({}, {}) if GROUPS[group].told_by else (_rows(restored), _rows(plain))  # these go by the clock
            for what, one, other in (
                ("rows", *kept),
                ("account", restored.account.outcomes, plain.account.outcomes),
            ):
                if one != other:
                    wrong = [name for name in one.keys() | other.keys() if one.get(name) != other.get(name)]
                    out.append(f"{group}/{shard} {what}: {len(wrong)} are wrong, as {wrong[0]}: "
                               f"{one.get(wrong[0])} for {other.get(wrong[0])}")  # fmt: skip
    return out


def _rows(fold: ShardFold) -> dict[str, Any]:
    """Give all rows, so that those compare equal which say the same.

    A row that could hold more and holds nothing of it is as one that never could; and which source is left out of the
    names of what happened depends on the one that came first.
    """
    out = remembered(fold)
    for name, row in out.items():
        if isinstance(row, tuple) and row[-1] is not None:
            extra: Extra = row[-1]
            for talk in extra.talks:
                talk[1] = talk[1].rpartition("\x1f")[2]
            out[name] = (*row[:-1], None if extra == Extra() else extra)
    return out


def _topic(world: World) -> list[str]:
    """The result topic says what the reference does, and the dead letters are those that should be dead."""
    out, last = [], _last(world)
    raw = [one for one in _sources(world) if one.kind not in _OF_LEADS]
    judged = judge(raw)
    places: Counter[tuple[str, str, str]] = Counter()
    for (metric, labels), reading in last.items():
        named = dict(labels)
        if metric == "events_total":
            places[named["kind"], named["outcome"], named["reason"]] = reading["value"]
        if metric == "conservation_error" and reading["value"]:
            out.append(f"conservation error {reading['value']}")
    for place in places.keys() | judged.places.keys():
        if places[place] != judged.places[place] and place[0] not in _OF_LEADS:
            out.append(f"account {place}: reference {judged.places[place]}, topic {places[place]}")
    ended = judged.places + Counter({place: n for place, n in places.items() if place[0] in _OF_LEADS})
    dead = sum(n for (_, outcome, _), n in ended.items() if outcome == "dead_lettered")
    letters = sum(len(_all(world, world.layout.dead_letter, at)) for at in range(max(world.shards.values())))
    if letters != dead:
        out.append(f"{letters} dead letters, {dead} records that should be")
    reference = told_of(judged)
    for sort, prefix in (("person", b"v"), ("message", b"m")):
        known, kept = reference.units(sort), _live(world, prefix)
        if known != kept:
            out.append(f"state has {kept} rows of the sort {sort}, the reference {known}")
    edge_ms = max((event.at_ms for event in judged.events), default=0) + 1
    span = Window("1h", edge_ms - 3_600_000, edge_ms)
    for metric in FIGURES:
        if metric == "leads" and world.followed:
            continue  # people are counted there, and not visitors
        want = {labels: one.value for labels, one in reference.between(metric, span).items() if one.value}
        have = {labels: one["value"] for (name, labels), one in last.items() if name == metric and one["value"]}
        if want != have:
            wrong = next(labels for labels in want.keys() | have.keys() if want.get(labels) != have.get(labels))
            out.append(f"{metric} {dict(wrong)}: reference {want.get(wrong)}, topic {have.get(wrong)}")
    return out


def _told(world: World) -> list[str]:
    """What was told to each shard of leads was taken in, and nothing else."""
    links: dict[str, Links] = {}
    for group, count in world.shards.items():
        for shard in range(count):
            rows = {row[2]: row[3] for row in _all(world, world.layout.state(group), shard)}
            links[f"{group}/{shard}"] = msgspec.msgpack.decode(rows.get(CHAIN.prefix) or b"\x90", type=Links)
    out = []
    for sender, link in links.items():
        for receiver, seq in link.sent.items():
            last = links[f"leads/{receiver}"].taken.get(sender)
            if last is None or last.seq != seq:
                out.append(f"{sender} told leads/{receiver} number {seq}, and {last} came last")
    return out


def _people(world: World) -> list[str]:
    """People amount to what they do if nothing ever happens to the one who follows them."""
    last, out = _last(world, _LONG), []
    for (metric, labels, window), one in _straight(world).items():
        found = last.get((metric, labels), {}).get("value")
        if metric in (*LEAD_FIGURES, "leads") and window == _LONG and (one.value or 0) != (found or 0):
            out.append(f"{metric} {dict(labels)}: {one.value} straight on, topic {found}")
    return out


def _straight(world: World) -> dict[Series, Reading]:
    """Read all records by one shard of each group; once, for none come any more when this is asked for."""
    if world.straight is None:
        records: dict[Any, list[Any]] = {}
        for raw in sorted(_sources(world), key=lambda raw: (raw.timestamp_ms, raw.partition, raw.offset)):
            records.setdefault(raw.kind, []).append((raw.offset, raw.timestamp_ms, raw.key, raw.value, ()))
        world.straight = straight(records, {name: GROUPS[name] for name in world.shards}, windows=(_LONG,))
    return world.straight


def _live(world: World, prefix: bytes) -> int:
    """Count the rows of a sort over all state logs."""
    count = 0
    for group, shards in world.shards.items():
        for shard in range(shards):
            rows = {row[2]: row[3] for row in _all(world, world.layout.state(group), shard)}
            count += sum(key[:1] == prefix and value is not None for key, value in rows.items())
    return count


def _gauges(world: World) -> list[str]:
    """One process shows the gauges, and every one of them is the last value on the topic."""
    shown = [life.view for life in world.lives if life.alive and life.view is not None]
    if len(shown) != 1:
        return [f"{len(shown)} processes show the readings"]
    newest: dict[bytes, bytes | None] = {}
    numbers: dict[bytes, int] = {}
    out = []
    for _, _, key, value, _ in _all(world, world.layout.metrics, 0):
        newest[key] = value
        if value is not None:
            number = orjson.loads(value)["seq"]
            if number <= numbers.get(key, -1):
                out.append(f"the number of {key!r} does not rise")
            numbers[key] = number
    gauges = {key_of(reading): encode(reading) for reading in shown[0].readings}
    if gauges != {key: value for key, value in newest.items() if value is not None}:
        out.append("the gauges are not the last values on the topic")
    return out
