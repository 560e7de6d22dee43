"""People: what a person counts for as a whole: distinct people, lives, leads, and the steps of the funnel.

In:  a row, and its sessions with all that joined them.
Out: cells.

A life begins with a presence that none came before for 35 days. A person is known for 400 days after a key event.
Both are what the words mean, whatever a process happens to remember.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from stream.changes.cells import PAID
from stream.changes.panes import DAY_MS
from stream.contract.records import UNIT
from stream.stages.visitors.details import Sight, is_before
from stream.stages.visitors.look_back import TOUCH, looking_back, remember
from stream.stages.visitors.row import Extra, Folded, KeyEvent, Packed, Row
from stream.stages.visitors.sessions import at_or_after, least
from stream.stages.visitors.steps import HORIZON_MS, Cells, step

LIFE_MS: Final = 35 * DAY_MS
KNOWN_MS: Final = 400 * DAY_MS

SOCIAL: Final = frozenset({"organic_social", "paid_social"})

_WAYS: Final = ("channel", "campaign", "country", "landing", "social", "content")
PERSON: Final = {"person": "person", **{way: f"{way}_person" for way in _WAYS}}
CONVERTED: Final = {"person": "converted", **{way: f"{way}_converted" for way in _WAYS if way != "country"}}
#: Says of a cell of people that they are not known.
STRANGER: Final = "stranger"


def step_of_landing(channel: str | None) -> str | None:
    """Name the funnel step that a landing opens by its session's channel: by an ad, by an e-mail, or none."""
    if channel in PAID:
        return "ad_landing"
    return "email_landing" if channel == "email" else None


@dataclass(slots=True)
class Walk:
    """A person's sessions gone through in order: what became of each life, and of each time they were unknown."""

    known: int = 0  # newest key event
    end: int = 0  # newest presence
    stranger: int = 0  # newest presence while unknown, where nothing came of it so far
    view: list[int] = field(default_factory=list)
    landings: list[tuple[str, int]] = field(default_factory=list)
    newcomers: list[int] = field(default_factory=list)
    strangers: list[int] = field(default_factory=list)
    leads: list[tuple[KeyEvent, str]] = field(default_factory=list)
    #: [first view, 1 if unknown then, first start of a form behind it, first key event behind it] of each life.
    views: list[list[int]] = field(default_factory=list)
    #: (step, landing, key event behind it or 0).
    landed: list[tuple[str, int, int]] = field(default_factory=list)

    def over(self, sessions: Sequence[Packed]) -> None:
        """Go on through some sessions."""
        for session in sessions:
            keys = session.keys
            starts = session.deeds.starts if session.deeds is not None else ()
            landed = session.landed
            if not self.end or session.start - self.end > LIFE_MS:
                self.newcomers.append(session.start)
                self.view = []
            self._steps(starts, keys)
            if landed:
                if not self.view:
                    before = [key for key in keys if key < landed]
                    known = before[-1] if before else self.known
                    unknown = not known or landed - known > KNOWN_MS
                    self.view = [landed, int(unknown), at_or_after(starts, landed), at_or_after(keys, landed)]
                    self.views.append(self.view)
                if (opened := step_of_landing(session.channel)) is not None:
                    if key := at_or_after(keys, landed):
                        self.landed.append((opened, landed, key))
                    else:
                        self.landings.append((opened, landed))
            self._known(session)
            self.end = max(self.end, session.end)

    def _steps(self, starts: Sequence[int], keys: Sequence[int]) -> None:
        """Let steps that began in sessions before be taken in this one."""
        if self.view:
            if starts and not self.view[2]:
                self.view[2] = starts[0]
            if keys and not self.view[3]:
                self.view[3] = keys[0]
        if keys and self.landings:
            self.landed += [(opened, landed, keys[0]) for opened, landed in self.landings]
            self.landings = []

    def _known(self, session: Packed) -> None:
        first = session.first_key
        if first is None:
            if not self.known or session.end - self.known > KNOWN_MS:
                self.stranger = session.end
            return
        if not self.known or first[0] - self.known > KNOWN_MS:
            self.leads.append((first, session.channel or "direct"))
            self.strangers.append(first[0])
            self.stranger = 0
        self.known = max(self.known, session.last_key)


