"""Simulation: shards that read partitions, commit and crash; and what they report, added up.

In:  events.
Out: shards that have read all of it, and cells.

A partition is a list. A shard reads on from its position, in any interleaving of its sources; a commit makes its
state, its outputs and its positions durable together; a crash takes it back to the last commit: what it knew is made
anew of the log. As in Kafka with transactions, nobody sees what was not committed.
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
from msgspec import Raw

from stream.changes.accumulator import Accumulator
from stream.changes.panes import DAY_MS, Grid
from stream.contract.records import CLAIM, UNIT
from stream.identity.ids import Namer
from stream.lifecycle.rules import Rules
from stream.stages.leads import contribution
from stream.stages.leads.stage import Leads
from stream.stages.stage import EVERY, HandOver, Result, Shared
from stream.state.labels import Labels
from tests.laws.leads.readers import SITE, Reader
from tests.laws.leads.worlds import Event

#: Group and number of a shard.
Name = tuple[str, int]
GRID = Grid()
#: Clocks run ahead of what is still to come: nothing may be settled.
NEVER_MS = 10_000 * DAY_MS
SOURCES = {"visitors": ("web", "orders"), "emails": ("mail", "orders"), "leads": ("crm", "touches")}


@dataclass
class Batch:
    """Events of one kind, as the engine hands them on."""

    kind: Any
    events: list[Any]

    def __post_init__(self) -> None:
        self.keys = [""] * len(self.events)
        self.times = np.array([event.time_ms for event in self.events], np.int64)
        self.arrivals = self.times

    def __len__(self) -> int:
        return len(self.events)

    def only(self, flags: Any) -> Batch:
        return Batch(self.kind, [event for event, flag in zip(self.events, flags, strict=True) if flag])


def record_of(event: Event) -> Any:
    """Make an event of the kind crm or privacy as the contract has it."""
    names = {
        "email_hash": "email", "lead_id": "lead", "user_id": "user", "visitor_id": "visitor", "deal_id": "deal",
        "from_": "from", "reason": "", "rep_id": "rep", "assignment": "", "capture_method": "method", "event_id": "",
        "appointment_id": "", "new_customer": "new", "campaign": "", "geo": "", "product": "", "consent": "consent",
        "to": "to", "value": "value", "currency": "currency", "action": "action",
    }  # fmt: skip
    data = SimpleNamespace(site_id=SITE, **{name: event.get(key) for name, key in names.items()})
    source, _, id = event["id"].partition(UNIT)
    return SimpleNamespace(type=event["kind"], source=source, id=id, data=data, time_ms=event["time"])


def offline(event: Any) -> tuple[str, str]:
    """Say that a record of the crm came by no channel."""
    return "direct", ""


def load(stage: Leads, log: dict[bytes, bytes]) -> None:
    """Let a stage begin with what its log holds."""
    by_prefix = {table.prefix: table for table in stage.tables}
    for key, value in log.items():
        by_prefix[key[:1]].load(key, value)


def write(stage: Leads, log: dict[bytes, bytes]) -> None:
    """Write what changed to a log, as it is when it was compacted."""
    for table in stage.tables:
        for key, value in table.changes():
            if value is None:
                log.pop(key, None)
            else:
                log[key] = value


class LeadShard:
    """One shard of leads, made of its log."""

    def __init__(self, world: World, shard: int, log: dict[bytes, bytes]) -> None:
        self.accumulator = Accumulator()
        sites = Labels("site", lambda label, value: value or "unknown")
        shared = Shared(GRID, lambda label, value: value or "unknown", sites, 35 * DAY_MS, shard, world.namer)
        self.stage = Leads(shared, world.rules, offline, contribution, world.sure_after_ms)
        self.noted: Counter[str] = Counter()
        self.log = log
        load(self.stage, log)

    def read(self, source: str, sender: Name | None, message: Any) -> None:
        """Take a record."""
        if source == "crm":
            event = record_of(message)
            self.stage.take(Batch(event.type, [event]))
        else:
            assert sender is not None
            self.stage.hear(*sender, [Raw(message)])

    def fold(self) -> None:
        """End a batch."""
        assert not self.stage.fold(self.accumulator)
        self.noted.update(self.stage.noted())

    def advance(self, now_ms: int) -> None:
        """Move the clock."""
        self.fold()
        self.stage.advance(now_ms, self.accumulator)

    def commit(self) -> list[tuple[str, int | None, bytes, bytes]]:
        """Write the log; give what goes to others: group, partition (or by key), key, value."""
        self.fold()
        write(self.stage, self.log)
        out: list[tuple[str, int | None, bytes, bytes]] = []
        for home, messages in self.stage.touches().items():
            out += [("leads", home, b"", bytes(message)) for message in messages]
        for order in self.stage.hand_over():
            out.append((order.group, order.partition, order.key, pickle.dumps((order.value, _is_claim(order)))))
        return out


def _is_claim(order: HandOver) -> bool:
    return order.headers[0][1] == CLAIM


class ReaderShard:
    """One shard of visitors or mails; its log is itself."""

    def __init__(self, world: World, group: str) -> None:
        self.accumulator = Accumulator()
        self.reader = Reader(group, world.namer, self.accumulator)

    def read(self, source: str, sender: Name | None, message: Any) -> None:
        """Take a record."""
        if source == "orders":
            value, is_claim = pickle.loads(message)
            self.reader.obey(value, is_claim=is_claim)
        else:
            self.reader.read(message)

    def fold(self) -> None:
        """End a batch."""

    def advance(self, now_ms: int) -> None:
        """Nothing happens by itself."""

    def commit(self) -> list[tuple[str, int | None, bytes, bytes]]:
        """Give what goes to shards of leads."""
        messages = self.reader.outgoing.take()
        return [("leads", home, b"", bytes(one)) for home, some in messages.items() for one in some]


class World:
    """An installation."""

    def __init__(self, visitors: int, emails: int, leads: int, rules: Rules, sure_after_ms: int = NEVER_MS) -> None:
        self.counts = {"visitors": visitors, "emails": emails, "leads": leads}
        self.rules, self.sure_after_ms = rules, sure_after_ms
        self.namer = Namer(leads, "crc32", rules.ignore)
        self._homes = {group: Namer(n, "crc32") for group, n in self.counts.items()}
        self.topics: dict[tuple[str, int, str], list[tuple[Name | None, Any]]] = {}
        self.shards: dict[Name, Any] = {}
        self.positions: dict[Name, dict[str, int]] = {}
        self.logs: dict[Name, dict[bytes, bytes]] = {}
        self._saved: dict[Name, bytes] = {}
        for group, n in self.counts.items():
            for shard in range(n):
                name = group, shard
                self.positions[name] = dict.fromkeys(SOURCES[group], 0)
                self.logs[name] = {}
                self.shards[name] = self._start(name)
                self._save(name)
        self.total: Counter[tuple[Any, int | None]] = Counter()
        self.results: list[Result] = []
        self.until_ms = 0
        self.sent: Counter[tuple[Name, Name]] = Counter()

    def _start(self, name: Name) -> Any:
        if name[0] == "leads":
            return LeadShard(self, name[1], dict(self.logs[name]))
        return ReaderShard(self, name[0])

    def _save(self, name: Name) -> None:
        shard = self.shards[name]
        if isinstance(shard, LeadShard):
            self.logs[name] = dict(shard.log)
            self._saved[name] = pickle.dumps(self.positions[name])
        else:
            reader = shard.reader
            kept = reader.rows, reader.known, reader._linked, reader._named
            self._saved[name] = pickle.dumps((self.positions[name], kept))

    def restart(self, name: Name) -> None:
        """Let a shard begin again at its last commit."""
        shard = self.shards[name] = self._start(name)
        if isinstance(shard, LeadShard):
            self.positions[name] = pickle.loads(self._saved[name])
        else:
            reader = shard.reader
            self.positions[name], kept = pickle.loads(self._saved[name])
            reader.rows, reader.known, reader._linked, reader._named = kept

    # what is read -----------------------------------------------------------------------------------------

    def partition(self, group: str, shard: int, source: str) -> list[tuple[Name | None, Any]]:
        """Give the records of a partition."""
        return self.topics.setdefault((group, shard, source), [])

    def home(self, group: str, value: str) -> int:
        """Give the shard that a key belongs to."""
        return self._homes[group].home(value)

    def produce(self, event: Event) -> None:
        """Write an event to its topic."""
        kind = event["kind"]
        if kind in ("crm", "privacy"):
            key = next(event[f] for f in ("lead", "deal", "email", "user", "visitor") if event.get(f))
            group, source = "leads", "crm"
        elif kind == "email":
            group, source, key = "emails", "mail", event["message"]
        else:
            group, source, key = "visitors", "web", event.get("visitor") or event.get("lead") or event.get("email")
        self.partition(group, self.home(group, str(key)), source).append((None, event))

    def lag(self, name: Name) -> int:
        """Give how many records a shard has still to read."""
        return sum(len(self.partition(*name, source)) - at for source, at in self.positions[name].items())

    def turn(self, name: Name, rng: Random, most: int, crash: float) -> None:
        """Let a shard fold some records, and commit or crash."""
        shard, positions = self.shards[name], self.positions[name]
        for _ in range(rng.randint(1, most)):
            ready = [source for source, at in positions.items() if at < len(self.partition(*name, source))]
            if not ready:
                break
            source = rng.choice(ready)
            sender, message = self.partition(*name, source)[positions[source]]
            positions[source] += 1
            shard.read(source, sender, message)
            if rng.random() < 0.3:
                shard.fold()  # a batch ends anywhere
        if self.until_ms and rng.random() < 0.15:  # what is late may take back what was due by then
            shard.advance(self.until_ms - rng.randrange(130 * DAY_MS))
        if crash and rng.random() < crash:
            self.restart(name)
        else:
            self.commit(name)

    def commit(self, name: Name) -> None:
        """Make all that a shard has done durable."""
        shard = self.shards[name]
        out = shard.commit()
        for group, place, key, value in out:
            source = "touches" if group == "leads" else "orders"
            places = [self.home(group, key.decode())] if place is None else [place]
            for at in range(self.counts[group]) if place == EVERY else places:
                self.partition(group, at, source).append((name, value))
                self.sent[name, (group, at)] += 1
        for key_, amount in taken(shard.accumulator).items():
            self.total[key_] += amount
        if isinstance(shard, LeadShard):
            self.results += shard.stage.results()
        self._save(name)

    def complete(self) -> bool:
        """Tell whether all sources are read and nothing is on its way, as far as shards have committed."""
        taken_in: Counter[tuple[Name, Name]] = Counter()
        for name in self.shards:
            saved = pickle.loads(self._saved[name])
            positions = saved if name[0] == "leads" else saved[0]
            for source, at in positions.items():
                records = self.partition(*name, source)
                if source in ("web", "mail", "crm") and at < len(records):
                    return False
                taken_in.update((sender, name) for sender, _ in records[:at] if sender is not None)
        return all(taken_in[pair] >= n for pair, n in self.sent.items())

    def run(
        self, rng: Random, most: int = 8, crash: float = 0.15, watch: Callable[[World], None] | None = None
    ) -> None:
        """Let shards turn in any order until everything is read."""
        while busy := [name for name in self.shards if self.lag(name)]:
            self.turn(rng.choice(busy), rng, most, crash)
            if watch is not None:
                watch(self)

    def advance(self, now_ms: int) -> None:
        """Move all clocks."""
        for name, shard in self.shards.items():
            shard.advance(now_ms)
            self.commit(name)

    def result(self) -> dict[tuple[Any, int | None], int]:
        """Give all cells."""
        return {key: n for key, n in self.total.items() if n}

    def leads(self) -> list[LeadShard]:
        """Give the shards of leads."""
        return [shard for (group, _), shard in self.shards.items() if group == "leads"]


def taken(accumulator: Accumulator) -> Counter[tuple[Any, int | None]]:
    """Give the changes of cells by cell and pane; what stands has none."""
    out: Counter[tuple[Any, int | None]] = Counter()
    names, index, panes, amounts, _ = accumulator.take()
    for at, pane, amount in zip(index.tolist(), panes.tolist(), amounts.tolist(), strict=True):
        out[names[at], pane] += amount
    standing, stands = accumulator.take_standing()
    for cell, amount in zip(standing, stands.tolist(), strict=True):
        out[cell, None] += amount
    return out
