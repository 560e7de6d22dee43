"""Topic plan: every topic of an installation with its partitions and settings, and what is wrong with those there are.

In:  the topic prefix, partition counts, and what a broker has.
Out: topics to create; or findings, each saying what, where and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from stream.contract import records
from stream.errors import REBUILD
from stream.kafka.layout import ROLLUP, Layout
from stream.kafka.topic_spec import (
    COMPACTED,
    DEAD_LETTER,
    DELTAS,
    HANDOVER,
    LEAD_EVENTS,
    MAPPED,
    MESSAGE_BYTES,
    REROUTE,
    SOURCE,
    STAMPED,
    TIME_TYPE,
    TOUCHES,
    Finding,
    Found,
    TopicSpec,
    replication_findings,
    setting_findings,
)  # fmt: skip

DEFAULT_PARTITIONS: Final = 12

#: Sources that are not a producer's: name → role and settings.
OWN_SOURCES: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    records.REROUTE: ("reroute", REROUTE),
    records.HANDOVER: ("handover", HANDOVER),
    records.TOUCHES: ("touches", TOUCHES),
}
#: What shards of leads write for others, by name of the result.
RESULTS: Final[Mapping[str, Mapping[str, str]]] = {
    "leads": COMPACTED,
    "lead_events": LEAD_EVENTS,
}
_KIND: Final[tuple[str, Mapping[str, str]]] = ("source", SOURCE)


class TopicPlan:
    """All topics of one installation."""

    def __init__(self, layout: Layout, partitions: Mapping[str, int] | int = DEFAULT_PARTITIONS) -> None:
        """Take the number of partitions of each group, or one number for all."""
        if isinstance(partitions, int):
            counts = {name: group.partitions or partitions for name, group in layout.groups.items()}
        else:
            counts = dict(partitions)
        self.layout = layout
        specs: list[TopicSpec] = []
        for name, count in counts.items():
            roles = {
                **{topic: OWN_SOURCES.get(source, _KIND) for source, topic in layout.sources[name].items()},
                layout.state(name): ("state", COMPACTED),
                layout.deltas(name): ("deltas", DELTAS),
            }
            group = layout.groups[name]
            if group.told_by:
                roles |= {topic: ("result", RESULTS[result]) for result, topic in layout.results.items()}
            kinds = {layout.sources[name][kind]: kind for kind in group.optional_kinds if kind in layout.sources[name]}
            theirs = {topic: TopicSpec(topic, "source", name, 0, MAPPED, mapped=True) for topic in group.mapped}
            specs += [
                theirs.get(topic) or TopicSpec(topic, role, name, count, configs, group.optional, kinds.get(topic, ""))
                for topic, (role, configs) in roles.items()
            ]
        specs.append(TopicSpec(layout.rollup, "state", "rollup", 1, COMPACTED))
        specs.append(TopicSpec(layout.metrics, "result", "rollup", 1, COMPACTED))
        if layout.history is not None:
            specs.append(TopicSpec(layout.history, "history", "rollup", 1, COMPACTED, optional=True))
        if layout.alerts is not None:
            specs.append(TopicSpec(layout.alerts, "result", "rollup", 1, COMPACTED, optional=True))
        specs.append(TopicSpec(layout.dead_letter, "dead_letter", "", max(counts.values()), DEAD_LETTER))
        takes = {"max.message.bytes": str(MESSAGE_BYTES)}
        self.specs: tuple[TopicSpec, ...] = tuple(
            spec if spec.role == "source" else replace(spec, configs={**spec.configs, **takes}) for spec in specs
        )

    @classmethod
    def fitting(cls, layout: Layout, found: Mapping[str, Found], partitions: int = DEFAULT_PARTITIONS) -> TopicPlan:
        """Plan around what exists: the counts of the sources decide, else of our own topics, else `partitions`.

        Who is told of people has as many shards as the topic for that; made anew, as many as there are visitors'.
        """
        counts: dict[str, int] = {}
        for name, group in layout.groups.items():
            own = {source: topic for source, topic in layout.sources[name].items() if source in OWN_SOURCES}
            sources = [topic for source, topic in layout.sources[name].items() if source not in own]
            first = [own[records.TOUCHES]] if group.told_by else sources
            ours = [layout.state(name), layout.deltas(name), *own.values()]
            there = next(filter(None, (_partitions(some, found) for some in (first, sources, ours))), [])
            if group.mapped:
                # nothing in it is keyed: it grows with the topics, and keeps what it has
                there = _partitions([*sources, *ours], found)
            usual = max(counts.values(), default=partitions) if group.told_by else partitions
            counts[name] = max(there, default=group.partitions or usual)
        return cls(layout, counts)

    def missing(self, found: Mapping[str, Found], *, optional: bool = True) -> list[TopicSpec]:
        """Give the topics that must be created; those of optional kinds only if they are asked for."""
        absent = [spec for spec in self.specs if spec.name not in found and not spec.mapped]
        return [spec for spec in absent if optional or not spec.kind]

    def short(self, found: Mapping[str, Found]) -> dict[str, int]:
        """Name our own topics of what maps others' that have fewer partitions than these: topic → as many as needed."""
        return {
            spec.name: spec.partitions
            for spec in self.specs
            if self._maps(spec.group) and not spec.mapped and spec.name in found
            if found[spec.name].partitions < spec.partitions
        }

    def _maps(self, group: str) -> bool:
        return group in self.layout.groups and bool(self.layout.groups[group].mapped)

    def unstamped(self, found: Mapping[str, Found]) -> list[str]:
        """Name our own topics that keep the times of whoever writes."""
        return [
            spec.name
            for spec in self.specs
            if spec.role != "source" and spec.name in found
            if found[spec.name].configs.get(TIME_TYPE, STAMPED[TIME_TYPE]) != STAMPED[TIME_TYPE]
        ]

    def findings(self, found: Mapping[str, Found], brokers: int = 1) -> list[Finding]:
        """Compare what is with what should be; what is fatal comes first."""
        findings = [*self._counts(found), *self._absent(found)]
        for spec in self.specs:
            there = found.get(spec.name)
            if there is not None:
                findings += setting_findings(spec, there)
                findings += replication_findings(spec, there, brokers)
        return sorted(findings, key=lambda finding: not finding.fatal)

    def grown(self, found: Mapping[str, Found]) -> dict[str, int]:
        """Give the groups whose sources were given partitions after their state was made: group → its shards."""
        out: dict[str, int] = {}
        for name, group in self.layout.groups.items():
            if group.mapped:
                continue
            kinds = self._sources(name)
            own = {spec.name for spec in self.specs if spec.group == name} - {*kinds, *self.layout.results.values()}
            counts = {found[topic].partitions if topic in found else 0 for topic in own}
            shards = min(counts)
            sources = [found[topic].partitions for topic in kinds if topic in found]
            if len(counts) == 1 and shards and sources and min(sources) >= shards < max(sources):
                out[name] = shards
        return out

    def _sources(self, group: str) -> list[str]:
        """Name the topics of a group that are a producer's."""
        return [topic for source, topic in self.layout.sources[group].items() if source not in OWN_SOURCES]

    def _absent(self, found: Mapping[str, Found]) -> Iterable[Finding]:
        """Say what is missing; of who is told of people once, if nothing else is wanted."""
        group = self.layout.told
        touches = self.layout.touches
        left_out = group is not None and self.layout.groups[group].optional and touches not in found
        if left_out:
            yield Finding(
                "People are not followed over devices and crm records: there is no topic for it.",
                touches or "",
                "If they shall be: run `leadpulse topics create` when all workers have this release. "
                "LEADPULSE_LEADS=off says that they shall not.",
                fatal=False,
                usual=True,
            )
        absent = [spec for spec in self.specs if spec.name not in found and not (left_out and spec.group == group)]
        dispensed = [spec for spec in absent if spec.kind and spec.name != touches]
        if dispensed:
            yield Finding(
                f"Optional sources are not there, or not to be seen: {', '.join(spec.kind for spec in dispensed)}. "
                "What needs them is not shown.",
                ", ".join(spec.name for spec in dispensed),
                "To have them: `leadpulse topics create --optional`, and READ on them.",
                fatal=False,
                usual=True,
            )
        wanted = [spec for spec in absent if not spec.kind]
        yield from (_missing(replace(spec, optional=spec.optional and spec.group != group)) for spec in wanted)

    def _counts(self, found: Mapping[str, Found]) -> Iterable[Finding]:
        grown, short = self.grown(found), self.short(found)
        for topic, count in short.items():
            yield Finding(
                f"The topic has {found[topic].partitions} partitions; the topics that are mapped have up to {count}.",
                topic,
                "Run `leadpulse topics create`, which adds them.",
            )
        for name, group in self.layout.groups.items():
            if group.mapped:
                continue
            listed = {topic: found[topic].partitions for topic in self._sources(name) if topic in found}
            told = found.get(self.layout.touches or "") if group.told_by else None
            if name in grown:
                more = {topic: count for topic, count in listed.items() if count > grown[name]}
                yield Finding(
                    f"Partitions were added: those from {grown[name]} on are not read, and figures are not complete.",
                    ", ".join(f"{topic}: {count}" for topic, count in more.items()),
                    f"To count them, {REBUILD}.",
                    fatal=False,
                )
            elif told is not None:
                yield from (
                    _too_few(topic, count, told.partitions)
                    for topic, count in listed.items()
                    if count < told.partitions
                )
            elif len(set(listed.values())) > 1:
                yield Finding(
                    "Topics that share visitors have different partition counts: a visitor would be split over shards.",
                    ", ".join(f"{topic}: {count}" for topic, count in listed.items()),
                    f"Create them anew with {max(listed.values())} partitions each (adding partitions moves keys).",
                )
        for spec in self.specs:
            there = found.get(spec.name)
            if there is None or spec.role in ("source", "dead_letter") or there.partitions == spec.partitions:
                continue
            by_key = spec.name in self.layout.results.values()  # where these lie their keys say
            if by_key or spec.group in grown or self._maps(spec.group):
                continue
            yield Finding(
                f"The topic has {there.partitions} partitions; with its sources it must have {spec.partitions}.",
                spec.name,
                f"To count everything anew, {REBUILD}.",
            )


