"""Cells: the additive counts that stages emit, and the label names that each of them carries.

A cell is named by its kind and one value a label: `("session", "s1", "organic_search", "google", None)`. It carries
labels of several counts at once; the rollup adds it to every count that the catalog derives from that kind, with
the labels that the count wants. A value of None says "does not apply": a count that wants that label passes over
the cell.

One cell instead of five counts keeps the fold short. Labels stand together as long as their combinations repeat, and
as long as they are shown in windows of the same length: what only long windows show is kept in long panes.
"""

from __future__ import annotations

from typing import Final, NamedTuple

Cell = tuple[str | int | None, ...]


class CellKind(NamedTuple):
    """What is known of all cells of a kind: the names of their labels, and the kinds of events they are made of.

    What is `of_leads` is counted, or corrected, by shards of leads: it is complete once these have taken in all that
    was told to them.
    """

    labels: tuple[str, ...]
    made_of: tuple[str, ...]
    of_leads: bool = False


_VIEWS: Final = ("page_view",)
_FORMS: Final = ("form",)
_CHATS: Final = ("chatbot",)
_PEOPLE: Final = (*_VIEWS, *_FORMS, *_CHATS)
_EMAILS: Final = ("email",)
_ADS: Final = ("ad",)
# leads: whom all of these concern; some are told by the crm alone
_LEADS: Final = (*_PEOPLE, *_EMAILS, "crm")
_CRM: Final = ("crm",)

# where a visit came from; what it came for and out of which country would multiply it into cells that come once
_VISIT: Final = ("site", "channel", "campaign", "social")

#: Channels that somebody is paid for: the flag `paid` of cells.
PAID: Final = frozenset(
    {"paid_search", "paid_social", "paid_shopping", "paid_video", "paid_other", "display", "cross_network"}
)

