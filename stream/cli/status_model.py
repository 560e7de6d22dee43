"""Status model: what an installation is like, worked out from what the broker holds of it.

In:  an inspection of the broker, the layout.
Out: a table of plain values, the same for a person and for a program; and what is wrong, each with what to do.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from stream.changes.deltas import Delta, unpack
from stream.cli.status_problems import SILENT_S, Problem, problems
from stream.kafka.inspect import Inspection, Newest
from stream.kafka.layout import Layout

Table = dict[str, Any]


@dataclass(frozen=True)
class Status:
    """All there is to say; healthy where nothing is wrong."""

    table: Table
    problems: tuple[Problem, ...]

    @property
    def healthy(self) -> bool:
        return not self.problems


def status(seen: Inspection, layout: Layout, group: str, now_ms: int, whole: Layout | None = None) -> Status:
    """Work out the status at a moment; `layout` is of what runs, `whole` of what could with all topics there."""
    deltas = {
        (name, number): (newest, _delta(newest))
        for name in layout.groups
        for number in range(_partitions(seen, layout.deltas(name)))
        if (newest := seen.newest.get((layout.deltas(name), number))) is not None
    }
    shards = [
        _shard(seen, layout, name, number, deltas.get((name, number)), now_ms)
        for name in layout.groups
        for number in range(_partitions(seen, layout.state(name)))
    ]
    account = _account(delta for _, delta in deltas.values() if delta is not None)
    table: Table = {
        "group": {"id": group, "state": seen.group_state or "Empty", "workers": _workers(seen)},
        "shards": shards,
        "sources": [
            *(_source(seen, layout, topic, kind, now_ms) for topic, kind in _kinds(layout)),
            *_missing(seen, layout, whole or layout),
        ],
        "rollup": _rollup(seen, layout, now_ms),
        "account": account,
        "dead_letters": _dead_letters(seen, layout, account, now_ms),
        "clock_skew_s": None if seen.ahead_s is None else round(seen.ahead_s, 1),
    }
    found = tuple(problems(table, seen, group))
    return Status({"healthy": not found, **table, "problems": [vars(one) for one in found]}, found)


def _delta(newest: Newest) -> Delta | None:
    try:
        return unpack(newest.value or b"")
    except msgspec.MsgspecError:
        return None  # of another release: its time is all that is known of it


def _partitions(seen: Inspection, topic: str) -> int:
    return seen.found[topic].partitions if topic in seen.found else 0


def _workers(seen: Inspection) -> list[Table]:
    """Give members with the number of partitions that each was given."""
    counts = Counter(seen.owners.values())
    return [{"worker": name, "partitions": counts[name]} for name in seen.members]


def _age_s(timestamp_ms: int, now_ms: int) -> float:
    return round(max(0, now_ms - timestamp_ms) / 1_000, 1)


def _shard(
    seen: Inspection, layout: Layout, name: str, number: int, told: tuple[Newest, Delta | None] | None, now_ms: int
) -> Table:
    topics = layout.sources[name]
    newest, delta = told if told is not None else (None, None)
    age_s = None if newest is None else _age_s(newest.timestamp_ms, now_ms)
    runs = age_s is not None and age_s < SILENT_S
    owner = next((seen.owners[place] for topic in topics.values() if (place := (topic, number)) in seen.owners), None)
    unread = {source: _behind(seen, topic, number) for source, topic in topics.items()}
    lag = delta.lag_records if runs and delta is not None else unread
    return {
        "shard": f"{name}/{number}",
        "owner": owner,
        "lag_records": sum(lag.values()),
        "lag_by_source": dict(lag),
        "committed_age_s": age_s,
        "seq": None if delta is None else delta.seq,
        "caught_up": bool(runs and delta is not None and delta.caught_up),
    }


def _behind(seen: Inspection, topic: str, number: int) -> int:
    """Count what lies behind the advisory offset, which a worker writes each few seconds."""
    place = topic, number
    if place not in seen.ends:
        return 0
    return max(0, seen.ends[place] - max(seen.committed.get(place, 0), seen.begins.get(place, 0)))


def _kinds(layout: Layout) -> list[tuple[str, str]]:
    return [(topic, kind) for name, group in layout.groups.items() for kind, topic in layout.sources[name].items()
            if kind in group.kinds]  # fmt: skip


def _source(seen: Inspection, layout: Layout, topic: str, kind: str, now_ms: int) -> Table:
    name, _ = layout.source_of(topic)
    count, shards = _partitions(seen, topic), _partitions(seen, layout.state(name))
    times = [newest.timestamp_ms for (at, _), newest in seen.newest.items() if at == topic]
    return {
        "topic": topic,
        "kind": kind,
        "partitions": count,
        "unread_partitions": max(0, count - shards),
        "unread_records": sum(_behind(seen, topic, number) for number in range(shards, count)),
        "newest_age_s": _age_s(max(times), now_ms) if times else None,
        "missing": False,
    }


def _missing(seen: Inspection, layout: Layout, whole: Layout) -> list[Table]:
    """Give the sources that nobody reads since their topics, or those of their group, are not there."""
    read = {topic for topic, _ in _kinds(layout)}
    return [
        {
            "topic": topic,
            "kind": kind,
            "partitions": _partitions(seen, topic),
            "unread_partitions": 0,
            "unread_records": 0,
            "newest_age_s": None,
            "missing": True,
        }
        for topic, kind in _kinds(whole)
        if topic not in read
    ]


def _rollup(seen: Inspection, layout: Layout, now_ms: int) -> Table:
    result = seen.newest.get((layout.metrics, 0))
    written = [one for one in (result, seen.newest.get((layout.rollup, 0))) if one is not None]
    reading = _reading(result)
    return {
        "owner": seen.owners.get((layout.rollup, 0)),
        "published_age_s": _age_s(max(one.timestamp_ms for one in written), now_ms) if written else None,
        "complete": reading.get("complete"),
        "as_of": reading.get("as_of"),
        "keeps_history": layout.history in seen.found,
    }


def _reading(newest: Newest | None) -> Table:
    try:
        found = json.loads((newest.value if newest is not None else None) or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _account(deltas: Iterable[Delta]) -> Table:
    """Add up what the shards booked; names are `kind/outcome` or `kind/outcome/reason`."""
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for delta in deltas:
        for name, n in delta.account.items():
            _, outcome, *rest = name.split("/", 2)
            outcomes[outcome] += n
            if outcome == "dead_lettered":
                reasons[rest[0] if rest else ""] += n
    ended = {name: outcomes[name] for name in ("counted", "duplicate", "filtered", "dead_lettered")}
    return {
        "accepted": outcomes["accepted"],
        **ended,
        "conservation_error": outcomes["accepted"] - sum(ended.values()),
        "dead_lettered_by_reason": dict(reasons.most_common()),
    }


def _dead_letters(seen: Inspection, layout: Layout, account: Table, now_ms: int) -> Table:
    times = [one.timestamp_ms for (topic, _), one in seen.newest.items() if topic == layout.dead_letter]
    return {
        "total": account["dead_lettered"],
        "by_reason": account["dead_lettered_by_reason"],
        "newest_age_s": _age_s(max(times), now_ms) if times else None,
    }
