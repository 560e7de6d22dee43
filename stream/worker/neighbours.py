"""Neighbours: other workers on the same topics, and whether this one may run beside them.

In:  what workers say of themselves: to the group when they join, and by a beat while they live.
Out: nothing; or a SettingsError that says which setting is wrong, before this worker has joined, fenced or written.

Nothing rests on a clock: a worker lives whose beat moves while we look, or that the broker keeps in its group. One that
ran on this machine and is no process of it any more is known to be gone, and not waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

import msgspec
import xxhash

from stream.errors import SettingsError
from stream.settings.fields import Settings
from stream.settings.load import env_name, text_of

BEAT_S: Final = 1.0
#: A beat that stands still for so long is that of a worker that is no more.
STILL_S: Final = 3.5
#: Who says nothing and is still in its group after its session lives.
MOST_LISTED_S: Final = 20.0

#: Settings that all workers of an installation must share: they decide what is counted and shown.
SHARED: Final = (
    "delivery", "partitioner", "lateness", "lateness_by_kind", "clock", "consent", "known_ids", "max_record",
    "max_depth", "flood_events", "flood_chats", "labels", "label_limit", "readings_limit", "own_domains",
    "ignored_referrers", "channel_sets", "look_back", "source_record",
)  # fmt: skip
_LONGEST: Final = 100


class Said(msgspec.Struct, omit_defaults=True):
    """What a worker says of itself when it joins; those of one instance id are dealt shards in the same order."""

    instance: str = ""
    settings: dict[str, str] = {}
    reset: bool = False


class Beat(msgspec.Struct, omit_defaults=True):
    """What a living worker says each second, beside an offset of its group."""

    member: str
    count: int = 0
    left: bool = False
    place: str = ""  # which process of which machine it is


class Neighbour(NamedTuple):
    """A member of a group that reads the same topics; `beat` is None where it says none."""

    group: str
    member: str
    instance: str
    host: str
    said: Said | None
    beat: Beat | None = None


_encode = msgspec.json.Encoder().encode
_said = msgspec.json.Decoder(Said).decode
_beat = msgspec.json.Decoder(Beat).decode


def shared(settings: Settings) -> dict[str, str]:
    """Give the settings that all workers must share as text; what is long as its hash."""
    values = {name: text_of(name, getattr(settings, name)) for name in SHARED}
    names = settings.referrer_names
    values["leads"] = "off" if settings.leads == "off" else "on"  # whether there is a topic for it is seen by all
    values["leads_rules"] = "" if settings.leads_rules is None or settings.leads == "off" else settings.rules.hash
    values["referrers"] = repr(sorted((kind, *sorted(hosts)) for kind, hosts in names.items())) if names else ""
    values["sources"] = _sources(settings)
    return {
        name: text if len(text) <= _LONGEST else xxhash.xxh3_64_hexdigest(text.encode())
        for name, text in values.items()
    }


def _sources(settings: Settings) -> str:
    if not settings.sources:
        return ""
    from stream.worker.mapping import shared  # it is not imported by who maps nothing

    return shared(settings)


def say(said: Said) -> bytes:
    """Write what a worker says when it joins."""
    return _encode(said)


def said_by(data: bytes | None) -> Said | None:
    """Read what a worker said; None for one of an older release."""
    try:
        return _said(data or b"")
    except msgspec.MsgspecError:
        return None


def beat(one: Beat) -> str:
    """Write a beat."""
    return _encode(one).decode()


def beats_of(texts: Iterable[str | None]) -> dict[str, Beat]:
    """Read beats, the newest of each member."""
    newest: dict[str, Beat] = {}
    for text in texts:
        try:
            found = _beat(text or "")
        except msgspec.MsgspecError:
            continue
        known = newest.get(found.member)
        if known is None or found.count > known.count:
            newest[found.member] = found
    return newest


def clash(group: str, mine: Said, other: Neighbour) -> SettingsError | None:
    """Say why two workers must not run at the same time."""
    where = f"{other.member} on {other.host.lstrip('/')}, group {other.group}"
    if other.group != group:
        return SettingsError(
            f"A worker of another consumer group is at work on these topics: its group is {other.group}, ours {group}.",
            where=where,
            do="Set LEADPULSE_GROUP_ID as it has it, to share the work; or give this installation a "
            "LEADPULSE_TOPIC_PREFIX of its own; or stop the others first.",
            fields=("group_id",),
        )
    if mine.instance and other.instance == mine.instance:
        return SettingsError(
            f"A worker with LEADPULSE_INSTANCE_ID={mine.instance} is running already.",
            where=where,
            do="Give each worker an LEADPULSE_INSTANCE_ID of its own; or stop the other one first.",
            fields=("instance_id",),
        )
    theirs = other.said.settings if other.said is not None else {}
    return unlike(theirs, mine.settings, where)


def unlike(theirs: Mapping[str, str], ours: Mapping[str, str], where: str) -> SettingsError | None:
    """Say which settings are others than those of the workers that run; None if none is."""
    names = [name for name, value in ours.items() if name in theirs and theirs[name] != value]
    if not names:
        return None
    listed = "; ".join(
        f"{env_name(name)} is {theirs[name] or 'not set'} there and {ours[name] or 'not set'} here" for name in names
    )
    return SettingsError(
        f"Workers with other settings are at work on these topics: {listed}.",
        where=where,
        do="Start this worker with their settings; or stop all workers, and start all of them with the new ones.",
        fields=tuple(names),
    )


class Watch:
    """Decide over several looks, from the first one on."""

    def __init__(
        self, group: str, mine: Said, session_s: float, is_gone: Callable[[str], bool] = lambda place: False
    ) -> None:
        """Take `is_gone`, which tells of the place of a beat whether the process there has ended for sure."""
        self._group, self._mine, self._is_gone = group, mine, is_gone
        self._listed_s = min(session_s + 3.0, MOST_LISTED_S)
        self._first: dict[str, Beat] = {}

    def clear(self, seen: Iterable[Neighbour], waited_s: float) -> bool:
        """Tell whether this worker may start; False: look again. Raises SettingsError where it may not."""
        waits = False
        for one in seen:
            wrong = clash(self._group, self._mine, one)
            if wrong is None or (one.beat is not None and (one.beat.left or self._is_gone(one.beat.place))):
                continue
            if one.beat is not None:
                if one.beat.count != self._first.setdefault(one.member, one.beat).count:
                    raise wrong
                waits = waits or waited_s < STILL_S
            elif waited_s >= self._listed_s:
                raise wrong
            else:
                waits = True
        return not waits
