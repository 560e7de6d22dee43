"""Beside: looks who else is at work on the topics before a worker starts.

In:  an admin client, the layout, and what this worker would say of itself.
Out: nothing, after a few seconds at most; or a SettingsError that says which setting is wrong.

A worker that starts while nobody else does looks once. Where somebody is listed that it must not run beside, it looks
on until that one is seen to live, or is gone.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import KafkaError

from stream.kafka.layout import Layout
from stream.worker.guards.machine import is_gone
from stream.worker.neighbours import Neighbour, Said, Watch, beats_of, said_by

log = logging.getLogger("leadpulse.beside")

LOOK_S: Final = 0.5
SETTLED_S: Final = 10.0
#: Groups in other states have no members.
PEOPLED: Final = ("Stable", "PreparingRebalance", "CompletingRebalance", "Assigning", "Reconciling")


def check(client: KafkaAdminClient, layout: Layout, group: str, mine: Said, session_s: float) -> list[Neighbour]:
    """Wait until this worker may start, and give who else is in its group."""
    watch, began, told = Watch(group, mine, session_s, is_gone), time.monotonic(), False
    while True:
        try:
            seen = look(client, layout, group)
        except (KafkaError, ValueError) as error:  # no rights, or an answer that the client cannot read
            log.debug("who else is at work is not told: %r", error)
            return []
        waited_s = time.monotonic() - began
        ours = [one for one in seen if one.group == group]
        # between two generations of a group it is not told what its members said
        settled = not mine.reset or waited_s > SETTLED_S or all(one.said is not None for one in ours)
        if watch.clear(seen, waited_s) and settled:
            return ours
        if not told:
            told = True
            log.info("somebody is listed that this worker must not run beside: looking whether it lives")
        time.sleep(LOOK_S)


def look(client: KafkaAdminClient, layout: Layout, group: str) -> list[Neighbour]:
    """List the members of all groups that read these topics, each with its beat."""
    listed = [one for one in client.list_groups() if one.get("group_state") in (None, "", *PEOPLED)]
    names = sorted({group, *(one["group_id"] for one in listed if one.get("protocol_type") in ("", "consumer"))})
    found: list[Neighbour] = []
    for name, told in client.describe_groups(names).items():
        ours = [one for one in told["members"] if name == group or layout.rollup in _topics(one)]
        if not ours:
            continue
        offsets = client.list_group_offsets({name: _slots(client, layout)})[name]
        beats = beats_of(offset.metadata for offset in offsets.values())
        for member in ours:
            found.append(
                Neighbour(
                    name,
                    member["member_id"],
                    member.get("group_instance_id") or "",
                    member["client_host"],
                    said_by(_field(member.get("member_metadata"), "user_data")),
                    beats.get(member["member_id"]),
                )
            )
    return found


def _slots(client: KafkaAdminClient, layout: Layout) -> list[TopicPartition]:
    """Name the partitions beside whose offsets workers beat: those of the logs that they own."""
    names = [*(layout.state(group) for group in layout.groups), layout.rollup]
    there = client.describe_topics([name for name in names if name in set(client.list_topics())])
    return [TopicPartition(one["name"], p["partition_index"]) for one in there for p in one["partitions"]]


def _topics(member: dict[str, Any]) -> list[str]:
    return _field(member.get("member_metadata"), "topics") or []


def _field(metadata: Any, name: str) -> Any:
    """Read a field of what a member said when it joined; nothing while its group is between two generations."""
    if isinstance(metadata, dict):
        return metadata.get(name)
    return getattr(metadata, name, None)
