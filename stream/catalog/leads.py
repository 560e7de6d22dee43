"""Leads: how far people get, how long they take, who waits and for how long, and who tends to them.

In:  the counts.  Out: the entries of this area, in the order in which they are listed.
"""

from __future__ import annotations

from typing import Any, Final

from stream.catalog.entry import count, labels, ratio, terms
from stream.catalog.words import CONTENT, LEADS, NOW, Alert, Chart, Column, Look, Maturity, Metric, Now

_STAGES: Final = "Stages"
_PACE: Final = "How long it takes"
_WAITING: Final = "Who waits"
_SALES: Final = "Sales"
_KINDS: Final = "What kind of leads"
_ID: Final = "Who is one lead"

_CUSTOMERS: Final = "of those who became leads in the window, those who are customers by T / all of them"


def _cohort(name: str, by: str, cohort: str, took: str, help: str, **more: Any) -> Metric:
    """Write the share of a cohort that got there, as far as it is known."""
    over, ripe = (f"{cohort}_reached", cohort), Maturity(f"{cohort}_waiting", took)
    more.setdefault("formula", _CUSTOMERS)
    return ratio(name, by, LEADS, over, help, area="leads", maturity=ripe, **more)


def _lag(name: str, help: str, **more: Any) -> Metric:
    """Write quantiles of how long something took, by when it was done."""
    short = name.removesuffix("_seconds")
    formula = "by when it was done; quantiles from log buckets, 2 % relative error"
    return Metric(
        name, "summary", help, formula, labels("site"), LEADS,
        terms(f"{short}_seconds"), terms(f"{short}_ms"), unit="seconds", area="leads", **more,
    )  # fmt: skip


STAGES: Final[tuple[Metric, ...]] = (
    count(
        "stage_leads",
        "site stage",
        LEADS,
        "Leads that entered a stage for the first time in the window.",
        area="leads",
        look=Look(split="stage", places=(Chart(_STAGES, "stage"), Column(_STAGES, "Stages"))),
    ),
    _cohort(
        "stage_conversion_ratio",
        "site from to",
        "pairs",
        "stage_seconds",
        "Share of the leads that entered a stage in the window that have entered a later one by now.",
        formula="of those who entered from in the window, those who entered to by T / all of them",
        direction="drop",
        alert=Alert("Fewer leads go on to the next stage than usual.", ruled=False),
        look=Look(places=(Column(_STAGES, "From stage to stage"),), step="share"),
    ),
    ratio(
        "stage_drop_ratio",
        "site from to",
        LEADS,
        ("pairs_left", "pairs"),
        "Share of the leads that entered a stage in the window that were lost, or not heard of for so long that they"
        " are given up, before a later one.",
        formula="of those who entered from in the window, those lost or expired before to / all of them",
        area="leads",
        maturity=Maturity("pairs_waiting", "stage_seconds"),
        look=Look(places=(Column(_STAGES, "From stage to stage"),)),
    ),
    _cohort(
        "lead_conversion_ratio",
        "site nurtured",
        "prospects",
        "sales_cycle_seconds",
        "Share of the leads of the window that are customers by now, by whether they had a mail other than"
        " the welcome.",
        look=Look(places=(Chart(_STAGES, "nurtured"),)),
    ),
    _cohort(
        "channel_lead_conversion_ratio",
        "site channel",
        "channel_prospects",
        "sales_cycle_seconds",
        "Share of the leads of the window that are customers by now, by the channel that made them leads.",
        look=Look(places=(Column(_STAGES, "Channels"),)),
    ),
    _cohort(
        "campaign_lead_conversion_ratio",
        "site campaign",
        "campaign_prospects",
        "sales_cycle_seconds",
        "Share of the leads of the window that are customers by now, by the campaign that made them leads.",
        look=Look(places=(Column(_STAGES, "Campaigns"),)),
    ),
    _cohort(
        "offer_lead_to_customer_ratio",
        "site offer",
        "offer_prospects",
        "sales_cycle_seconds",
        "Share of the leads that an offer brought in the window that are customers by now.",
        look=Look(places=(Column(_STAGES, "Offers"),)),
    ),
    _cohort(
        "mql_to_sql_ratio",
        "site nurtured",
        "mql_pairs",
        "mql_to_sql_seconds",
        "Share of the marketing qualified leads of the window that sales took up by now.",
        formula="of those who entered mql in the window, those who entered sql by T / all of them",
        look=Look(places=(Chart(_STAGES, "nurtured"),)),
    ),
    _cohort(
        "lead_quality_ratio",
        "site",
        "sql_pairs",
        "lead_to_sql_seconds",
        "Share of the leads of the window that sales took up by now.",
        formula="of those who became leads in the window, those who entered sql by T / all of them",
        look=Look(places=(Now(), Chart(_STAGES))),
    ),
    ratio(
        "visitor_conversion_ratio",
        "site",
        CONTENT,
        ("acquired_customers", "visitors"),
        "Customers won in the window per visitor of the window; no proportion, since most of them came earlier.",
        area="leads",
        proportion=False,
        from_numerator=True,  # without a crm nobody becomes a customer, and that is no nought
        formula="customers won in the window / visitors of the window",
        across="customers of earlier visits: nobody knows today which of today's visitors will buy",
        look=Look(places=(Chart(_STAGES),)),
    ),
    count(
        "stage_moves_back",
        "site stage",
        LEADS,
        "Records of the crm that move a lead to an earlier stage, by the stage it moved to.",
        area="leads",
        look=Look(places=(Column(_STAGES, "Stages"),)),
    ),
    count(
        "stage_reopened",
        "site stage",
        LEADS,
        "Leads that came back after they were lost, once each, by the stage that they came back in.",
        area="leads",
        look=Look(places=(Column(_STAGES, "Stages"),)),
    ),
    count(
        "stage_out_of_order",
        "site stage",
        LEADS,
        "Leads that entered a stage before an earlier one: they count as having got there and have no duration.",
        area="leads",
        look=Look(places=(Column(_STAGES, "Stages"),)),
    ),
    count(
        "leads_lost",
        "site stage reason",
        LEADS,
        "Leads lost and not reopened, by when, in which stage and why.",
        area="leads",
        look=Look(places=(Chart(_STAGES, "reason"), Column(_STAGES, "Why leads are lost"))),
    ),
)

