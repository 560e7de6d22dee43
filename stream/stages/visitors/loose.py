"""Loose: what nobody caused and that found no session running; a session that begins soon after takes it along.

In:  what was kept of such events, the sessions of a row.
Out: sessions that have it, whenever it must be known what they count for; and what counts alone.

An event like that joins for good what runs when it happens, since sessions only grow. Whether it joins the session
that begins behind it depends on what is still to come, so that is never written down.
"""

from __future__ import annotations

from stream.stages.visitors.details import with_campaign
from stream.stages.visitors.names import short
from stream.stages.visitors.row import Loose, Packed, Row, Session, unpack
from stream.stages.visitors.sessions import GAP_MS, earlier, least


def joined(session: Session, loose: Loose, source: str) -> None:
    """Let a session of a row of some source have what an event says."""
    if loose.touch is not None:
        channel, campaign, engine, domain = loose.touch
        session.touch = earlier(session.touch, (loose.time_ms, loose.name, channel, campaign, engine, domain))
    if loose.campaign_id:
        of = loose.time_ms, short(loose.name, source), loose.campaign_id
        session.details = with_campaign(session.details, of, source)
    if loose.country is not None:
        session.country = earlier(session.country, (loose.time_ms, loose.name, loose.country))
    if loose.form is not None:
        times = session.forms.setdefault(loose.form, [0, 0])
        times[0] = least(times[0], loose.time_ms)


def attached(row: Row) -> tuple[list[Packed], list[Loose]]:
    """Give the sessions with what came before them within half an hour, and what is left alone."""
    held = row.sessions
    if row.extra is None or not row.extra.loose:
        return held, []
    alone: list[Loose] = []
    changed: dict[int, Session] = {}
    for loose in row.extra.loose:
        place = next((at for at, session in enumerate(held) if session.start > loose.time_ms), -1)
        if place < 0 or held[place].start - loose.time_ms > GAP_MS:
            alone.append(loose)
            continue
        if place not in changed:
            changed[place] = unpack(held[place], row.source)
        joined(changed[place], loose, row.source)
    return [changed[at].pack(row.source) if at in changed else session for at, session in enumerate(held)], alone
