"""Mapped: which topics of a broker are those that sources name.

In:  names and patterns, as definitions have them; the topics that there are; leadpulse's own.
Out: topics by source; a SettingsError where a pattern meets a topic of leadpulse's own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase

from stream.errors import SettingsError
from stream.kafka import topics
from stream.kafka.layout import Layout
from stream.kafka.security import Link
from stream.kafka.topic_plan import TopicPlan


def resolved(
    wanted: Mapping[str, Iterable[str]], there: Collection[str], own: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Give topics by source: names as they stand, patterns by what there is, never a broker's own.

    >>> resolved({"web": ["cdp.*", "acme.views"]}, {"cdp.a", "cdp.b", "x", "__consumer_offsets"}, {"page_view"})
    {'web': ('acme.views', 'cdp.a', 'cdp.b')}
    """
    found: dict[str, tuple[str, ...]] = {}
    for source, patterns in wanted.items():
        met = set[str]()
        for pattern in patterns:
            if "*" not in pattern and "?" not in pattern:
                met.add(pattern)
            else:
                met |= {topic for topic in there if fnmatchcase(topic, pattern) and not topic.startswith("__")}
        if ours := sorted(met & set(own)):
            raise SettingsError(
                f"The source {source} would read topics of leadpulse's own: {', '.join(ours)}.",
                where=f"topics of the source {source}",
                do="Name the topics that your systems write, or a pattern that leaves these out.",
            )
        found[source] = tuple(sorted(met))
    return found


def on_broker(link: Link, layout: Layout, wanted: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Look up on the broker what the patterns of sources meet; `layout` is that of all that may run."""
    own = {spec.name for spec in TopicPlan(layout).specs if not spec.mapped}
    with topics.admin(link) as client:
        return resolved(wanted, client.list_topics(), own)


def counts(link: Link, names: Collection[str]) -> dict[str, int]:
    """Count the partitions of topics, of those that there are."""
    with topics.admin(link) as client:
        return topics.counts(topics.found(client, names))