def _partitions(topics: Iterable[str], found: Mapping[str, Found]) -> list[int]:
    return [found[topic].partitions for topic in topics if topic in found]


def _too_few(topic: str, count: int, wanted: int) -> Finding:
    return Finding(
        f"The topic has {count} partitions; there are {wanted} shards of leads.",
        topic,
        f"Give it {wanted}: kafka-topics.sh --bootstrap-server HOST:9092 --alter --topic {topic} --partitions {wanted} "
        "(records whose key moves with that are forwarded).",
    )


def _missing(spec: TopicSpec) -> Finding:
    if spec.mapped:
        return Finding(
            "A topic that is to be mapped is missing.",
            spec.name,
            "Correct `topics` in the definition of its source, or have its producer make it.",
        )
    if spec.role == "history":
        return Finding(
            "History is not kept: there is no topic for it. Each worker that takes over learns anew what is usual.",
            spec.name,
            "Create it with `leadpulse topics create`; workers find it within a minute.",
            fatal=False,
        )
    if spec.role == "result" and spec.group == ROLLUP and spec.optional:
        return Finding(
            "Nothing is judged: there is no topic for alerts, and no reading says whether it is as usual.",
            spec.name,
            "Create it with `leadpulse topics create`; workers find it within a minute.",
            fatal=False,
        )
    what = f"The topic is missing ({spec.role}, {spec.partitions} partitions)"
    if spec.optional:
        what += f"; without it the group {spec.group} does not run, and its kinds are shown as missing"
    return Finding(f"{what}.", spec.name, "Create it with `leadpulse topics create`.", fatal=not spec.optional)
