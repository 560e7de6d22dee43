"""Optional: topics that this worker does without because they were not there, and that have come since.

In:  the layout of all that may run, and of what runs.
Out: the topics to begin again with; or what is wrong with them, which must not end a worker that does its work.
"""

from __future__ import annotations

from typing import NamedTuple

from stream.kafka import topics
from stream.kafka.layout import Layout
from stream.kafka.security import Link
from stream.kafka.topic_spec import Finding

LOOK_S = 60.0


class Appeared(NamedTuple):
    """Topics that have come; with what is wrong a worker would not start."""

    topics: tuple[str, ...]
    wrong: Finding | None = None

    def __str__(self) -> str:
        names = ", ".join(self.topics)
        if self.wrong is None:
            return f"optional topics have come: {names}. This worker ends, and is to be started again with them"
        return f"optional topics have come ({names}) and cannot be used; this worker goes on without them. {self.wrong}"


def left_out(whole: Layout, runs: Layout) -> set[str]:
    """Name the topics that this worker would read if they were there."""
    return _read(whole) - _read(runs)


def _read(layout: Layout) -> set[str]:
    assigned = {topic for some in layout.assigned().values() for topic in some}
    return assigned | {topic for topic in (layout.history, layout.alerts) if topic is not None}


def appeared(link: Link, whole: Layout, runs: Layout) -> Appeared | None:
    """Look on the broker for topics that a worker that started now would read."""
    missing = left_out(whole, runs)
    with topics.admin(link) as client:
        if missing.isdisjoint(client.list_topics()):
            return None
        there, findings = topics.findings(link, client, whole)
    found = missing - left_out(whole, whole.running(there))
    if not found:
        return None
    return Appeared(tuple(sorted(found)), next((finding for finding in findings if finding.fatal), None))
