"""Boards: the dashboards, with the windows that each offers.

In:  the catalog; sections made of its entries.
Out: classic dashboard JSON by uid.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common, dashboard

from stream.catalog import ADS, AREAS, BOUNCES, CONTENT, LEADS, METRICS, MONEY, STEPS, TRAFFIC
from stream.render.dashboards import operations
from stream.render.dashboards.panels import FULL, SOURCE, figure, link_to
from stream.render.dashboards.sections import Row, Windows, chart, own_rows, rest, window_of
from stream.serve.figures import overview
from stream.serve.prometheus import PREFIX

ROOT: Final = "leadpulse-"
SCHEMA_VERSION: Final = 39  # the classic schema that Grafana 11 writes and 10 to 12 read
_EVENTS: Final[Windows] = {"window": (TRAFFIC, "1h")}
_MONEY: Final[Windows] = {"money_window": (MONEY, "7d")}
_STEPS: Final[Windows] = {"window": (ADS, "24h")}  # the windows of ads, clicks and funnel steps
#: Answers in time wait for hours or days, and so have windows of their own.
_DAYS: Final[Windows] = {"content_window": (CONTENT, "7d")}
_HOURS: Final[Windows] = {"step_window": (STEPS, "24h")}
#: Leads take months: their windows are long.
_LEADS: Final[Windows] = {"leads_window": (LEADS, "30d")}
_CONVERSION: Final[Windows] = {**_EVENTS, "session_window": (BOUNCES, "24h"), **_DAYS}
#: A site may send mail or buy ads before anybody visits it.
_TELLING: Final = "|".join(metric.name for metric in METRICS if metric.watched is not None)
SITES_OF: Final = f'label_values({{__name__=~"{PREFIX}({_TELLING})"}}, site)'


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


# -- rows


def _overview(on: Windows) -> Iterable[Row]:
    main = overview()
    together = [metric for metric in main if metric.kind != "summary"]
    apart = [metric for metric in main if metric.kind == "summary"]
    yield (
        "How is it going?",
        [figure(metric, window_of(metric, on), link=link_to(ROOT + AREAS[metric.area].dashboard)) for metric in main],
    )
    yield "May the figures be believed?", operations.standing()
    yield "Figures against their usual", [operations.figure_states(), operations.firing()]
    yield "Over time", [chart(metric, on) for metric in (*together, *apart)]


def _own(name: str) -> Callable[[Windows], Iterable[Row]]:
    def rows(on: Windows) -> Iterable[Row]:
        return own_rows(name, on)

    return rows


def _trust(on: Windows) -> Iterable[Row]:
    yield from operations.rows(on)
    yield from rest("trust", on)


BOARDS: Final = (
    Board("overview", "Overview", "The main figures, each with n and against the window before.",
          _STEPS | _MONEY, _overview),
    Board("conversion", "Conversion", "Visitors, leads, channels, forms, pages and offers.",
          _CONVERSION, _own("conversion")),
    Board("chatbot", "Chatbot", "Conversations, leads, orders and appointments.",
          _EVENTS | _DAYS, _own("chatbot")),
    Board("email", "Email", "Delivery and answers, by people; machines apart.",
          _EVENTS | _HOURS | _DAYS, _own("email")),
    Board("ads", "Ads & cost", "Clicks and conversions from sums; money by currency.", _STEPS | _MONEY, _own("ads")),
    Board("funnel", "Funnel timings", "How long people take from step to step, and how many take it.",
          _STEPS, _own("funnel")),
    Board("leads", "Leads", "How far leads get, how long they take, who waits, and who tends to them.",
          _LEADS | _DAYS, _own("leads")),
    Board("money", "Money", "What leads bring and what they cost, by currency, and whose merit they are.",
          _LEADS, _own("money")),
    Board("trust", "Trust & operations", "Where records ended, how fresh sources are, how the workers run.",
          _EVENTS, _trust),
)  # fmt: skip


# -- a dashboard


def _built(board: Board) -> dashboard.Dashboard:
    builder = (
        build.Dashboard(f"leadpulse / {board.title}")
        .uid(board.uid)
        .description(f"{board.about} Rendered from the metric catalog; change it there.")
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
    place(panel.grid_pos for panel in built.panels or [] if panel.grid_pos is not None)
    return built


def place(positions: Iterable[dashboard.GridPos]) -> None:
    """Put panels beside each other as far as they fit; what an entry adds must push the others on, not cover them.

    >>> row = [dashboard.GridPos(w=12, h=8), dashboard.GridPos(w=24, h=9)]
    >>> place(row)
    >>> [(at.x, at.y) for at in row]
    [(0, 0), (0, 8)]
    """
    x = y = height = 0
    for at in positions:
        if x + at.w > FULL:
            x, y, height = 0, y + height, 0
        at.x, at.y = x, y
        x, height = x + at.w, max(height, at.h)


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
        .expr(operations.FIRES)
        .step("60s")
        .title_format("{{alert}}")
        .text_format("{{site}} {{by}} {{value}} {{held}}")
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
