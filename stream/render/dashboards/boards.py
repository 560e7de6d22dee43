"""Boards: which panels stand on which dashboard.

In:  the catalog.
Out: classic dashboard JSON by uid. A metric of the catalog that is on no board fails a test, which names it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common, dashboard

from stream import catalog
from stream.catalog import ADS, BOUNCES, CONTENT, MONEY, TRAFFIC, Metric
from stream.errors import CatalogError
from stream.render.dashboards import operations, panels
from stream.render.dashboards.panels import SOURCE, Panel, breakdown, durations, figure, link_to, over_time
from stream.render.dashboards.queries import TIME_TO_LEAD, entry

ROOT: Final = "leadpulse-"
SCHEMA_VERSION: Final = 39  # the classic schema that Grafana 11 writes and 10 to 12 read
#: Variables that choose a window: name → windows, and the one chosen at first.
Windows = dict[str, tuple[tuple[str, ...], str]]
_EVENTS: Final[Windows] = {"window": (TRAFFIC, "1h")}
_MONEY: Final[Windows] = {"money_window": (MONEY, "7d")}
_STEPS: Final[Windows] = {"window": (ADS, "24h")}  # the windows of ads, clicks and funnel steps
_CONVERSION: Final[Windows] = {**_EVENTS, "session_window": (BOUNCES, "24h"), "content_window": (CONTENT, "7d")}
#: A site may send mail or buy ads before anybody visits it.
SITES_OF: Final = 'label_values({__name__=~"leadpulse_(visitors|emails_sent|ad_impressions)"}, site)'
Row = tuple[str, list[Panel]]


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard: its rows, and the variables that choose windows on it."""

    name: str
    title: str
    about: str
    windows: Windows
    rows: Callable[[Windows], Iterable[Row]]

    @property
    def uid(self) -> str:
        """Give the name that links use."""
        return ROOT + self.name


def texts() -> dict[str, str]:
    """Give every dashboard by its uid."""
    return {board.uid: text(board) for board in BOARDS}


