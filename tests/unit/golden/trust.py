"""Golden cases of trust: where every record ended, and what the readings rest on."""

from __future__ import annotations

from stream import catalog
from tests.unit.golden.events import ad, at_ms, chat, crm, form, mail, view
from tests.unit.golden.story import Story

_BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def _views(minute: int, count: int) -> list[dict[str, object]]:
    """Make page views of one person, a fifth of a second apart, from a minute after 10:00 on."""
    return [view(f"10:{minute + n // 300:02d}:{n % 300 / 5}", "ann") for n in range(count)]


STORIES = [
    Story(
        "what decorates an event costs no event, and what was dropped of those that count is told",
        [
            view("10:00", "ann", geo={"country": "Germany"}),
            view("10:01", "ann", geo={"country": "de"}),
            view("10:02", "bot", geo={"country": "T1"}, user_agent=_BOT),  # filtered: nothing of it is told
            view("10:03", "bob", product=[], consent={"analytics": "denied"}),
            form("10:04", "bob", "Submit", form_type="callback"),  # a type that nobody knows is no key event
            ad("10:05", "click", count="3"),  # figures rest on it
        ],
        [
            (
                "fields_ignored_total",
                None,
                {
                    "kind=page_view field=geo.country": 1,
                    "kind=page_view field=product": 1,
                    "kind=page_view field=consent.analytics": 1,
                    "kind=form field=form_type": 1,
                },
            ),
            ("visitors", "24h", {"": 2}),
            ("country_visitors", "24h", {"country=DE": 1, "country=unknown": 1}),
            ("leads", "24h", {}),
            (
                "events_total",
                None,
                {
                    "kind=page_view outcome=counted reason=": 3,
                    "kind=page_view outcome=filtered reason=bot": 1,
                    "kind=form outcome=counted reason=": 1,
                    "kind=ad outcome=dead_lettered reason=wrong_type": 1,
                },
            ),
        ],
    ),
    Story(
        "the 65th offer of a person and the 65th content of a session find no room, and that is told",
        [
            *(view(f"10:{n // 60:02d}:{n % 60}", "ann", f"blog/c{n:02}", offer=f"o{n:02}") for n in range(66)),
            form("10:02", "ann", "view", offer="o66"),
            *(view(f"11:00:{n}", "bob", f"blog/c{n:02}", offer=f"o{n:02}") for n in range(60)),
        ],
        [
            (
                "fields_ignored_total",
                None,
                {
                    "kind=page_view field=page.content_id": 2,
                    "kind=page_view field=page.offer_id": 2,
                    "kind=form field=offer_id": 1,
                },
            ),
        ],
        any_order=False,  # of the offers the first 64 stay
    ),
    Story(
        "of a message 1,000 recipients are joined by both of their ids, and the others are told",
        [mail("10:00", "m1", "sent", lead_id=f"l{n}", email_hash=f"{n:064x}") for n in range(1_003)],
        [("unjoined_recipients_total", None, {"": 3}), ("emails_sent", "24h", {"campaign=unknown purpose=unknown variant=unknown": 1_003})],
        any_order=False,  # a thousand rows, each found again
    ),
    Story(
        "an id is used again by another kind, and both count",
        [view("10:00", "ann", id="1"), form("10:01", "ann", "start", id="1"), view("10:02", "ann", id="1")],
        [
            (
                "events_total",
                None,
                {
                    "kind=page_view outcome=counted reason=": 1,
                    "kind=page_view outcome=duplicate reason=": 1,
                    "kind=form outcome=counted reason=": 1,
                },
            )
        ],
    ),
    Story(
        "every record ends in exactly one place",
        [
            view("10:00", "ann", id="a"),
            view("10:00", "ann", id="a"),  # a duplicate
            view("10:01", "ann", id="a"),  # still one: source and id name the event, not its time
            view("11:00", "ann", id="b", recorded="10:59"),  # its clock is ahead: it happened at 10:59
            view("10:00", "bot", user_agent=_BOT),
            view("10:00", "we", traffic={"class": "internal"}),
            view("10:00", "tester", traffic={"class": "test"}),
            view("10:00", "known", user_agent=_BOT, traffic={"class": "human"}),  # the producer knows better
            view("10:00", "shy", consent={"analytics": False}),
            view("06-14 10:00", "slow", recorded="10:00"),  # exactly a day: in time
            view("06-14 10:00", "slower", recorded="10:00:00.001"),
            view("10:00", None),  # by nobody
            form("10:00", "bad", "dance"),
            chat("10:00", "bad", "message", actor=None),
            mail("10:00", "m1", "bounced"),
            ad("10:00", "spend", cost=1),
            ad("10:00", "click"),
        ],
        [
            (
                "events_total",
                None,
                {
                    "kind=page_view outcome=counted reason=": 5,
                    "kind=page_view outcome=duplicate reason=": 2,
                    "kind=page_view outcome=filtered reason=bot": 1,
                    "kind=page_view outcome=filtered reason=internal": 1,
                    "kind=page_view outcome=filtered reason=test": 1,
                    "kind=page_view outcome=dead_lettered reason=too_late": 1,
                    "kind=page_view outcome=dead_lettered reason=missing_field": 1,
                    "kind=form outcome=dead_lettered reason=out_of_range": 1,
                    "kind=chatbot outcome=dead_lettered reason=missing_field": 1,
                    "kind=email outcome=dead_lettered reason=missing_field": 1,
                    "kind=ad outcome=dead_lettered reason=missing_field": 1,
                    "kind=ad outcome=counted reason=": 1,
                },
            ),
            ("conservation_error", None, {"": 0}),
            ("clock_ahead_total", None, {"kind=page_view": 1}),
            # by arrival; nothing of the fold is left out below the line
            (
                "valid_event_ratio",
                "6h",
                {
                    "kind=page_view": (5, 12),
                    "kind=form": (0, 1),
                    "kind=chatbot": (0, 1),
                    "kind=email": (0, 1),
                    "kind=ad": (1, 2),
                },
            ),
            (
                "traffic_events",
                "24h",
                {
                    "kind=page_view class=human": 4,
                    "kind=page_view class=bot": 1,
                    "kind=page_view class=internal": 1,
                    "kind=page_view class=test": 1,
                    "kind=ad class=human": 1,
                },
            ),
            ("visitors", "24h", {"": 3}),  # ann, known, shy; slow was here 26 hours ago
            ("visitors", "7d", {"": 4}),
            (
                "source_newest_event_timestamp_seconds",
                None,
                {"kind=page_view": at_ms("10:59") / 1000, "kind=ad": at_ms("10:00") / 1000},
            ),
            ("source_lag_seconds", None, {"kind=page_view": 3660.0, "kind=ad": 7200.0}),
            ("data_since_timestamp_seconds", None, {"": at_ms("06-14 10:00") / 1000}),
            ("complete", None, {"": 1}),
            ("dedupe_horizon_seconds", None, {"": 86_400.0}),
            ("mixed_granularity", None, {"": 0}),
            ("catalog_info", None, {f"version={catalog.version()}": 1}),
        ],
        any_order=False,  # of three copies the first that is read counts
    ),
    Story(
        "consent can be required",
        [
            view("10:00", "shy", consent={"analytics": False}),
            view("10:00", "bold", consent={"analytics": True}),
            view("10:00", "mute"),
        ],
        [
            ("visitors", "6h", {"": 2}),
            (
                "events_total",
                None,
                {
                    "kind=page_view outcome=counted reason=": 2,
                    "kind=page_view outcome=filtered reason=no_consent": 1,
                },
            ),
            ("conservation_error", None, {"": 0}),
        ],
        options={"require_consent": True},
    ),
    Story(
        "a person may make 5000 events an hour; more is flood",
        [*_views(30, 5003), view("11:00", "ann")],
        [
            ("page_views", "6h", {"": 5001}),
            (
                "events_total",
                None,
                {
                    "kind=page_view outcome=counted reason=": 5001,
                    "kind=page_view outcome=filtered reason=flood": 3,
                },
            ),
            ("valid_event_ratio", "6h", {"kind=page_view": (5001, 5004)}),
            ("conservation_error", None, {"": 0}),
        ],
        any_order=False,
    ),
    Story(
        "the bound of an hour holds over two sessions as well",
        [*_views(0, 3000), *_views(45, 3000)],
        [("page_views", "6h", {"": 5000}), ("sessions", "6h", {"": 2})],
        any_order=False,
    ),
    Story(
        "values that name nobody are no ids, and that is told",
        [
            view("10:00", "ann", user_id="guest"),
            view("10:01", "ann", user_id="guest"),
            form("10:02", "bob", "submit", form_type="demo", user_id="undefined"),
            crm("10:03", "l1", "lead_created", user_id="null"),
            crm("10:04", "l2", "lead_created", user_id="u2"),
        ],
        [
            ("ignored_ids_total", None, {"field=user_id": 4}),
            ("lead_facts_dropped_total", None, {}),
            ("conservation_error", None, {"": 0}),
        ],
    ),
    Story(
        "a lead keeps 512 facts of an id, and what has no room is told",
        [crm(f"{9 + n // 60:02d}:{n % 60:02d}", "l1", "assigned", rep=f"r{n}") for n in range(150)]
        + [crm(f"09:{n // 60:02d}:{n % 60:02d}", "l1", "assigned", rep="r") for n in range(1, 391)],
        [
            ("lead_facts_dropped_total", None, {"": 28}),
            ("conservation_error", None, {"": 0}),
        ],
        any_order=False,
    ),
]