def begun(row: Row) -> Walk:
    """Give the walk as far as sessions are folded together."""
    extra = row.extra
    if extra is None:
        return Walk()
    folded = extra.folded
    if folded is None:
        return Walk(extra.known)
    walk = Walk(extra.known, folded.end, folded.stranger, list(folded.view), list(folded.landings))
    if walk.view:
        walk.views.append(walk.view)
    return walk


def cells(site: str, row: Row, sessions: Sequence[Packed], pane: Callable[[int], int]) -> Cells:
    """List what a person counts for as a whole."""
    out: Cells = []
    walk = begun(row)
    walk.over(sessions)
    if walk.stranger:
        walk.strangers.append(walk.stranger)
    folded = row.extra.folded if row.extra is not None else None
    if len(sessions) == 1 and folded is None:
        alone = bool(walk.stranger)
        if alone:
            walk.strangers.pop()
        _one_session(out, site, sessions[0], alone, pane)
    else:
        _many_sessions(out, site, sessions, folded, pane)
    for start in walk.newcomers:
        out.append((("newcomer", site), pane(start), 1))
    for at in walk.strangers:
        out.append((("stranger", site), pane(at), 1))
    for (at, _, method, action, stage, event), channel in walk.leads:
        out.append((("lead", site, method, channel, "on_site", "paid" if channel in PAID else None), pane(at), 1))
        out.append((("lead_deed", site, action, stage, event), pane(at), 1))
    for first_view, unknown, start, key in walk.views:
        step(out, pane, site, "first_view", "form_start", first_view, start)
        if unknown:
            step(out, pane, site, "first_view", "lead", first_view, key)
    for opened, landed, key in (*walk.landed, *((opened, landed, 0) for opened, landed in walk.landings)):
        step(out, pane, site, opened, "key_event", landed, key)
    if row.extra is not None:
        _seldom(out, site, row, pane)
    return out


def _one_session(out: Cells, site: str, session: Packed, is_stranger: bool, pane: Callable[[int], int]) -> None:
    """List a person of one session, in each way that it counts them."""
    channel, campaign, country, group, content = session.dimensions
    social = "social" if channel in SOCIAL else None
    end = pane(session.end)
    out.append((("visit", site, channel, campaign, social, STRANGER if is_stranger else None), end, 1))
    out.append((("country_person", site, country), end, 1))
    landed = group is not None and content is not None
    if landed:
        out.append((("landing_person", site, group, content), end, 1))
    if session.last_key:
        key = pane(session.last_key)
        out.append((("convert", site, channel, campaign, social), key, 1))
        if landed:
            out.append((("landing_converted", site, group, content), key, 1))
        for name in session.names:
            out.append((("content_converted", site, *name.split(UNIT)), key, 1))


def _many_sessions(
    out: Cells, site: str, sessions: Sequence[Packed], folded: Folded | None, pane: Callable[[int], int]
) -> None:
    """List a person of several sessions: in each way that they are counted one, in the pane of the latest."""
    latest: dict[tuple[str, ...], list[int]] = {}
    if folded is not None:
        latest = {tuple(name.split(UNIT)): list(times) for name, times in folded.ways.items()}
    for session in sessions:
        add_ways(latest, session)
    for (kind, *labels), (end, key) in latest.items():
        if end and kind not in ("content", TOUCH):
            out.append(((PERSON[kind], site, *labels), pane(end), 1))
        if key and kind != "country":
            out.append(((CONVERTED[kind], site, *labels), pane(key), 1))


