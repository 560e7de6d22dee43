"""Status problems: what is wrong with an installation, each with where and what to do.

In:  the table of a status, and the inspection that it was made from.
Out: problems, the most fundamental first; none where all is well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stream.errors import REBUILD
from stream.kafka.inspect import Inspection

#: A shard reports each second; one that is silent for longer does not run.
SILENT_S: Final = 15.0
#: A clock that is further off than this is worth a word.
SKEW_S: Final = 5.0

Table = Mapping[str, Any]


@dataclass(frozen=True)
class Problem:
    """Something that a person should do something about."""

    what: str
    where: str
    do: str


def problems(table: Table, seen: Inspection, group: str) -> Iterable[Problem]:
    """Look at everything, in the order in which one thing is the cause of the next."""
    missing = [spec.name for spec in seen.specs if spec.name not in seen.found and not spec.dispensable]
    if missing:
        yield Problem(
            f"{len(missing)} topic(s) are missing.", ", ".join(missing), "Create them with `leadpulse topics create`."
        )
    if not seen.members:
        yield Problem("No worker runs.", f"consumer group {group}", "Start one: `leadpulse worker`.")
    for source in table["sources"]:
        if source["unread_partitions"]:
            yield Problem(
                f"{source['unread_partitions']} partition(s) were added and are not read: "
                f"{source['unread_records']:,} records lie there.",
                source["topic"],
                f"To count them, {REBUILD}.",
            )
    ages = ((one["shard"], one["committed_age_s"]) for one in table["shards"])
    silent = [shard for shard, age_s in ages if age_s is None or age_s >= SILENT_S]
    if silent and seen.members:
        yield Problem(
            f"{len(silent)} shard(s) have not committed for {SILENT_S:.0f} s.",
            ", ".join(silent),
            "See the log of their owners; after a take-over it is over by itself.",
        )
    behind = [one["shard"] for one in table["shards"] if not one["caught_up"] and one["shard"] not in silent]
    if behind:
        lag = sum(one["lag_records"] for one in table["shards"])
        yield Problem(
            f"{len(behind)} shard(s) are behind: {lag:,} records are still to be read.",
            ", ".join(behind),
            "Wait, if the lag falls; else start more workers, up to the number of partitions.",
        )
    yield from _figures(table, bool(seen.members))


def _figures(table: Table, runs: bool) -> Iterable[Problem]:
    rollup, account, skew_s = table["rollup"], table["account"], table["clock_skew_s"]
    if runs and (rollup["published_age_s"] is None or rollup["published_age_s"] >= SILENT_S):
        yield Problem(
            "Nothing was published lately: the figures are the last ones.",
            f"rollup, owned by {rollup['owner'] or 'nobody'}",
            "See the log of its owner.",
        )
    if account["conservation_error"]:
        yield Problem(
            f"The books do not balance: {account['conservation_error']} record(s).",
            "accepted = counted + duplicate + filtered + dead-lettered",
            f"Please report it. To count everything anew, {REBUILD}.",
        )
    if skew_s is not None and abs(skew_s) > SKEW_S:
        yield Problem(
            f"This machine's clock is {abs(skew_s):.0f} s {'ahead of' if skew_s > 0 else 'behind'} that of the topics.",
            "clock",
            "Let the machines of brokers and workers take their time from the same source (NTP).",
        )
