"""Restore: read a log of our own to its end, prove that it is whole and ours, and become its only owner.

In:  a log, who loads its records, and what this worker is.
Out: how many records there were, the position, and the life that goes on; or an error that names what is wrong.

It reads before it fences. What must not go on from this state, such as a worker with other settings or of another
consumer group, is then refused without harm to the owner that there is.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from stream.errors import SettingsError
from stream.kafka.reader import Reader
from stream.kafka.state_log import Extent, Row, StateLog
from stream.state.keys import BIRTH
from stream.worker.life import Life, Log, birth, life_of, new_life
from stream.worker.position import Owner, Place, Restoring
from stream.worker.shaped import refuse_changed

log = logging.getLogger("leadpulse.restore")

#: An owner commits each second, or each other one; one that has not for so long is no more.
SILENT_S: Final = 4.0
LOOK_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker is, and the settings that its state would be made with."""

    owner: Owner = Owner()
    settings: Mapping[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)  # runs of other workers that are known to be no more

    def mark(self, place: Place, life: str) -> None:
        """Write into a position whose it is."""
        place.life, place.settings, place.owner = life, dict(self.settings), self.owner


class Restored(NamedTuple):
    """What a take-over found."""

    records: int
    life: Life
    begin: int
    position: bytes | None

    def rows(self, position: bytes, key: bytes) -> list[Row]:
        """Give the first records of this owner: the birth of a log that has none, and the position."""
        born: list[Row] = (
            [] if self.life.how == "goes on" else [(BIRTH.prefix, birth(self.life.id, self.begin), None, [])]
        )
        return [*born, (key, position, None, [])]


async def restore(statelog: StateLog, reader: Reader, found: Restoring, claim: Claim) -> Restored:
    """Read, refuse or fence, and read what was written meanwhile."""
    fresh = new_life()
    read = await statelog.read_all(reader, found.take_all)
    _proved(found, read, claim, fresh)
    end = await _gone(statelog, reader, found, claim, read.end)
    await statelog.fence()
    last = await statelog.read_all(reader, found.take_all, end)
    life = _proved(found, last, claim, fresh)
    return Restored(read.records + last.records, life, last.begin, found.position())


def _proved(found: Restoring, read: Extent, claim: Claim, fresh: str) -> Life:
    place = found.place()
    if place is not None:
        refuse_changed(place.settings, claim.settings, found.where)
    return life_of(Log(found.where, read.begin, read.end, found.birth, None if place is None else place.life), fresh)


async def _gone(statelog: StateLog, reader: Reader, found: Restoring, claim: Claim, end: int) -> int:
    """Wait until the owner of another consumer group is no more, and give up to where the log was read meanwhile.

    Raises SettingsError if it goes on committing.
    """
    place = found.place()
    if place is None or place.owner.group in ("", claim.owner.group) or place.owner.run in claim.gone:
        return end
    run = place.owner.run
    log.warning("%s was last written by %s: waiting whether it goes on", found.where, place.owner)
    until = time.monotonic() + SILENT_S
    while time.monotonic() < until:
        await asyncio.sleep(LOOK_S)
        places = found.places
        end = (await statelog.read_all(reader, found.take_all, end)).end
        place = found.place()
        if found.places > places and place is not None and place.owner.group != claim.owner.group:
            raise other_group(place.owner.group, claim.owner.group, found.where)
    claim.gone.add(run)
    return end


def other_group(theirs: str, ours: str, where: str) -> SettingsError:
    """Say that workers of another consumer group are at work on the same topics."""
    return SettingsError(
        f"Workers of another consumer group are at work on these topics: theirs is {theirs}, ours is {ours}.",
        where=where,
        do="Set LEADPULSE_GROUP_ID as theirs to share the work; or give this installation a LEADPULSE_TOPIC_PREFIX of "
        "its own; or stop the others first.",
        fields=("group_id",),
    )
