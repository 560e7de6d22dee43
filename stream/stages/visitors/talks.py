"""Talks: a person's chatbot events as conversations, orders and appointments.

In:  the chatbot events of one person, in any order.
Out: conversations, orders and appointments, each with what it comes to.

Chat tools keep one thread a person for ever, so an id is not a conversation. Somebody who begins to talk begins one: a
start or a message after the last one ended, or after a day without an event. Everything else, however late, belongs
to what was before it. At one moment a start goes first and an end last; else the order is that of all events, by time,
source and id.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from stream.changes.panes import DAY_MS, HOUR_MS

#: A conversation in which nothing happened for longer is over.
SILENCE_MS: Final = DAY_MS
#: An order, an appointment or a conversation of which nothing is heard for longer is over, whatever comes then.
MEMORY_MS: Final = 35 * DAY_MS
#: An appointment that is confirmed within this is confirmed in time.
CONFIRM_IN_TIME_MS: Final = 48 * HOUR_MS
#: What is said to last longer is a mistake; a few of those must not overflow a sum.
LONGEST_MS: Final = 3_650 * DAY_MS

ACTIONS: Final = (
    "conversation_started", "message", "handoff", "lead_captured", "order_started", "order_completed",
    "appointment_set", "appointment_confirmed", "appointment_cancelled", "conversation_ended",
)  # fmt: skip
#: What begins a conversation where the last one is over.
BEGINS: Final = frozenset({"conversation_started", "message"})
#: What happens by itself and so lengthens no conversation.
CLOSES: Final = frozenset({"conversation_ended", "appointment_confirmed", "appointment_cancelled"})
ENGAGES: Final = frozenset({"lead_captured", "order_started", "order_completed", "appointment_set"})
ORDERS: Final = frozenset({"order_started", "order_completed"})
APPOINTMENTS: Final = frozenset({"appointment_set", "appointment_confirmed", "appointment_cancelled"})

_RANK: Final = dict.fromkeys(ACTIONS, 1) | {"conversation_started": 0, "conversation_ended": 2}


class Talk(NamedTuple):
    """One chatbot event: money in millionths, `duration_ms` −1 where nothing is said of it."""

    time_ms: int
    name: str  # source and id
    conversation: str
    action: str
    by_visitor: bool = False
    bot: str | None = None
    resolved: bool | None = None
    duration_ms: int = -1
    deal: str | None = None  # the id of the order or appointment
    value: int | None = None
    currency: str | None = None


@dataclass(slots=True)
class Conversation:
    """One conversation; 0 stands for never."""

    id: str
    first_ms: int
    last_ms: int
    started_ms: int = 0
    lead_ms: int = 0
    answered_ms: int = 0  # the first lead behind its start
    bot: str | None = None
    handoff: bool = False
    resolved: bool = False
    engaged: bool = False
    said_ms: int = -1
    spoke: tuple[int, int] | None = None  # first and last event that lengthens it

    @property
    def begun_ms(self) -> int:
        """Give the moment that it counts at: its start, or its first event where that was not seen."""
        return self.started_ms or self.first_ms

    @property
    def took_ms(self) -> int:
        """Give how long it lasted: as its events say, else from the first to the last that is no closing."""
        if self.said_ms >= 0:
            return min(self.said_ms, LONGEST_MS)
        return self.spoke[1] - self.spoke[0] if self.spoke is not None else 0


@dataclass(slots=True)
class Deal:
    """An order or an appointment: when each of its steps was first taken; 0 stands for never."""

    id: str
    first_ms: int
    last_ms: int
    opened_ms: int = 0
    done_ms: int = 0
    cancelled_ms: int = 0
    bot: str | None = None
    #: The last value told where it was done, else the last told at all: (millionths, currency).
    value: tuple[int, str] | None = None
    value_of_done: bool = False

    @property
    def begun_ms(self) -> int:
        """Give the moment that it counts at: done or cancelled implies opened."""
        return self.opened_ms or min(ms for ms in (self.done_ms, self.cancelled_ms) if ms)

    @property
    def in_time(self) -> bool:
        """Say whether it was done within the time that is judged."""
        return bool(self.done_ms) and self.done_ms - self.begun_ms <= CONFIRM_IN_TIME_MS


def in_order(talks: Iterable[Talk]) -> list[Talk]:
    """Put events in the order in which they are told."""
    told = list(talks)
    return told if len(told) < 2 else sorted(told, key=lambda talk: (talk.time_ms, _RANK[talk.action], talk.name))


def conversations(talks: Iterable[Talk]) -> list[Conversation]:
    """Part events into conversations.

    >>> [c.lead_ms for c in conversations([Talk(1, "a", "c", "message"), Talk(2, "b", "c", "conversation_ended"),
    ...                                    Talk(3, "d", "c", "lead_captured"), Talk(9, "e", "c", "message")])]
    [3, 0]
    """
    return [conversation for conversation, _ in parted(talks)]


def parted(talks: Iterable[Talk]) -> list[tuple[Conversation, list[Talk]]]:
    """Give conversations with their events."""
    out: list[tuple[Conversation, list[Talk]]] = []
    open_: dict[str, tuple[Conversation, list[Talk], bool]] = {}
    for talk in in_order(talks):
        known = open_.get(talk.conversation)
        over = True
        if known is not None:
            conversation, events, over = known
            silent_ms = talk.time_ms - conversation.last_ms
            over = over or silent_ms > SILENCE_MS
            if silent_ms > MEMORY_MS:
                known = None
        if known is None or (over and talk.action in BEGINS):
            conversation, events, over = Conversation(talk.conversation, talk.time_ms, talk.time_ms), [], False
            out.append((conversation, events))
        add(conversation, talk.time_ms, talk.action, talk.by_visitor, talk.bot, talk.resolved, talk.duration_ms)
        events.append(talk)
        open_[talk.conversation] = conversation, events, over or talk.action == "conversation_ended"
    return out


def orders(talks: Iterable[Talk]) -> list[Deal]:
    """Give the orders; one that is completed was started."""
    return _deals(talks, ORDERS, "order_started", "order_completed")


def appointments(talks: Iterable[Talk]) -> list[Deal]:
    """Give the appointments; one that is confirmed or cancelled was set."""
    return _deals(talks, APPOINTMENTS, "appointment_set", "appointment_confirmed")


def add(
    conversation: Conversation, time_ms: int, action: str, by_visitor: bool, bot: str | None, resolved: bool | None,
    duration_ms: int,
) -> None:  # fmt: skip
    """Add an event, told in order, to its conversation."""
    conversation.last_ms = time_ms
    if conversation.bot is None:
        conversation.bot = bot
    if action not in CLOSES:
        conversation.spoke = conversation.spoke[0] if conversation.spoke is not None else time_ms, time_ms
    if action == "conversation_started":
        conversation.started_ms = conversation.started_ms or time_ms
    elif action == "lead_captured":
        conversation.lead_ms = conversation.lead_ms or time_ms
        if conversation.started_ms:
            conversation.answered_ms = conversation.answered_ms or time_ms
    elif action == "handoff":
        conversation.handoff = True
    if action in ENGAGES or (action == "message" and by_visitor):
        conversation.engaged = True
    if resolved is not None:
        conversation.resolved = resolved
    if duration_ms > conversation.said_ms:
        conversation.said_ms = duration_ms


def _deals(talks: Iterable[Talk], actions: frozenset[str], opens: str, does: str) -> list[Deal]:
    """Gather the steps of each deal; its bot is the first that they name, else that of the conversation it began in."""
    out: list[Deal] = []
    known: dict[str, Deal] = {}
    began_in: dict[int, Conversation] = {}
    within = {talk.name: conversation for conversation, events in parted(talks) for talk in events}
    for talk in in_order(talks):
        if talk.action not in actions or talk.deal is None:
            continue
        deal = known.get(talk.deal)
        if deal is None or talk.time_ms - deal.last_ms > MEMORY_MS:
            deal = known[talk.deal] = Deal(talk.deal, talk.time_ms, talk.time_ms)
            began_in[id(deal)] = within[talk.name]
            out.append(deal)
        deal.last_ms = talk.time_ms
        deal.bot = deal.bot or talk.bot
        done = talk.action == does
        if talk.action == opens:
            deal.opened_ms = deal.opened_ms or talk.time_ms
        elif done:
            deal.done_ms = deal.done_ms or talk.time_ms
        else:
            deal.cancelled_ms = deal.cancelled_ms or talk.time_ms
        if talk.value is not None and talk.currency is not None and (done or not deal.value_of_done):
            deal.value, deal.value_of_done = (talk.value, talk.currency), done
    for deal in out:
        deal.bot = deal.bot or began_in[id(deal)].bot
    return out
