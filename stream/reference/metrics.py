"""Metrics of the books: what is read from which marks, in which windows.

In:  nothing.
Out: tables by the metrics' names, kept by hand and apart from the engine's catalog.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stream.reference.events import DAY_MS, HOUR_MS, MINUTE_MS

LENGTHS_MS: Final = {
    "5m": 5 * MINUTE_MS,
    "1h": HOUR_MS,
    "6h": 6 * HOUR_MS,
    "24h": DAY_MS,
    "7d": 7 * DAY_MS,
    "30d": 30 * DAY_MS,
    "90d": 90 * DAY_MS,
    "365d": 365 * DAY_MS,
    "now": 0,
}
_TRAFFIC: Final = ("5m", "1h", "6h", "24h", "7d", "30d")

#: windows → the metrics that are read in them; all others are read in those of traffic
_READ_IN: Final[tuple[tuple[tuple[str, ...], str], ...]] = (
    (("1h", "24h", "7d"), "bounce_ratio form_abandons form_abandonment_ratio"),
    (
        ("24h", "7d", "30d"),
        """content_views content_downloads content_leads landing_visitors landing_page_visit_to_lead_ratio
        offer_visitors offer_converters content_offer_ratio
        emails_replied_in_time email_reply_in_time_ratio
        chat_appointments_confirmed_in_time chat_appointment_confirmation_in_time_ratio""",
    ),
    (
        ("1h", "24h", "7d", "30d"),
        """ad_impressions ad_clicks ad_conversions click_through_ratio ad_conversion_ratio
        funnel_step_seconds funnel_step_mean_seconds funnel_step_ratio funnel_step_in_time_ratio funnel_step_waiting
        emails_opened_in_time email_open_in_time_ratio emails_clicked_in_time email_click_in_time_ratio""",
    ),
    (
        ("24h", "7d", "30d", "90d"),
        """ad_spend cost_per_lead paid_cost_per_lead cost_per_conversion cost_per_click cost_per_mille
        ad_conversion_value claimed_return_on_ad_spend_ratio""",
    ),
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
    "form_abandonment_ratio": ("form_abandons", "_forms_begun"),
    "pages_per_session": ("session_page_views", "channel_sessions"),
    "new_lead_ratio": ("_site_leads", "_strangers"),
    "chat_engaged_ratio": ("engaged_conversations", "conversations"),
    "chat_appointment_confirmation_in_time_ratio": ("chat_appointments_confirmed_in_time", "chat_appointments_set"),
    "email_open_in_time_ratio": ("emails_opened_in_time", "_emails_arrived"),
    "email_click_in_time_ratio": ("emails_clicked_in_time", "_emails_arrived"),
    "email_reply_in_time_ratio": ("emails_replied_in_time", "emails_sent"),
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
    "email_open_ratio": ("emails_opened", "_emails_arrived"),
    "email_click_ratio": ("emails_clicked", "_emails_arrived"),
    "email_unsubscribe_ratio": ("emails_unsubscribed", "_emails_arrived"),
    "funnel_step_ratio": ("_step_reached", "_step_from"),
    "funnel_step_in_time_ratio": ("_step_in_time", "_step_from"),
}
#: metric → how much earlier its windows end, so that all it counts has had that long
SHIFTS_MS: Final = {
    # a session must be over before it may be called a bounce
    **dict.fromkeys(("bounce_ratio", "form_abandons", "form_abandonment_ratio"), 30 * MINUTE_MS),
    **dict.fromkeys(
        ("emails_opened_in_time", "email_open_in_time_ratio", "emails_clicked_in_time", "email_click_in_time_ratio"),
        6 * HOUR_MS,
    ),
    **dict.fromkeys(("emails_replied_in_time", "email_reply_in_time_ratio"), 72 * HOUR_MS),
    **dict.fromkeys(
        ("chat_appointments_confirmed_in_time", "chat_appointment_confirmation_in_time_ratio"), 48 * HOUR_MS
    ),
}
#: metrics whose windows end earlier by the target of their step
BY_STEP: Final = frozenset({"funnel_step_in_time_ratio"})
SHIFTED: Final = frozenset(SHIFTS_MS) | BY_STEP

#: ad figures that end where both sides are known → (numerator, denominator, what the denominator is counted in)
BOTH_KNOWN: Final = {
    "click_through_ratio": ("_ad_clicks", "_ad_impressions", 1),
    "ad_conversion_ratio": ("_ad_conversions", "_ad_clicks", 1),
    "cost_per_click": ("_spend_micros", "_ad_clicks", 1),
    "cost_per_conversion": ("_spend_micros", "_ad_conversions", 1),
    "cost_per_mille": ("_spend_micros", "_ad_impressions", 1000),
    "claimed_return_on_ad_spend_ratio": ("_conversion_micros", "_spend_micros", 1),
}
#: series in millionths → what is shown of it in units
AMOUNTS: Final = {
    "ad_impressions": "_ad_impressions",
    "ad_clicks": "_ad_clicks",
    "ad_conversions": "_ad_conversions",
    "ad_spend": "_spend_micros",
    "ad_conversion_value": "_conversion_micros",
}
#: amounts of money that people's marks have in millionths under their own name
MONEY: Final = frozenset({"form_value", "chat_order_value"})
#: cost → the leads that it is worked out for
LEAD_COSTS: Final = {"cost_per_lead": "_all_leads", "paid_cost_per_lead": "_paid_leads"}
#: time taken → the marks whose n is milliseconds
TIMES: Final = {"funnel_step_seconds": "_step_ms", "chat_conversation_seconds": "_chat_ms"}
QUANTILES: Final = ("0.5", "0.9")

SPECIAL: Final = frozenset({"form_without_chat_ratio", "funnel_step_mean_seconds"})

PLATFORM_CHANNEL: Final = {"meta": "paid_social", "linkedin": "paid_social", "google": "paid_search"}
