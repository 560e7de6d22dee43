"""Look-back: whose channel a direct session has, where the last non-direct one is asked for.

In:  a person's sessions by start, each with its own touch or none; the touch of those that were folded together.
Out: the sessions as they count: those that came directly with the touch that they go by, if there is one.

As GA4 has it, a direct visit takes nothing away from what brought the person before: a session that came by no
channel of its own has that of the newest session before it that did, if that is not too long ago. What was looked
up is not looked up again: a direct session hands nothing on, so the time runs from the visit that came by a channel.
Rows keep what each session said itself, so that a visit which is told of late changes those behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from stream.contract.records import UNIT
from stream.stages.visitors.row import Folded, Packed

#: Begins the name of the touch among the ways of sessions folded together; it counts nobody.
TOUCH: Final = "touch"
_NEVER: Final = -1


def last_non_direct(
    starts: Sequence[int], channels: Sequence[str | None], look_back_ms: int, before_ms: int = _NEVER
) -> list[int]:
    """Give for each session, by start, the place of the one whose touch it has: mostly its own.

    `channels` are those that sessions came by, None where they were direct; 0 ms looks back at nothing. `before_ms`
    is the start of a session with a channel before all of these; its place is −1.

    >>> day = 86_400_000
    >>> last_non_direct([0, 5 * day, 20 * day, 40 * day], ["email", None, None, None], 30 * day)
    [0, 0, 0, 3]
    """
    found: list[int] = []
    last, last_ms = _NEVER, before_ms
    for place, (start, channel) in enumerate(zip(starts, channels, strict=True)):
        if channel is not None:
            last, last_ms = place, start
        reaches = last_ms != _NEVER and 0 <= start - last_ms <= look_back_ms
        found.append(last if reaches else place)
    return found


def looking_back(sessions: Sequence[Packed], folded: Folded | None, look_back_ms: int) -> Sequence[Packed]:
    """Give the sessions as they count, those that look back with the touch that they go by."""
    if not look_back_ms or all(session.channel is not None for session in sessions):
        return sessions
    before_ms, before = _touch_of(folded)
    places = last_non_direct(
        [session.start for session in sessions], [session.channel for session in sessions], look_back_ms, before_ms
    )
    out: list[Packed] = []
    for place, session in zip(places, sessions, strict=True):
        if session.channel is None and (place == _NEVER or sessions[place].channel is not None):
            channel, campaign, engine, domain = before if place == _NEVER else _said(sessions[place])
            session = replace(session, channel=channel, campaign=campaign, engine=engine, domain=domain)
        out.append(session)
    return out


def remember(ways: dict[tuple[str, ...], list[int]], session: Packed) -> None:
    """Note among the ways of sessions folded together the touch of one more, in place of that of those before it."""
    if session.channel is None:
        return
    for way in [way for way in ways if way[0] == TOUCH]:
        if ways[way][0] > session.start:
            return
        del ways[way]
    ways[(TOUCH, *(part or "" for part in _said(session)))] = [session.start, 0]


def is_touch(name: str) -> bool:
    """Tell whether a way is the touch, which is kept for as long as the row is."""
    return name.startswith(TOUCH + UNIT)


Said = tuple[str | None, str | None, str | None, str | None]


def _said(session: Packed) -> Said:
    return session.channel, session.campaign, session.engine, session.domain


def _touch_of(folded: Folded | None) -> tuple[int, Said]:
    """Give the newest touch of sessions folded together, and when that session began."""
    for name, times in folded.ways.items() if folded is not None else ():
        if is_touch(name):
            channel, campaign, engine, domain = name.split(UNIT)[1:]
            return times[0], (channel, campaign, engine or None, domain or None)
    return _NEVER, (None, None, None, None)
