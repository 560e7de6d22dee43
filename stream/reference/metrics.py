"""Metrics of the books: what is read from which marks, in which windows.

In:  nothing.
Out: tables by the metrics' names, kept by hand and apart from the engine's catalog.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stream.reference.people import MINUTE_MS

HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
SHIFT_MS: Final = 30 * MINUTE_MS  # a session must be over before it may be called a bounce

LENGTHS_MS: Final = {
    "5m": 5 * MINUTE_MS,
    "1h": HOUR_MS,
    "6h": 6 * HOUR_MS,
    "24h": DAY_MS,
    "7d": 7 * DAY_MS,
    "30d": 30 * DAY_MS,
    "90d": 90 * DAY_MS,
}
_TRAFFIC: Final = ("5m", "1h", "6h", "24h", "7d", "30d")

#: windows → the metrics that are read in them; all others are read in those of traffic
_READ_IN: Final[tuple[tuple[tuple[str, ...], str], ...]] = (
    (("1h", "24h", "7d"), "bounce_ratio form_abandons form_abandonment_ratio"),
    (
        ("24h", "7d", "30d"),
        """content_views content_leads landing_visitors landing_page_visit_to_lead_ratio offer_visitors
        offer_converters content_offer_ratio""",
    ),
    (
        ("1h", "24h", "7d", "30d"),
        """ad_impressions ad_clicks ad_conversions click_through_ratio ad_conversion_ratio
        funnel_step_seconds funnel_step_mean_seconds funnel_step_ratio funnel_step_in_time_ratio""",
    ),
    (("24h", "7d", "30d", "90d"), "ad_spend cost_per_lead cost_per_conversion cost_per_click cost_per_mille"),
)
WINDOWS: Final[Mapping[str, tuple[str, ...]]] = {
    metric: windows for windows, metrics in _READ_IN for metric in metrics.split()
}


def windows_of(metric: str) -> tuple[str, ...]:
    """Name the windows a metric is read in.

    >>> windows_of("bounce_ratio")
    ('1h', '24h', '7d')
    """
    return WINDOWS.get(metric, _TRAFFIC)


#: ratio → (numerator, denominator), counted over the same labels.
RATIOS: Final = {
    "visit_to_lead_ratio": ("converted_visitors", "visitors"),
    "channel_visit_to_lead_ratio": ("channel_converted_visitors", "channel_visitors"),
    "campaign_visit_to_lead_ratio": ("_campaign_converted", "campaign_visitors"),
    "landing_page_visit_to_lead_ratio": ("_landing_converted", "landing_visitors"),
    "social_visit_to_lead_ratio": ("_social_converted", "_social_visitors"),
    "opt_in_ratio": ("_site_leads", "visitors"),
    "bounce_ratio": ("_bounces", "channel_sessions"),
    "content_offer_ratio": ("offer_converters", "offer_visitors"),
    "form_completion_ratio": ("form_submits", "form_starts"),
    "form_abandonment_ratio": ("form_abandons", "form_starts"),
    "form_completeness_ratio": ("_fields_known", "_fields_asked"),
    "duplicate_lead_ratio": ("_repeat_submits", "_submits"),
    "form_with_chat_ratio": ("_chat_form_people", "_chat_people"),
    "valid_event_ratio": ("_events_counted", "_events_accepted"),
    "chat_conversion_ratio": ("chat_leads", "conversations"),
    "chat_handoff_ratio": ("_handoffs", "conversations"),
    "chat_resolved_ratio": ("_resolved", "conversations"),
    "chat_order_completion_ratio": ("chat_orders_completed", "chat_orders_started"),
    "chat_appointment_confirmation_ratio": ("chat_appointments_confirmed", "chat_appointments_set"),
    "deliverability_ratio": ("_emails_deliverable", "emails_sent"),
    "domain_deliverability_ratio": ("_domain_emails_deliverable", "domain_emails_sent"),
    "email_bounce_ratio": ("_emails_bounced", "emails_sent"),
    "email_reply_ratio": ("emails_replied", "emails_sent"),
    "email_open_ratio": ("emails_opened", "emails_delivered"),
    "email_click_ratio": ("emails_clicked", "emails_delivered"),
    "email_unsubscribe_ratio": ("emails_unsubscribed", "emails_delivered"),
    "click_through_ratio": ("ad_clicks", "ad_impressions"),
    "ad_conversion_ratio": ("ad_conversions", "ad_clicks"),
    "funnel_step_ratio": ("_step_reached", "_step_from"),
    "funnel_step_in_time_ratio": ("_step_in_time", "_step_done"),
}
SHIFTED: Final = frozenset({"bounce_ratio", "form_abandons", "form_abandonment_ratio"})

#: cost → (what the spend is divided by, for how many of them)
COSTS: Final = {
    "cost_per_click": ("ad_clicks", 1),
    "cost_per_conversion": ("ad_conversions", 1),
    "cost_per_mille": ("ad_impressions", 1000),
}
#: time taken → the marks whose n is milliseconds
TIMES: Final = {"funnel_step_seconds": "_step_ms", "chat_conversation_seconds": "_chat_ms"}
QUANTILES: Final = ("0.5", "0.9")

SPECIAL: Final = frozenset({"ad_spend", "cost_per_lead", "form_without_chat_ratio", "funnel_step_mean_seconds"})

PLATFORM_CHANNEL: Final = {"meta": "paid_social", "linkedin": "paid_social", "google": "paid_search"}
