"""Golden cases of leads: stages, those who wait, sales, segments, and who is one lead.

It is 15 June, 12:00. In the last 30 days is what lies behind 16 May, 12:00.
"""

from __future__ import annotations

from tests.unit.golden.events import crm, form, view
from tests.unit.golden.story import Near, Story, Timed

ANN, BOB, TEAM = "aa" * 32, "bb" * 32, "cc" * 32
HOUR, DAY = 3_600, 86_400

STORIES = [
    Story(
        "of three leads one becomes a customer, one is lost, and one still waits",
        [
            crm("05-20 12:00", "l1", "lead_created", capture_method="phone"),
            crm("05-21 12:00", "l1", "stage_changed", moved="lead > mql"),
            crm("05-24 12:00", "l1", "stage_changed", moved="mql > sql"),
            crm("05-30 12:00", "l1", "deal_won", deal="d1", value=1000, currency="EUR"),
            crm("05-20 12:00", "l2", "lead_created"),
            crm("05-26 12:00", "l2", "stage_changed", moved="lead > mql"),
            crm("05-27 12:00", "l2", "disqualified", reason="no budget"),
            crm("06-14 18:00", "l3", "lead_created", capture_method="event", event="fair"),
            view("06-10 12:00", "vic"),
        ],
        [
            ("leads", "30d", {"capture_method=phone": 1, "capture_method=import": 1, "capture_method=event": 1}),
            ("channel_leads", "30d", {"channel=offline": 3}),
            ("leads_by_action", "30d", {"action=unknown": 3}),
            ("event_leads", "30d", {"event=fair": 1}),
            ("stage_leads", "30d", {"stage=lead": 3, "stage=mql": 2, "stage=sql": 1, "stage=customer": 1}),
            ("stage_leads", "24h", {"stage=lead": 1}),
            (
                "stage_conversion_ratio",
                "30d",
                {
                    "from=lead to=iql": (0, 3),
                    "from=lead to=mql": (2, 3),
                    "from=lead to=sql": (1, 3),
                    "from=lead to=trial": (0, 3),
                    "from=lead to=customer": (1, 3),
                    "from=mql to=sql": (1, 2),
                    "from=mql to=trial": (0, 2),
                    "from=mql to=customer": (1, 2),
                    "from=sql to=trial": (0, 1),
                    "from=sql to=customer": (1, 1),
                },
            ),
            # the one that is lost did not get there; the customer did not pass by iql and trial, and may yet
            (
                "stage_drop_ratio",
                "30d",
                {
                    "from=lead to=iql": (1, 3),
                    "from=lead to=mql": (0, 3),
                    "from=lead to=sql": (1, 3),
                    "from=lead to=trial": (1, 3),
                    "from=lead to=customer": (1, 3),
                    "from=mql to=sql": (1, 2),
                    "from=mql to=trial": (1, 2),
                    "from=mql to=customer": (1, 2),
                    "from=sql to=trial": (0, 1),
                    "from=sql to=customer": (0, 1),
                },
            ),
            (
                "time_in_stage_seconds",
                "30d",
                {
                    "from=lead to=mql": Timed(1 * DAY, 6 * DAY, 7 * DAY, 2),
                    "from=lead to=sql": Timed(4 * DAY, 4 * DAY, 4 * DAY, 1),
                    "from=lead to=customer": Timed(10 * DAY, 10 * DAY, 10 * DAY, 1),
                    "from=mql to=sql": Timed(3 * DAY, 3 * DAY, 3 * DAY, 1),
                    "from=sql to=customer": Timed(6 * DAY, 6 * DAY, 6 * DAY, 1),
                },
            ),
            ("sales_cycle_seconds", "30d", {"": Timed(10 * DAY, 10 * DAY, 10 * DAY, 1)}),
            ("lead_conversion_ratio", "30d", {"nurtured=false": (1, 3)}),
            ("lead_conversion_ratio", "24h", {"nurtured=false": (0, 1)}),
            ("mql_to_sql_ratio", "30d", {"nurtured=false": (1, 2)}),
            ("lead_quality_ratio", "30d", {"": (1, 3)}),
            ("visitor_conversion_ratio", "30d", {"": (1, 1)}),
            ("leads_lost", "30d", {"stage=mql reason=no budget": 1}),
            ("open_leads", "now", {"stage=lead age=1d": 1}),
            ("band_leads", "now", {"band=cold": 3}),
        ],
    ),
    Story(
        "where nobody ever became a customer there is no share of visitors who did",
        [view("06-10 12:00", "vic"), form("06-10 12:01", "vic", "submit")],
        [("visitor_conversion_ratio", "30d", {}), ("visitors", "30d", {"": 1}), ("stage_leads", "30d", {"stage=lead": 1})],
        options={"leads": "on"},
    ),
    Story(
        "what was entered before what comes before it counts and has no duration",
        [
            crm("05-30 12:00", "l1", "deal_won", deal="d1", value=10, currency="EUR"),
            crm("06-01 12:00", "l1", "lead_created"),
            crm("06-01 12:00", "l2", "lead_created"),
            crm("06-02 12:00", "l2", "stage_changed", moved="lead > sql"),
            crm("06-03 12:00", "l2", "stage_changed", moved="sql > mql"),
            crm("06-04 12:00", "l2", "disqualified"),
            crm("06-05 12:00", "l2", "stage_changed", moved="mql > sql"),
        ],
        [
            ("stage_out_of_order", "30d", {"stage=mql": 1, "stage=sql": 1, "stage=customer": 1}),
            ("sales_cycle_seconds", "30d", {}),
            ("lead_conversion_ratio", "30d", {"nurtured=false": (1, 2)}),
            ("stage_moves_back", "30d", {"stage=mql": 1}),
            ("stage_reopened", "30d", {"stage=sql": 1}),
            ("leads_lost", "30d", {}),
        ],
    ),
    Story(
        "half of those who entered a stage have left it by the third of five, though two still wait",
        [
            *(crm("05-20 12:00", f"l{n}", "lead_created") for n in range(1, 6)),
            *(crm(f"05-{20 + n} 12:00", f"l{n}", "stage_changed", moved="lead > mql") for n in range(1, 4)),
        ],
        [
            ("stage_median_seconds", "30d", {"from=lead to=mql": Near(3 * DAY)}),
            ("stage_median_seconds", "24h", {}),
        ],
    ),
    Story(
        "open leads stand by how long they have been where they are, and are stuck when nothing happens",
        [
            crm("06-15 11:30", "new", "lead_created"),
            crm("06-12 12:00", "days", "lead_created"),
            crm("06-12 13:00", "days", "first_response"),
            crm("05-20 12:00", "weeks", "lead_created"),
            crm("05-05 12:00", "month", "lead_created"),
            crm("02-01 12:00", "old", "lead_created"),
            crm("03-01 12:00", "old", "stage_changed", moved="lead > sql"),
        ],
        [
            (
                "open_leads",
                "now",
                {
                    "stage=lead age=1d": 1,
                    "stage=lead age=7d": 1,
                    "stage=lead age=30d": 1,
                    "stage=lead age=90d": 1,
                    "stage=sql age=older": 1,
                },
            ),
            ("oldest_open_seconds", "now", {"stage=lead": Near(41 * DAY, 0.03), "stage=sql": Near(106 * DAY, 0.02)}),
            ("stale_leads", "now", {"stage=lead": 1, "stage=sql": 1}),
            # all but the one that was answered and the one that came half an hour ago
            ("unanswered_leads", "now", {"": 3}),
            ("speed_to_lead_seconds", "30d", {"": Timed(HOUR, HOUR, HOUR, 1)}),
        ],
    ),
    Story(
        "leads are given to people, who win some of them",
        [
            crm("05-20 12:00", "l1", "lead_created"),
            crm("05-20 14:00", "l1", "assigned", rep="kim", assignment="round_robin"),
            crm("05-20 15:00", "l1", "first_response"),
            crm("05-21 12:00", "l1", "call_completed"),
            crm("05-30 12:00", "l1", "deal_won", deal="d1"),
            crm("05-20 12:00", "l2", "lead_created"),
            crm("05-20 13:00", "l2", "stage_changed", moved="mql"),
            crm("05-20 16:00", "l2", "assigned", rep="lee", assignment="rule"),
            crm("05-22 16:00", "l2", "assigned", rep="kim"),
            crm("05-21 12:00", "l3", "lead_created"),
        ],
        [
            ("leads_assigned", "30d", {"assignment=round_robin": 1, "assignment=rule": 1}),
            ("premature_assignment_ratio", "30d", {"": (1, 2)}),
            ("rep_open_leads", "now", {"rep=kim": 1, "rep=unknown": 1}),
            ("rep_win_ratio", "30d", {"rep=kim": (1, 2)}),
            ("assignment_lag_seconds", "30d", {"": Timed(2 * HOUR, 4 * HOUR, 6 * HOUR, 2)}),
            ("speed_to_lead_seconds", "30d", {"": Timed(3 * HOUR, 3 * HOUR, 3 * HOUR, 1)}),
            ("calls_completed", "30d", {"": 1}),
            ("call_conversion_ratio", "30d", {"": (1, 1)}),
        ],
    ),
    Story(
        "who signs up for an event comes or does not",
        [
            form("06-01 12:00", "ann", "submit", "webinar", event_id="june", email_hash=ANN),
            crm("06-03 12:00", "l1", "attended", event="june", email_hash=ANN),
            form("06-02 12:00", "bob", "submit", "webinar", event_id="june", email_hash=BOB),
        ],
        [("event_attendance_ratio", "30d", {"event=june": (1, 2)}), ("event_leads", "30d", {"event=june": 2})],
    ),
    Story(
        "one person on two devices is one lead, and an address of many is nobody's",
        [
            form("06-10 12:00", "ann's phone", "submit", email_hash=ANN),
            form("06-11 12:00", "ann's laptop", "submit", "demo", email_hash=ANN),
            form("06-12 12:00", "bob", "submit"),
            crm("06-13 12:00", "l1", "lead_created", email_hash=ANN),
            *(crm("06-14 12:00", f"s{n}", "lead_created", email_hash=TEAM) for n in range(5)),
        ],
        [
            ("leads", "7d", {"capture_method=form": 2, "capture_method=import": 5}),
            ("leads_by_action", "7d", {"action=contact": 2, "action=unknown": 5}),
            ("merged_leads", "7d", {"": 1}),
            # bob is known by no id
            ("identified_leads", "now", {"": 6}),
            ("largest_lead_ids", "now", {"": 2}),
            ("shared_ids", "now", {"type=email_hash": 1}),
            ("time_to_lead_seconds", "7d", {"": Timed(0, 0, 0, 2)}),
        ],
    ),
    Story(
        "points add up, and whoever has enough of them is ready for sales",
        [
            *(crm("06-01 12:00", f"l{n}", "lead_created") for n in range(3)),
            crm("06-02 12:00", "l1", "appointment_booked", appointment="a1"),
            crm("06-03 12:00", "l1", "appointment_booked", appointment="a2"),
            crm("06-02 12:00", "l2", "appointment_booked", appointment="a3"),
        ],
        [
            ("mqls", "30d", {"threshold=40": 1, "threshold=50": 1}),
            ("band_leads", "now", {"band=hot": 1, "band=warm": 1, "band=cold": 1}),
        ],
    ),
    Story(
        "what is known of a framework adds up over a lead's forms",
        [
            form("06-01 12:00", "ann", "submit", qualification={"framework": "bant", "known": ["budget", "need"]}),
            form("06-02 12:00", "ann", "submit", qualification={"framework": "bant", "known": ["need", "timing"]}),
            form("06-02 12:00", "bob", "submit", qualification={"framework": "meddic", "known": ["champion"]}),
        ],
        [("qualification_completeness_ratio", "now", {"framework=bant": (3, 4), "framework=meddic": (1, 6)})],
        options={"leads": "on"},
    ),
    Story(
        "a lead is of the channel, campaign, offer and segments that it first came by",
        [
            view("06-01 11:59", "ann", utm="google/cpc/brand", country="NL"),
            form(
                "06-01 12:00", "ann", "submit", "download", offer="guide", offer_type="ebook", offer_stage="top",
                email_hash=ANN, company={"industry": "retail", "size_band": "11-50"}, product="crm", country="NL",
            ),
            form("06-02 12:00", "bob", "submit", email_hash=BOB),
            crm("06-05 12:00", "l1", "deal_won", deal="d1", email_hash=ANN),
        ],
        [
            ("channel_lead_conversion_ratio", "30d", {"channel=paid_search": (1, 1), "channel=direct": (0, 1)}),
            ("campaign_lead_conversion_ratio", "30d", {"campaign=brand": (1, 1), "campaign=unknown": (0, 1)}),
            ("offer_lead_to_customer_ratio", "30d", {"offer=guide": (1, 1)}),
            (
                "segment_leads",
                "30d",
                {
                    "segment=industry value=retail": 1,
                    "segment=size_band value=11-50": 1,
                    "segment=revenue_band value=unknown": 2,
                    "segment=country value=NL": 1,
                    "segment=region value=unknown": 2,
                    "segment=product value=crm": 1,
                    "segment=offer_type value=ebook": 1,
                    **{
                        f"segment={name} value=unknown": 1
                        for name in ("industry", "size_band", "country", "product", "offer_type")
                    },
                },
            ),
            (
                "segment_lead_conversion_ratio",
                "30d",
                {
                    "segment=industry value=retail": (1, 1),
                    "segment=size_band value=11-50": (1, 1),
                    "segment=revenue_band value=unknown": (1, 2),
                    "segment=country value=NL": (1, 1),
                    "segment=region value=unknown": (1, 2),
                    "segment=product value=crm": (1, 1),
                    "segment=offer_type value=ebook": (1, 1),
                    **{
                        f"segment={name} value=unknown": (0, 1)
                        for name in ("industry", "size_band", "country", "product", "offer_type")
                    },
                },
            ),
        ],
    ),
]