#: Kinds of cells. `bucket` is a duration bucket and `fate` a set of bits: integers, and never labels of a metric.
CELLS: Final[dict[str, CellKind]] = {
    # people: one in the pane of their latest presence or key event
    "visit": CellKind((*_VISIT, "stranger"), _PEOPLE),
    "person": CellKind(("site",), _PEOPLE),
    "channel_person": CellKind(("site", "channel"), _PEOPLE),
    "campaign_person": CellKind(("site", "campaign"), _PEOPLE),
    "country_person": CellKind(("site", "country"), _PEOPLE),
    "landing_person": CellKind(("site", "page_group", "content"), _PEOPLE),
    "social_person": CellKind(("site",), _PEOPLE),
    "convert": CellKind(_VISIT, _PEOPLE),
    "converted": CellKind(("site",), _PEOPLE),
    "channel_converted": CellKind(("site", "channel"), _PEOPLE),
    "campaign_converted": CellKind(("site", "campaign"), _PEOPLE),
    "landing_converted": CellKind(("site", "page_group", "content"), _PEOPLE),
    "social_converted": CellKind(("site",), _PEOPLE),
    "content_converted": CellKind(("site", "page_group", "content"), _PEOPLE),
    "stranger": CellKind(("site",), _PEOPLE),
    "newcomer": CellKind(("site",), _PEOPLE),
    "lead": CellKind(("site", "capture_method", "channel", "on_site", "paid"), _PEOPLE, of_leads=True),
    "lead_deed": CellKind(("site", "action", "offer_stage", "event"), _PEOPLE, of_leads=True),
    "key_event": CellKind(("site", "action"), _PEOPLE),
    "form_person": CellKind(("site",), _FORMS),
    "chat_person": CellKind(("site",), _CHATS),
    "chat_form_person": CellKind(("site",), _PEOPLE),
    "offer_person": CellKind(("site", "offer"), _PEOPLE),
    "offer_taker": CellKind(("site", "offer"), _PEOPLE),
    # traffic
    "view": CellKind(("site", "channel"), _VIEWS),
    "content_view": CellKind(("site", "page_group", "content"), _VIEWS),
    "channel_view": CellKind(("site", "channel"), _PEOPLE),
    "session": CellKind(("site", "channel", "engine", "domain"), _PEOPLE),
    "bounce": CellKind(("site", "channel"), _PEOPLE),
    "engaged": CellKind(("site", "channel"), _PEOPLE),
    "session_view": CellKind(("site", "channel"), _PEOPLE),
    "content_download": CellKind(("site", "page_group", "content"), (*_VIEWS, *_FORMS)),
    # forms: unit is person, session and form
    "form_view": CellKind(("site", "form"), _FORMS),
    "form_start": CellKind(("site", "form"), _FORMS),
    "form_submit": CellKind(("site", "form"), _FORMS),
    "form_begun": CellKind(("site", "form"), _FORMS),
    "form_abandoned": CellKind(("site", "form"), _FORMS),
    # submissions: what was sent, however often it was pressed
    "submit": CellKind(("site",), _FORMS),
    "repeat_submit": CellKind(("site",), _FORMS),
    "submission_value": CellKind(("site", "form", "currency"), _FORMS),
    "field_known": CellKind(("site",), _FORMS),
    "field_asked": CellKind(("site",), _FORMS),
    # chatbot
    "conversation": CellKind(("site", "bot"), _CHATS),
    "chat_lead": CellKind(("site", "bot"), _CHATS),
    "chat_engaged": CellKind(("site", "bot"), _CHATS),
    "chat_handoff": CellKind(("site", "bot"), _CHATS),
    "chat_resolved": CellKind(("site", "bot"), _CHATS),
    "chat_seconds": CellKind(("site", "bot", "bucket"), _CHATS),
    "chat_ms": CellKind(("site", "bot"), _CHATS),
    "order_started": CellKind(("site", "bot"), _CHATS),
    "order_completed": CellKind(("site", "bot"), _CHATS),
    "order_value": CellKind(("site", "bot", "currency"), _CHATS),
    "appointment_set": CellKind(("site", "bot"), _CHATS),
    "appointment_confirmed": CellKind(("site", "bot"), _CHATS),
    "appointment_in_time": CellKind(("site", "bot"), _CHATS),
    "appointment_cancelled": CellKind(("site", "bot"), _CHATS),
    # funnel steps: cohort of `from`, time taken in the pane of `to`
    "step_from": CellKind(("site", "from", "to"), _PEOPLE),
    "step_reached": CellKind(("site", "from", "to"), _PEOPLE),
    "step_in_time": CellKind(("site", "from", "to"), _PEOPLE),
    "step_seconds": CellKind(("site", "from", "to", "bucket"), _PEOPLE),
    "step_ms": CellKind(("site", "from", "to"), _PEOPLE),
    # email: unit is a message to one recipient
    "email": CellKind(("site", "campaign", "purpose", "variant", "domain", "bounce_type", "fate"), _EMAILS),
    "email_clicks": CellKind(("site", "campaign", "purpose", "variant"), _EMAILS),
    # ads
    "ad_impression": CellKind(("site", "platform", "campaign", "channel_type", "audience_type", "variant"), _ADS),
    "ad_click": CellKind(("site", "platform", "campaign", "channel_type", "audience_type", "variant"), _ADS),
    "ad_conversion": CellKind(("site", "platform", "campaign", "channel_type", "audience_type", "variant"), _ADS),
    "ad_conversion_value": CellKind(
        ("site", "platform", "campaign", "channel_type", "audience_type", "variant", "currency"), _ADS
    ),
    "ad_spend": CellKind(
        ("site", "platform", "campaign", "channel_type", "audience_type", "variant", "currency"), _ADS
    ),
    # leads, in the pane in which they entered a stage (`first`: the first of the ladder), on their way to each later
    # one; from becoming a lead to becoming a customer, by what they came by
    "stage": CellKind(("site", "stage"), _LEADS, of_leads=True),
    "acquired": CellKind(("site",), _LEADS, of_leads=True),
    "pair": CellKind(("site", "from", "to", "first", "nurtured", "fate"), _LEADS, of_leads=True),
    "spell": CellKind(("site", "from", "to", "bucket", "fate"), _LEADS, of_leads=True),
    "origin": CellKind(("site", "channel", "campaign", "offer", "nurtured", "fate"), _LEADS, of_leads=True),
    "segment": CellKind(("site", "segment", "value", "fate"), _LEADS, of_leads=True),
    # leads, in the pane in which something else began that may lead on: an assignment, a form of an event, a call
    "rep": CellKind(("site", "rep", "fate"), _CRM, of_leads=True),
    "attendance": CellKind(("site", "event", "fate"), ("form", "crm"), of_leads=True),
    "called": CellKind(("site", "fate"), _CRM, of_leads=True),
    # leads, in the pane in which a stage was reached, and in which something else came about
    "took": CellKind(("site", "from", "to", "first", "bucket"), _LEADS, of_leads=True),
    "took_ms": CellKind(("site", "from", "to"), _LEADS, of_leads=True),
    "lag": CellKind(("site", "lag", "bucket"), _LEADS, of_leads=True),
    "lag_ms": CellKind(("site", "lag"), _LEADS, of_leads=True),
    "moved_back": CellKind(("site", "stage"), _CRM, of_leads=True),
    "reopened": CellKind(("site", "stage"), _CRM, of_leads=True),
    "out_of_order": CellKind(("site", "stage"), _LEADS, of_leads=True),
    "lost": CellKind(("site", "stage", "reason"), _CRM, of_leads=True),
    "assigned": CellKind(("site", "assignment", "premature"), _CRM, of_leads=True),
    "threshold": CellKind(("site", "threshold"), _LEADS, of_leads=True),
    "call": CellKind(("site",), _CRM, of_leads=True),
    "merged_lead": CellKind(("site",), _PEOPLE, of_leads=True),
    # leads that are open: in the pane since when they are where they are, of their last deed, of becoming a lead; all
    "open": CellKind(("site", "stage"), _LEADS, of_leads=True),
    "active": CellKind(("site", "stage"), _LEADS, of_leads=True),
    "unanswered": CellKind(("site",), _CRM, of_leads=True),  # who answers says so in the crm
    "open_all": CellKind(("site", "stage"), _LEADS, of_leads=True),
    "unanswered_all": CellKind(("site",), _CRM, of_leads=True),
    "rep_open": CellKind(("site", "rep"), _CRM, of_leads=True),
    # leads as they stand
    "band": CellKind(("site", "band"), _LEADS, of_leads=True),
    "framework_known": CellKind(("site", "framework"), _FORMS, of_leads=True),
    "framework_fields": CellKind(("site", "framework"), _FORMS, of_leads=True),
    "identified": CellKind(("site",), _LEADS, of_leads=True),
    "shared_id": CellKind(("site", "type"), _LEADS, of_leads=True),
    # credit of touches, in millionths of a lead in the pane of becoming one, of money in that in which a deal was won;
    # `campaign_id` where it is another text than the campaign's
    "credit": CellKind(("site", "model", "channel", "campaign", "campaign_id", "paid"), _LEADS, of_leads=True),
    "credit_revenue": CellKind(
        ("site", "model", "channel", "campaign", "campaign_id", "paid", "currency"), _CRM, of_leads=True
    ),
    # deals: in the pane in which they were won or lost, refunds in their own; a deal without a value has no currency
    "won": CellKind(("site", "currency", "nurtured", "new", "valueless"), _CRM, of_leads=True),
    "deal_lost": CellKind(("site",), _CRM, of_leads=True),
    "revenue": CellKind(("site", "currency", "nurtured"), _CRM, of_leads=True),
    "refund": CellKind(("site", "currency"), _CRM, of_leads=True),
    "refund_over": CellKind(("site",), _CRM, of_leads=True),
    # customers as they stand: net revenue of all time, those with a deal in a currency, all of them
    "net": CellKind(("site", "currency"), _CRM, of_leads=True),
    "customer_in": CellKind(("site", "currency"), _CRM, of_leads=True),
    "customer": CellKind(("site", "repeat"), _LEADS, of_leads=True),
    # money spent elsewhere; the last values of what was measured elsewhere, in millionths, when each was observed, and
    # whether it took the place of another one of the same moment
    "marketing_cost": CellKind(("site", "category", "currency"), ("cost",)),
    "signal": CellKind(("site", "signal", "provider", "entity"), ("signal",)),
    "signal_at": CellKind(("site", "signal", "provider", "entity"), ("signal",)),
    "signal_restated": CellKind(("site", "signal", "provider", "entity"), ("signal",)),
    "follower": CellKind(("site",), ("signal",)),
    # trust: by arrival; these say how well the sources do, and need none of them
    "counted": CellKind(("site", "kind"), ()),
    "refused": CellKind(("site", "kind"), ()),
    "traffic": CellKind(("site", "kind", "class"), ()),
}

