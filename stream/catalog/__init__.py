"""The catalog: every metric once, with all that is known about it.

In:  nothing.  Out: `COUNTS` (what is added up, from which cells) and `METRICS` (what people see, from which counts).
Gauges, result records, rules, dashboards, schemas and the reference page are rendered from here.

To add a metric from counts that exist: one entry in METRICS. Names follow the Prometheus conventions; labels are
listed as they are shown; a ratio divides counts of the same people in the same window.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final, Literal

from stream.changes import cells

ShownAs = Literal["count", "amount", "ratio", "summary", "total", "gauge"]

TRAFFIC: Final = ("5m", "1h", "6h", "24h", "7d", "30d")
BOUNCES: Final = ("1h", "24h", "7d")
CONTENT: Final = ("24h", "7d", "30d")
ADS: Final = ("1h", "24h", "7d", "30d")
MONEY: Final = ("24h", "7d", "30d", "90d")
STEPS: Final = ("1h", "24h", "7d", "30d")

#: A session is over half an hour after its last event: figures of sessions that are over end that much earlier.
SESSION_OVER_MS: Final = 30 * 60_000

QUANTILES: Final = (0.5, 0.9)

#: What a step may take. Those who took no longer are a share that alerts like any other; the limit is rounded up
#: to the edge of a duration bucket, by at most 4 %.
STEP_TARGETS_S: Final = {
    ("first_view", "form_start"): 1_800,
    ("form_start", "form_submit"): 300,
    ("first_view", "lead"): 3_600,
    ("conversation_started", "chat_lead"): 600,
    ("ad_landing", "lead"): 3_600,
    ("email_landing", "lead"): 3_600,
}


@dataclass(frozen=True, slots=True)
class Count:
    """Something that is added up: cells of some kinds, by some of their labels.

    `fate` picks messages of which any of these bits is true. `needs` names a label without which a cell is
    passed over (beside `labels`, for which the same holds). `in_time` takes the steps within STEP_TARGETS_S only.
    """

    name: str
    labels: tuple[str, ...]
    cells: tuple[str, ...]
    fate: int = 0
    needs: str | None = None
    in_time: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    """What the alert of an entry says; the rule follows from the entry's kind, proportion and direction.

    `by` are the labels beside `site` that an alert tells apart; it adds up over the others (no figures of people,
    which do not add up). Without it all labels are told apart.
    """

    summary: str
    severity: Literal["critical", "warning", "info"] = "warning"
    by: tuple[str, ...] | None = None


Terms = tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """One entry: what is shown, how it is worked out and what harms.

    `numerator` and `denominator` are sums of counts with a sign. `unit` scales the numerator (money: millionths).
    `people` says that values in `other` are an upper bound, since one person may come by several values.
    """

    name: str
    kind: ShownAs
    help: str
    formula: str
    labels: tuple[str, ...]
    windows: tuple[str, ...]
    numerator: Terms = ()
    denominator: Terms = ()
    unit: str = "1"
    area: str = "traffic"
    tier: Literal["main", "secondary"] = "secondary"
    proportion: bool = False
    direction: Literal["drop", "rise"] | None = None
    people: bool = False
    shift_ms: int = 0
    scale: float = 1.0
    factor: int = 1
    ends_at_spend: bool = False
    constant: tuple[tuple[str, str], ...] = ()
    alert: Alert | None = None
    panel: str | None = None
    since: str = "0.1"
    notes: str = field(default="")


def _c(name: str, labels: str, *kinds: str, fate: int = 0, needs: str | None = None, in_time: bool = False) -> Count:
    return Count(name, tuple(labels.split()), kinds, fate, needs, in_time)


_EMAIL: Final = "site campaign purpose variant"
_AD: Final = "site platform campaign channel_type audience_type variant"
_UNDELIVERABLE: Final = cells.BOUNCED | cells.DROPPED | cells.COMPLAINED

COUNTS: Final[dict[str, Count]] = {
    count.name: count
    for count in (
        _c("visitors", "site", "visit", "person"),
        _c("channel_visitors", "site channel", "visit", "channel_person"),
        _c("campaign_visitors", "site campaign", "visit", "campaign_person"),
        _c("country_visitors", "site country", "country_person"),
        _c("landing_visitors", "site page_group content", "landing_person"),
        _c("social_visitors", "site", "visit", "social_person", needs="social"),
        _c("converted_visitors", "site", "convert", "converted"),
        _c("channel_converted_visitors", "site channel", "convert", "channel_converted"),
        _c("campaign_converted_visitors", "site campaign", "convert", "campaign_converted"),
        _c("landing_converted_visitors", "site page_group content", "landing_converted"),
        _c("social_converted_visitors", "site", "convert", "social_converted", needs="social"),
        _c("content_leads", "site page_group content", "content_converted"),
        _c("new_visitors", "site", "newcomer"),
        _c("page_views", "site", "view"),
        _c("channel_page_views", "site channel", "view", "channel_view"),
        _c("content_views", "site page_group content", "content_view"),
        _c("sessions", "site", "session"),
        _c("channel_sessions", "site channel", "session"),
        _c("organic_sessions", "site engine", "session"),
        _c("referral_sessions", "site domain", "session"),
        _c("bounces", "site channel", "bounce"),
        _c("leads", "site capture_method", "lead"),
        _c("all_leads", "site", "lead"),
        _c("site_leads", "site", "lead", needs="on_site"),
        _c("channel_leads", "site channel", "lead"),
        _c("form_views", "site form", "form_view"),
        _c("form_starts", "site form", "form_start"),
        _c("form_submits", "site form", "form_submit"),
        _c("submits", "site", "submit"),
        _c("first_submitters", "site", "first_submitter"),
        _c("fields_known", "site", "field_known"),
        _c("fields_asked", "site", "field_asked"),
        _c("form_people", "site", "form_person"),
        _c("chat_people", "site", "chat_person"),
        _c("chat_form_people", "site", "chat_form_person"),
        _c("offer_visitors", "site offer", "offer_person"),
        _c("offer_converters", "site offer", "offer_taker"),
        _c("conversations", "site bot", "conversation"),
        _c("chat_leads", "site bot", "chat_lead"),
        _c("chat_handoffs", "site bot", "chat_handoff"),
        _c("chat_resolved", "site bot", "chat_resolved"),
        _c("chat_orders_started", "site bot", "order_started"),
        _c("chat_orders_completed", "site bot", "order_completed"),
        _c("chat_appointments_set", "site bot", "appointment_set"),
        _c("chat_appointments_confirmed", "site bot", "appointment_confirmed"),
        _c("chat_appointments_cancelled", "site bot", "appointment_cancelled"),
        _c("chat_seconds", "site bot bucket", "chat_seconds"),
        _c("chat_ms", "site bot", "chat_ms"),
        _c("steps_from", "site from to", "step_from"),
        _c("steps_reached", "site from to", "step_reached"),
        _c("step_seconds", "site from to bucket", "step_seconds"),
        _c("steps_done", "site from to", "step_seconds"),
        _c("steps_in_time", "site from to", "step_seconds", in_time=True),
        _c("step_ms", "site from to", "step_ms"),
        _c("emails_sent", _EMAIL, "email", fate=cells.SENT),
        _c("emails_delivered", _EMAIL, "email", fate=cells.DELIVERED),
        _c("emails_bounced", f"{_EMAIL} bounce_type", "email", fate=cells.BOUNCED),
        _c("emails_bounced_any", _EMAIL, "email", fate=cells.BOUNCED),
        _c("emails_dropped", _EMAIL, "email", fate=cells.DROPPED),
        _c("emails_opened", _EMAIL, "email", fate=cells.OPENED),
        _c("emails_clicked", _EMAIL, "email", fate=cells.CLICKED),
        _c("emails_replied", _EMAIL, "email", fate=cells.REPLIED),
        _c("emails_unsubscribed", _EMAIL, "email", fate=cells.UNSUBSCRIBED),
        _c("emails_spam_complaints", _EMAIL, "email", fate=cells.COMPLAINED),
        _c("emails_machine_opened", _EMAIL, "email", fate=cells.MACHINE_OPENED),
        _c("emails_machine_clicked", _EMAIL, "email", fate=cells.MACHINE_CLICKED),
        _c("emails_undeliverable", _EMAIL, "email", fate=_UNDELIVERABLE),
        _c("email_clicks", _EMAIL, "email_clicks"),
        _c("domain_emails_sent", "site domain", "email", fate=cells.SENT),
        _c("domain_emails_undeliverable", "site domain", "email", fate=_UNDELIVERABLE),
        _c("ad_impressions", _AD, "ad_impression"),
        _c("ad_clicks", _AD, "ad_click"),
        _c("ad_conversions", _AD, "ad_conversion"),
        _c("ad_spend", f"{_AD} currency", "ad_spend"),
        _c("site_spend", "site currency", "ad_spend"),
        _c("accepted", "site kind", "counted", "refused"),
        _c("counted", "site kind", "counted"),
        _c("traffic_events", "site kind class", "traffic"),
    )
}


def _terms(text: str) -> Terms:
    """Read `a + b - c` into signed names.

    >>> _terms("visitors - chat_people")
    ((1, 'visitors'), (-1, 'chat_people'))
    """
    sign, out = 1, []
    for word in text.split():
        if word in "+-":
            sign = 1 if word == "+" else -1
        else:
            out.append((sign, word))
    return tuple(out)


def _labels(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _count(
    name: str,
    labels: str,
    windows: tuple[str, ...],
    help: str,
    *,
    of: str | None = None,
    tier: Literal["main", "secondary"] = "secondary",
    **more: object,
) -> Metric:
    count = of or name
    formula = str(more.pop("formula", help[0].lower() + help[1:].rstrip(".")))
    return Metric(
        name, "count", help, formula, _labels(labels), windows, _terms(count), tier=tier, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _ratio(
    name: str,
    labels: str,
    windows: tuple[str, ...],
    over: tuple[str, str],
    help: str,
    *,
    formula: str | None = None,
    proportion: bool = True,
    **more: object,
) -> Metric:
    top, bottom = over
    return Metric(
        name, "ratio", help, formula or f"{top} / {bottom}", _labels(labels), windows, _terms(top), _terms(bottom),
        unit="ratio", proportion=proportion, **more,  # type: ignore[arg-type]
    )  # fmt: skip


METRICS: Final[tuple[Metric, ...]] = (
    # --- traffic ------------------------------------------------------------------------------------------
    _count(
        "visitors",
        "site",
        TRAFFIC,
        "Distinct people with an event in the window.",
        tier="main",
        people=True,
        direction="drop",
        alert=Alert("Less than half of the usual visitors come.", "critical"),
    ),
    _count("new_visitors", "site", TRAFFIC, "People first seen in the window."),
    _count("page_views", "site", TRAFFIC, "Page views."),
    _count("sessions", "site", TRAFFIC, "Sessions that started in the window."),
    _count(
        "channel_visitors",
        "site channel",
        TRAFFIC,
        "Distinct people with an event in the window that belongs to a session of the channel.",
        people=True,
    ),
    _count(
        "campaign_visitors",
        "site campaign",
        TRAFFIC,
        "Distinct people with an event in the window that belongs to a session of the campaign.",
        people=True,
    ),
    _count(
        "country_visitors",
        "site country",
        TRAFFIC,
        "Distinct people with an event in the window that belongs to a session from the country.",
        people=True,
    ),
    _count("channel_sessions", "site channel", TRAFFIC, "Sessions of the channel that started in the window."),
    _count("channel_page_views", "site channel", TRAFFIC, "Page views in sessions of the channel."),
    _count("organic_sessions", "site engine", TRAFFIC, "Sessions by organic search, by search engine."),
    _count("referral_sessions", "site domain", TRAFFIC, "Sessions by referral, by referring domain."),
    _ratio(
        "bounce_ratio",
        "site channel",
        BOUNCES,
        ("bounces", "channel_sessions"),
        "Share of sessions that consist of one page view and nothing else.",
        direction="rise",
        formula="sessions of exactly one event, a page view / sessions; started in [T - 30m - W, T - 30m)",
        shift_ms=SESSION_OVER_MS,
        alert=Alert("More sessions end after a single page view than usual."),
    ),
    _count("content_views", "site page_group content", CONTENT, "Page views of a page group and content."),
    _count(
        "content_leads",
        "site page_group content",
        CONTENT,
        "People whose key event came in a session that viewed the content.",
        people=True,
    ),
    _count(
        "landing_visitors",
        "site page_group content",
        CONTENT,
        "Distinct people with an event in the window in a session that began at the content.",
        people=True,
    ),
    _ratio(
        "landing_page_visit_to_lead_ratio",
        "site page_group content",
        CONTENT,
        ("landing_converted_visitors", "landing_visitors"),
        "Share of the people who landed at the content that had a key event in such a session.",
        direction="drop",
        people=True,
        alert=Alert("Fewer visitors of a landing page become leads than usual."),
    ),
    # --- conversion ---------------------------------------------------------------------------------------
    _count(
        "converted_visitors",
        "site",
        TRAFFIC,
        "Distinct people with a key event in the window.",
        area="conversion",
        people=True,
    ),
    _count(
        "channel_converted_visitors",
        "site channel",
        TRAFFIC,
        "Distinct people with a key event in the window, in a session of the channel.",
        area="conversion",
        people=True,
    ),
    _ratio(
        "visit_to_lead_ratio",
        "site",
        TRAFFIC,
        ("converted_visitors", "visitors"),
        "Share of visitors with a key event: the same people, the same window.",
        area="conversion",
        direction="drop",
        panel="Visit to lead",
        tier="main",
        alert=Alert("Fewer visitors become leads than usual.", "critical"),
    ),
    _ratio(
        "channel_visit_to_lead_ratio",
        "site channel",
        TRAFFIC,
        ("channel_converted_visitors", "channel_visitors"),
        "Share of a channel's visitors with a key event in a session of the channel.",
        area="conversion",
        direction="drop",
        people=True,
        alert=Alert("Fewer visitors of a channel become leads than usual."),
    ),
    _ratio(
        "campaign_visit_to_lead_ratio",
        "site campaign",
        TRAFFIC,
        ("campaign_converted_visitors", "campaign_visitors"),
        "Share of a campaign's visitors with a key event in a session of the campaign.",
        area="conversion",
        direction="drop",
        people=True,
        alert=Alert("Fewer visitors of a campaign become leads than usual."),
    ),
    _ratio(
        "social_visit_to_lead_ratio",
        "site",
        TRAFFIC,
        ("social_converted_visitors", "social_visitors"),
        "Share of visitors by organic and paid social with a key event in such a session.",
        area="conversion",
        direction="drop",
        alert=Alert("Fewer visitors by social networks become leads than usual."),
    ),
    _count(
        "leads",
        "site capture_method",
        TRAFFIC,
        "People first known in the window, by how they became known.",
        area="conversion",
        panel="Leads",
        tier="main",
        direction="drop",
        alert=Alert("Less than half of the usual leads come in.", by=()),
    ),
    _count(
        "channel_leads",
        "site channel",
        TRAFFIC,
        "People first known in the window, by the channel of the session that made them known.",
        area="conversion",
    ),
    _ratio(
        "opt_in_ratio",
        "site",
        TRAFFIC,
        ("site_leads", "visitors"),
        "Share of visitors that became known on the site in the window.",
        area="conversion",
        direction="drop",
        formula="leads by form or chatbot / visitors",
        alert=Alert("Fewer visitors leave their contact than usual."),
    ),
    _count("form_views", "site form", TRAFFIC, "Forms seen: once a person, session and form.", area="conversion"),
    _count(
        "form_starts",
        "site form",
        TRAFFIC,
        "Forms started, once a person, session and form; a submit implies a start.",
        area="conversion",
    ),
    _count(
        "form_submits",
        "site form",
        TRAFFIC,
        "Forms submitted, once a person, session and form, in the pane of their start.",
        area="conversion",
    ),
    _count(
        "form_abandons",
        "site form",
        BOUNCES,
        "Forms started and not submitted, sessions that are over.",
        of="form_starts - form_submits",
        formula="form_starts - form_submits; started in [T - 30m - W, T - 30m)",
        area="conversion",
        shift_ms=SESSION_OVER_MS,
    ),
    _ratio(
        "form_completion_ratio",
        "site form",
        TRAFFIC,
        ("form_submits", "form_starts"),
        "Share of started forms that were submitted.",
        area="conversion",
        direction="drop",
        alert=Alert("Fewer started forms are submitted than usual."),
    ),
    _ratio(
        "form_abandonment_ratio",
        "site form",
        BOUNCES,
        ("form_starts - form_submits", "form_starts"),
        "Share of started forms that were left, over sessions that are over.",
        area="conversion",
        direction="rise",
        shift_ms=SESSION_OVER_MS,
        formula="form_abandons / form_starts; started in [T - 30m - W, T - 30m)",
        alert=Alert("More started forms are abandoned than usual."),
    ),
    _count(
        "offer_visitors",
        "site offer",
        CONTENT,
        "People who saw a page or form with the offer.",
        area="conversion",
        people=True,
    ),
    _count(
        "offer_converters",
        "site offer",
        CONTENT,
        "People who submitted a form with the offer.",
        area="conversion",
        people=True,
    ),
    _ratio(
        "content_offer_ratio",
        "site offer",
        CONTENT,
        ("offer_converters", "offer_visitors"),
        "Share of the people who saw an offer that took it.",
        area="conversion",
        direction="drop",
        people=True,
        alert=Alert("Fewer people take an offer than usual."),
    ),
    _ratio(
        "form_completeness_ratio",
        "site",
        TRAFFIC,
        ("fields_known", "fields_asked"),
        "Share of asked form fields that were filled in.",
        area="conversion",
        direction="drop",
        alert=Alert("Fewer form fields are filled in than usual."),
    ),
    _ratio(
        "duplicate_lead_ratio",
        "site",
        TRAFFIC,
        ("submits - first_submitters", "submits"),
        "Share of submits by people who had submitted before.",
        area="conversion",
        direction="rise",
        formula="submits after a person's first / submits",
        alert=Alert("More submits are repeats than usual."),
    ),
    # --- chatbot ------------------------------------------------------------------------------------------
    _count(
        "conversations",
        "site bot",
        TRAFFIC,
        "Conversations that started in the window.",
        area="chatbot",
        direction="drop",
        alert=Alert("Less than half of the usual conversations start."),
    ),
    _count("chat_leads", "site bot", TRAFFIC, "Conversations in which a lead was captured.", area="chatbot"),
    _ratio(
        "chat_conversion_ratio",
        "site bot",
        TRAFFIC,
        ("chat_leads", "conversations"),
        "Share of conversations in which a lead was captured.",
        area="chatbot",
        direction="drop",
        panel="Chat conversion",
        tier="main",
        alert=Alert("Fewer conversations of the chatbot capture a lead than usual.", "critical"),
    ),
    _count("chat_orders_started", "site bot", TRAFFIC, "Orders begun in a chat.", area="chatbot"),
    _count(
        "chat_orders_completed",
        "site bot",
        TRAFFIC,
        "Orders completed in a chat, by when they were begun.",
        area="chatbot",
    ),
    _ratio(
        "chat_order_completion_ratio",
        "site bot",
        TRAFFIC,
        ("chat_orders_completed", "chat_orders_started"),
        "Share of orders begun in a chat that were completed.",
        area="chatbot",
        direction="drop",
        alert=Alert("Fewer orders begun in the chat are completed than usual."),
    ),
    _count("chat_appointments_set", "site bot", TRAFFIC, "Appointments set in a chat.", area="chatbot"),
    _count(
        "chat_appointments_confirmed",
        "site bot",
        TRAFFIC,
        "Appointments confirmed, by when they were set.",
        area="chatbot",
    ),
    _count(
        "chat_appointments_cancelled",
        "site bot",
        TRAFFIC,
        "Appointments cancelled, by when they were set.",
        area="chatbot",
    ),
    _ratio(
        "chat_appointment_confirmation_ratio",
        "site bot",
        TRAFFIC,
        ("chat_appointments_confirmed", "chat_appointments_set"),
        "Share of appointments set in a chat that were confirmed.",
        area="chatbot",
        direction="drop",
        alert=Alert("Fewer appointments set in the chat are confirmed than usual."),
    ),
    _ratio(
        "chat_handoff_ratio",
        "site bot",
        TRAFFIC,
        ("chat_handoffs", "conversations"),
        "Share of conversations that were handed to a person.",
        area="chatbot",
        direction="rise",
        alert=Alert("More conversations are handed to a person than usual."),
    ),
    _ratio(
        "chat_resolved_ratio",
        "site bot",
        TRAFFIC,
        ("chat_resolved", "conversations"),
        "Share of conversations that were resolved.",
        area="chatbot",
        direction="drop",
        alert=Alert("Fewer conversations are resolved than usual."),
    ),
    _ratio(
        "form_with_chat_ratio",
        "site",
        TRAFFIC,
        ("chat_form_people", "chat_people"),
        "Share of the people who chatted that submitted a form; beside the next one, never called causal.",
        area="chatbot",
        formula="people who chatted and submitted a form / people who chatted",
        direction="drop",
        alert=Alert("Fewer people who chat submit a form than usual."),
    ),
    _ratio(
        "form_without_chat_ratio",
        "site",
        TRAFFIC,
        ("form_people - chat_form_people", "visitors - chat_people"),
        "Share of the visitors who did not chat that submitted a form.",
        area="chatbot",
        formula="people who submitted a form and did not chat / visitors who did not chat",
        direction="drop",
        alert=Alert("Fewer people who do not chat submit a form than usual."),
    ),
    Metric(
        "chat_conversation_seconds",
        "summary",
        "How long conversations last.",
        "duration_s, else last less first event; quantiles from log buckets, 2 % relative error",
        _labels("site bot"),
        TRAFFIC,
        _terms("chat_seconds"),
        _terms("chat_ms"),
        unit="seconds",
        area="chatbot",
    ),
    # --- email --------------------------------------------------------------------------------------------
    _count("emails_sent", _EMAIL, TRAFFIC, "Messages sent, one a recipient.", area="email"),
    _count("emails_delivered", _EMAIL, TRAFFIC, "Messages delivered, by when they were sent.", area="email"),
    _count(
        "emails_bounced",
        f"{_EMAIL} bounce_type",
        TRAFFIC,
        "Messages that came back, by when they were sent.",
        area="email",
    ),
    _count(
        "emails_dropped", _EMAIL, TRAFFIC, "Messages dropped before delivery, by when they were sent.", area="email"
    ),
    _count("emails_opened", _EMAIL, TRAFFIC, "Messages opened by people, by when they were sent.", area="email"),
    _count("emails_clicked", _EMAIL, TRAFFIC, "Messages clicked by people, by when they were sent.", area="email"),
    _count("emails_replied", _EMAIL, TRAFFIC, "Messages replied to, by when they were sent.", area="email"),
    _count("emails_unsubscribed", _EMAIL, TRAFFIC, "Messages that led to an unsubscription.", area="email"),
    _count("emails_spam_complaints", _EMAIL, TRAFFIC, "Messages reported as spam.", area="email"),
    _count(
        "emails_machine_opened",
        _EMAIL,
        TRAFFIC,
        "Messages opened by a machine: privacy proxy or scanner.",
        area="email",
    ),
    _count("emails_machine_clicked", _EMAIL, TRAFFIC, "Messages clicked by a machine.", area="email"),
    _count("email_clicks", _EMAIL, TRAFFIC, "All clicks by people, by when the message was sent.", area="email"),
    _ratio(
        "deliverability_ratio",
        _EMAIL,
        TRAFFIC,
        ("emails_sent - emails_undeliverable", "emails_sent"),
        "Share of sent messages that neither came back nor were dropped nor were reported as spam.",
        formula="(sent - bounced - dropped - spam complaints) / sent",
        area="email",
        direction="drop",
        panel="Deliverability",
        tier="main",
        alert=Alert("Fewer messages arrive than usual.", "critical", by=("purpose",)),
    ),
    _ratio(
        "email_bounce_ratio",
        _EMAIL,
        TRAFFIC,
        ("emails_bounced_any", "emails_sent"),
        "Share of sent messages that came back.",
        area="email",
        direction="rise",
        formula="emails_bounced / emails_sent",
        alert=Alert("More messages come back than usual.", by=("purpose",)),
    ),
    _ratio(
        "email_open_ratio",
        _EMAIL,
        TRAFFIC,
        ("emails_opened", "emails_delivered"),
        "Share of delivered messages opened by people.",
        area="email",
        direction="drop",
        alert=Alert("Fewer messages are opened than usual.", by=("purpose",)),
    ),
    _ratio(
        "email_click_ratio",
        _EMAIL,
        TRAFFIC,
        ("emails_clicked", "emails_delivered"),
        "Share of delivered messages clicked by people.",
        area="email",
        direction="drop",
        alert=Alert("Fewer messages are clicked than usual.", by=("purpose",)),
    ),
    _ratio(
        "email_unsubscribe_ratio",
        _EMAIL,
        TRAFFIC,
        ("emails_unsubscribed", "emails_delivered"),
        "Share of delivered messages that led to an unsubscription.",
        area="email",
        direction="rise",
        alert=Alert("More people unsubscribe than usual.", by=("purpose",)),
    ),
    _ratio(
        "email_reply_ratio",
        _EMAIL,
        TRAFFIC,
        ("emails_replied", "emails_sent"),
        "Share of sent messages that were replied to.",
        area="email",
        direction="drop",
        alert=Alert("Fewer messages are replied to than usual.", by=("purpose",)),
    ),
    _count("domain_emails_sent", "site domain", TRAFFIC, "Messages sent, by domain of the recipient.", area="email"),
    _ratio(
        "domain_deliverability_ratio",
        "site domain",
        TRAFFIC,
        ("domain_emails_sent - domain_emails_undeliverable", "domain_emails_sent"),
        "Share of messages to a recipient's domain that arrived without complaint.",
        area="email",
        formula="(sent - bounced - dropped - spam complaints) / sent, by domain of the recipient",
        direction="drop",
        alert=Alert("Fewer messages arrive at a recipient's domain than usual."),
    ),
    # --- ads and money ------------------------------------------------------------------------------------
    _count("ad_impressions", _AD, ADS, "Ad impressions.", area="ads"),
    _count("ad_clicks", _AD, ADS, "Ad clicks.", area="ads"),
    _count("ad_conversions", _AD, ADS, "Conversions as the ad platform claims them.", area="ads"),
    Metric(
        "ad_spend",
        "amount",
        "Money spent on ads, in units of the currency.",
        "sum of action spend",
        _labels(f"{_AD} currency"),
        MONEY,
        _terms("ad_spend"),
        unit="currency",
        area="ads",
        scale=1e-6,
    ),
    _ratio(
        "click_through_ratio",
        _AD,
        ADS,
        ("ad_clicks", "ad_impressions"),
        "Clicks per impression, from sums; no proportion, since platforms may report more clicks.",
        proportion=False,
        area="ads",
        direction="drop",
        panel="Click-through",
        tier="main",
        alert=Alert("Ads are clicked less often than usual.", "critical", by=("platform", "campaign")),
    ),
    _ratio(
        "ad_conversion_ratio",
        _AD,
        ADS,
        ("ad_conversions", "ad_clicks"),
        "Conversions per click, from sums; above 1 is legal.",
        proportion=False,
        area="ads",
        direction="drop",
        alert=Alert("Ad clicks convert less often than usual.", by=("platform", "campaign")),
    ),
    Metric(
        "cost_per_conversion",
        "ratio",
        "Ad spend per conversion, in units of the currency.",
        "ad_spend / ad_conversions",
        _labels(f"{_AD} currency"),
        MONEY,
        _terms("ad_spend"),
        _terms("ad_conversions"),
        unit="currency",
        area="ads",
        direction="rise",
        scale=1e-6,
    ),
    Metric(
        "cost_per_click",
        "ratio",
        "Ad spend per click, in units of the currency.",
        "ad_spend / ad_clicks",
        _labels(f"{_AD} currency"),
        MONEY,
        _terms("ad_spend"),
        _terms("ad_clicks"),
        unit="currency",
        area="ads",
        direction="rise",
        scale=1e-6,
    ),
    Metric(
        "cost_per_mille",
        "ratio",
        "Ad spend per thousand impressions, in units of the currency.",
        "1000 * ad_spend / ad_impressions",
        _labels(f"{_AD} currency"),
        MONEY,
        _terms("ad_spend"),
        _terms("ad_impressions"),
        unit="currency",
        area="ads",
        direction="rise",
        scale=1e-6,
        factor=1000,
    ),
    Metric(
        "cost_per_lead",
        "ratio",
        "Ad spend per lead, in units of the currency; both end at the newest spend that is known.",
        "ad_spend / leads, both until min(T, newest spend)",
        _labels("site currency cost"),
        MONEY,
        _terms("site_spend"),
        _terms("all_leads"),
        unit="currency",
        area="ads",
        direction="rise",
        scale=1e-6,
        ends_at_spend=True,
        constant=(("cost", "media"),),
        panel="Cost per lead",
        tier="main",
        alert=Alert("A lead costs more than usual.", "info", by=("currency", "cost")),
    ),
    # --- funnel timings -----------------------------------------------------------------------------------
    Metric(
        "funnel_step_seconds",
        "summary",
        "How long people take from one step to the next.",
        "to less from, by when `to` happened; quantiles from log buckets, 2 % relative error",
        _labels("site from to"),
        STEPS,
        _terms("step_seconds"),
        _terms("step_ms"),
        unit="seconds",
        area="funnel",
        tier="main",
        panel="Time to lead",
    ),
    Metric(
        "funnel_step_mean_seconds",
        "ratio",
        "Mean time from one step to the next.",
        "sum of (to - from) / number of people who took the step, by when `to` happened",
        _labels("site from to"),
        STEPS,
        _terms("step_ms"),
        _terms("steps_done"),
        unit="seconds",
        area="funnel",
        scale=1e-3,
    ),
    _ratio(
        "funnel_step_ratio",
        "site from to",
        STEPS,
        ("steps_reached", "steps_from"),
        "Share of those who took a step that took the next one within 30 days; by when they took the first.",
        area="funnel",
        direction="drop",
        formula="reached `to` within 30 d / took `from`; cohort of `from`",
        alert=Alert("Fewer people take the next step of a funnel than usual."),
    ),
    _ratio(
        "funnel_step_in_time_ratio",
        "site from to",
        STEPS,
        ("steps_in_time", "steps_done"),
        "Share of those who took a step within its target time; by when they took it.",
        area="funnel",
        direction="drop",
        formula="people with to - from within the step's target / people who took the step",
        alert=Alert("More people than usual take longer for a step than its target."),
    ),
    # --- trust --------------------------------------------------------------------------------------------
    _ratio(
        "valid_event_ratio",
        "site kind",
        TRAFFIC,
        ("counted", "accepted"),
        "Share of accepted records that were counted; by arrival.",
        area="trust",
        direction="drop",
        formula="counted / accepted, by arrival",
        alert=Alert("More records are not counted than usual."),
    ),
    _count(
        "traffic_events",
        "site kind class",
        TRAFFIC,
        "Valid events by class of traffic: people's beside those of bots, of ourselves and of tests.",
        area="trust",
    ),
)


def _total(name: str, kind: ShownAs, labels: str, help: str, unit: str = "1") -> Metric:
    return Metric(name, kind, help, "since the beginning", _labels(labels), (), unit=unit, area="trust")


#: What the account of all shards says; no windows.
TOTALS: Final[tuple[Metric, ...]] = (
    _total("events_total", "total", "kind outcome reason", "Accepted records by where they ended."),
    _total("conservation_error", "gauge", "", "Accepted less counted, duplicate, filtered and dead-lettered; 0."),
    _total(
        "source_newest_event_timestamp_seconds", "gauge", "kind", "Time of the newest event of a source.", "seconds"
    ),
    _total("source_lag_seconds", "gauge", "kind", "How far the newest event of a source lies behind now.", "seconds"),
    _total("source_lag_records", "gauge", "kind", "Records of a source not yet read."),
    _total("source_missing", "gauge", "kind", "1 where the topic of a source does not exist."),
    _total("complete", "gauge", "", "1 while all shards are restored and caught up."),
    _total("data_since_timestamp_seconds", "gauge", "", "The first event that could have been seen.", "seconds"),
    _total("dedupe_horizon_seconds", "gauge", "", "How far back an event's id is known for certain.", "seconds"),
    _total("clock_ahead_total", "total", "kind", "Events whose clock ran ahead of their arrival; corrected."),
    _total("fields_ignored_total", "total", "kind field", "Fields of counted records that could not be used."),
    _total("rerouted_total", "total", "kind", "Records forwarded to the shard of their key."),
    _total(
        "mixed_granularity", "gauge", "", "Campaigns and actions that are reported both as single events and as totals."
    ),
    _total("labels_folded_total", "total", "label", "Label values folded into `other`."),
    _total("catalog_info", "gauge", "version", "Version of this catalog."),
)

BY_NAME: Final[dict[str, Metric]] = {metric.name: metric for metric in (*METRICS, *TOTALS)}


def windows_of_cells() -> dict[str, set[str]]:
    """Give for each kind of cell the windows that metrics show it in."""
    out: dict[str, set[str]] = {}
    for metric in METRICS:
        for _, count in metric.numerator + metric.denominator:
            for kind in COUNTS[count].cells:
                out.setdefault(kind, set()).update(metric.windows)
    return out


def version() -> str:
    """Name this catalog: eight characters that change whenever an entry does."""
    return hashlib.blake2b(repr((METRICS, sorted(COUNTS.items()), STEP_TARGETS_S)).encode(), digest_size=4).hexdigest()
