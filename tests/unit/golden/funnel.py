"""Golden cases of the funnel's timings."""

from __future__ import annotations

from tests.unit.golden.events import chat, form, view
from tests.unit.golden.story import Quotient, Story, Timed

_FORM = "from=first_view to=form_start"
_SUBMIT = "from=form_start to=form_submit"
_LEAD = "from=first_view to=lead"
_CHAT = "from=conversation_started to=chat_lead"
_AD = "from=ad_landing to=key_event"
_EMAIL = "from=email_landing to=key_event"

STORIES = [
    Story(
        "steps of a form and to the lead",
        [
            view("10:00", "ann"),
            form("10:02", "ann", "start"),
            form("10:05", "ann", "submit"),
            view("10:00", "bob"),
            view("10:00", "cat"),
            form("10:10", "cat", "submit"),  # implies its start, but nobody saw when that was
            form("10:00", "dan", "submit"),  # before the first view: known by then
            view("10:30", "dan"),
            view("05-15 10:00", "eve"),
            form("06-14 10:00", "eve", "submit"),  # after 30 days: still
            view("05-15 10:00", "fay"),
            form("06-14 10:00:00.001", "fay", "submit"),  # a millisecond too late
        ],
        [
            ("funnel_step_ratio", "24h", {_FORM: (2, 4), _LEAD: (2, 3), _SUBMIT: (1, 1)}),
            ("funnel_step_waiting", "24h", {_FORM: 2, _LEAD: 1}),
            (
                "funnel_step_seconds",
                "24h",
                {
                    _FORM: Timed(120, 600, 720, 2),
                    _LEAD: Timed(300, 600, 900, 2),
                    _SUBMIT: Timed(180, 180, 180, 1),
                },
            ),
            (
                "funnel_step_seconds",
                "7d",
                {
                    _FORM: Timed(600, 2_592_000, 2_592_720, 3),
                    _LEAD: Timed(600, 2_592_000, 2_592_900, 3),
                    _SUBMIT: Timed(180, 180, 180, 1),
                },
            ),
            (
                "funnel_step_mean_seconds",
                "24h",
                {
                    _FORM: Quotient(360.0, 720.0, 2),
                    _LEAD: Quotient(450.0, 900.0, 2),
                    _SUBMIT: Quotient(180.0, 180.0, 1),
                },
            ),
            ("funnel_step_in_time_ratio", "24h", {_FORM: (2, 4), _LEAD: (2, 3), _SUBMIT: (1, 1)}),
            ("funnel_step_in_time_ratio", "7d", {_FORM: (2, 4), _LEAD: (2, 3), _SUBMIT: (1, 1)}),
            ("funnel_step_seconds", "1h", {}),
        ],
    ),
    Story(
        "an earlier start, known late, corrects the time that a step took",
        [
            view("10:00", "ann"),
            form("10:05", "ann", "submit"),
            form("10:04", "ann", "start"),
            form("10:01", "ann", "start"),
            view("09:59", "ann"),
        ],
        [
            (
                "funnel_step_seconds",
                "24h",
                {
                    _FORM: Timed(120, 120, 120, 1),
                    _SUBMIT: Timed(240, 240, 240, 1),
                    _LEAD: Timed(360, 360, 360, 1),
                },
            ),
            ("funnel_step_ratio", "24h", {_FORM: (1, 1), _SUBMIT: (1, 1), _LEAD: (1, 1)}),
        ],
    ),
    Story(
        "from the start of a conversation to its lead",
        [
            chat("10:00", "gil", "conversation_started"),
            chat("10:04", "gil", "lead_captured"),
            chat("10:30", "gil", "lead_captured"),
            chat("10:00", "hal", "message"),  # its start was not seen
            chat("10:05", "hal", "lead_captured"),
            chat("10:10", "ivy", "conversation_started"),
        ],
        [
            ("funnel_step_ratio", "24h", {_CHAT: (1, 2)}),
            ("funnel_step_seconds", "24h", {_CHAT: Timed(240, 240, 240, 1)}),
            ("funnel_step_mean_seconds", "24h", {_CHAT: Quotient(240.0, 240.0, 1)}),
        ],
    ),
    Story(
        "from each landing by an ad or an e-mail to the next key event, in whatever session that is",
        [
            view("09:00", "jan", utm="google/cpc"),
            form("11:10", "jan", "submit"),
            view("09:30", "kim", utm="facebook/cpc"),
            view("10:30", "kim", utm="facebook/cpc"),
            view("10:00", "leo", utm="news/email/june"),
            chat("10:20", "leo", "lead_captured"),
            form("10:00", "mia", "view", utm="news/email/june"),
            form("10:02", "mia", "submit"),  # before the first page of the session was seen
            view("10:05", "mia"),
            view("10:00", "ned", utm="banner/display"),
            view("10:00", "oda", utm="google/organic"),
        ],
        [
            (
                "funnel_step_ratio",
                "24h",
                {
                    _AD: (1, 4),
                    _EMAIL: (1, 2),
                    _FORM: (1, 6),  # jan; mia's form came before her first view
                    _LEAD: (2, 5),  # jan and leo; mia was known at her first view
                },
            ),
            # an hour is the target to the lead, half an hour that to the form
            ("funnel_step_in_time_ratio", "24h", {_AD: (0, 4), _EMAIL: (1, 2), _FORM: (0, 6), _LEAD: (1, 5)}),
            (
                "funnel_step_seconds",
                "24h",
                {
                    _AD: Timed(7_800, 7_800, 7_800, 1),
                    _EMAIL: Timed(1_200, 1_200, 1_200, 1),
                    _FORM: Timed(7_800, 7_800, 7_800, 1),
                    _LEAD: Timed(1_200, 7_800, 9_000, 2),
                },
            ),
        ],
    ),
    Story(
        "a step ends at the first that comes behind its beginning, whatever came before",
        [
            form("09:58", "ann", "start"),
            view("10:00", "ann", utm="news/email/june"),
            form("10:01", "ann", "start"),
            form("10:10", "ann", "submit", "survey"),
            form("10:20", "bob", "submit"),
            form("10:21", "bob", "start"),
            form("10:22", "bob", "submit"),
            form("10:23", "bob", "submit"),
            form("09:59", "cat", "submit"),
            view("10:00", "cat", utm="news/email/june"),
            form("10:04", "cat", "submit"),
            form("10:05", "cat", "submit"),
        ],
        [
            ("funnel_step_ratio", "24h", {_FORM: (2, 2), _LEAD: (0, 1), _SUBMIT: (2, 2), _EMAIL: (1, 2)}),
            (
                "funnel_step_seconds",
                "24h",
                {
                    _FORM: Timed(60, 240, 300, 2),
                    _SUBMIT: Timed(60, 720, 780, 2),
                    _EMAIL: Timed(240, 240, 240, 1),
                },
            ),
        ],
    ),
    Story(
        "each landing by e-mail is one of its own, and one key event ends all that wait for it",
        [
            view("06-08 10:00", "ann", utm="news/email"),
            view("10:00", "ann", utm="news/email"),
            form("10:05", "ann", "submit"),
            view("11:00", "ann", utm="news/email"),
        ],
        [
            ("funnel_step_ratio", "24h", {_EMAIL: (1, 2), _FORM: (0, 0), _LEAD: (0, 0)}),
            ("funnel_step_waiting", "24h", {_EMAIL: 1}),
            ("funnel_step_seconds", "24h", {
                _EMAIL: Timed(300, 605_100, 605_400, 2),
                _FORM: Timed(605_100, 605_100, 605_100, 1),
                _LEAD: Timed(605_100, 605_100, 605_100, 1),
            }),
        ],
    ),
    Story(
        "in time is judged over those who had the time",
        [
            view("11:20", "ann"),
            form("11:45", "ann", "start"),
            view("11:40", "bob"),  # has ten minutes left
            form("11:50", "bob", "start"),
        ],
        [("funnel_step_in_time_ratio", "1h", {_FORM: (1, 1), _SUBMIT: (0, 2)}), ("funnel_step_ratio", "1h", {
            _FORM: (2, 2), _LEAD: (0, 2), _SUBMIT: (0, 2),
        })],
    ),
]
