"""Conversion: visitors that become leads, forms and offers.

In:  the counts.  Out: the entries of this area, in the order in which they are listed.
"""

from __future__ import annotations

from typing import Final

from stream.catalog.entry import count, ratio
from stream.catalog.words import BOUNCES, CONTENT, SESSION_OVER_MS, TRAFFIC, Alert, Chart, Column, Look, Metric, Now

METRICS: Final[tuple[Metric, ...]] = (
    count(
        "converted_visitors",
        "site",
        TRAFFIC,
        "Distinct people with a key event in the window.",
        area="conversion",
        people=True,
        look=Look(places=(Chart("Visitors and leads"),)),
    ),
    count(
        "channel_converted_visitors",
        "site channel",
        TRAFFIC,
        "Distinct people with a key event in the window, in a session of the channel.",
        area="conversion",
        people=True,
        look=Look(places=(Column("By channel", "Channels"),)),
    ),
    ratio(
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
        look=Look(
            rank=1,
            told="{n} of {d} visitors",
            places=(
                Now(),
                Chart("Visitors and leads"),
            ),
        ),
    ),
    ratio(
        "channel_visit_to_lead_ratio",
        "site channel",
        TRAFFIC,
        ("channel_converted_visitors", "channel_visitors"),
        "Share of a channel's visitors with a key event in a session of the channel.",
        area="conversion",
        direction="drop",
        people=True,
        alert=Alert("Fewer visitors of a channel become leads than usual."),
        look=Look(
            places=(
                Chart("By channel", "channel"),
                Column("By channel", "Channels"),
            )
        ),
    ),
    ratio(
        "campaign_visit_to_lead_ratio",
        "site campaign",
        TRAFFIC,
        ("campaign_converted_visitors", "campaign_visitors"),
        "Share of a campaign's visitors with a key event in a session of the campaign.",
        area="conversion",
        direction="drop",
        people=True,
        alert=Alert("Fewer visitors of a campaign become leads than usual."),
        look=Look(places=(Column("By campaign, country and origin", "Campaigns"),)),
    ),
    ratio(
        "social_visit_to_lead_ratio",
        "site",
        TRAFFIC,
        ("social_converted_visitors", "social_visitors"),
        "Share of visitors by organic and paid social with a key event in such a session.",
        area="conversion",
        direction="drop",
        alert=Alert("Fewer visitors by social networks become leads than usual."),
        look=Look(
            places=(
                Now(),
                Chart("By channel"),
            )
        ),
    ),
    count(
        "leads",
        "site capture_method",
        TRAFFIC,
        "People first known in the window, by how they became known.",
        area="conversion",
        panel="Leads",
        tier="main",
        direction="drop",
        alert=Alert("Less than half of the usual leads come in.", by=()),
        look=Look(rank=2, split="capture_method", places=(Chart("Visitors and leads", "capture_method"),)),
    ),
    count(
        "channel_leads",
        "site channel",
        TRAFFIC,
        "People first known in the window, by the channel of the session that made them known.",
        area="conversion",
        look=Look(
            places=(
                Chart("By channel", "channel"),
                Column("By channel", "Channels"),
            )
        ),
    ),
    ratio(
        "opt_in_ratio",
        "site",
        TRAFFIC,
        ("site_leads", "visitors"),
        "Share of visitors that became known on the site in the window.",
        area="conversion",
        direction="drop",
        formula="leads by form or chatbot / visitors",
        alert=Alert("Fewer visitors leave their contact than usual."),
        across="becoming known is an event of the window: whoever does is a visitor of the same window",
        look=Look(
            places=(
                Now(),
                Chart("Visitors and leads"),
            )
        ),
    ),
    count(
        "form_views",
        "site form",
        TRAFFIC,
        "Forms seen: once a person, session and form.",
        area="conversion",
        look=Look(places=(Column("Forms", "Forms"),)),
    ),
    count(
        "form_starts",
        "site form",
        TRAFFIC,
        "Forms started, once a person, session and form; a submit implies a start.",
        area="conversion",
        look=Look(places=(Column("Forms", "Forms"),)),
    ),
    count(
        "form_submits",
        "site form",
        TRAFFIC,
        "Forms submitted, once a person, session and form, in the pane of their start.",
        area="conversion",
        look=Look(places=(Column("Forms", "Forms"),)),
    ),
    count(
        "form_abandons",
        "site form",
        BOUNCES,
        "Forms started and not submitted, sessions that are over.",
        made_of="form_starts - form_submits",
        formula="form_starts - form_submits; started in [T - 30m - W, T - 30m)",
        area="conversion",
        shift_ms=SESSION_OVER_MS,
        look=Look(places=(Chart("Forms", "form"),)),
    ),
    ratio(
        "form_completion_ratio",
        "site form",
        TRAFFIC,
        ("form_submits", "form_starts"),
        "Share of started forms that were submitted.",
        area="conversion",
        direction="drop",
        alert=Alert("Fewer started forms are submitted than usual."),
        look=Look(
            places=(
                Now(),
                Chart("Forms", "form"),
                Column("Forms", "Forms"),
            )
        ),
    ),
    ratio(
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
        look=Look(places=(Chart("Forms", "form"),)),
    ),
    count(
        "offer_visitors",
        "site offer",
        CONTENT,
        "People who saw a page or form with the offer.",
        area="conversion",
        people=True,
        look=Look(places=(Column("Pages and offers", "Offers"),)),
    ),
    count(
        "offer_converters",
        "site offer",
        CONTENT,
        "People who submitted a form with the offer.",
        area="conversion",
        people=True,
        look=Look(places=(Column("Pages and offers", "Offers"),)),
    ),
    ratio(
        "content_offer_ratio",
        "site offer",
        CONTENT,
        ("offer_converters", "offer_visitors"),
        "Share of the people who saw an offer that took it.",
        area="conversion",
        direction="drop",
        people=True,
        alert=Alert("Fewer people take an offer than usual."),
        look=Look(places=(Column("Pages and offers", "Offers"),)),
    ),
    ratio(
        "form_completeness_ratio",
        "site",
        TRAFFIC,
        ("fields_known", "fields_asked"),
        "Share of asked form fields that were filled in.",
        area="conversion",
        direction="drop",
        alert=Alert("Fewer form fields are filled in than usual."),
        look=Look(places=(Chart("Forms"),)),
    ),
    ratio(
        "duplicate_lead_ratio",
        "site",
        TRAFFIC,
        ("submits - first_submitters", "submits"),
        "Share of submits by people who had submitted before.",
        area="conversion",
        direction="rise",
        formula="submits after a person's first / submits",
        alert=Alert("More submits are repeats than usual."),
        look=Look(places=(Chart("Forms"),)),
    ),
)
