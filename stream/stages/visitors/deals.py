"""Deals: orders and appointments made in chats.

In:  the event's time, id and action.
Out: the deal changed in place; every change is a minimum.
"""

from __future__ import annotations

from typing import Final

from stream.stages.visitors.row import Bot, Deal
from stream.stages.visitors.sessions import earlier, least

ORDERS: Final = frozenset({"order_started", "order_completed"})
APPOINTMENTS: Final = frozenset({"appointment_set", "appointment_confirmed", "appointment_cancelled"})
ACTIONS: Final = ORDERS | APPOINTMENTS


def order(deal: Deal, time_ms: int, bot: Bot | None, action: str) -> None:
    """Add a step to an order."""
    deal.bot = earlier(deal.bot, bot)
    if action == "order_started":
        deal.opened = least(deal.opened, time_ms)
    else:
        deal.done = least(deal.done, time_ms)


def appointment(deal: Deal, time_ms: int, bot: Bot | None, action: str) -> None:
    """Add a step to an appointment."""
    deal.bot = earlier(deal.bot, bot)
    if action == "appointment_set":
        deal.opened = least(deal.opened, time_ms)
    elif action == "appointment_confirmed":
        deal.done = least(deal.done, time_ms)
    else:
        deal.cancelled = least(deal.cancelled, time_ms)