PACE: Final[tuple[Metric, ...]] = (
    Metric(
        "time_in_stage_seconds",
        "summary",
        "How long leads took from one stage to another, of those who got there.",
        "entered to - entered from, by when the former was; quantiles from log buckets, 2 % relative error",
        labels("site from to"),
        LEADS,
        terms("stage_seconds"),
        terms("stage_ms"),
        unit="seconds",
        area="leads",
        look=Look(places=(Column(_PACE, "Times"),)),
    ),
    Metric(
        "stage_median_seconds",
        "survival",
        "When half of the leads that entered a stage in the window have entered the other one, with those who still"
        " wait or gave up; nothing is shown where fewer than half ever do.",
        "median of Kaplan and Meier over those who entered from in the window; within 2 % where the curve is steep",
        labels("site from to"),
        LEADS,
        terms("spells_reached"),
        terms("spells_left + pairs_waiting"),
        unit="seconds",
        area="leads",
        maturity=Maturity("pairs_waiting", "stage_seconds"),
        look=Look(places=(Chart(_PACE, "to"), Column(_PACE, "Times")), step="time"),
    ),
    _lag(
        "time_to_lead_seconds",
        "How long people took from their first visit to becoming a lead.",
        look=Look(places=(Chart(_PACE),)),
    ),
    _lag(
        "sales_cycle_seconds",
        "How long leads took to become customers, of those who did.",
        look=Look(places=(Chart(_PACE),)),
    ),
    _lag(
        "speed_to_lead_seconds",
        "How long leads waited for the first answer of sales, of those who got one.",
        direction="rise",
        alert=Alert("New leads wait longer for an answer than usual.", ruled=False),
        look=Look(told="{d} leads were answered", places=(Now(), Chart(_PACE))),
    ),
    _lag(
        "assignment_lag_seconds",
        "How long leads waited until they were first given to somebody, of those who were.",
        look=Look(places=(Chart(_PACE),)),
    ),
)

WAITING: Final[tuple[Metric, ...]] = (
    count(
        "open_leads",
        "site stage age",
        NOW,
        "Leads that are neither customers nor lost nor given up, by how long they have been in their stage.",
        made_of="all_open_leads",
        formula="leads that are open now, by stage and age: up to 1d, 7d, 30d, 90d, older",
        area="leads",
        began="open_since",
        look=Look(split="stage", places=(Now(), Chart(_WAITING, "stage"), Chart(_WAITING, "age"))),
    ),
    Metric(
        "oldest_open_seconds",
        "oldest",
        "How long the oldest of the open leads has been in its stage, to the day.",
        "now less the begin of the longest stay of an open lead",
        labels("site stage"),
        NOW,
        terms("all_open_leads"),
        unit="seconds",
        area="leads",
        began="open_since",
        look=Look(places=(Column(_WAITING, "Open leads"),)),
    ),
    count(
        "stale_leads",
        "site stage",
        NOW,
        "Open leads without a sign of life for as long as `stale_after` of the rules says (30 days).",
        made_of="all_open_leads - active_leads",
        formula="open leads - of them, those active within stale_after",
        area="leads",
        read_in=(("active_leads", "stale_after"),),
        direction="rise",
        alert=Alert("More open leads than usual are stuck.", ruled=False),
        look=Look(split="stage", places=(Now(), Chart(_WAITING, "stage"), Column(_WAITING, "Open leads"))),
    ),
    count(
        "unanswered_leads",
        "site",
        NOW,
        "Open leads that nobody answered for longer than `answer_within` of the rules says (1 hour).",
        made_of="all_unanswered - unanswered_since",
        formula="open leads without a first_response - of them, those who became leads within answer_within",
        area="leads",
        read_in=(("unanswered_since", "answer_within"),),
        direction="rise",
        alert=Alert("More leads than usual wait for an answer for too long.", ruled=False),
        look=Look(places=(Now(), Chart(_WAITING))),
    ),
)