#: Kind of cell → the action of the ad events that it is made of; money is told by currency.
ACTIONS: Final = {
    "ad_impression": "impression",
    "ad_click": "click",
    "ad_conversion": "conversion",
    "ad_conversion_value": "conversion",
    "ad_spend": "spend",
}

#: Bits of a message's fate: what became of it, all at once (the label `fate` of the cell `email`).
SENT, DELIVERED, BOUNCED, DROPPED, OPENED, CLICKED, REPLIED, UNSUBSCRIBED, COMPLAINED = (1 << i for i in range(9))
MACHINE_OPENED, MACHINE_CLICKED = 1 << 9, 1 << 10
#: Opened, clicked, replied by a person within the time that is judged.
OPENED_IN_TIME, CLICKED_IN_TIME, REPLIED_IN_TIME = 1 << 11, 1 << 12, 1 << 13

#: Bits of the fate of a lead that began something: it got there, it was lost or given up before, it still may.
REACHED, LEFT, WAITS = (1 << i for i in range(3))

#: Cells that are in no pane: what they add up to over all time is what stands.
STANDING: Final = frozenset(
    {
        "open_all",
        "unanswered_all",
        "rep_open",
        "band",
        "framework_known",
        "framework_fields",
        "identified",
        "shared_id",
        "net",
        "customer_in",
        "customer",
        "signal",
        "signal_at",
        "signal_restated",
        "follower",
    }
)

#: Labels with a closed vocabulary of ours: never folded into `(other)`.
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
        "stranger",
        "action",
        "offer_stage",
        "currency",
        "field",
        "stage",
        "nurtured",
        "first",
        "lag",
        "premature",
        "assignment",
        "threshold",
        "band",
        "framework",
        "type",
        "model",
        "paid",
        "new",
        "valueless",
        "repeat",
        "category",
        "signal",
        "segment",
        "age",
        "cost",
    }
)

#: Labels whose values the label budget bounds: beyond it they add up in `(other)`.
BUDGETED_LABELS: Final = frozenset(
    {
        "site",
        "campaign",
        "country",
        "page_group",
        "content",
        "engine",
        "domain",
        "form",
        "offer",
        "bot",
        "event",
        "purpose",
        "variant",
        "platform",
        "channel_type",
        "audience_type",
        "value",
        "rep",
        "reason",
        "campaign_id",
        "provider",
        "entity",
    }
)
