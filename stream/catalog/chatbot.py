"""Chatbot: conversations and what comes of them.

In:  the counts.  Out: the entries of this area, in the order in which they are listed.
"""

from __future__ import annotations

from typing import Final

from stream.catalog.entry import count, labels, ratio, terms
from stream.catalog.words import TRAFFIC, Alert, Chart, Column, Look, Metric, Now

METRICS: Final[tuple[Metric, ...]] = (
    count(
        "conversations",
        "site bot",
        TRAFFIC,
        "Conversations that started in the window.",
        area="chatbot",
        direction="drop",
        alert=Alert("Less than half of the usual conversations start."),
        look=Look(places=(Chart("Conversations", "bot"),)),
    ),
    count(
        "chat_leads",
        "site bot",
        TRAFFIC,
        "Conversations in which a lead was captured.",
        area="chatbot",
        look=Look(places=(Chart("Conversations", "bot"),)),
    ),
    ratio(
        "chat_conversion_ratio",
        "site bot",
        TRAFFIC,
        ("chat_leads", "conversations"),
        "Share of conversations in which a lead was captured.",
        area="chatbot",
        direction="drop",
        panel="Chat conversion",
        tier="main",
        alert=Alert("Fewer conversations of the chatbot capture a lead than usual.", "critical"),
        look=Look(
            rank=3,
            told="{n} of {d} conversations",
            split="bot",
            places=(
                Now(),
                Chart("Conversations", "bot"),
            ),
        ),
    ),
    count(
        "chat_orders_started",
        "site bot",
        TRAFFIC,
        "Orders begun in a chat.",
        area="chatbot",
        look=Look(places=(Column("Orders and appointments", "Orders by bot"),)),
    ),
    count(
        "chat_orders_completed",
        "site bot",
        TRAFFIC,
        "Orders completed in a chat, by when they were begun.",
        area="chatbot",
        look=Look(places=(Column("Orders and appointments", "Orders by bot"),)),
    ),
    ratio(
        "chat_order_completion_ratio",
        "site bot",
        TRAFFIC,
        ("chat_orders_completed", "chat_orders_started"),
        "Share of orders begun in a chat that were completed.",
        area="chatbot",
        direction="drop",
        alert=Alert("Fewer orders begun in the chat are completed than usual."),
        look=Look(
            places=(
                Now(),
                Chart("Orders and appointments", "bot"),
            )
        ),
    ),
    count(
        "chat_appointments_set",
        "site bot",
        TRAFFIC,
        "Appointments set in a chat.",
        area="chatbot",
        look=Look(places=(Column("Orders and appointments", "Appointments by bot"),)),
    ),
    count(
        "chat_appointments_confirmed",
        "site bot",
        TRAFFIC,
        "Appointments confirmed, by when they were set.",
        area="chatbot",
        look=Look(places=(Column("Orders and appointments", "Appointments by bot"),)),
    ),
    count(
        "chat_appointments_cancelled",
        "site bot",
        TRAFFIC,
        "Appointments cancelled, by when they were set.",
        area="chatbot",
        look=Look(places=(Column("Orders and appointments", "Appointments by bot"),)),
    ),
    ratio(
        "chat_appointment_confirmation_ratio",
        "site bot",
        TRAFFIC,
        ("chat_appointments_confirmed", "chat_appointments_set"),
        "Share of appointments set in a chat that were confirmed.",
        area="chatbot",
        direction="drop",
        alert=Alert("Fewer appointments set in the chat are confirmed than usual."),
        look=Look(places=(Chart("Orders and appointments", "bot"),)),
    ),
    ratio(
        "chat_handoff_ratio",
        "site bot",
        TRAFFIC,
        ("chat_handoffs", "conversations"),
        "Share of conversations that were handed to a person.",
        area="chatbot",
        direction="rise",
        alert=Alert("More conversations are handed to a person than usual."),
        look=Look(
            places=(
                Now(),
                Chart("Conversations", "bot"),
            )
        ),
    ),
    ratio(
        "chat_resolved_ratio",
        "site bot",
        TRAFFIC,
        ("chat_resolved", "conversations"),
        "Share of conversations that were resolved.",
        area="chatbot",
        direction="drop",
        alert=Alert("Fewer conversations are resolved than usual."),
        look=Look(
            places=(
                Now(),
                Chart("Conversations", "bot"),
            )
        ),
    ),
    ratio(
        "form_with_chat_ratio",
        "site",
        TRAFFIC,
        ("chat_form_people", "chat_people"),
        "Share of the people who chatted that submitted a form; beside the next one, never called causal.",
        area="chatbot",
        formula="people who chatted and submitted a form / people who chatted",
        direction="drop",
        alert=Alert("Fewer people who chat submit a form than usual."),
        look=Look(places=(Chart("Forms with and without a chat (side by side, never called causal)"),)),
    ),
    ratio(
        "form_without_chat_ratio",
        "site",
        TRAFFIC,
        ("form_people - chat_form_people", "visitors - chat_people"),
        "Share of the visitors who did not chat that submitted a form.",
        area="chatbot",
        formula="people who submitted a form and did not chat / visitors who did not chat",
        direction="drop",
        alert=Alert("Fewer people who do not chat submit a form than usual."),
        look=Look(places=(Chart("Forms with and without a chat (side by side, never called causal)"),)),
    ),
    Metric(
        "chat_conversation_seconds",
        "summary",
        "How long conversations last.",
        "duration_s, else last less first event; quantiles from log buckets, 2 % relative error",
        labels("site bot"),
        TRAFFIC,
        terms("chat_seconds"),
        terms("chat_ms"),
        unit="seconds",
        area="chatbot",
        look=Look(places=(Chart("Conversations", "bot", title="Length of conversations"),)),
    ),
)
