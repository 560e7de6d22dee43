"""Counts of leads: who began something, who got there and who still may, what it brought and what it cost.

In:  kinds of cells, as shards of leads emit them.
Out: the counts.

A cohort is all that began something in the window; of each of them it is known whether they got there, whether they
left before, or whether they still wait. What stands is in no pane.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from stream.catalog.entry import tally
from stream.catalog.words import At, Count
from stream.changes.cells import LEFT, REACHED, WAITS


class _Cohort(NamedTuple):
    """Leads that began something: the name of its counts, their labels, and the cells with what became of them."""

    name: str
    labels: str
    cell: str
    at: At = "stage entered"
    where: Mapping[str, str] = {}


_COHORTS: Final = (
    # from one stage to another
    _Cohort("pairs", "site from to", "pair"),
    _Cohort("mql_pairs", "site nurtured", "pair", where={"from": "mql", "to": "sql"}),
    _Cohort("sql_pairs", "site", "pair", where={"first": "first", "to": "sql"}),
    # from becoming a lead to becoming a customer
    _Cohort("prospects", "site nurtured", "origin"),
    _Cohort("channel_prospects", "site channel", "origin"),
    _Cohort("campaign_prospects", "site campaign", "origin"),
    _Cohort("offer_prospects", "site offer", "origin"),
    _Cohort("segment_prospects", "site segment value", "segment"),
    # from what sales did, and from signing up for an event
    _Cohort("rep_leads", "site rep", "rep", "assigned"),
    _Cohort("sign_ups", "site event", "attendance", "signed up"),
    _Cohort("called_leads", "site", "called", "called"),
)

#: What a lag is of, beside `took`, which goes from stage to stage.
LAGS: Final = (
    "time_to_lead", "speed_to_lead", "assignment_lag", "sales_cycle", "rep_win", "event_attendance", "call_conversion",
)  # fmt: skip
#: Those of which the crm alone tells.
_OF_SALES: Final = frozenset({"speed_to_lead", "assignment_lag", "rep_win", "call_conversion"})
#: Those that are shown as durations; the others say when a cohort is mature.
SHOWN_LAGS: Final = LAGS[:4]

#: Names that a signal can have; each is an entry of its own.
SIGNALS: Final = (
    "keyword_rank", "social_engagements", "social_clicks", "social_shares", "brand_search", "press_releases",
    "press_mentions", "events_held",
)  # fmt: skip


def _of_cohorts() -> Iterator[Count]:
    for name, labels, cell, at, where in _COHORTS:
        begun = REACHED | LEFT | WAITS
        yield tally(name, labels, cell, fate=begun, where=where, of="lead", at=at)
        yield tally(f"{name}_reached", labels, cell, fate=REACHED, where=where, of="lead", at=at)
        yield tally(f"{name}_waiting", labels, cell, fate=WAITS, where=where, of="lead", at=at)
    yield tally("pairs_left", "site from to", "pair", fate=LEFT, of="lead", at="stage entered")
    yield tally("spells_reached", "site from to bucket", "spell", fate=REACHED, of="lead", at="stage entered")
    yield tally("spells_left", "site from to bucket", "spell", fate=LEFT, of="lead", at="stage entered")


def _of_durations() -> Iterator[Count]:
    yield tally("stage_seconds", "site from to bucket", "took", of="lead", at="stage reached")
    yield tally("stage_ms", "site from to", "took_ms", of="duration", at="stage reached")
    # of leads that went to sales: when the cohorts of these are mature
    yield _times("mql_to_sql_seconds", {"from": "mql", "to": "sql"})
    yield _times("lead_to_sql_seconds", {"first": "first", "to": "sql"})
    for lag in LAGS:
        by, where = _told_by(lag), {"lag": lag}
        yield tally(f"{lag}_seconds", "site bucket", "lag", where=where, of="lead", at="stage reached", told_by=by)
    for lag in SHOWN_LAGS:
        by, where = _told_by(lag), {"lag": lag}
        yield tally(f"{lag}_ms", "site", "lag_ms", where=where, of="duration", at="stage reached", told_by=by)


def _told_by(lag: str) -> tuple[str, ...]:
    return ("crm",) if lag in _OF_SALES else ()


def _times(name: str, where: Mapping[str, str]) -> Count:
    return tally(name, "site bucket", "took", where=where, of="lead", at="stage reached")


def _of_moments() -> Iterator[Count]:
    yield tally("stage_leads", "site stage", "stage", of="lead", at="stage entered")
    yield tally("acquired_customers", "site", "acquired", of="lead", at="stage entered")
    yield tally("stage_moves_back", "site stage", "moved_back", of="record", at="event")
    yield tally("stage_reopened", "site stage", "reopened", of="lead", at="event")
    yield tally("stage_out_of_order", "site stage", "out_of_order", of="lead", at="stage entered")
    yield tally("leads_lost", "site stage reason", "lost", of="lead", at="event")
    yield tally("leads_assigned", "site assignment", "assigned", of="lead", at="assigned")
    yield tally("judged_assignments", "site", "assigned", needs="premature", of="lead", at="assigned")
    yield tally("premature_assignments", "site", "assigned", where={"premature": "true"}, of="lead", at="assigned")
    yield tally("mqls", "site threshold", "threshold", of="lead", at="first")
    yield tally("calls_completed", "site", "call", of="record", at="event")
    yield tally("merged_leads", "site", "merged_lead", of="person", at="event")


def _of_what_stands() -> Iterator[Count]:
    yield tally("all_open_leads", "site stage", "open_all", of="lead", at="standing")
    yield tally("open_since", "site stage", "open", of="lead", at="waiting since")
    yield tally("active_leads", "site stage", "active", of="lead", at="last activity")
    yield tally("all_unanswered", "site", "unanswered_all", of="lead", at="standing")
    yield tally("unanswered_since", "site", "unanswered", of="lead", at="waiting since")
    yield tally("rep_open_leads", "site rep", "rep_open", of="lead", at="standing")
    yield tally("band_leads", "site band", "band", of="lead", at="standing")
    yield tally("framework_known", "site framework", "framework_known", of="field", at="standing")
    yield tally("framework_fields", "site framework", "framework_fields", of="field", at="standing")
    yield tally("identified_leads", "site", "identified", of="lead", at="standing")
    yield tally("shared_ids", "site type", "shared_id", of="id", at="standing")


def _of_credit() -> Iterator[Count]:
    yield tally("channel_credit", "site model channel", "credit", of="credit", at="stage entered")
    yield tally("campaign_credit", "site model campaign", "credit", of="credit", at="stage entered")
    # of touches that tell an id beside their campaign's name: ads go by either
    yield tally("campaign_id_credit", "site model campaign=campaign_id", "credit", of="credit", at="stage entered")
    kind, by = "credit_revenue", "site model"
    yield tally("channel_revenue", f"{by} channel currency", kind, of="money", at="event")
    yield tally("campaign_revenue", f"{by} campaign currency", kind, of="money", at="event")
    yield tally("paid_revenue", f"{by} currency", kind, needs="paid", of="money", at="event")
    yield tally("paid_campaign_revenue", f"{by} campaign currency", kind, needs="paid", of="money", at="event")
    yield tally(
        "paid_campaign_id_revenue", f"{by} campaign=campaign_id currency", kind, needs="paid", of="money", at="event"
    )


def _of_money() -> Iterator[Count]:
    yield tally("revenue", "site currency", "revenue", of="money", at="event")
    yield tally("nurtured_revenue", "site currency nurtured", "revenue", of="money", at="event")
    yield tally("refunds", "site currency", "refund", of="money", at="event")
    yield tally("refunds_over_value", "site", "refund_over", of="record", at="event")
    yield tally("deals_won", "site", "won", of="deal", at="event")
    yield tally("valued_deals", "site currency nurtured", "won", of="deal", at="event")
    yield tally("deals_without_value", "site", "won", needs="valueless", of="deal", at="event")
    yield tally("new_customers", "site", "won", needs="new", of="deal", at="event")
    yield tally("deals_lost", "site", "deal_lost", of="deal", at="event")
    yield tally("net_revenue", "site currency", "net", of="money", at="standing")
    yield tally("paying_customers", "site currency", "customer_in", of="lead", at="standing")
    yield tally("customers", "site", "customer", of="lead", at="standing")
    yield tally("repeat_customers", "site", "customer", needs="repeat", of="lead", at="standing")
    yield tally("marketing_cost", "site category currency", "marketing_cost", of="money", at="event")
    yield tally("site_cost", "site currency", "marketing_cost", of="money", at="event")
    yield tally("campaign_spend", "site campaign currency", "ad_spend", of="money", at="event")


def _of_signals() -> Iterator[Count]:
    yield tally("social_followers", "site", "follower", of="measurement", at="standing")
    by = "site provider entity"
    for name in SIGNALS:
        of_name = {"signal": name}
        yield tally(name, by, "signal", where=of_name, of="measurement", at="standing")
        yield tally(f"{name}_observed", by, "signal_at", where=of_name, of="moment", at="standing")
        yield tally(f"{name}_restated", by, "signal_restated", where=of_name, of="measurement", at="standing")


COUNTS: Final[tuple[Count, ...]] = (
    *_of_moments(), *_of_cohorts(), *_of_durations(), *_of_what_stands(), *_of_credit(), *_of_money(), *_of_signals(),
)  # fmt: skip
