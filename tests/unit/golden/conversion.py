"""Golden cases of conversion: key events, leads, forms, offers."""

from __future__ import annotations

from tests.unit.golden.events import ad_form, chat, form, view
from tests.unit.golden.story import Story

STORIES = [
    Story(
        "who is known stays it for 400 days, though all that is remembered of their visits came and went at once",
        [
            form("01-10 10:00", "ann", "submit", "demo"),
            view("02-10 10:00", "ann"),
            view("03-10 10:00", "ann"),
            form("10:00", "ann", "submit", "demo"),
            view("10:05", "bob"),
        ],
        [("leads", "24h", {}), ("new_lead_ratio", "24h", {"": (0, 1)}), ("converted_visitors", "24h", {"": 1})],
        any_order=False,  # out of order by more than anything may be late
    ),
    Story(
        "a submission makes one key event and one download, at the first press that is one",
        [
            form("10:00", "ann", "submit", "survey", submission_id="1", content_id="a"),
            form("10:20", "ann", "submit", "download", submission_id="1", content_id="b"),
            form("10:21", "ann", "submit", "demo", submission_id="1", content_id="c"),
        ],
        [
            ("key_events", "1h", {}),
            ("key_events", "24h", {"action=download": 1}),
            ("content_downloads", "24h", {"page_group=unknown content=b": 1}),
            ("leads_by_action", "24h", {"action=download": 1}),
        ],
    ),
    Story(
        "conversion divides people by people, in all and by the way they came",
        [
            view("11:10", "ann", "l/p", "google/cpc/spring"),
            form("11:12", "ann", "submit", "contact"),
            view("11:20", "bob", "l/p", "google/cpc/spring"),
            chat("11:30", "cat", "lead_captured"),
            form("11:40", "dan", "submit", "survey"),  # no key event
            form("11:41", "eve", "submit", None),  # nor is a form of no type
            view("11:00", "fay", "l/p", "facebook/social"),
            form("11:45", "fay", "submit", "demo"),  # in a session of its own, direct
        ],
        [
            ("visitors", "1h", {"": 6}),
            ("converted_visitors", "1h", {"": 3}),
            ("visit_to_lead_ratio", "1h", {"": (3, 6)}),
            ("opt_in_ratio", "1h", {"": (3, 6)}),
            ("channel_converted_visitors", "1h", {"channel=paid_search": 1, "channel=direct": 2}),
            (
                "channel_visit_to_lead_ratio",
                "1h",
                {"channel=paid_search": (1, 2), "channel=direct": (2, 4), "channel=organic_social": (0, 1)},
            ),
            ("campaign_visit_to_lead_ratio", "1h", {"campaign=spring": (1, 2), "campaign=unknown": (2, 4)}),
            ("social_visit_to_lead_ratio", "1h", {"": (0, 1)}),
            ("leads", "1h", {"capture_method=form": 2, "capture_method=chatbot": 1}),
            ("channel_leads", "1h", {"channel=paid_search": 1, "channel=direct": 2}),
        ],
    ),
    Story(
        "social conversion takes organic and paid together, a person of both once",
        [
            view("10:00", "ann", utm="facebook/social"),
            form("10:01", "ann", "submit"),
            view("11:30", "ann", utm="facebook/cpc"),
            view("11:30", "bob", utm="facebook/cpc"),
        ],
        [
            ("social_visit_to_lead_ratio", "6h", {"": (1, 2)}),
            ("social_visit_to_lead_ratio", "1h", {"": (0, 2)}),
            (
                "channel_visit_to_lead_ratio",
                "6h",
                {"channel=organic_social": (1, 1), "channel=paid_social": (0, 2)},
            ),
        ],
    ),
    *(
        Story(
            f"a submitted {type} form makes a lead",
            [form("10:00", "ann", "submit", type)],
            [("leads", "6h", {"capture_method=form": 1}), ("converted_visitors", "6h", {"": 1})],
        )
        for type in ("contact", "newsletter", "demo", "trial", "quote", "download", "webinar", "checkout")
    ),
    Story(
        "of the chatbot's actions three make a lead, each by itself",
        [
            chat("10:00", "a", "lead_captured"),
            chat("10:00", "b", "appointment_set", appointment="a1"),
            chat("10:00", "c", "order_completed", order="o1"),
            chat("10:00", "d", "order_started", order="o1"),
            chat("10:00", "e", "appointment_confirmed", appointment="a1"),
            chat("10:00", "f", "handoff"),
            form("10:00", "g", "start"),
        ],
        [("leads", "6h", {"capture_method=chatbot": 3}), ("visit_to_lead_ratio", "6h", {"": (3, 5)})],
    ),
    Story(
        "a lead counts once, when first known, by the first of its key events",
        [
            form("06-14 10:00", "gil", "submit", id="z"),
            form("11:00", "gil", "submit", "demo"),
            form("10:05", "hal", "submit"),
            chat("10:00", "hal", "lead_captured"),
            form("10:00", "ida", "submit", id="b"),  # at the same moment the id decides
            chat("10:00", "ida", "lead_captured", id="a"),
        ],
        [
            ("leads", "24h", {"capture_method=chatbot": 2}),
            ("leads", "7d", {"capture_method=chatbot": 2, "capture_method=form": 1}),
            ("converted_visitors", "24h", {"": 3}),
            ("opt_in_ratio", "24h", {"": (2, 3)}),
            ("visit_to_lead_ratio", "24h", {"": (3, 3)}),
        ],
    ),
    Story(
        "an earlier key event takes the lead to its channel, and a touch takes the lead with it",
        [
            form("11:00", "ann", "submit"),
            view("10:00", "ann", utm="google/cpc"),
            form("10:10", "ann", "submit", "newsletter"),
            form("11:10", "bob", "submit"),
            view("11:05", "bob", utm="facebook/social"),
        ],
        [
            ("channel_leads", "6h", {"channel=paid_search": 1, "channel=organic_social": 1}),
            (
                "channel_converted_visitors",
                "6h",
                {"channel=paid_search": 1, "channel=direct": 1, "channel=organic_social": 1},
            ),
            (
                "channel_visit_to_lead_ratio",
                "6h",
                {"channel=paid_search": (1, 1), "channel=direct": (1, 1), "channel=organic_social": (1, 1)},
            ),
        ],
    ),
    Story(
        "a form filled in on an ad platform makes a lead without a visit",
        [
            ad_form("11:00", "meta", "L1"),
            ad_form("10:00", "meta", "L1"),
            ad_form("10:30", "linkedin", "L2", "survey"),
            ad_form("10:10", "google", None),
            ad_form("11:10", "google", None),  # the same hashed address
            ad_form("11:20", "google", "L3", action="view"),
        ],
        [
            ("leads", "6h", {"capture_method=ad_platform": 3}),
            ("leads", "1h", {}),
            ("channel_leads", "6h", {"channel=paid_social": 2, "channel=paid_search": 1}),
            ("visitors", "6h", {}),
            ("opt_in_ratio", "6h", {}),
            ("form_submits", "6h", {}),
            ("duplicate_lead_ratio", "6h", {}),
        ],
    ),
    Story(
        "a form counts once a person and session, in the pane of its start",
        [
            form("10:00", "ann", "view"),
            form("10:02", "ann", "start"),
            form("10:01", "ann", "start"),
            form("10:03", "ann", "submit"),
            form("10:04", "ann", "submit"),
            form("10:10", "bob", "start"),
            form("10:20", "cat", "submit"),  # implies a start
            form("10:30", "dan", "view"),
            form("11:45", "eve", "start"),  # the session is not over
            form("10:55", "fay", "start"),
            form("11:40", "fay", "submit"),  # another session, another unit
            form("10:40", "gil", "abandon"),
            form("10:41", "gil", "error"),
            form("10:50", "ann", "start", form="f2"),
        ],
        [
            ("form_views", "6h", {"form=f1": 2}),
            ("form_starts", "6h", {"form=f1": 6, "form=f2": 1}),
            ("form_submits", "6h", {"form=f1": 3}),
            ("form_completion_ratio", "6h", {"form=f1": (3, 6), "form=f2": (0, 1)}),
            ("form_abandons", "24h", {"form=f1": 2, "form=f2": 1}),
            ("form_abandons", "1h", {"form=f1": 1, "form=f2": 1}),
            ("form_abandonment_ratio", "24h", {"form=f1": (2, 4), "form=f2": (1, 1)}),
            ("form_abandonment_ratio", "1h", {"form=f1": (1, 1), "form=f2": (1, 1)}),
            ("duplicate_lead_ratio", "6h", {"": (1, 4)}),
            ("duplicate_lead_ratio", "1h", {"": (0, 1)}),
            ("visitors", "6h", {"": 6}),
        ],
    ),
    Story(
        "a late start moves a form's cohort, and sessions that merge make one unit of two",
        [
            form("11:10", "ann", "submit"),
            form("10:50", "ann", "start"),  # one session with the submit, outside of the last hour
            form("10:00", "bob", "start"),
            form("10:50", "bob", "submit"),
            view("10:25", "bob"),  # closes the gap
        ],
        [
            ("form_starts", "6h", {"form=f1": 2}),
            ("form_submits", "6h", {"form=f1": 2}),
            ("form_submits", "1h", {"form=f1": 0}),
            ("form_abandonment_ratio", "24h", {"form=f1": (0, 2)}),
        ],
    ),
    Story(
        "completeness: names that were asked, against those of them that came",
        [
            form("10:00", "ann", "submit", asked="name mail phone name", present="name mail shoe"),
            form("10:00", "bob", "submit", asked="name mail"),
            form("10:00", "cat", "submit", present="name"),  # nothing asked, nothing to say
            form("10:00", "dan", "start", asked="name", present="name"),
        ],
        [("form_completeness_ratio", "6h", {"": (2, 5)})],
    ),
    Story(
        "offers: who saw a page or form with it, and who took it",
        [
            view("10:00", "ann", offer="ebook"),
            form("10:05", "bob", "view", offer="ebook"),
            form("10:06", "bob", "submit", offer="ebook"),
            form("10:07", "cat", "submit", "survey", offer="ebook"),
            form("06-13 10:00", "dan", "submit", offer="ebook"),
            view("10:00", "dan", offer="ebook"),
            view("10:00", "eve", offer="webinar"),
            view("10:00", "fay"),
        ],
        [
            ("offer_visitors", "24h", {"offer=ebook": 4, "offer=webinar": 1}),
            ("offer_converters", "24h", {"offer=ebook": 2}),
            ("content_offer_ratio", "24h", {"offer=ebook": (2, 4), "offer=webinar": (0, 1)}),
            ("content_offer_ratio", "7d", {"offer=ebook": (3, 4), "offer=webinar": (0, 1)}),
        ],
    ),
    Story(
        "whoever becomes known counts for the last time as a stranger there",
        [
            view("10:30", "ann"),
            form("11:20", "ann", "submit"),
            view("11:50", "ann"),
            view("11:10", "bob"),
            view("09:00", "cat"),
            view("09:10", "cat"),
            form("05-20 10:00", "dan", "submit"),
            view("11:10", "dan"),  # known
        ],
        [
            ("new_lead_ratio", "1h", {"": (1, 2)}),
            ("new_lead_ratio", "6h", {"": (1, 3)}),
            ("new_lead_ratio", "30d", {"": (2, 4)}),
            ("visitors", "1h", {"": 3}),
        ],
    ),
    Story(
        "a person is known for 400 days after each key event, and a visit prolongs nothing",
        [
            form("01-01 10:00", "ann", "submit", submission_id="1"),
            form("06-10 10:00", "ann", "submit", submission_id="2"),
            view("06-14 10:00", "bob"),
        ],
        [("leads", "30d", {}), ("new_lead_ratio", "30d", {"": (0, 1)}), ("converted_visitors", "30d", {"": 1})],
        any_order=False,
    ),
    Story(
        "key events count once a submission, order, appointment or conversation",
        [
            form("10:00", "ann", "submit", "demo", submission_id="1"),
            form("10:01", "ann", "submit", "demo", submission_id="1"),
            form("10:02", "ann", "submit", "quote", submission_id="1", form="f2"),
            form("10:03", "ann", "submit", "survey", submission_id="2"),
            chat("10:04", "bob", "lead_captured"),
            chat("10:05", "bob", "lead_captured"),
            chat("10:06", "bob", "order_completed", order="o1"),
            chat("10:07", "bob", "order_completed", order="o1"),
            chat("10:08", "bob", "appointment_set", appointment="a1"),
            chat("10:09", "bob", "appointment_set", appointment="a1"),
            chat("10:10", "bob", "appointment_confirmed", appointment="a2"),
        ],
        [
            (
                "key_events",
                "6h",
                {
                    "action=demo": 1,
                    "action=quote": 1,
                    "action=lead_captured": 1,
                    "action=order_completed": 1,
                    "action=appointment_set": 1,
                },
            ),
        ],
    ),
    Story(
        "leads by what made them known add up to leads",
        [
            form("10:00", "ann", "submit", "webinar", offer_stage="middle", event_id="spring-fair"),
            form("10:10", "ann", "submit", "demo", offer_stage="bottom"),
            chat("10:00", "bob", "appointment_set", appointment="a1"),
            ad_form("10:00", "meta", "L1", "demo", offer_stage="top", event_id="spring-fair"),
            ad_form("10:00", "meta", "L2", None),
        ],
        [
            (
                "leads_by_action",
                "6h",
                {"action=webinar": 1, "action=appointment_set": 1, "action=demo": 1, "action=unknown": 1},
            ),
            (
                "leads_by_offer_stage",
                "6h",
                {"offer_stage=middle": 1, "offer_stage=top": 1, "offer_stage=unknown": 2},
            ),
            ("event_leads", "6h", {"event=spring-fair": 2}),
        ],
    ),
    Story(
        "what is pressed twice is one submission, by its last event",
        [
            form("10:00", "ann", "submit", asked="name mail", present="name", submission_id="1", value=10, currency="EUR"),
            form("10:01", "ann", "submit", asked="name mail", present="name mail", submission_id="1", value=12.5,
                 currency="EUR"),
            form("10:02", "ann", "submit", asked="name mail", submission_id="1"),
            form("10:03", "ann", "submit", form="f2", submission_id="1"),
            form("10:50", "ann", "submit", submission_id="2", value=1, currency="USD"),
            form("05-11 10:00", "bob", "submit", submission_id="1"),
            form("10:00", "bob", "submit", submission_id="2"),  # 35 days later: still a duplicate
            form("05-11 09:59:59.999", "cat", "submit", submission_id="1"),
            form("10:00", "cat", "submit", submission_id="2"),
        ],
        [
            ("form_completeness_ratio", "6h", {"": (0, 2)}),
            ("duplicate_lead_ratio", "6h", {"": (2, 5)}),
            ("form_value", "6h", {"form=f1 currency=EUR": 12.5, "form=f1 currency=USD": 1.0}),
        ],
    ),
    Story(
        "forms begun and left stand where their session ended",
        [
            form("10:00", "ann", "start"),
            view("10:25", "ann"),
            view("10:50", "ann"),
            form("10:00", "bob", "start"),
            form("10:01", "bob", "submit"),
        ],
        [
            ("form_abandonment_ratio", "1h", {"form=f1": (1, 1)}),
            ("form_abandonment_ratio", "24h", {"form=f1": (1, 2)}),
            ("form_abandons", "1h", {"form=f1": 1}),
        ],
    ),
    Story(
        "a hashed address is one person on all ad platforms, an id only on its own",
        [
            ad_form("10:00", "meta", None),
            ad_form("10:10", "google", None),
            ad_form("10:20", "meta", "L1", value=5, currency="EUR"),
            ad_form("10:30", "google", "L1"),
        ],
        [
            ("leads", "6h", {"capture_method=ad_platform": 3}),
            ("channel_leads", "6h", {"channel=paid_social": 2, "channel=paid_search": 1}),
            ("form_value", "6h", {"form=f1 currency=EUR": 5.0}),
            ("key_events", "6h", {}),
        ],
    ),
]
