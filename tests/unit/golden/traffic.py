"""Golden cases of traffic: people, sessions, channels, content."""

from __future__ import annotations

from stream.changes.panes import DAY_MS
from stream.ingest.touches import ChannelOptions
from tests.unit.golden.events import chat, form, view
from tests.unit.golden.story import Quotient, Story

STORIES = [
    Story(
        "people count once a window, and a window has its left edge inside",
        [
            view("06-08 09:00", "ann"),
            view("06-14 11:59:59.999", "cat"),  # a millisecond too early for 24 h
            view("06-14 12:00", "bob"),
            view("11:00", "ann"),
            view("11:56", "ann"),
        ],
        [
            ("visitors", "5m", {"": 1}),
            ("visitors", "1h", {"": 1}),
            ("visitors", "6h", {"": 1}),
            ("visitors", "24h", {"": 2}),
            ("visitors", "7d", {"": 3}),
            ("visitors", "30d", {"": 3}),
            ("new_visitors", "5m", {"": 0}),
            ("new_visitors", "24h", {"": 1}),
            ("new_visitors", "7d", {"": 2}),
            ("new_visitors", "30d", {"": 3}),
            ("page_views", "5m", {"": 1}),
            ("page_views", "1h", {"": 2}),
            ("page_views", "24h", {"": 3}),
            ("page_views", "7d", {"": 4}),
            ("page_views", "30d", {"": 5}),
            ("sessions", "5m", {"": 1}),
            ("sessions", "1h", {"": 2}),
            ("sessions", "24h", {"": 3}),
            ("sessions", "7d", {"": 4}),
            ("sessions", "30d", {"": 5}),
            # over sessions that began in [T - 30 min - W, T - 30 min)
            ("bounce_ratio", "1h", {"channel=direct": (1, 1)}),
            ("bounce_ratio", "24h", {"channel=direct": (3, 3)}),
            ("bounce_ratio", "7d", {"channel=direct": (3, 3)}),
        ],
    ),
    Story(
        "sites are kept apart, and so are their visitors of the same name",
        [view("11:00", "ann"), view("11:01", "ann", site_id="s2"), view("11:02", "bob", site_id="s2")],
        [("visitors", "1h", {"": 1, "site=s2": 2}), ("page_views", "1h", {"": 1, "site=s2": 2})],
    ),
    Story(
        "a gap of exactly half an hour does not end a session, a millisecond more does",
        [view("10:00", "dan"), view("10:30", "dan"), view("11:00:00.001", "dan")],
        [
            ("sessions", "6h", {"": 2}),
            ("bounce_ratio", "1h", {"channel=direct": (1, 1)}),
            ("bounce_ratio", "24h", {"channel=direct": (1, 2)}),
        ],
    ),
    Story(
        "a session has the channel of its earliest event that is not direct, and takes its page views with it",
        [
            view("10:00", "eve", "blog/a"),
            view("10:10", "eve", "blog/b", "google/cpc/spring"),
            view("10:05", "eve", "pricing/p", "news/email/june"),  # known late, but earlier
            view("10:12", "eve", "pricing/p", "facebook/social"),
        ],
        [
            ("channel_sessions", "6h", {"channel=email": 1}),
            ("channel_page_views", "6h", {"channel=email": 4}),
            ("channel_visitors", "6h", {"channel=email": 1}),
            ("campaign_visitors", "6h", {"campaign=june": 1}),
            ("bounce_ratio", "24h", {"channel=email": (0, 1)}),
            ("social_visit_to_lead_ratio", "6h", {}),
        ],
    ),
    Story(
        "an event in the gap makes one session of two",
        [
            view("10:00", "fay", "blog/a"),
            view("10:50", "fay", "blog/b", "google/cpc/spring"),
            view("10:25", "fay", "docs/c", "facebook/social"),
        ],
        [
            ("sessions", "6h", {"": 1}),
            ("channel_sessions", "6h", {"channel=organic_social": 1}),
            ("channel_page_views", "6h", {"channel=organic_social": 3}),
            ("channel_visitors", "6h", {"channel=organic_social": 1}),
            ("campaign_visitors", "6h", {"campaign=unknown": 1}),
            ("landing_visitors", "24h", {"page_group=blog content=a": 1}),
            ("bounce_ratio", "24h", {"channel=organic_social": (0, 1)}),
            ("visitors", "6h", {"": 1}),
        ],
    ),
    Story(
        "a bounce is one page view and nothing that the visitor did; a later deed of the session takes it back",
        [
            view("10:00", "gus"),
            view("10:00", "hal"),
            form("10:10", "gus", "start"),
            form("10:10", "hal", "view"),  # comes into view by itself
            chat("10:20", "hal", "message", actor="bot"),
            chat("10:25", "hal", "conversation_started", actor="bot"),
            chat("10:26", "hal", "conversation_ended"),
            form("10:00", "ivy", "start"),  # one presence, but no page view
            form("10:00", "kim", "view"),  # nobody
            view("11:30", "jim"),  # the session may go on: not looked at yet
        ],
        [
            ("bounce_ratio", "24h", {"channel=direct": (1, 3)}),
            ("bounce_ratio", "1h", {}),
            ("sessions", "24h", {"": 4}),
            ("visitors", "24h", {"": 4}),
            ("form_views", "24h", {"form=f1": 2}),
        ],
    ),
    Story(
        "a person by two ways counts once in each, and once in all",
        [
            view("09:00", "jan", "landing/home", "google/cpc/spring", country="DE"),
            view("11:30", "jan", "pricing/p", "news/email/june"),
        ],
        [
            ("visitors", "6h", {"": 1}),
            ("channel_visitors", "1h", {"channel=email": 1}),
            ("channel_visitors", "6h", {"channel=paid_search": 1, "channel=email": 1}),
            ("campaign_visitors", "1h", {"campaign=june": 1}),
            ("campaign_visitors", "6h", {"campaign=spring": 1, "campaign=june": 1}),
            ("country_visitors", "1h", {"country=unknown": 1}),
            ("country_visitors", "6h", {"country=DE": 1, "country=unknown": 1}),
            (
                "landing_visitors",
                "24h",
                {"page_group=landing content=home": 1, "page_group=pricing content=p": 1},
            ),
            ("channel_sessions", "6h", {"channel=paid_search": 1, "channel=email": 1}),
            ("channel_page_views", "6h", {"channel=paid_search": 1, "channel=email": 1}),
        ],
    ),
    Story(
        "coming back by the same way moves a person on and counts nobody twice",
        [
            view("06-14 10:00", "kit", "blog/a", "google/cpc/spring", country="DE"),
            view("10:00", "kit", "blog/a", "google/cpc/spring", country="DE"),
            view("11:00", "kit", "blog/a", "google/cpc/spring", country="DE"),
        ],
        [
            ("channel_visitors", "1h", {"channel=paid_search": 1}),
            ("channel_visitors", "7d", {"channel=paid_search": 1}),
            ("campaign_visitors", "7d", {"campaign=spring": 1}),
            ("country_visitors", "7d", {"country=DE": 1}),
            ("landing_visitors", "7d", {"page_group=blog content=a": 1}),
            ("visitors", "7d", {"": 1}),
            ("new_visitors", "24h", {"": 0}),
        ],
    ),
    Story(
        "the country is that of the earliest event that has one",
        [view("10:02", "leo", country="US"), view("10:00", "leo"), view("10:01", "leo", country="FR")],
        [("country_visitors", "6h", {"country=FR": 1})],
    ),
    Story(
        "a campaign without a name goes by its id",
        [view("10:00", "max", campaign={"source": "google", "medium": "cpc", "id": "123"})],
        [("campaign_visitors", "6h", {"campaign=123": 1})],
    ),
    Story(
        "organic search by engine, referral by domain",
        [
            view("10:00", "a", referrer="www.google.com"),
            view("10:00", "b", utm="google/organic"),
            view("10:00", "c", referrer="www.bing.com"),
            view("10:00", "d", referrer="partner.example"),
            view("10:00", "e", utm="google/cpc"),
            view("10:00", "f"),
        ],
        [
            ("organic_sessions", "6h", {"engine=google": 2, "engine=bing": 1}),
            ("referral_sessions", "6h", {"domain=partner.example": 1}),
            (
                "channel_sessions",
                "6h",
                {
                    "channel=organic_search": 3,
                    "channel=referral": 1,
                    "channel=paid_search": 1,
                    "channel=direct": 1,
                },
            ),
        ],
    ),
    Story(
        "content: who viewed it in the session of the key event, and who landed there",
        [
            view("10:00", "mia", "blog/a"),
            view("10:05", "mia", "pricing/p"),
            form("10:10", "mia", "submit"),
            view("10:15", "mia", "docs/d"),  # after the key event, in its session
            view("11:30", "mia", "blog/b"),  # another session
            view("09:00", "nat", "blog/a"),
            view("06-13 10:00", "ole", "blog/a"),
            form("06-13 10:01", "ole", "submit"),
            view("10:00", "ole", "blog/a"),
            form("09:30", "pam", "submit"),  # landed nowhere
        ],
        [
            (
                "content_views",
                "24h",
                {
                    "page_group=blog content=a": 3,
                    "page_group=pricing content=p": 1,
                    "page_group=docs content=d": 1,
                    "page_group=blog content=b": 1,
                },
            ),
            (
                "content_leads",
                "24h",
                {
                    "page_group=blog content=a": 1,
                    "page_group=pricing content=p": 1,
                    "page_group=docs content=d": 1,
                },
            ),
            (
                "content_leads",
                "7d",
                {
                    "page_group=blog content=a": 2,
                    "page_group=pricing content=p": 1,
                    "page_group=docs content=d": 1,
                },
            ),
            ("landing_visitors", "24h", {"page_group=blog content=a": 3, "page_group=blog content=b": 1}),
            (
                "landing_page_visit_to_lead_ratio",
                "24h",
                {"page_group=blog content=a": (1, 3), "page_group=blog content=b": (0, 1)},
            ),
            (
                "landing_page_visit_to_lead_ratio",
                "7d",
                {"page_group=blog content=a": (2, 3), "page_group=blog content=b": (0, 1)},
            ),
        ],
    ),
    Story(
        "whoever chats or touches a form is a visitor, seen or not",
        [chat("11:10", "ann", "message"), form("11:20", "bob", "error"), form("11:30", "cat", "abandon")],
        [
            ("visitors", "1h", {"": 3}),
            ("new_visitors", "1h", {"": 3}),
            ("sessions", "1h", {"": 3}),
            ("page_views", "1h", {}),
            ("country_visitors", "1h", {"country=unknown": 3}),
            ("landing_visitors", "24h", {}),
        ],
    ),
    Story(
        "what nobody caused joins the session that runs, else the one that begins soon, else it stands alone",
        [
            form("09:20", "ann", "view", utm="news/email/june", country="FR"),  # half an hour before: joins it
            view("09:50", "ann"),
            chat("10:20", "ann", "message", utm="google/cpc", actor="agent"),  # runs, though later by the channel
            form("10:20:00.001", "ann", "view", form="f2"),  # runs no more
            view("10:50:00.002", "ann"),  # and begins too late for that
            form("10:30", "bob", "view", utm="google/cpc"),
            form("10:30", "bob", "view"),  # the same moment
        ],
        [
            ("channel_sessions", "24h", {"channel=email": 1, "channel=direct": 1}),
            ("channel_page_views", "24h", {"channel=email": 1, "channel=direct": 1}),
            ("country_visitors", "24h", {"country=FR": 1, "country=unknown": 1}),
            ("visitors", "24h", {"": 1}),
            ("bounce_ratio", "24h", {"channel=email": (1, 1), "channel=direct": (1, 1)}),
            ("form_views", "24h", {"form=f1": 2, "form=f2": 1}),
        ],
    ),
    Story(
        "what nobody caused joins for good once the session reaches it",
        [
            view("09:50", "ann"),
            chat("10:25", "ann", "message", actor="bot", utm="google/cpc"),
            view("10:40", "ann", utm="news/email/june"),  # it would join this one
            view("10:05", "ann"),  # but this one reaches it, and joins no other
        ],
        [
            ("channel_sessions", "24h", {"channel=paid_search": 1, "channel=email": 1}),
            ("channel_page_views", "24h", {"channel=paid_search": 2, "channel=email": 1}),
        ],
    ),
    Story(
        "a session is engaged by its length, by the foreground, by a key event or by two page views",
        [
            view("10:00", "ann", utm="google/cpc"),
            view("10:00:01", "ann"),
            view("10:00", "bob", engagement_ms=9_999),
            view("10:00", "cat", engagement_ms=10_000),
            form("10:00", "dan", "submit"),
            view("10:00", "eve"),
            form("10:00:09.999", "eve", "error"),
            view("10:00", "fay"),
            form("10:00:10", "fay", "error"),
            chat("10:00", "gil", "message"),
            chat("10:01", "gil", "message", actor="agent"),
        ],
        [
            ("engaged_sessions", "6h", {"channel=paid_search": 1, "channel=direct": 3}),
            ("session_page_views", "6h", {"channel=paid_search": 2, "channel=direct": 4}),
            (
                "pages_per_session",
                "6h",
                {"channel=paid_search": Quotient(2.0, 2, 1), "channel=direct": Quotient(4 / 6, 4, 6)},
            ),
        ],
    ),
    Story(
        "page views of sessions stand where the session started",
        [view("10:55", "ann"), view("11:10", "ann")],
        [
            ("page_views", "1h", {"": 1}),
            ("session_page_views", "1h", {"channel=direct": 0}),
            ("session_page_views", "6h", {"channel=direct": 2}),
        ],
    ),
    Story(
        "downloads are page views of that type, and forms sent for one",
        [
            view("10:00", "ann", page={"path": "/e", "group": "docs", "content_id": "ebook", "content_type": "Download"}),
            view("10:01", "ann", page={"path": "/e", "group": "docs", "content_id": "ebook", "content_type": "pdf"}),
            form("10:02", "ann", "submit", "download", content_id="ebook", submission_id="1"),
            form("10:03", "ann", "submit", "download", content_id="ebook", submission_id="1"),
            form("10:04", "ann", "submit", "demo", content_id="ebook", submission_id="2"),
        ],
        [
            (
                "content_downloads",
                "24h",
                {"page_group=docs content=ebook": 1, "page_group=unknown content=ebook": 1},
            )
        ],
    ),
    Story(
        "an agent who writes keeps nobody from being new",
        [
            view("04-01 10:00", "ann"),
            chat("05-01 10:00", "ann", "message", actor="agent"),
            view("05-20 10:00", "ann"),
        ],
        [("new_visitors", "30d", {"": 1}), ("funnel_step_ratio", "30d", {
            "from=first_view to=form_start": (0, 1), "from=first_view to=lead": (0, 1),
        })],
        any_order=False,
    ),
    Story(
        "people are remembered for 35 days after they were last seen",
        [
            view("04-01 10:00", "ann"),
            view("05-06 10:00", "ann"),  # 35 days: known
            view("06-10 10:00:00.001", "ann"),  # 35 days and a millisecond: new again
        ],
        [("new_visitors", "30d", {"": 1}), ("visitors", "30d", {"": 1}), ("sessions", "30d", {"": 1})],
        any_order=False,
    ),
    Story(
        "labels are made fit to be shown",
        [
            view("10:00", "ann", utm="google/cpc/spring\tsale"),
            view("10:00", "bob", utm="google/cpc/" + "x" * 100),
            view("10:00", "cat", "  /  ", utm="google/cpc/  "),
        ],
        [
            (
                "campaign_visitors",
                "6h",
                {"campaign=spring\ufffdsale": 1, "campaign=" + "x" * 55 + "~09ecb6eb": 1, "campaign=unknown": 1},
            ),
            ("content_views", "24h", {"page_group=unknown content=unknown": 3}),
        ],
    ),
    Story(
        "with a look-back a direct visit goes by the last one that was not, and hands nothing on",
        [
            view("03-20 10:00", "ann", utm="google/cpc/spring"),
            view("06-14 10:00", "ann"),  # 86 days later
            view("10:00", "ann"),
            form("10:05", "ann", "submit", "demo"),
            view("06-13 10:00", "bob", referrer="blog.example"),
            view("06-14 10:00", "bob", utm="news/email/june"),
            view("10:00", "bob"),
            view("10:00", "cat"),  # nothing came before
            view("03-10 10:00", "dan", utm="google/cpc/spring"),
            view("10:00", "dan"),  # 97 days
        ],
        [
            ("channel_visitors", "24h", {"channel=paid_search": 1, "channel=email": 1, "channel=direct": 2}),
            ("campaign_visitors", "24h", {"campaign=spring": 1, "campaign=june": 1, "campaign=unknown": 2}),
            ("channel_leads", "24h", {"channel=paid_search": 1}),
            ("channel_sessions", "7d", {
                "channel=paid_search": 2, "channel=email": 2, "channel=referral": 1, "channel=direct": 2,
            }),
            ("channel_page_views", "24h", {"channel=paid_search": 1, "channel=email": 1, "channel=direct": 2}),
            ("referral_sessions", "7d", {"domain=blog.example": 1}),
            ("visitors", "24h", {"": 4}),
        ],
        options={"channels": ChannelOptions(look_back_ms=90 * DAY_MS)},
    ),
    Story(
        "without one a direct visit is direct",
        [view("06-14 10:00", "ann", utm="google/cpc/spring"), view("10:00", "ann")],
        [("channel_sessions", "7d", {"channel=paid_search": 1, "channel=direct": 1})],
    ),
    Story(
        "the largest values of a label are shown, ties by name; the others are added up in `(other)`, `unknown` never is",
        [view(f"10:0{n}", f"v{n}", utm=f"google/cpc/{name}") for n, name in enumerate("bacdde")]
        + [view(f"10:1{n}", f"w{n}") for n in range(3)] + [view("10:20", "x1", utm="google/cpc/other")],
        [("campaign_visitors", "6h",
          {"campaign=a": 1, "campaign=d": 2, "campaign=(other)": 4, "campaign=unknown": 3}),
         ("visitors", "6h", {"": 10}),
         ("labels_folded_total", None, {"label=campaign": 4})],
        options={"label_limit": 2, "windows": ("6h",)},
    ),
]  # fmt: skip