def text(board: Board) -> str:
    """Write a dashboard."""
    return json.dumps(_built(board), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


def window_of(metric: Metric, on: Windows) -> str:
    """Name the first variable of a dashboard whose windows a metric has.

    >>> window_of(entry("visitors"), _STEPS | _MONEY), window_of(entry("cost_per_lead"), _STEPS | _MONEY)
    ('$window', '$money_window')
    """
    for name, (windows, _) in on.items():
        if set(windows) <= set(metric.windows):
            return f"${name}"
    raise CatalogError(
        f"No window of a dashboard fits {metric.name}: it has {', '.join(metric.windows)}.",
        where="stream/render/dashboards/boards.py",
        do="Give the dashboard a variable with them.",
    )


# -- rows


def _figures(on: Windows, names: str, links: bool = False) -> list[Panel]:
    found = [entry(name) for name in names.split()]
    return [figure(m, window_of(m, on), _NAMES.get(m.name, ""), link_to(_board_of(m)) if links else "") for m in found]


def _charts(on: Windows, names: str, label: str = "site") -> list[Panel]:
    return [over_time(entry(name), window_of(entry(name), on), label) for name in names.split()]


def _table(on: Windows, name: str, names: str, *keep: str, width: int = panels.FULL) -> Panel:
    found = [entry(each) for each in names.split()]
    return breakdown(found, window_of(found[0], on), keep, name, width)


_NAMES: Final = {"funnel_step_seconds": "Time to lead"}


def _board_of(metric: Metric) -> str:
    areas = {"traffic": "conversion", "ads": "ads", "funnel": "funnel", "trust": "trust", "chatbot": "chatbot"}
    return ROOT + areas.get(metric.area, metric.area)


def _overview(on: Windows) -> Iterable[Row]:
    yield (
        "How is it going?",
        [
            *_figures(on, "visit_to_lead_ratio leads chat_conversion_ratio click_through_ratio", links=True),
            *_figures(on, "deliverability_ratio cost_per_lead funnel_step_seconds visitors", links=True),
        ],
    )
    yield "May the figures be believed?", operations.standing()
    yield "Ratios against their usual", [operations.ratio_states(), operations.firing()]
    yield (
        "Over time",
        [
            *_charts(on, "visit_to_lead_ratio leads chat_conversion_ratio click_through_ratio deliverability_ratio"),
            *_charts(on, "cost_per_lead visitors"),
            durations(entry("funnel_step_seconds"), "$window", ("site",), "Time to lead", TIME_TO_LEAD),
        ],
    )


def _conversion(on: Windows) -> Iterable[Row]:
    yield "Now", _figures(on, "visit_to_lead_ratio opt_in_ratio form_completion_ratio social_visit_to_lead_ratio")
    yield "Visitors and leads", [
        *_charts(on, "visit_to_lead_ratio opt_in_ratio visitors converted_visitors new_visitors sessions page_views"),
        *_charts(on, "leads", "capture_method"),
    ]  # fmt: skip
    yield (
        "By channel",
        [
            *_charts(on, "channel_visit_to_lead_ratio channel_leads", "channel"),
            _table(
                on,
                "Channels",
                "channel_visit_to_lead_ratio channel_visitors channel_converted_visitors channel_leads channel_sessions"
                " channel_page_views",
                "channel",
            ),
            *_charts(on, "bounce_ratio", "channel"),
            *_charts(on, "social_visit_to_lead_ratio"),
        ],
    )
    yield (
        "By campaign, country and origin",
        [
            _table(on, "Campaigns", "campaign_visit_to_lead_ratio campaign_visitors", "campaign"),
            _table(on, "Countries", "country_visitors", "country", width=8),
            _table(on, "Search engines", "organic_sessions", "engine", width=8),
            _table(on, "Referring domains", "referral_sessions", "domain", width=8),
        ],
    )
    yield (
        "Forms",
        [
            *_charts(on, "form_completion_ratio form_abandonment_ratio", "form"),
            _table(on, "Forms", "form_completion_ratio form_views form_starts form_submits", "form"),
            *_charts(on, "form_abandons", "form"),
            *_charts(on, "form_completeness_ratio duplicate_lead_ratio"),
        ],
    )
    yield "Pages and offers", [
        _table(
            on, "Landing pages", "landing_page_visit_to_lead_ratio landing_visitors content_views content_leads",
            "page_group", "content",
        ),
        _table(on, "Offers", "content_offer_ratio offer_visitors offer_converters", "offer"),
    ]  # fmt: skip


def _chatbot(on: Windows) -> Iterable[Row]:
    yield (
        "Now",
        _figures(on, "chat_conversion_ratio chat_resolved_ratio chat_handoff_ratio chat_order_completion_ratio"),
    )
    yield (
        "Conversations",
        [
            *_charts(on, "chat_conversion_ratio conversations chat_leads", "bot"),
            durations(entry("chat_conversation_seconds"), "$window", ("bot",), "Length of conversations"),
            *_charts(on, "chat_resolved_ratio chat_handoff_ratio", "bot"),
        ],
    )
    yield "Orders and appointments", [
        *_charts(on, "chat_order_completion_ratio chat_appointment_confirmation_ratio", "bot"),
        _table(on, "Orders by bot", "chat_orders_started chat_orders_completed", "bot", width=panels.HALF),
        _table(
            on, "Appointments by bot", "chat_appointments_set chat_appointments_confirmed chat_appointments_cancelled",
            "bot", width=panels.HALF,
        ),
    ]  # fmt: skip
    yield (
        "Forms with and without a chat (side by side, never called causal)",
        _charts(on, "form_with_chat_ratio form_without_chat_ratio"),
    )


def _email(on: Windows) -> Iterable[Row]:
    yield "Now", _figures(on, "deliverability_ratio email_open_ratio email_click_ratio email_reply_ratio")
    yield (
        "Delivery",
        [
            *_charts(on, "deliverability_ratio email_bounce_ratio"),
            *_charts(on, "emails_bounced", "bounce_type"),
            *_charts(on, "domain_deliverability_ratio", "domain"),
            _table(on, "Domains of recipients", "domain_deliverability_ratio domain_emails_sent", "domain"),
        ],
    )
    yield "Answers", _charts(on, "email_open_ratio email_click_ratio email_reply_ratio email_unsubscribe_ratio")
    yield "By campaign", [
        *_charts(on, "email_click_ratio emails_sent", "campaign"),
        _table(
            on, "Campaigns", "deliverability_ratio email_open_ratio email_click_ratio email_unsubscribe_ratio",
            "campaign", "purpose", "variant",
        ),
        _table(
            on, "Messages", "emails_sent emails_delivered emails_dropped emails_opened emails_clicked email_clicks"
            " emails_replied emails_unsubscribed emails_spam_complaints",
            "campaign",
        ),
        *_charts(on, "emails_machine_opened emails_machine_clicked"),
    ]  # fmt: skip


def _ads(on: Windows) -> Iterable[Row]:
    yield "Now", _figures(on, "click_through_ratio ad_conversion_ratio cost_per_lead cost_per_click")
    yield (
        "Clicks",
        [
            *_charts(on, "click_through_ratio ad_conversion_ratio", "platform"),
            *_charts(on, "ad_impressions ad_clicks ad_conversions", "platform"),
            *_charts(on, "click_through_ratio", "channel_type"),
        ],
    )
    yield (
        "Cost",
        [
            *_charts(on, "cost_per_lead"),
            *_charts(on, "ad_spend cost_per_click cost_per_conversion cost_per_mille", "platform"),
        ],
    )
    yield "By campaign", [
        _table(
            on, "Campaigns", "click_through_ratio ad_conversion_ratio ad_impressions ad_clicks ad_conversions",
            "platform", "campaign",
        ),
        _table(on, "Cost of campaigns", "ad_spend cost_per_click cost_per_conversion",
               "platform", "campaign", "currency"),
        _table(on, "Audiences and variants", "click_through_ratio", "audience_type", "variant"),
    ]  # fmt: skip


def _funnel(on: Windows) -> Iterable[Row]:
    seconds, mean, ratio, in_time = (
        entry(f"funnel_step_{name}") for name in ("seconds", "mean_seconds", "ratio", "in_time_ratio")
    )
    window = "$window"
    yield (
        "Now",
        [
            figure(seconds, window, "Time to lead"),
            breakdown([ratio, in_time, mean], window, ("from", "to"), "Steps", 18),
        ],
    )
    for start, end in STEPS:
        match = {"from": start, "to": end}
        name = f"{start} → {end}".replace("_", " ")
        yield (
            name.capitalize(),
            [
                durations(seconds, window, ("site",), f"Time: {name}", match),
                operations.step_ratio(ratio, window, match, f"Share that took the step: {name}"),
            ],
        )


STEPS: Final = (
    ("first_view", "lead"),
    ("first_view", "form_start"),
    ("form_start", "form_submit"),
    ("conversation_started", "chat_lead"),
    ("ad_landing", "lead"),
    ("email_landing", "lead"),
)

BOARDS: Final = (
    Board("overview", "Overview", "The main figures, each with n and against the window before.",
          _STEPS | _MONEY, _overview),
    Board("conversion", "Conversion", "Visitors, leads, channels, forms, pages and offers.", _CONVERSION, _conversion),
    Board("chatbot", "Chatbot", "Conversations, leads, orders and appointments.", _EVENTS, _chatbot),
    Board("email", "Email", "Delivery and answers, by people; machines apart.", _EVENTS, _email),
    Board("ads", "Ads & cost", "Clicks and conversions from sums; money by currency.", _STEPS | _MONEY, _ads),
    Board("funnel", "Funnel timings", "How long people take from step to step, and how many take it.", _STEPS, _funnel),
    Board("trust", "Trust & operations", "Where records ended, how fresh sources are, how the workers run.",
          _EVENTS, lambda _: operations.rows()),
)  # fmt: skip


# -- a dashboard


def _built(board: Board) -> dashboard.Dashboard:
    builder = (
        build.Dashboard(f"leadpulse / {board.title}")
        .uid(board.uid)
        .description(f"{board.about} Rendered from the metric catalog {catalog.version()}; change it there.")
        .tags(["leadpulse"])
        .readonly()
        .timezone("browser")
        .refresh("30s")
        .time("now-24h", "now")
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .annotation(_alerts())
        .link(_others())
        .with_variable(_datasource())
        .with_variable(_site())
    )
    for name, (windows, first) in board.windows.items():
        builder = builder.with_variable(_window(name, windows, first))
    number = 0
    for title, found in board.rows(board.windows):
        builder = builder.with_row(build.Row(title).id(number := number + 1))
        for panel in found:
            builder = builder.with_panel(panel.id(number := number + 1))
    built = builder.build()
    built.schema_version = SCHEMA_VERSION
    return built


def _datasource() -> Any:
    chosen = dashboard.VariableOption(text="default", value="default", selected=True)
    return build.DatasourceVariable("datasource").label("Data source").type("prometheus").current(chosen)


def _site() -> Any:
    everything = dashboard.VariableOption(text=["All"], value=["$__all"], selected=True)
    return (
        build.QueryVariable("site")
        .label("Site")
        .datasource(SOURCE)
        .query({"query": SITES_OF, "refId": "site"})
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(everything)
    )


def _window(name: str, windows: tuple[str, ...], first: str) -> Any:
    label = name.replace("_", " ").capitalize()
    options = [dashboard.VariableOption(text=each, value=each, selected=each == first) for each in windows]
    return (
        build.CustomVariable(name)
        .label(label)
        .values(",".join(windows))
        .options(options)
        .current(dashboard.VariableOption(text=first, value=first, selected=True))
    )


def _alerts() -> Any:
    return (
        build.AnnotationQuery()
        .name("Alerts")
        .datasource(common.DataSourceRef(type_val="prometheus", uid="${datasource}"))
        .enable(True)
        .icon_color("red")
        .expr(operations.FIRING)
        .step("60s")
        .title_format("{{alertname}}")
        .text_format("{{site}} {{ratio}} {{window}}")
        .tag_keys("severity")
    )


def _others() -> Any:
    return (
        build.DashboardLink("Dashboards")
        .type(dashboard.DashboardLinkType.DASHBOARDS)
        .tags(["leadpulse"])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
        .icon("external link")
        .tooltip("The other dashboards, for the same sites and time")
    )
