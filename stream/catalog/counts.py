"""Counts: what is added up, from which cells, of what, and at which moment.

In:  kinds of cells, as stages emit them.  Out: `COUNTS` by name.

`of` and `at` are those of the cells, as the stages write them: whoever changes a cell's pane changes them here. The
policies compare them, so that no ratio divides what does not belong together.
"""

from __future__ import annotations

from typing import Final

from stream.catalog import counts_of_leads
from stream.catalog.entry import tally
from stream.catalog.words import Count
from stream.changes import cells

BY_MESSAGE: Final = "site campaign purpose variant"
BY_AD: Final = "site platform campaign channel_type audience_type variant"
#: The count by which sites are compared where there are too many: what happened on each.
OF_SITES: Final = "traffic_events"
UNDELIVERABLE: Final = cells.BOUNCED | cells.DROPPED | cells.COMPLAINED


COUNTS: Final[dict[str, Count]] = {
    count.name: count
    for count in (
        # people: one in the pane of the latest presence or key event, of each way of counting them
        tally("visitors", "site", "visit", "person", of="person", at="latest"),
        tally("channel_visitors", "site channel", "visit", "channel_person", of="person", at="latest"),
        tally("campaign_visitors", "site campaign", "visit", "campaign_person", of="person", at="latest"),
        tally("country_visitors", "site country", "country_person", of="person", at="latest"),
        tally("landing_visitors", "site page_group content", "landing_person", of="person", at="latest"),
        tally("social_visitors", "site", "visit", "social_person", needs="social", of="person", at="latest"),
        tally("converted_visitors", "site", "convert", "converted", of="person", at="latest"),
        tally("channel_converted_visitors", "site channel", "convert", "channel_converted", of="person", at="latest"),
        tally(
            "campaign_converted_visitors", "site campaign", "convert", "campaign_converted", of="person", at="latest"
        ),
        tally("landing_converted_visitors", "site page_group content", "landing_converted", of="person", at="latest"),
        tally(
            "social_converted_visitors", "site", "convert", "social_converted", needs="social", of="person", at="latest"
        ),
        tally("content_leads", "site page_group content", "content_converted", of="person", at="latest"),
        # people: one for each time that they were unknown, at the latest presence then, or when they became known
        tally("strangers", "site", "visit", "stranger", needs="stranger", of="person", at="latest"),
        # people: one in the pane in which they were first seen
        tally("new_visitors", "site", "newcomer", of="person", at="first"),
        # traffic
        tally("page_views", "site", "view", of="view", at="event"),
        tally("channel_page_views", "site channel", "view", "channel_view", of="view", at="event"),
        tally("content_views", "site page_group content", "content_view", of="view", at="event"),
        tally("sessions", "site", "session", of="session", at="session start"),
        tally("channel_sessions", "site channel", "session", of="session", at="session start"),
        tally("organic_sessions", "site engine", "session", of="session", at="session start"),
        tally("referral_sessions", "site domain", "session", of="session", at="session start"),
        tally("bounces", "site channel", "bounce", of="session", at="session start"),
        tally("engaged_sessions", "site channel", "engaged", of="session", at="session start"),
        tally("session_page_views", "site channel", "session_view", of="view", at="session start"),
        tally("content_downloads", "site page_group content", "content_download", of="download", at="event"),
        # leads: one a person, in the pane of what made them known
        tally("leads", "site capture_method", "lead", of="person", at="first"),
        tally("all_leads", "site", "lead", of="person", at="first"),
        tally("paid_leads", "site", "lead", needs="paid", of="person", at="first"),
        tally("site_leads", "site", "lead", needs="on_site", of="person", at="first"),
        tally("channel_leads", "site channel", "lead", of="person", at="first"),
        tally("leads_by_action", "site action", "lead_deed", of="person", at="first"),
        tally("leads_by_offer_stage", "site offer_stage", "lead_deed", of="person", at="first"),
        tally("event_leads", "site event", "lead_deed", of="person", at="first"),
        # key events: one a submission, order, appointment or conversation
        tally("key_events", "site action", "key_event", of="key event", at="event"),
        # forms: one a person, session and form
        tally("form_views", "site form", "form_view", of="form", at="event"),
        tally("form_starts", "site form", "form_start", of="form", at="form start"),
        tally("form_submits", "site form", "form_submit", of="form", at="form start"),
        # and the same in the pane in which the session ended
        tally("forms_begun", "site form", "form_begun", of="form", at="session end"),
        tally("form_abandons", "site form", "form_abandoned", of="form", at="session end"),
        # submissions, in the pane of their first event
        tally("submits", "site", "submit", of="submission", at="event"),
        tally("repeat_submits", "site", "repeat_submit", of="submission", at="event"),
        tally("fields_known", "site", "field_known", of="field", at="event"),
        tally("fields_asked", "site", "field_asked", of="field", at="event"),
        tally("form_value", "site form currency", "submission_value", of="money", at="event"),
        # people who did something with forms, chats and offers
        tally("form_people", "site", "form_person", of="person", at="latest"),
        tally("chat_people", "site", "chat_person", of="person", at="latest"),
        tally("chat_form_people", "site", "chat_form_person", of="person", at="latest"),
        tally("offer_visitors", "site offer", "offer_person", of="person", at="latest"),
        tally("offer_converters", "site offer", "offer_taker", of="person", at="latest"),
        # chatbot: all that comes of a conversation stands where that began
        tally("conversations", "site bot", "conversation", of="conversation", at="conversation start"),
        tally("chat_leads", "site bot", "chat_lead", of="conversation", at="conversation start"),
        tally("engaged_conversations", "site bot", "chat_engaged", of="conversation", at="conversation start"),
        tally("chat_handoffs", "site bot", "chat_handoff", of="conversation", at="conversation start"),
        tally("chat_resolved", "site bot", "chat_resolved", of="conversation", at="conversation start"),
        tally("chat_orders_started", "site bot", "order_started", of="order", at="order start"),
        tally("chat_orders_completed", "site bot", "order_completed", of="order", at="order start"),
        tally("chat_order_value", "site bot currency", "order_value", of="money", at="order start"),
        tally("chat_appointments_set", "site bot", "appointment_set", of="appointment", at="appointment set"),
        tally(
            "chat_appointments_confirmed", "site bot", "appointment_confirmed", of="appointment", at="appointment set"
        ),
        tally(
            "chat_appointments_confirmed_in_time",
            "site bot",
            "appointment_in_time",
            of="appointment",
            at="appointment set",
        ),
        tally(
            "chat_appointments_cancelled", "site bot", "appointment_cancelled", of="appointment", at="appointment set"
        ),
        tally("chat_seconds", "site bot bucket", "chat_seconds", of="conversation", at="conversation start"),
        tally("chat_ms", "site bot", "chat_ms", of="duration", at="conversation start"),
        # funnel: the cohort of the beginning, and those who took the step
        tally("steps_from", "site from to", "step_from", of="step", at="step begun"),
        tally("steps_reached", "site from to", "step_reached", of="step", at="step begun"),
        tally("steps_in_time", "site from to", "step_in_time", of="step", at="step begun"),
        tally("step_seconds", "site from to bucket", "step_seconds", of="step", at="step taken"),
        tally("steps_done", "site from to", "step_seconds", of="step", at="step taken"),
        tally("step_ms", "site from to", "step_ms", of="duration", at="step taken"),
        # email: a message to one recipient, in the pane of its sending whatever became of it later
        tally("emails_sent", BY_MESSAGE, "email", fate=cells.SENT, of="message", at="sending"),
        tally("emails_delivered", BY_MESSAGE, "email", fate=cells.DELIVERED, of="message", at="sending"),
        tally("emails_bounced", f"{BY_MESSAGE} bounce_type", "email", fate=cells.BOUNCED, of="message", at="sending"),
        tally("emails_bounced_any", BY_MESSAGE, "email", fate=cells.BOUNCED, of="message", at="sending"),
        tally("emails_dropped", BY_MESSAGE, "email", fate=cells.DROPPED, of="message", at="sending"),
        tally("emails_opened", BY_MESSAGE, "email", fate=cells.OPENED, of="message", at="sending"),
        tally("emails_clicked", BY_MESSAGE, "email", fate=cells.CLICKED, of="message", at="sending"),
        tally("emails_replied", BY_MESSAGE, "email", fate=cells.REPLIED, of="message", at="sending"),
        tally("emails_unsubscribed", BY_MESSAGE, "email", fate=cells.UNSUBSCRIBED, of="message", at="sending"),
        tally("emails_spam_complaints", BY_MESSAGE, "email", fate=cells.COMPLAINED, of="message", at="sending"),
        tally("emails_machine_opened", BY_MESSAGE, "email", fate=cells.MACHINE_OPENED, of="message", at="sending"),
        tally("emails_machine_clicked", BY_MESSAGE, "email", fate=cells.MACHINE_CLICKED, of="message", at="sending"),
        tally("emails_undeliverable", BY_MESSAGE, "email", fate=UNDELIVERABLE, of="message", at="sending"),
        tally("emails_opened_in_time", BY_MESSAGE, "email", fate=cells.OPENED_IN_TIME, of="message", at="sending"),
        tally("emails_clicked_in_time", BY_MESSAGE, "email", fate=cells.CLICKED_IN_TIME, of="message", at="sending"),
        tally("emails_replied_in_time", BY_MESSAGE, "email", fate=cells.REPLIED_IN_TIME, of="message", at="sending"),
        tally("email_clicks", BY_MESSAGE, "email_clicks", of="click", at="sending"),
        tally("domain_emails_sent", "site domain", "email", fate=cells.SENT, of="message", at="sending"),
        tally("domain_emails_undeliverable", "site domain", "email", fate=UNDELIVERABLE, of="message", at="sending"),
        # ads: single events, or the totals of a period spread evenly over it
        tally("ad_impressions", BY_AD, "ad_impression", of="ad impression", at="event"),
        tally("ad_clicks", BY_AD, "ad_click", of="ad click", at="event"),
        tally("ad_conversions", BY_AD, "ad_conversion", of="ad conversion", at="event"),
        tally("ad_conversion_value", f"{BY_AD} currency", "ad_conversion_value", of="money", at="event"),
        tally("ad_spend", f"{BY_AD} currency", "ad_spend", of="money", at="event"),
        tally("site_spend", "site currency", "ad_spend", of="money", at="event"),
        # leads: whom all of these concern
        *counts_of_leads.COUNTS,
        # trust
        tally("accepted", "site kind", "counted", "refused", of="record", at="arrival"),
        tally("counted", "site kind", "counted", of="record", at="arrival"),
        tally("traffic_events", "site kind class", "traffic", of="record", at="event"),
    )
}
