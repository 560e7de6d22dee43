"""Areas: what entries are grouped by: their heading, their dashboard and its sections, and what a false figure costs.

In:  nothing.  Out: `AREAS` by name, in the order in which they are listed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Table:
    """A table on a dashboard: figures by labels. `width` is in 24ths of the page."""

    name: str
    by: tuple[str, ...]
    width: int = 24


@dataclass(frozen=True, slots=True)
class Section:
    """A row of a dashboard: charts, then tables, of the entries that name it."""

    name: str
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Area:
    """A group of entries.

    `dashboard` draws them. `cost` says what a false figure costs; `shows` what `query` asks for, the third thing to
    look at when one alerts.
    """

    title: str
    dashboard: str
    cost: str
    shows: str
    query: str
    sections: tuple[Section, ...] = ()


AREAS: Final[dict[str, Area]] = {
    "traffic": Area(
        "Traffic",
        "conversion",
        "Visitors were paid for or earned and leave without a next step; what they would have become is lost.",
        "which landing pages and channels it comes from",
        'sort_desc(leadpulse_channel_sessions{window="1h"})',
        (
            Section("Visitors and leads"),
            Section("By channel", (Table("Channels", ("channel",)),)),
            Section(
                "By campaign, country and origin",
                (
                    Table("Campaigns", ("campaign",)),
                    Table("Countries", ("country",), 8),
                    Table("Search engines", ("engine",), 8),
                    Table("Referring domains", ("domain",), 8),
                ),
            ),
        ),
    ),
    "conversion": Area(
        "Conversion",
        "conversion",
        "Every hour the difference between the usual and the present ratio, times the visitors, is leads that are"
        " not won; they seldom come back.",
        "which form and which channel it comes from",
        '{__name__=~"leadpulse_(form_completion|channel_visit_to_lead)_ratio",window="1h"}',
        (
            Section("Forms", (Table("Forms", ("form",)),)),
            Section(
                "Pages and offers", (Table("Landing pages", ("page_group", "content")), Table("Offers", ("offer",)))
            ),
        ),
    ),
    "chatbot": Area(
        "Chatbot",
        "chatbot",
        "People who asked for help got none; conversations end without lead, order or appointment.",
        "what becomes of conversations, by bot",
        '{__name__=~"leadpulse_chat_(conversion|handoff|resolved)_ratio",window="1h"}',
        (
            Section("Conversations"),
            Section(
                "Orders and appointments",
                (Table("Orders by bot", ("bot",), 12), Table("Appointments by bot", ("bot",), 12)),
            ),
            Section("Forms with and without a chat (side by side, never called causal)"),
        ),
    ),
    "email": Area(
        "Email",
        "email",
        "Messages that do not arrive or annoy cost the sender's reputation, and with it the messages to come.",
        "which recipients' domains it comes from",
        'sort(leadpulse_domain_deliverability_ratio{window="24h"})',
        (
            Section("Delivery", (Table("Domains of recipients", ("domain",)),)),
            Section("Answers"),
            Section(
                "By campaign",
                (
                    Table("Campaigns", ("campaign", "purpose", "variant")),
                    Table("Messages", ("campaign",)),
                    Table("Answers in time", ("campaign",)),
                ),
            ),
        ),
    ),
    "ads": Area(
        "Ads and money",
        "ads",
        "Money goes out for ads that bring less than they did.",
        "spend, clicks and conversions by campaign",
        'sort_desc(sum by (platform, campaign) (leadpulse_ad_spend{window="24h"}))',
        (
            Section("Clicks"),
            Section("Cost"),
            Section(
                "By campaign",
                (
                    Table("Campaigns", ("platform", "campaign")),
                    Table("Cost of campaigns", ("platform", "campaign", "currency")),
                    Table("Audiences and variants", ("audience_type", "variant")),
                ),
            ),
        ),
    ),
    "funnel": Area(
        "Funnel timings",
        "funnel",
        "People stop between two steps that they usually take; what lies behind the step gets fewer of them.",
        "how long the step takes those who do take it",
        'leadpulse_funnel_step_seconds{window="1h",quantile="0.9"}',
        (Section("Now", (Table("Steps", ("from", "to"), 18),)),),
    ),
    "leads": Area(
        "Leads",
        "leads",
        "People who asked for something are lost between two stages, or wait until they ask somebody else.",
        "where leads stand, and who waits",
        'sort_desc(sum by (stage, age) (leadpulse_open_leads{window="now"}))',
        (
            Section(
                "Stages",
                (
                    Table("Stages", ("stage",), 12),
                    Table("From stage to stage", ("from", "to"), 12),
                    Table("Channels", ("channel",), 8),
                    Table("Campaigns", ("campaign",), 8),
                    Table("Offers", ("offer",), 8),
                    Table("Why leads are lost", ("stage", "reason")),
                ),
            ),
            Section("How long it takes", (Table("Times", ("from", "to")),)),
            Section("Who waits", (Table("Open leads", ("stage",)),)),
            Section("Sales", (Table("Load", ("rep",), 12), Table("Representatives", ("rep",), 12))),
            Section("What kind of leads", (Table("Segments", ("segment", "value")), Table("Events", ("event",)))),
            Section("Who is one lead"),
        ),
    ),
    "money": Area(
        "Money",
        "money",
        "Customers cost more than they bring, and nobody sees which of the money was well spent.",
        "what leads and customers cost",
        '{__name__=~"leadpulse_(customer_acquisition_cost|cost_per_sale|return_on_investment_ratio)",window="30d"}',
        (
            Section("Revenue", (Table("By currency", ("currency",)),)),
            Section(
                "Cost of leads and customers",
                (Table("By category", ("category", "currency")), Table("By currency", ("currency",))),
            ),
            Section(
                "Whose merit it is",
                (
                    Table("Channels by model", ("model", "channel"), 12),
                    Table("Campaigns by model", ("model", "campaign"), 12),
                    Table("Money of channels by model", ("model", "channel", "currency")),
                    Table("Money of campaigns by model", ("model", "campaign", "currency")),
                ),
            ),
            Section("Measured elsewhere", (Table("Signals", ("provider", "entity")),)),
        ),
    ),
    "trust": Area(
        "Trust",
        "trust",
        "The figures rest on fewer records than were sent: all others must be read with care.",
        "why records are not counted",
        "sort_desc(sum by (kind, outcome, reason) (increase(leadpulse_events_total[1h])))",
        (Section("Where records ended"),),
    ),
}


def sections_of(dashboard: str) -> tuple[Section, ...]:
    """Give the sections of a dashboard, those of all its areas.

    >>> [section.name for section in sections_of("funnel")]
    ['Now']
    """
    return tuple(section for area in AREAS.values() if area.dashboard == dashboard for section in area.sections)
