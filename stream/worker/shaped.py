"""Shaped: settings that decide what a state means, kept with it and compared before anybody goes on from it.

In:  the settings that were stored with a position, and those of this worker.
Out: nothing; or a SettingsError that names the setting, both values, and the ways on.

What was not stored with a state (of an older release, or of a setting that is new) is taken to be as it is now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import xxhash

from stream.contract.records import SOURCES
from stream.errors import REBUILD, SettingsError
from stream.ingest.route import KEY_RULES
from stream.kafka.layout import Layout
from stream.lifecycle.rules import Rules
from stream.settings.load import env_name

#: What is no setting of ours, in words.
NOUNS: Final = {
    "partitions": "partitions", "key_rules": "rules for keys", "leads": "shards of leads", "ignored_ids": "ignored ids",
    "email_hash_key": "as the mark of LEADPULSE_EMAIL_HASH_KEY",
}  # fmt: skip
#: A setting of what was not in use when a state was made: from then on it may be.
NOT_USED: Final = "no"

#: What would go wrong, and how to go on with the state.
REASONS: Final = {
    "partitioner": (
        "who belongs to which shard would change, and repeats would not be known",
        "a record that a producer put elsewhere is only forwarded, and counted once",
    ),
    "partitions": ("who belongs to which shard would change", "make the topics anew with that count"),
    "key_rules": ("who belongs to which shard would change", "run the release that has them"),
    "leads": (
        "what was told of people could not be taken back",
        "LEADPULSE_LEADS=auto, and leadpulse.touches as it was",
    ),
    "ignored_ids": ("who is one person would change", "with identity.ignore as it was in the rules of leads"),
    "email_hash_key": ("everybody would be somebody else", "the key that was; it cannot be changed under a state"),
}


def noun(name: str) -> str | None:
    """Name what is no setting of ours; `partitions/ads` are those of a group.

    >>> noun("partitions/ads"), noun("partitioner")
    ('partitions (ads)', None)
    """
    what, _, group = name.partition("/")
    return f"{NOUNS[what]} ({group})" if what in NOUNS and group else NOUNS.get(what)


class Change(NamedTuple):
    """One setting that is not as it was."""

    name: str
    before: str
    now: str

    def __str__(self) -> str:
        if named := noun(self.name):
            return f"{self.before} {named}; now it is {self.now}"
        return f"{env_name(self.name)}={self.before}; this worker has {self.now}"


def shard_settings(partitioner: str, partitions: int) -> dict[str, str]:
    """Give what decides which shard somebody belongs to: kept with the state of each shard."""
    return {"partitioner": partitioner, "partitions": str(partitions), "key_rules": str(KEY_RULES)}


def leads_settings(layout: Layout, group: str, shards: Mapping[str, int], rules: Rules) -> dict[str, str]:
    """Give what decides what a shard tells of people, or what they count for: kept with it if leads are followed."""
    told = layout.told
    if told is None:
        return {"leads": NOT_USED}
    if group not in layout.groups[told].told_by:
        return {}
    own = {} if group == told else {"ignored_ids": short_hash(rules.ignore)}  # who is told works out anew by itself
    return {"leads": str(shards[told]), **own}


def short_hash(values: Iterable[str]) -> str:
    """Give a name for a set of values.

    >>> short_hash(["b", "a"]) == short_hash(["a", "b", "b"]) != short_hash(["a"])
    True
    """
    return xxhash.xxh3_64_hexdigest(repr(sorted(set(values))).encode())


def rollup_settings(shards: Mapping[str, int]) -> dict[str, str]:
    """Give what decides what totals mean: kept with the rollup. `shards` is group → number of shards."""
    # that of sources holds no rows, and nobody belongs to one of its shards
    return {f"partitions/{group}": str(count) for group, count in shards.items() if group != SOURCES}


def changes(stored: Mapping[str, str], now: Mapping[str, str]) -> list[Change]:
    """List the settings that both name with different values.

    >>> changes({"partitioner": "murmur2", "leads": "no"}, {"partitioner": "crc32", "partitions": "6", "leads": "6"})
    [Change(name='partitioner', before='murmur2', now='crc32')]
    """
    return [
        Change(name, stored[name], value)
        for name, value in now.items()
        if name in stored and stored[name] not in (value, NOT_USED)
    ]


def refuse_changed(stored: Mapping[str, str], now: Mapping[str, str], where: str) -> None:
    """Raise SettingsError where a state was made with other settings than these."""
    changed = changes(stored, now)
    if not changed:
        return
    wrong, back = REASONS.get(changed[0].name.partition("/")[0], ("its figures would mean something else", ""))
    backs = " and ".join(
        f"{one.before} {named}" if (named := noun(one.name)) else f"{env_name(one.name)}={one.before}"
        for one in changed
    )
    raise SettingsError(
        f"This state was made with {'; and with '.join(map(str, changed))}: {wrong}.",
        where=where,
        do=f"Go back to {backs}{f' ({back})' if back else ''}; or {REBUILD}.",
        fields=tuple(one.name for one in changed),
    )
