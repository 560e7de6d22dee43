"""Sessions: put an event among a person's sessions, joining two where the event closes the gap between them.

In:  the sessions of a row (disjoint, by start) and an event.
Out: the session that now holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from stream.changes.panes import HOUR_MS
from stream.stages.visitors.bounds import Bounds
from stream.stages.visitors.row import Deeds, Packed, Session, ticks_of

GAP_MS: Final = 30 * 60_000
LARGEST_TICK: Final = (1 << 32) - 2

T = TypeVar("T", bound=tuple[Any, ...])


def earlier(a: T | None, b: T | None) -> T | None:
    """Give the earlier of two facts by (time, event id)."""
    if a is None:
        return b
    if b is None or a[:2] <= b[:2]:
        return a
    return b


def least(a: int, b: int) -> int:
    """Give the earlier of two times, where 0 is never."""
    return min(a, b) if a and b else a or b


def reach(sessions: Sequence[Session | Packed], time_ms: int) -> tuple[int, int]:
    """Give the slice of sessions that an event at `time_ms` belongs to: none, one, or two that it joins."""
    high = len(sessions)
    while high and sessions[high - 1].start > time_ms + GAP_MS:
        high -= 1
    low = high
    while low and sessions[low - 1].end >= time_ms - GAP_MS:
        low -= 1
    return low, high


def join(a: Session, b: Session, bounds: Bounds) -> Session:
    """Make one session of two neighbours, the earlier one first."""
    shift = 2 * (b.start - a.start)
    forms = dict(a.forms)
    for form, times in b.forms.items():
        mine = forms.get(form)
        forms[form] = times if mine is None else [least(x, y) for x, y in zip(mine, times, strict=True)]
    joined = Session(
        start=a.start,
        end=max(a.end, b.end),
        events=a.events + b.events,
        views=a.views + b.views,
        ticks=a.ticks + [min(t + shift, LARGEST_TICK + (t & 1)) for t in b.ticks],
        touch=earlier(a.touch, b.touch),
        country=earlier(a.country, b.country),
        landing=earlier(a.landing, b.landing),
        first_key=earlier(a.first_key, b.first_key),
        last_key=max(a.last_key, b.last_key),
        viewed=a.viewed | b.viewed,
        forms=forms,
    )
    trim(joined, bounds)
    return joined


def extend(session: Session, time_ms: int, is_view: bool) -> None:
    """Count an event into a session, moving its edges and keeping its ticks relative to its start."""
    if time_ms < session.start:
        shift = 2 * (session.start - time_ms)
        session.ticks = [min(t + shift, LARGEST_TICK + (t & 1)) for t in session.ticks]
        session.start = time_ms
    elif time_ms > session.end:
        session.end = time_ms
    session.events += 1
    session.views += is_view
    session.ticks.append(tick(session.start, time_ms, is_view))


def convert(held: Session | Deeds, time_ms: int, event_id: str, method: str) -> None:
    """Add a key event to a session, or to what is stored of it."""
    held.first_key = earlier(held.first_key, (time_ms, event_id, method))
    held.last_key = max(held.last_key, time_ms)


def trim(session: Session, bounds: Bounds) -> None:
    """Bound what a session remembers; a page view past the bound stays in the channel that it was counted in."""
    if len(session.ticks) > bounds.ticks:
        session.ticks = sorted(session.ticks)[-bounds.ticks :]
    if len(session.viewed) > bounds.viewed:
        session.viewed = set(sorted(session.viewed)[: bounds.viewed])


def tick(start_ms: int, time_ms: int, is_view: bool | int) -> int:
    """Give the tick of an event; a session of more than 24 days no longer tells its events apart."""
    return min(2 * (time_ms - start_ms), LARGEST_TICK) + is_view


def events_in_hour(sessions: Sequence[Session | Packed], hour: int) -> int:
    """Count a person's events in a UTC hour, as far as their ticks are remembered."""
    start, end = hour * HOUR_MS, (hour + 1) * HOUR_MS
    count = 0
    for session in sessions:
        if session.start < end and session.end >= start:
            ticks = session.ticks if isinstance(session, Session) else ticks_of(session)
            count += sum(start <= session.start + (tick >> 1) < end for tick in ticks)
    return count