def add_ways(latest: dict[tuple[str, ...], list[int]], session: Packed) -> None:
    """Note when a session last saw its person, and when it last converted them, in each way of counting."""
    end, key = session.end, session.last_key
    for way in ways(*session.dimensions):
        seen = latest.setdefault(way, [0, 0])
        seen[0], seen[1] = max(seen[0], end), max(seen[1], key)
    if key:
        for name in session.names:
            seen = latest.setdefault(("content", *name.split(UNIT)), [0, 0])
            seen[1] = max(seen[1], key)


def ways(channel: str, campaign: str, country: str, group: str | None, content: str | None) -> list[tuple[str, ...]]:
    """Name the ways in which a session's person is counted, without the site."""
    out: list[tuple[str, ...]] = [
        ("person",), ("channel", channel), ("campaign", campaign), ("country", country),
    ]  # fmt: skip
    if group is not None and content is not None:
        out.append(("landing", group, content))
    if channel in SOCIAL:
        out.append(("social",))
    return out


def _seldom(out: Cells, site: str, row: Row, pane: Callable[[int], int]) -> None:
    """List what few people count for: forms beside chats, and offers."""
    extra = row.extra
    if extra is None:
        return
    if extra.last_submit:
        out.append((("form_person", site), pane(extra.last_submit), 1))
    if extra.last_chat:
        out.append((("chat_person", site), pane(extra.last_chat), 1))
        if extra.last_submit:
            out.append((("chat_form_person", site), pane(min(extra.last_chat, extra.last_submit)), 1))
    for offer, (seen, taken) in extra.offers.items():
        out.append((("offer_person", site, offer), pane(seen), 1))
        if taken:
            out.append((("offer_taker", site, offer), pane(taken), 1))


def fold_away(row: Row, session: Packed, look_back_ms: int = 0, memory_ms: int = LIFE_MS) -> None:
    """Keep of the oldest session only what those behind it need, so that they count as if it were still there.

    Rows of people who are remembered for longer than a life, as `memory_ms` says, may hold several lives.
    """
    extra = row.extra = row.extra or Extra()
    folded = extra.folded or Folded()
    counts = looking_back([session], folded, look_back_ms)[0]
    walk = begun(row)
    walk.over([counts])
    latest = {tuple(name.split(UNIT)): list(times) for name, times in folded.ways.items()}
    add_ways(latest, counts)
    if look_back_ms:
        remember(latest, session)
    extra.known = walk.known
    is_new = memory_ms > LIFE_MS and bool(folded.end) and not is_one_life(extra, folded.end, session.start)
    sight, since_ms = _known_as(Folded() if is_new else folded, session, row.source)
    extra.folded = Folded(
        {UNIT.join(way): times for way, times in latest.items()}, walk.end, walk.stranger, walk.view,
        [(opened, landed) for opened, landed in walk.landings if row.last - landed <= HORIZON_MS],
        sight, since_ms, folded.campaign_id if session.channel is None else session.campaign_id,
    )  # fmt: skip


def is_one_life(extra: Extra | None, from_ms: int, until_ms: int) -> bool:
    """Tell whether something was heard between two moments often enough, be it of what nobody caused."""
    heard = sorted(one.time_ms for one in extra.loose) if extra is not None else []
    for at_ms in (*heard, until_ms):
        if from_ms < at_ms <= until_ms:
            if at_ms - from_ms > LIFE_MS:
                return False
            from_ms = at_ms
    return True


def _known_as(folded: Folded, session: Packed, source: str) -> tuple[Sight | None, int]:
    """Give who was seen last in sessions folded together, one more among them, and since when they are known."""
    sight, since_ms = folded.sight, folded.since
    for one in session.sights:
        since_ms = least(since_ms, one.first[0])
        if sight is None or is_before(sight.last, one.last, source):
            sight = replace(one, first=one.last)
    return sight, least(since_ms, session.first_key[0] if session.first_key is not None else 0)
