"""Sessions: put an event among a person's sessions, joining two where the event closes the gap between them.

In:  the sessions of a row (disjoint, by start) and an event.
Out: the session that now holds it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from stream.changes.panes import HOUR_MS
from stream.stages.visitors.bounds import Bounds
from stream.stages.visitors.row import Deeds, KeyEvent, Packed, Session, ticks_of

GAP_MS: Final = 30 * 60_000
LARGEST_TICK: Final = (1 << 32) - 2
#: Somebody who stays as long is engaged, by the times of presences or in the foreground; as GA4 has it.
ENGAGED_MS: Final = 10_000

T = TypeVar("T", bound=tuple[Any, ...])


def earlier(a: T | None, b: T | None) -> T | None:
    """Give the earlier of two facts by (time, name)."""
    if a is None:
        return b
    if b is None or a[:2] <= b[:2]:
        return a
    return b


def least(a: int, b: int) -> int:
    """Give the earlier of two times, where 0 is never."""
    return min(a, b) if a and b else a or b


def at_or_after(times: Sequence[int], time_ms: int) -> int:
    """Give the first of some times in order that is not before a moment; 0 is none.

    >>> at_or_after([3, 5], 4), at_or_after([3, 5], 6)
    (5, 0)
    """
    place = bisect_left(times, time_ms)
    return times[place] if place < len(times) else 0


def reach(sessions: Sequence[Session | Packed], time_ms: int) -> tuple[int, int]:
    """Give the slice of sessions that a presence at `time_ms` belongs to: none, one, or two that it joins."""
    high = len(sessions)
    while high and sessions[high - 1].start > time_ms + GAP_MS:
        high -= 1
    low = high
    while low and sessions[low - 1].end >= time_ms - GAP_MS:
        low -= 1
    return low, high


def running(sessions: Sequence[Session | Packed], time_ms: int) -> int:
    """Give the place of the session that runs at a moment, so that what nobody caused joins it; −1 is none."""
    place = len(sessions) - 1
    while place >= 0 and sessions[place].start > time_ms:
        place -= 1
    return place if place >= 0 and time_ms - sessions[place].end <= GAP_MS else -1


def join(a: Session, b: Session, bounds: Bounds) -> Session:
    """Make one session of two neighbours, the earlier one first."""
    shift = 2 * (b.start - a.start)
    forms = dict(a.forms)
    for form, times in b.forms.items():
        mine = forms.get(form)
        forms[form] = times if mine is None else [least(mine[0], times[0]), least(mine[1], times[1]), *mine[2:]]
        for submitted in times[2:] if mine is not None else ():
            note_submit(forms[form], submitted, bounds)
    joined = Session(
        start=a.start,
        end=max(a.end, b.end),
        events=a.events + b.events,
        views=a.views + b.views,
        engaged=min(a.engaged + b.engaged, ENGAGED_MS),
        idle=a.idle + b.idle,
        ticks=a.ticks + [min(t + shift, LARGEST_TICK + (t & 1)) for t in b.ticks],
        touch=earlier(a.touch, b.touch),
        country=earlier(a.country, b.country),
        landing=earlier(a.landing, b.landing),
        first_key=a.first_key,
        last_key=a.last_key,
        more_keys=a.more_keys,
        starts=a.starts,
        viewed=a.viewed | b.viewed,
        forms=forms,
    )
    landed = joined.landing[0] if joined.landing is not None else 0
    for start in b.starts:
        note(joined.starts, start, landed, bounds)
    if b.first_key is not None:
        convert(joined, b.first_key, landed, bounds)
        for key in b.more_keys:
            note_key(joined, key, landed, bounds)
        joined.last_key = max(joined.last_key, b.last_key)
    trim(joined, bounds)
    return joined


def extend(session: Session, time_ms: int, is_view: bool) -> None:
    """Count a presence into a session, moving its edges and keeping its ticks relative to its start."""
    if time_ms < session.start:
        shift = 2 * (session.start - time_ms)
        session.ticks = [min(t + shift, LARGEST_TICK + (t & 1)) for t in session.ticks]
        session.start = time_ms
    elif time_ms > session.end:
        session.end = time_ms
    session.events += 1
    session.views += is_view
    session.ticks.append(tick(session.start, time_ms, is_view))


def note(times: list[int], time_ms: int, after_ms: int, bounds: Bounds) -> None:
    """Note a time among others, as far as it may become the first that is not before something.

    That can only move to the left: whatever lies behind the first one after it will never be that.
    """
    place = bisect_left(times, time_ms)
    if place < len(times) and times[place] == time_ms:
        return
    times.insert(place, time_ms)
    if after_ms:
        del times[bisect_left(times, after_ms) + 1 :]
    del times[bounds.times :]


def note_submit(times: list[int], time_ms: int, bounds: Bounds) -> None:
    """Note a submit in the times of its form."""
    submits = times[2:]
    note(submits, time_ms, times[1], bounds)
    times[2:] = submits


def convert(held: Session | Deeds, key: KeyEvent, landed_ms: int, bounds: Bounds) -> None:
    """Add a key event to a session, or to what is stored of it."""
    first = held.first_key
    held.last_key = max(held.last_key, key[0])
    if first is None:
        held.first_key = key
    elif key[:2] < first[:2]:
        held.first_key = key
        note_key(held, first[0], landed_ms, bounds)
    else:
        note_key(held, key[0], landed_ms, bounds)


def note_key(held: Session | Deeds, time_ms: int, landed_ms: int, bounds: Bounds) -> None:
    """Note a key event that is not the first one."""
    first_ms = held.first_key[0] if held.first_key is not None else 0
    keys = [key for key in held.more_keys if key != first_ms]
    if time_ms != first_ms:
        place = bisect_left(keys, time_ms)
        if place == len(keys) or keys[place] != time_ms:
            insort(keys, time_ms)
    if landed_ms:
        del keys[0 if first_ms >= landed_ms else bisect_left(keys, landed_ms) + 1 :]
    held.more_keys = keys[: bounds.times]


def trim(session: Session, bounds: Bounds) -> None:
    """Bound what a session remembers; a page view past the bound stays in the channel that it was counted in."""
    if len(session.ticks) > bounds.ticks:
        session.ticks = sorted(session.ticks)[-bounds.ticks :]
    if len(session.viewed) > bounds.viewed:
        session.viewed = set(sorted(session.viewed)[: bounds.viewed])
    if session.landing is not None:
        landed = session.landing[0]
        del session.starts[bisect_left(session.starts, landed) + 1 :]
        if session.first_key is not None and session.more_keys:
            first_ms = session.first_key[0]
            place = 0 if first_ms >= landed else bisect_left(session.more_keys, landed) + 1
            del session.more_keys[place:]
    for times in session.forms.values():
        if times[1] and len(times) > 3:
            del times[3 + bisect_left(times[2:], times[1]) :]


def tick(start_ms: int, time_ms: int, is_view: bool | int) -> int:
    """Give the tick of an event; a session of more than 24 days no longer tells its events apart."""
    return min(2 * (time_ms - start_ms), LARGEST_TICK) + is_view


def events_in_hour(sessions: Sequence[Session | Packed], hour: int) -> int:
    """Count a person's events in a UTC hour, as far as their ticks are remembered."""
    start, end = hour * HOUR_MS, (hour + 1) * HOUR_MS
    count = 0
    for session in sessions:
        if session.start < end and session.end + GAP_MS >= start:
            ticks = session.ticks if isinstance(session, Session) else ticks_of(session)
            count += sum(start <= session.start + (tick >> 1) < end for tick in ticks)
    return count