SALES: Final[tuple[Metric, ...]] = (
    count(
        "leads_assigned",
        "site assignment",
        LEADS,
        "Leads first given to somebody in the window, by how: in turn, by a rule, or not told.",
        area="leads",
        look=Look(places=(Chart(_SALES, "assignment"),)),
    ),
    ratio(
        "premature_assignment_ratio",
        "site",
        LEADS,
        ("premature_assignments", "judged_assignments"),
        "Share of the leads first given to somebody in the window that were no marketing qualified leads then.",
        formula="first assigned before they were mql / first assigned",
        area="leads",
        look=Look(places=(Chart(_SALES),)),
    ),
    count(
        "rep_open_leads",
        "site rep",
        NOW,
        "Open leads by whom they were last given to; unknown: to nobody so far.",
        area="leads",
        look=Look(places=(Column(_SALES, "Load"),)),
    ),
    _cohort(
        "rep_win_ratio",
        "site rep",
        "rep_leads",
        "rep_win_seconds",
        "Share of the leads first given to somebody in the window that are customers by now, by whom they were last"
        " given to.",
        formula="of those first assigned in the window, those who are customers by T / all of them",
        look=Look(places=(Column(_SALES, "Representatives"),)),
    ),
    count(
        "calls_completed",
        "site",
        LEADS,
        "Calls with leads that came about.",
        area="leads",
        look=Look(places=(Chart(_SALES),)),
    ),
    _cohort(
        "call_conversion_ratio",
        "site",
        "called_leads",
        "call_conversion_seconds",
        "Share of the leads first talked to in the window that are customers by now.",
        formula="of those whose first call was completed in the window, those who are customers by T / all of them",
        look=Look(places=(Chart(_SALES),)),
    ),
)

KINDS: Final[tuple[Metric, ...]] = (
    count(
        "band_leads",
        "site band",
        NOW,
        "Leads by their score now: hot, warm and cold as the rules draw the line.",
        area="leads",
        look=Look(split="band", places=(Now(), Chart(_KINDS, "band"))),
    ),
    count(
        "mqls",
        "site threshold",
        LEADS,
        "Leads whose score first reached a threshold in the window: the one that counts, and others for comparison.",
        area="leads",
        look=Look(split="threshold", places=(Chart(_KINDS, "threshold"),)),
    ),
    ratio(
        "qualification_completeness_ratio",
        "site framework",
        NOW,
        ("framework_known", "framework_fields"),
        "Share of a framework's fields that is known, over the leads of whom any is.",
        formula="known fields / fields of the framework, over leads with one",
        area="leads",
        look=Look(places=(Chart(_KINDS, "framework"),)),
    ),
    count(
        "segment_leads",
        "site segment value",
        LEADS,
        "Leads of the window by industry, size and revenue of the company, country, region, product and type of offer.",
        made_of="segment_prospects",
        area="leads",
        look=Look(places=(Column(_KINDS, "Segments"),)),
    ),
    _cohort(
        "segment_lead_conversion_ratio",
        "site segment value",
        "segment_prospects",
        "sales_cycle_seconds",
        "Share of a segment's leads of the window that are customers by now.",
        look=Look(places=(Column(_KINDS, "Segments"),)),
    ),
    _cohort(
        "event_attendance_ratio",
        "site event",
        "sign_ups",
        "event_attendance_seconds",
        "Share of the leads that signed up for an event in the window that came.",
        formula="of those whose first form of the event was sent in the window, those who attended / all of them",
        look=Look(places=(Column(_KINDS, "Events"),)),
    ),
)

IDENTITY: Final[tuple[Metric, ...]] = (
    count(
        "identified_leads",
        "site",
        NOW,
        "Leads known by an address, a lead id or a user id, each once whatever devices they use.",
        area="leads",
        look=Look(places=(Chart(_ID),)),
    ),
    count(
        "merged_leads",
        "site",
        LEADS,
        "Leads counted where they were read that turned out to be leads already: `leads` is without them.",
        area="leads",
        look=Look(places=(Chart(_ID),)),
    ),
    count(
        "shared_ids",
        "site type",
        NOW,
        "Ids under which so many others were seen that they are nobody's: they join no leads.",
        area="leads",
        direction="rise",
        alert=Alert("More ids than usual are shared by many and are nobody's.", ruled=False),
        look=Look(places=(Chart(_ID, "type"),)),
    ),
    Metric(
        "largest_lead_ids",
        "largest",
        "How many ids the largest lead has: many are a sign of an id that is shared.",
        "the largest number of ids of one lead",
        labels("site"),
        NOW,
        area="leads",
        direction="rise",
        alert=Alert("The largest lead has more ids than a person would.", ruled=False),
        look=Look(places=(Chart(_ID),)),
    ),
)

METRICS: Final[tuple[Metric, ...]] = (*STAGES, *PACE, *WAITING, *SALES, *KINDS, *IDENTITY)
