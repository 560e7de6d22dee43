"""Golden cases of the chatbot."""

from __future__ import annotations

from tests.unit.golden.events import chat, form, view
from tests.unit.golden.story import Story, Timed

STORIES = [
    Story(
        "a conversation counts where it started, with all that became of it",
        [
            chat("10:00", "ann", "conversation_started", "c1", "sally"),
            chat("10:01", "ann", "message", "c1"),
            chat("10:03", "ann", "lead_captured", "c1"),
            chat("10:05", "ann", "conversation_ended", "c1", resolved=True, duration_s=200.5),
            chat("10:10", "bob", "conversation_started", "c2"),
            chat("10:12", "bob", "message", "c2", "sally"),  # the first to name the bot
            chat("10:20", "bob", "handoff", "c2", "max"),
            chat("10:30", "cat", "conversation_ended", "c3", "max", resolved=False),  # its start was not seen
            chat("10:40", "dan", "conversation_started", "c1", "max"),  # another person's, of the same name
            chat("10:40:40", "dan", "message", "c1"),
            chat("06-14 10:00", "eve", "conversation_started", "c5", "sally"),
            chat("11:00", "eve", "lead_captured", "c5"),  # belongs to yesterday
        ],
        [
            ("conversations", "6h", {"bot=sally": 2, "bot=max": 2}),
            ("conversations", "7d", {"bot=sally": 3, "bot=max": 2}),
            ("chat_leads", "6h", {"bot=sally": 1}),
            ("chat_leads", "7d", {"bot=sally": 2}),
            ("chat_conversion_ratio", "6h", {"bot=sally": (1, 2), "bot=max": (0, 2)}),
            ("chat_conversion_ratio", "7d", {"bot=sally": (2, 3), "bot=max": (0, 2)}),
            ("chat_handoff_ratio", "6h", {"bot=sally": (1, 2), "bot=max": (0, 2)}),
            ("chat_resolved_ratio", "6h", {"bot=sally": (1, 2), "bot=max": (0, 2)}),
            (
                "chat_conversation_seconds",
                "6h",
                {"bot=sally": Timed(200.5, 600, 800.5, 2), "bot=max": Timed(0, 40, 40, 2)},
            ),
        ],
    ),
    Story(
        "the start of a conversation, seen late, takes all of it to another pane",
        [
            chat("11:10", "ann", "lead_captured", bot="sally"),
            chat("10:50", "ann", "conversation_started"),
        ],
        [
            ("conversations", "1h", {"bot=sally": 0}),
            ("conversations", "6h", {"bot=sally": 1}),
            ("chat_conversion_ratio", "6h", {"bot=sally": (1, 1)}),
            ("chat_conversation_seconds", "6h", {"bot=sally": Timed(1200, 1200, 1200, 1)}),
            ("leads", "1h", {"capture_method=chatbot": 1}),  # the person was known when that happened
        ],
    ),
    Story(
        "orders and appointments of a chat, by when they were begun",
        [
            chat("10:01", "ann", "order_started", bot="sally", order="o1"),
            chat("11:04", "ann", "order_completed", bot="max", order="o1"),
            chat("10:11", "bob", "order_started", bot="sally", order="o1"),
            chat("10:31", "cat", "order_completed", bot="max", order="o1"),  # implies its start
            chat("10:05", "ann", "appointment_set", bot="sally", appointment="a1"),
            chat("11:06", "ann", "appointment_confirmed", appointment="a1"),
            chat("11:07", "ann", "appointment_cancelled", appointment="a1"),
            chat("10:08", "bob", "appointment_set", bot="sally", appointment="a2"),
            chat("10:09", "cat", "appointment_confirmed", bot="max", appointment="a3"),  # implies the setting
            chat("10:10", "dan", "appointment_cancelled", appointment="a4"),
        ],
        [
            ("chat_orders_started", "6h", {"bot=sally": 2, "bot=max": 1}),
            ("chat_orders_completed", "6h", {"bot=sally": 1, "bot=max": 1}),
            ("chat_orders_completed", "1h", {}),
            ("chat_order_completion_ratio", "6h", {"bot=sally": (1, 2), "bot=max": (1, 1)}),
            ("chat_appointments_set", "6h", {"bot=sally": 2, "bot=max": 1, "bot=unknown": 1}),
            ("chat_appointments_confirmed", "6h", {"bot=sally": 1, "bot=max": 1}),
            ("chat_appointments_cancelled", "6h", {"bot=sally": 1, "bot=unknown": 1}),
            (
                "chat_appointment_confirmation_ratio",
                "6h",
                {"bot=sally": (1, 2), "bot=max": (1, 1), "bot=unknown": (0, 1)},
            ),
        ],
    ),
    Story(
        "submitting a form, of those who chat and of those who do not",
        [
            form("10:05", "ann", "submit"),
            chat("10:00", "ann", "message"),
            chat("10:10", "bob", "message"),
            form("10:20", "cat", "submit", "survey"),
            view("10:30", "dan"),
            form("06-13 10:00", "eve", "submit"),
            chat("10:30", "eve", "message"),
        ],
        [
            ("form_with_chat_ratio", "24h", {"": (1, 3)}),
            ("form_without_chat_ratio", "24h", {"": (1, 2)}),
            ("form_with_chat_ratio", "7d", {"": (2, 3)}),
            ("form_without_chat_ratio", "7d", {"": (1, 2)}),
        ],
    ),
    Story(
        "a person may begin 200 conversations an hour; more is flood",
        [chat(f"10:{n // 10:02d}:{n % 10:02d}", "ann", "message", f"c{n}", "sally") for n in range(202)],
        [
            ("conversations", "6h", {"bot=sally": 200}),
            ("events_total", None, {
                "kind=chatbot outcome=counted reason=": 200,
                "kind=chatbot outcome=filtered reason=flood": 2,
            }),
            ("valid_event_ratio", "6h", {"kind=chatbot": (200, 202)}),
            ("conservation_error", None, {"": 0}),
        ],
    ),
    Story(
        "a conversation is engaged once the visitor wrote or did something",
        [
            chat("10:00", "ann", "conversation_started", "c1", "sally"),
            chat("10:01", "ann", "message", "c1", actor="bot"),
            chat("10:00", "bob", "conversation_started", "c2", "sally"),
            chat("10:01", "bob", "message", "c2"),
            chat("10:00", "cat", "order_started", "c3", "sally", order="o1"),
        ],
        [
            ("engaged_conversations", "6h", {"bot=sally": 2}),
            ("chat_engaged_ratio", "6h", {"bot=sally": (2, 3)}),
        ],
    ),
    Story(
        "one thread holds many conversations, and closings belong to what they close",
        [
            chat("10:00", "ann", "conversation_started", "c1", "sally"),
            chat("10:05", "ann", "conversation_ended", "c1"),
            chat("10:05:01", "ann", "lead_captured", "c1"),
            chat("10:10", "ann", "message", "c1", "max"),
            chat("10:30", "ann", "conversation_ended", "c1", resolved=True),
            chat("10:20", "ann", "message", "c1"),
        ],
        [
            ("conversations", "6h", {"bot=sally": 1, "bot=max": 1}),
            ("chat_conversion_ratio", "6h", {"bot=sally": (1, 1), "bot=max": (0, 1)}),
            ("chat_resolved_ratio", "6h", {"bot=sally": (0, 1), "bot=max": (1, 1)}),
            ("chat_conversation_seconds", "6h", {"bot=sally": Timed(301, 301, 301, 1), "bot=max": Timed(600, 600, 600, 1)}),
        ],
    ),
    Story(
        "orders are worth what was told last, where they are completed",
        [
            chat("10:00", "ann", "order_started", bot="sally", order="o1", value=100, currency="EUR"),
            chat("10:05", "ann", "order_completed", order="o1", value=89.99, currency="EUR"),
            chat("10:06", "ann", "order_completed", order="o1"),
            chat("10:07", "ann", "order_started", order="o2", value=100, currency="EUR"),
            chat("10:08", "ann", "order_completed", order="o3", value=7),
        ],
        [("chat_order_value", "6h", {"bot=sally currency=EUR": 89.99})],
    ),
    Story(
        "appointments are judged by who was confirmed within 48 hours",
        [
            chat("06-12 10:00", "ann", "appointment_set", bot="sally", appointment="a1"),
            chat("06-14 10:00", "ann", "appointment_confirmed", appointment="a1"),
            chat("06-12 10:00", "bob", "appointment_set", bot="sally", appointment="a2"),
            chat("06-14 10:00:00.001", "bob", "appointment_confirmed", appointment="a2"),
            chat("06-14 10:00", "cat", "appointment_set", bot="sally", appointment="a3"),
            chat("06-14 10:01", "cat", "appointment_confirmed", appointment="a3"),
        ],
        [
            ("chat_appointments_confirmed_in_time", "7d", {"bot=sally": 1}),
            ("chat_appointment_confirmation_in_time_ratio", "7d", {"bot=sally": (1, 2)}),
        ],
    ),
]  # fmt: skip
