"""Cells: the additive counts that stages emit, and the label names that each of them carries.

A cell is named by its kind and one value a label: `("session", "s1", "organic_search", "google", None)`. It carries
labels of several counts at once; the rollup adds it to every count that the catalog derives from that kind, with
the labels that the count wants. A value of None says "does not apply": a count that wants that label passes over
the cell.

One cell instead of five counts keeps the fold short. Labels stand together as long as their combinations repeat, and
as long as they are shown in windows of the same length: what only long windows show is kept in long panes.
"""

from __future__ import annotations

from typing import Final

Cell = tuple[str | int | None, ...]

# where a visit came from; what it came for and out of which country would multiply it into cells that come once
_VISIT: Final = ("site", "channel", "campaign", "social")

#: kind → its labels in order. `bucket` is a duration bucket and `fate` a set of bits: integers, and never labels of
#: a metric.
CELLS: Final[dict[str, tuple[str, ...]]] = {
    # people: one in the pane of their latest event or key event
    "visit": _VISIT,
    "person": ("site",),
    "channel_person": ("site", "channel"),
    "campaign_person": ("site", "campaign"),
    "country_person": ("site", "country"),
    "landing_person": ("site", "page_group", "content"),
    "social_person": ("site",),
    "convert": _VISIT,
    "converted": ("site",),
    "channel_converted": ("site", "channel"),
    "campaign_converted": ("site", "campaign"),
    "landing_converted": ("site", "page_group", "content"),
    "social_converted": ("site",),
    "content_converted": ("site", "page_group", "content"),
    "newcomer": ("site",),
    "lead": ("site", "capture_method", "channel", "on_site"),
    "form_person": ("site",),
    "chat_person": ("site",),
    "chat_form_person": ("site",),
    "first_submitter": ("site",),
    "offer_person": ("site", "offer"),
    "offer_taker": ("site", "offer"),
    # traffic
    "view": ("site", "channel"),
    "content_view": ("site", "page_group", "content"),
    "channel_view": ("site", "channel"),
    "session": ("site", "channel", "engine", "domain"),
    "bounce": ("site", "channel"),
    # forms: unit is person, session and form
    "form_view": ("site", "form"),
    "form_start": ("site", "form"),
    "form_submit": ("site", "form"),
    "submit": ("site",),
    "field_known": ("site",),
    "field_asked": ("site",),
    # chatbot
    "conversation": ("site", "bot"),
    "chat_lead": ("site", "bot"),
    "chat_handoff": ("site", "bot"),
    "chat_resolved": ("site", "bot"),
    "chat_seconds": ("site", "bot", "bucket"),
    "chat_ms": ("site", "bot"),
    "order_started": ("site", "bot"),
    "order_completed": ("site", "bot"),
    "appointment_set": ("site", "bot"),
    "appointment_confirmed": ("site", "bot"),
    "appointment_cancelled": ("site", "bot"),
    # funnel steps: cohort of `from`, time taken in the pane of `to`
    "step_from": ("site", "from", "to"),
    "step_reached": ("site", "from", "to"),
    "step_seconds": ("site", "from", "to", "bucket"),
    "step_ms": ("site", "from", "to"),
    # email: unit is a message to one recipient
    "email": ("site", "campaign", "purpose", "variant", "domain", "bounce_type", "fate"),
    "email_clicks": ("site", "campaign", "purpose", "variant"),
    # ads
    "ad_impression": ("site", "platform", "campaign", "channel_type", "audience_type", "variant"),
    "ad_click": ("site", "platform", "campaign", "channel_type", "audience_type", "variant"),
    "ad_conversion": ("site", "platform", "campaign", "channel_type", "audience_type", "variant"),
    "ad_spend": ("site", "platform", "campaign", "channel_type", "audience_type", "variant", "currency"),
    # trust: by arrival
    "counted": ("site", "kind"),
    "refused": ("site", "kind"),
    "traffic": ("site", "kind", "class"),
}

#: Bits of a message's fate: what became of it, all at once (the label `fate` of the cell `email`).
SENT, DELIVERED, BOUNCED, DROPPED, OPENED, CLICKED, REPLIED, UNSUBSCRIBED, COMPLAINED = (1 << i for i in range(9))
MACHINE_OPENED, MACHINE_CLICKED = 1 << 9, 1 << 10
#: Opened, clicked, replied by a person within the time that is judged.
OPENED_IN_TIME, CLICKED_IN_TIME, REPLIED_IN_TIME = 1 << 11, 1 << 12, 1 << 13

#: Labels with a closed vocabulary of ours: never folded into `other`.
CLOSED_LABELS: Final = frozenset(
    {
        "channel",
        "capture_method",
        "from",
        "to",
        "bucket",
        "fate",
        "bounce_type",
        "kind",
        "class",
        "social",
        "on_site",
        "currency",
    }
)
