"""Copy: the facts of one recipient's copy of a message, and what became of it.

In:  the events of a copy, in any order.
Out: facts that are minima, maxima, sums of what is different and unions, so that their order changes nothing; the
     fate of the copy as bits of `changes.cells`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import xxhash

from stream.changes import cells
from stream.changes.panes import HOUR_MS
from stream.identity.ids import Id

#: (time, source and id): what orders two events.
Mark = tuple[int, str]
#: (time, source and id, campaign, purpose, variant, domain), None where the event does not say.
Said = tuple[int, str, str | None, str | None, str | None, str | None]
#: (campaign, purpose, variant, domain).
Labels = tuple[str | None, str | None, str | None, str | None]

#: How long after the sending an answer is in time.
OPEN_IN_TIME_MS: Final = 6 * HOUR_MS
CLICK_IN_TIME_MS: Final = 6 * HOUR_MS
REPLY_IN_TIME_MS: Final = 72 * HOUR_MS
#: Clicks that a copy tells apart; no person gives more.
MOST_CLICKS: Final = 1_000
_MOST_IDS: Final = 8

# beside the bits of a fate: somebody left at some time; a sign that the message was sent at all
LEFT: Final = 1 << 20
SIGN: Final = 1 << 21
_BY_PEOPLE: Final = cells.OPENED | cells.CLICKED | cells.REPLIED | cells.COMPLAINED | LEFT
_SHOWN: Final = (
    cells.OPENED | cells.CLICKED | cells.REPLIED | cells.COMPLAINED | cells.MACHINE_OPENED | cells.MACHINE_CLICKED
)

# the last word counts, by second, and of those of one second the one that stands further back here
WORDS: Final = ("unknown", "soft", "delivered", "block", "hard")
_RANK: Final = {word: rank for rank, word in enumerate(WORDS)}
_DELIVERED: Final = _RANK["delivered"]
WORDS_A_SECOND: Final = 8
_NOTHING: Final = (None, None, None, None)


class Told(msgspec.Struct, array_like=True, gc=False):
    """What only those who follow people need of a copy: who its events name, in order, and what was first when."""

    to: list[Id] = []
    delivered: int = 0
    opened: int = 0  # by people; a click is none
    unsubscribed: int = 0


class Copy(msgspec.Struct, array_like=True, gc=False):
    """The facts of a copy, or of the part of one that goes by one id; 0 stands for never, −1 for no word."""

    last: int
    first: int
    sent: int = 0
    seen: int = 0
    #: second · 8 + rank of the last bounce or delivery
    word: int = -1
    opened: int = 0
    replied: int = 0
    clicked: int = 0
    #: second · 2^32 + hash of the link, sorted: two clicks of one link in one second are one
    clicks: list[int] = []
    left: Mark | None = None
    back: Mark | None = None
    #: The earliest events that say campaign, purpose, variant or domain; mostly one says it all.
    said: list[Said] = []
    told: Told | None = None


def take(copy: Copy, time_ms: int, name: str, data: Any) -> None:
    """Add an event, named by source and id, to its copy."""
    if time_ms < copy.first:
        copy.first = time_ms
    if time_ms > copy.last:
        copy.last = time_ms
    action = data.action
    if action == "sent":
        copy.seen |= SIGN
        copy.sent = _least(copy.sent, time_ms)
    elif action == "delivered":
        _word(copy, time_ms, _DELIVERED)
    elif action == "opened":
        if data.machine:
            copy.seen |= cells.MACHINE_OPENED
        else:
            copy.seen |= cells.OPENED
            copy.opened = _least(copy.opened, time_ms)
    elif action == "clicked":
        _click(copy, time_ms, data)
    elif action == "bounced":
        _word(copy, time_ms, _RANK.get(data.bounce_type or "", 0))
    elif action in ("dropped", "deferred"):
        copy.seen |= SIGN | (cells.DROPPED if action == "dropped" else 0)
    elif action == "replied":
        copy.seen |= cells.REPLIED
        copy.replied = _least(copy.replied, time_ms)
    elif action == "spam_complaint":
        copy.seen |= cells.COMPLAINED
    elif action == "unsubscribed":
        copy.seen |= LEFT
        copy.left = _later(copy.left, (time_ms, name))
    elif action == "resubscribed":
        copy.back = _later(copy.back, (time_ms, name))
    known = copy.said
    if len(known) == 1:
        first_ms, first_name, campaign, purpose, variant, domain = known[0]
        if (first_ms < time_ms or (first_ms == time_ms and first_name < name)) and not (
            (campaign is None and data.campaign_id is not None)
            or (purpose is None and data.email_purpose is not None)
            or (variant is None and data.variant is not None)
            or (domain is None and data.recipient_domain is not None)
        ):
            return  # mostly the first event says all that the later ones repeat
    said = (time_ms, name, data.campaign_id, data.email_purpose, data.variant, data.recipient_domain)
    if said[2:] != _NOTHING:
        copy.said = earliest([*known, said]) if known else [said]


def joined(parts: Iterable[Copy]) -> Copy:
    """Make one copy of its parts, which stay as they are."""
    first, *others = parts
    if not others:
        return first
    whole = msgspec.structs.replace(first, clicks=list(first.clicks), said=list(first.said))
    for part in others:
        whole.last, whole.first = max(whole.last, part.last), min(whole.first, part.first)
        whole.sent = _least(whole.sent, part.sent)
        whole.seen |= part.seen
        whole.word = max(whole.word, part.word)
        whole.opened, whole.clicked = _least(whole.opened, part.opened), _least(whole.clicked, part.clicked)
        whole.replied = _least(whole.replied, part.replied)
        whole.clicks = sorted({*whole.clicks, *part.clicks})[:MOST_CLICKS]
        if part.left is not None:
            whole.left = _later(whole.left, part.left)
        if part.back is not None:
            whole.back = _later(whole.back, part.back)
        whole.said += part.said
        whole.told = _both(whole.told, part.told)
    whole.said = earliest(whole.said)
    return whole


def follow(copy: Copy, time_ms: int, data: Any, ids: list[Id]) -> None:
    """Note of an event what only those who follow people need."""
    told = copy.told
    if told is None:
        told = copy.told = Told()
    if ids and told.to != ids:
        told.to = sorted({*told.to, *ids})[:_MOST_IDS] if told.to else ids  # which are in order, each once
    action = data.action
    if action == "delivered":
        told.delivered = _least(told.delivered, time_ms)
    elif action == "opened":
        if not data.machine:
            told.opened = _least(told.opened, time_ms)
    elif action == "unsubscribed":
        told.unsubscribed = _least(told.unsubscribed, time_ms)


def has_left(copy: Copy) -> bool:
    """Tell whether the recipient unsubscribed, and did not take it back."""
    return copy.left is not None and (copy.back is None or copy.left > copy.back)


def counts(copy: Copy) -> bool:
    """Tell whether anything shows that the copy was sent."""
    return bool(copy.seen & SIGN)


def fate(copy: Copy) -> int:
    """Say what became of a copy, as bits; 0 where nothing shows yet that it was sent.

    The last bounce or delivery counts; what a person did at any time overrules it, and a drop gives way to both. What
    a machine opened or clicked proves nothing.
    """
    seen = copy.seen
    if not seen & SIGN:
        return 0
    out = cells.SENT | (seen & _SHOWN)
    if has_left(copy):
        out |= cells.UNSUBSCRIBED
    if seen & _BY_PEOPLE:
        out |= cells.DELIVERED
        sent = sent_ms(copy)
        if copy.opened and copy.opened - sent <= OPEN_IN_TIME_MS:
            out |= cells.OPENED_IN_TIME
        if copy.clicked and copy.clicked - sent <= CLICK_IN_TIME_MS:
            out |= cells.CLICKED_IN_TIME
        if copy.replied and copy.replied - sent <= REPLY_IN_TIME_MS:
            out |= cells.REPLIED_IN_TIME
        return out
    if copy.word >= 0:
        return out | (cells.DELIVERED if copy.word % WORDS_A_SECOND == _DELIVERED else cells.BOUNCED)
    return out | (seen & cells.DROPPED)


def sent_ms(copy: Copy) -> int:
    """Give when a copy was sent; its first event where that was not seen."""
    return copy.sent or copy.first


def bounce_type(copy: Copy) -> str:
    """Give the type of the last word of a copy that bounced."""
    return WORDS[copy.word % WORDS_A_SECOND]


def labels(copy: Copy) -> Labels:
    """Give campaign, purpose, variant and domain, each as the earliest event has it that says it."""
    said = copy.said
    if len(said) == 1:
        return said[0][2:]
    found: list[str | None] = [None, None, None, None]
    for one in said:
        found = [value if value is not None else told for value, told in zip(found, one[2:], strict=True)]
    return found[0], found[1], found[2], found[3]


def purpose(said: list[Said]) -> str | None:
    """Give the purpose, as the earliest event has it that says it."""
    for one in said:
        if one[3] is not None:
            return one[3]
    return None


def earliest(said: list[Said]) -> list[Said]:
    """Keep of what events say those that are the earliest to say one of it, in order."""
    wanted = {2, 3, 4, 5}
    kept: list[Said] = []
    for one in sorted(said, key=lambda s: s[:2]):
        says = {i for i in wanted if one[i] is not None}
        if says:
            kept.append(one)
            wanted -= says
    return kept


def _word(copy: Copy, time_ms: int, rank: int) -> None:
    copy.seen |= SIGN
    copy.word = max(copy.word, time_ms // 1_000 * WORDS_A_SECOND + rank)


def _click(copy: Copy, time_ms: int, data: Any) -> None:
    if data.machine:
        copy.seen |= cells.MACHINE_CLICKED
        return
    copy.seen |= cells.CLICKED | cells.OPENED
    copy.clicked = _least(copy.clicked, time_ms)
    copy.opened = _least(copy.opened, time_ms)
    click = time_ms // 1_000 << 32 | (xxhash.xxh32_intdigest(data.link_path.encode()) if data.link_path else 0)
    if click not in copy.clicks and len(copy.clicks) < MOST_CLICKS:
        copy.clicks = sorted([*copy.clicks, click])  # in whichever order they came


def _both(a: Told | None, b: Told | None) -> Told | None:
    if a is None or b is None:
        return a or b
    return Told(
        sorted({*a.to, *b.to}), _least(a.delivered, b.delivered), _least(a.opened, b.opened),
        _least(a.unsubscribed, b.unsubscribed),
    )  # fmt: skip


def _least(a: int, b: int) -> int:
    return min(a, b) if a and b else a or b


def _later(a: Mark | None, b: Mark) -> Mark:
    return b if a is None or b > a else a
