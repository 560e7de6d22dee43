"""Erasing: what is left of a row when the sessions of some ids are taken out of it.

In:  a row, who the visitor was seen as outside of sessions, and the ids that are to be forgotten.
Out: the row without what was theirs; None where nothing is left. What was counted stays counted.

A computer may be shared: the sessions of others stay, with what was done in them. What cannot be told apart goes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from stream.changes.accumulator import Accumulator
from stream.identity.ids import Id
from stream.stages.visitors.contribution import contribution
from stream.stages.visitors.published import ME, life_at, lives_of, session_at
from stream.stages.visitors.row import Extra, Row
from stream.stages.visitors.sightings import Moment


def without(row: Row, outside: Sequence[Moment], ids: Collection[Id]) -> Row | None:
    """Take the sessions of some ids out of a row, with all that was done in them; changes the row itself.

    Where the visitor's own id is one of them, `ME` is among `ids`, and all of the row goes.
    """
    if ME in ids:
        return None
    sessions = row.sessions
    lives = lives_of(row, sessions, outside)
    whose = {id(one): life_at(lives, one.start).owner(one.start, one.end) for one in sessions}

    def is_theirs(at_ms: int) -> bool:
        session = session_at(sessions, at_ms)
        return (life_at(lives, at_ms).owner(at_ms, at_ms) if session is None else whose[id(session)]) in ids

    extra = None if row.extra is None else _extra_without(row.extra, is_theirs, ids)
    kept = [session for session in sessions if whose[id(session)] not in ids]
    for session in kept:
        if session.deeds is not None and session.deeds.details is not None:
            session.deeds.details.sights = [sight for sight in session.sights if sight.id not in ids]
    if not kept and (extra is None or not (extra.talks or extra.loose or extra.folded)):
        return None
    times = [session.end for session in kept]
    if extra is not None:
        times += [one.time_ms for one in extra.loose] + [talk[0] for talk in extra.talks]
    return Row(max(times, default=row.last), kept, row.source, extra)


def seen_as(row: Row | None, outside: Sequence[Moment]) -> list[Id]:
    """Give the ids under which a visitor was seen, as far as it is remembered."""
    found = [moment[2] for moment in outside]
    if row is not None:
        found += [sight.id for session in row.sessions for sight in session.sights]
        folded = row.extra.folded if row.extra is not None else None
        if folded is not None and folded.sight is not None:
            found.append(folded.sight.id)
    return sorted(set(found))


def count_the_rest(
    site: str, before: Row, after: Row | None, pane: Callable[[int], int], look_back_ms: int, accumulator: Accumulator
) -> None:
    """Count what the rest of a row counts for beyond what the whole did, so that it can be taken back like any other.

    Another's key event may be the first one now. Nothing is taken back: the panes keep what they have.
    """
    if after is None:
        return
    had: dict[tuple[object, int], int] = {}
    for cell, at, n in contribution(site, before, pane, look_back_ms):
        had[cell, at] = had.get((cell, at), 0) + n
    has: dict[tuple[object, int], int] = {}
    for cell, at, n in contribution(site, after, pane, look_back_ms):
        has[cell, at] = has.get((cell, at), 0) + n
        more = min(n, has[cell, at] - had.get((cell, at), 0))
        if more > 0:
            accumulator.add(cell, at, more)


def _extra_without(extra: Extra, is_theirs: Callable[[int], bool], ids: Collection[Id]) -> Extra:
    folded, known_ms = extra.folded, extra.known
    if folded is not None and is_theirs(folded.end):
        folded, known_ms = None, 0
    elif folded is not None and folded.sight is not None and folded.sight.id in ids:
        folded.sight = None
    talks = [talk for talk in extra.talks if not is_theirs(talk[0])]
    submissions = [one for one in extra.submissions if not (is_theirs(one.first[0]) or is_theirs(one.last[0]))]
    last_submit, last_chat = extra.last_submit, extra.last_chat
    if last_submit and is_theirs(last_submit):
        last_submit = max([one.last[0] for one in submissions], default=0)
    if last_chat and is_theirs(last_chat):
        last_chat = max([talk[0] for talk in talks], default=0)
    offers = {offer: times for offer, times in extra.offers.items() if not any(is_theirs(at) for at in times if at)}
    loose = [one for one in extra.loose if not is_theirs(one.time_ms)]
    return Extra(last_submit, last_chat, known_ms, offers, talks, submissions, loose, folded, extra.followed)
