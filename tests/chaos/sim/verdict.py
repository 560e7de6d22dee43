"""Verdict: what four witnesses say at the end of a run: the state, the reference, the result topic, the gauges.

In:  a run that has come to rest.
Out: each difference as a sentence; nothing, if all say the same whole numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiokafka import TopicPartition

from stream.changes.deltas import unpack
from stream.contract.results import encode
from stream.engine.chain import Links
from stream.engine.groups import GROUPS
from stream.engine.shard import ShardFold
from stream.stages.visitors.details import Details
from stream.stages.visitors.row import Extra
from stream.state.keys import CHAIN
from stream.worker import position as positions
from stream.worker.published import key_of
from tests.chaos.sim.broker import Broker
from tests.chaos.sim.expected import OF_LEADS
from tests.chaos.sim.installation import LONG, SHORT
from tests.laws.sums import remembered

if TYPE_CHECKING:
    from tests.chaos.sim.world import World

Rows = dict[bytes | None, bytes | None]
Values = dict[tuple[str, tuple[tuple[str, str], ...]], Any]

_chain: Final = msgspec.msgpack.Decoder(Links).decode


class Shown(msgspec.Struct):
    """What is looked at of a reading on the result topic."""

    metric: str
    labels: dict[str, str]
    window: str | None
    value: Any
    seq: int


_shown: Final = msgspec.json.Decoder(Shown).decode


class ResultTopic:
    """The result topic as somebody reads it who was there from the beginning: each record once."""

    def __init__(self, broker: Broker, name: str) -> None:
        self._broker, self._tp, self._place = broker, TopicPartition(name, 0), 0
        self.newest: dict[bytes, bytes] = {}
        self.shown: dict[bytes, Shown] = {}
        self.wrong: list[str] = []
        self._numbers: dict[bytes, int] = {}

    def read(self) -> bool:
        """Read what has come; tell whether anything has."""
        records, place = self._broker.read(self._tp, self._place)
        came, self._place = place > self._place, place
        for _, _, key, value, _ in records:
            if value is None:
                self.newest.pop(key, None)
                self.shown.pop(key, None)
                continue
            one = _shown(value)
            if one.seq <= self._numbers.get(key, -1):
                self.wrong.append(f"the number of {key!r} does not rise")
            self._numbers[key], self.newest[key], self.shown[key] = one.seq, value, one
        return came

    def of(self, window: str) -> Values:
        """Give the values of one window, and of what has none."""
        return {
            (one.metric, tuple(sorted(one.labels.items()))): one.value
            for one in self.shown.values()
            if one.window is None or one.window == window
        }


def settled(world: World) -> bool:
    """Tell whether the result topic accounts for every record, and says that it does."""
    if not world.results.read() and not world.doubted:
        return False
    accounted, complete = 0, 0
    for one in world.results.shown.values():
        if one.window is None:
            if one.metric == "events_total":
                accounted += one.value
            elif one.metric in ("complete", "leads_complete"):
                complete += one.value == 1
    return accounted >= len(world.expected.sendings) and complete == 1 + world.installation.followed


class Found:
    """What logs and topics hold at the end, read once."""

    def __init__(self, world: World) -> None:
        self.world, self.installation, self.expected = world, world.installation, world.expected
        layout = world.installation.layout
        self.rows: dict[tuple[str, int], Rows] = {
            (group, shard): {row[2]: row[3] for row in self.all(layout.state(group), shard)}
            for group, shard in world.installation.places
        }
        self.values = world.results.of(SHORT)

    def all(self, topic: str, shard: int) -> list[Any]:
        """Give all committed records of a partition."""
        return self.world.broker.read(TopicPartition(topic, shard), 0)[0]


def differences(world: World) -> list[str]:
    """Compare everything until something differs; what is in the rows, which costs most, last and in one run of four."""
    world.doubted = True
    found = Found(world)
    parts: list[Callable[[Found], list[str]]] = [_positions, _deltas, _topic, _gauges]
    if world.installation.followed:
        parts += [_told, _people]
    if world.seed % 4 == 0:
        parts.append(_state)
    return next((wrong for part in parts if (wrong := part(found))), [])


def _positions(found: Found) -> list[str]:
    """Each shard stands at the end of each of its sources."""
    out, broker, layout = [], found.world.broker, found.installation.layout
    for (group, shard), rows in found.rows.items():
        place = rows.get(positions.POSITION_KEY)
        if place is None:
            out.append(f"{group}/{shard} has no position")
            continue
        for source, stands in positions.decode(place).sources.items():
            end = broker.partition(TopicPartition(layout.topic_of(group, source), shard)).end
            if stands.next != end:
                out.append(f"{group}/{shard} stands at {stands.next} of {source}, which ends at {end}")
    return out


def _deltas(found: Found) -> list[str]:
    """Deltas are numbered without a gap."""
    out = []
    for group, shard in found.installation.places:
        numbers = [unpack(row[3]).seq for row in found.all(found.installation.layout.deltas(group), shard) if row[3]]
        if numbers != list(range(1, len(numbers) + 1)):
            out.append(f"{group}/{shard} numbered its deltas {numbers}")
    return out


def _topic(found: Found) -> list[str]:
    """The result topic says what the reference does, and the dead letters are those that should be dead."""
    out, expected = [], found.expected
    places: Counter[tuple[str, str, str]] = Counter()
    figures: dict[str, dict[Any, Any]] = {name: {} for name in expected.figures}
    for (metric, labels), value in found.values.items():
        if metric in figures:
            if value:
                figures[metric][labels] = value
        elif metric == "events_total":
            named = dict(labels)
            places[named["kind"], named["outcome"], named["reason"]] = value
        elif metric == "conservation_error" and value:
            out.append(f"conservation error {value}")
    for place in places.keys() | expected.places.keys():
        if places[place] != expected.places[place] and place[0] not in OF_LEADS:
            out.append(f"account {place}: reference {expected.places[place]}, topic {places[place]}")
    dead = sum(n for (kind, outcome, _), n in expected.places.items() if outcome == "dead_lettered")
    dead += sum(n for (kind, outcome, _), n in places.items() if outcome == "dead_lettered" and kind in OF_LEADS)
    most = max(found.installation.shards.values())
    letters = sum(len(found.all(found.installation.layout.dead_letter, at)) for at in range(most))
    if letters != dead:
        out.append(f"{letters} dead letters, {dead} records that should be")
    for prefix, known in expected.rows.items():
        kept = sum(
            key is not None and key[:1] == prefix and value is not None
            for rows in found.rows.values()
            for key, value in rows.items()
        )
        if known != kept:
            out.append(f"state has {kept} rows {prefix!r}, the reference {known}")
    for metric, want in expected.figures.items():
        have = figures[metric]
        if want != have:
            wrong = next(labels for labels in want.keys() | have.keys() if want.get(labels) != have.get(labels))
            out.append(f"{metric} {dict(wrong)}: reference {want.get(wrong)}, topic {have.get(wrong)}")
    return out


def _gauges(found: Found) -> list[str]:
    """One process shows the gauges, and every one of them is the last value on the topic."""
    results = found.world.results
    shown = [life.view for life in found.world.lives if life.alive and life.view is not None]
    if len(shown) != 1:
        return [f"{len(shown)} processes show the readings"]
    if {key_of(reading): encode(reading) for reading in shown[0].readings} != results.newest:
        return ["the gauges are not the last values on the topic", *results.wrong]
    return results.wrong


def _told(found: Found) -> list[str]:
    """What was told to each shard of leads was taken in, and nothing else."""
    links = {
        f"{group}/{shard}": _chain(rows.get(CHAIN.prefix) or b"\x90") for (group, shard), rows in found.rows.items()
    }
    out = []
    for sender, link in links.items():
        for receiver, seq in link.sent.items():
            last = links[f"leads/{receiver}"].taken.get(sender)
            if last is None or last.seq != seq:
                out.append(f"{sender} told leads/{receiver} number {seq}, and {last} came last")
    return out


def _people(found: Found) -> list[str]:
    """People amount to what they do if nothing ever happens to the one who follows them."""
    topic = found.world.results.of(LONG)
    return [
        f"{metric} {dict(labels)}: {value} straight on, topic {topic.get((metric, labels))}"
        for (metric, labels), value in found.expected.people.items()
        if (value or 0) != (topic.get((metric, labels)) or 0)
    ]


def _state(found: Found) -> list[str]:
    """What is in the log is what a shard without any fault would remember."""
    out = []
    for (group, shard), logged in found.rows.items():
        restored = ShardFold(group, shard, found.installation.shards[group], found.world.fold)
        for key, value in logged.items():
            if key is not None and not key.startswith(b"\x00"):
                restored.load(key, value)
        rows, account = _plain(found, group, shard)
        for what, one, other in (
            ("rows", {} if GROUPS[group].told_by else _rows(restored), rows),
            ("account", restored.account.outcomes, account),
        ):
            if one != other:
                wrong = [name for name in one.keys() | other.keys() if one.get(name) != other.get(name)]
                out.append(f"{group}/{shard} {what}: {len(wrong)} are wrong, as {wrong[0]}: "
                           f"{one.get(wrong[0])} for {other.get(wrong[0])}")  # fmt: skip
    return out


def _plain(found: Found, group: str, shard: int) -> tuple[dict[str, Any], dict[str, int]]:
    """Give rows and account of a shard that read all of its records at once; rows that go by the clock are left out."""
    topics = found.installation.layout.sources[group].items()
    records = [(source, found.all(topic, shard)) for source, topic in topics]
    name = group, shard, *(sorted(record[2:] for record in some if record[4]) for source, some in records)
    known = found.expected.plain.get(repr(name))
    if known is None:
        fold = ShardFold(group, shard, found.installation.shards[group], found.world.fold)
        fold.fold(records)
        fold.stage.hand_over()
        known = {} if GROUPS[group].told_by else _rows(fold), fold.account.outcomes
        if not found.installation.followed:
            found.expected.plain[repr(name)] = known
    return known


def _rows(fold: ShardFold) -> dict[str, Any]:
    """Give all rows, so that those compare equal which say the same.

    A row that could hold more and holds nothing of it is as one that never could; and which source is left out of the
    names of what happened depends on the one that came first.
    """
    out = remembered(fold)
    for name, row in out.items():
        if not isinstance(row, tuple):
            continue
        last, sessions, extra = row
        for session in sessions:
            if session.details is not None:
                _name_alike(session.details)
        if extra is not None:
            for talk in extra.talks:
                talk[1] = talk[1].rpartition("\x1f")[2]
            out[name] = last, sessions, None if extra == Extra() else extra
    return out


def _name_alike(details: Details) -> None:
    for sight in details.sights:
        sight.first, sight.last = _alike(sight.first), _alike(sight.last)
    for ask in details.asks:
        ask.first = _alike(ask.first)
    for saying in details.sayings:
        saying.at = _alike(saying.at)
    if details.key is not None:
        details.key.at = _alike(details.key.at)
    if details.campaign is not None:
        details.campaign = (*_alike(details.campaign[:2]), details.campaign[2])


def _alike(mark: tuple[int, str]) -> tuple[int, str]:
    return mark[0], mark[1].rpartition("\x1f")[2]
