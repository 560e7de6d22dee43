"""Rebuild plan: what counting everything anew would bring back, and what it would lose.

In:  what the broker holds of each topic now, and where a fresh state begins.
Out: the plan: partitions to add to sources, own topics to make anew; and the lines that a person reads before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from stream.kafka.topic_spec import TopicSpec


@dataclass(frozen=True, slots=True)
class Holding:
    """What a topic holds: records that are gone by retention, records that are there, time of the oldest of them."""

    partitions: int
    gone: int = 0
    kept: int = 0
    oldest_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RebuildPlan:
    """Everything that a rebuild does, before it does it."""

    sources: tuple[tuple[TopicSpec, Holding | None], ...]
    own: tuple[tuple[TopicSpec, Holding | None], ...]
    start: str  # where a fresh state begins: earliest, latest or a time
    dropped: tuple[str, ...] = ()  # own topics of what shall not run any more

    @classmethod
    def of(
        cls, specs: Sequence[TopicSpec], held: Mapping[str, Holding], start: str, dropped: Sequence[str] = ()
    ) -> RebuildPlan:
        """Plan from the topics as they should be and as they are; `dropped` are there and shall not be any more."""
        pairs = [(spec, held.get(spec.name)) for spec in specs]
        return cls(
            tuple(pair for pair in pairs if pair[0].role == "source"),
            tuple(pair for pair in pairs if pair[0].role != "source"),
            start,
            tuple(dropped),
        )

    @property
    def raised(self) -> dict[str, int]:
        """Give the sources that get partitions, so that topics of one group agree: topic → number."""
        return {
            spec.name: spec.partitions
            for spec, held in self.sources
            if held is not None and held.partitions < spec.partitions
        }

    @property
    def emptied(self) -> list[str]:
        """Name the topics that are deleted and made anew."""
        return [spec.name for spec, held in self.own if held is not None]

    @property
    def whole_since_ms(self) -> int | None:
        """Give the moment from which every source is still whole; None where nothing is gone."""
        cut = [held.oldest_ms for _, held in self.sources if held is not None and held.gone and held.oldest_ms]
        return max(cut, default=None)

    def lines(self) -> list[str]:
        """Say what is counted again, what is lost, and what is done."""
        return ["Counted again:", *self._again(), "", "Lost:", *self._lost(), "", "Done:", *self._done()]

    def _again(self) -> list[str]:
        if self.start != "earliest":
            from_there = "nothing" if self.start == "latest" else f"what arrived since {self.start}"
            return [f"  {from_there}, because LEADPULSE_START={self.start}; earliest counts all that is there"]
        lines = []
        for spec, held in self.sources:
            if held is None or not held.kept:
                lines.append(f"  {spec.name}: nothing, the topic {'is missing' if held is None else 'is empty'}")
            else:
                since = "" if held.oldest_ms is None else f", the oldest of {moment(held.oldest_ms)}"
                lines.append(f"  {spec.name}: {held.kept:,} records{since}")
        return lines

    def _lost(self) -> list[str]:
        lines = []
        for spec, held in self.sources:
            if held is not None and held.gone:
                lines.append(f"  {spec.name}: {held.gone:,} records that were there before; their retention is over")
        since = self.whole_since_ms
        if since is not None:
            lines.append(f"  figures of what lies before {moment(since)}, and who people were before it")
        letters = sum(held.kept for spec, held in self.own if spec.role == "dead_letter" and held is not None)
        if letters:
            lines.append(f"  {letters:,} dead letters; those whose records are still there are written again")
        if any(spec.role == "history" and held is not None and held.kept for spec, held in self.own):
            lines.append(
                "  what figures were at each hour of six weeks: what is usual is learned anew. To keep it, write it "
                "down before: `leadpulse history show --format readings > history.ndjson`; and give it back after: "
                "`leadpulse history seed history.ndjson`"
            )
        return lines or ["  nothing: every record that was ever produced is still there"]

    def _done(self) -> list[str]:
        lines = [
            f"  {name}: gets {count} partitions, as its group has; producers take the new ones at once"
            for name, count in self.raised.items()
        ]
        lines += [f"  {name}: deleted and made anew" for name in self.emptied]
        lines += [f"  {name}: deleted, because of LEADPULSE_LEADS=off" for name in self.dropped]
        missing = [spec.name for spec, held in (*self.sources, *self.own) if held is None]
        return [*lines, *(f"  {name}: created" for name in missing)]


def moment(time_ms: int) -> str:
    """Write a moment for a person, to the second.

    >>> moment(1_500)
    '1970-01-01 00:00:01 UTC'
    """
    return f"{datetime.fromtimestamp(time_ms // 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
