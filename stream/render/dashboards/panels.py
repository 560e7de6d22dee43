"""Panels: the few kinds of panels that all dashboards are made of.

In:  metrics of the catalog and the window variable to read them in.
Out: builders of grafana-foundation-sdk. Every query has a name of its own (refId), every chart a legend.

The figure of now stands beside n and beside the same figure one window ago. What harms is coloured by the
direction in the catalog: a figure that falls by 15 % or more, or one that rises so, is red.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.builders import stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.prometheus import Dataquery as Target
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue as Property
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from stream.catalog import Metric
from stream.judge.plan import by_name
from stream.render.dashboards import queries
from stream.serve.cards import title
from stream.serve.judged import LIMIT, USUAL

SOURCE: Final = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
NO_VALUE: Final = "no data"
NOTHING_DIVIDED: Final = "nothing to divide by"
UNITS: Final = {"ratio": "percentunit", "seconds": "s", "currency": "none", "1": "short"}
#: A change by this part of the former value is shown in yellow, by that one in red; the alerts judge with certainty.
NOTICE, HARM = 0.05, 0.15
PLAIN, GREEN, YELLOW, RED = "text", "green", "yellow", "red"
SMALL, HALF, FULL = 6, 12, 24

Panel = Any  # the SDK's panel builders share no type that says what they share


def target(ref: str, expr: str, legend: str = "", *, instant: bool = False, as_table: bool = False) -> Target:
    """Make a query."""
    query = Target().datasource(SOURCE).ref_id(ref).expr(expr).legend_format(legend or "__auto")
    if as_table:
        query = query.format(PromQueryFormat.TABLE)
    return query.instant() if instant else query.range()


def figure(metric: Metric, window: str, name: str = "", link: str = "") -> Panel:
    """Show one figure of all chosen sites: now, one window ago, the change, and n."""
    keep = ("currency",) if metric.unit == "currency" else ()
    tag = "{{currency}} " if keep else ""
    earlier = queries.before(window)
    if metric.kind == "summary":
        match = dict(metric.look.focus)
        now, before = (queries.quantile(metric, window, "0.5", match, (), ago) for ago in ("", earlier))
        n = queries.measured(metric, window, match, ())
    else:
        now, before = (queries.value(metric, window, keep, ago) for ago in ("", earlier))
        n = queries.observations(metric, window, keep) if metric.kind == "ratio" else ""
    targets = [
        target("A", now, f"{tag}now", instant=True),
        target("B", before, f"{tag}{earlier} before", instant=True),
        target("C", queries.change(now, before), f"{tag}change", instant=True),
        *([target("D", n, f"{tag}n", instant=True)] if n else []),
    ]
    panel = (
        _common(stat.Panel(), name or title(metric), metric, targets, SMALL, 6)
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .text_mode(common.BigValueTextMode.VALUE_AND_NAME)
        .color_mode(common.BigValueColorMode.VALUE)
        .graph_mode(common.BigValueGraphMode.NONE)
        .orientation(common.VizOrientation.HORIZONTAL)
        .thresholds(_thresholds([(None, PLAIN)]))
        .override_by_query("C", [Property("unit", "percentunit"), Property("decimals", 1), _colours(metric)])
        .override_by_query("D", [Property("unit", "short")])
    )
    return panel.data_links([_link("Details", link)]) if link else panel


def over_time(metric: Metric, window: str, label: str = "site", name: str = "", width: int = HALF) -> Panel:
    """Chart an entry by one label, with the former period dashed, n as bars, and the usual and its limit dotted."""
    keep = (label, "currency") if metric.unit == "currency" else (label,)
    legend, earlier = " ".join(f"{{{{{each}}}}}" for each in keep), queries.before(window)
    targets = [
        target("A", queries.value(metric, window, keep), legend),
        target("B", queries.value(metric, window, keep, earlier), f"{legend}, {earlier} before"),
    ]
    if metric.kind == "ratio":
        targets.append(target("C", queries.observations(metric, window, keep), f"{legend}, n"))
    if is_judged(metric, label):
        named = "{{site}}" if label == "site" else "{{site}} {{value}}"
        targets.append(target("U", queries.judged(USUAL, metric, window, label), f"{named}, usual"))
        targets.append(target("L", queries.judged(LIMIT, metric, window, label), f"{named}, limit"))
    by = "" if label == "site" else f" by {label.replace('_', ' ')}"
    panel = _with_n(_chart(name or f"{title(metric)}{by}", metric, targets, width))
    return _with_band(panel) if is_judged(metric, label) else panel


def is_judged(metric: Metric, label: str) -> bool:
    """Say whether a chart by a label shows what is judged, and so has a usual and a limit."""
    entry = by_name().get(metric.name)
    return entry is not None and entry.by == (() if label == "site" else (label,))


def share_over_time(metric: Metric, window: str, match: dict[str, str], name: str) -> Panel:
    """Chart one set of labels of a ratio by site, with the former period dashed and n as bars."""

    def part(which: str, ago: str = "") -> str:
        return f"sum by (site) ({queries.series(metric, window, which, match, ago)})"

    def share(ago: str = "") -> str:
        return f"{part('_numerator', ago)} / ({part('_denominator', ago)} > 0)"

    targets = [
        target("A", share(), "{{site}}"),
        target("B", share(window), f"{{{{site}}}}, {window} before"),
        target("C", part("_denominator"), "{{site}}, n"),
    ]
    return _with_n(_chart(name, metric, targets, HALF))


def durations(
    metric: Metric, window: str, keep: tuple[str, ...], name: str, match: dict[str, str] | None = None
) -> Panel:
    """Chart median, 90 % quantile and n of a summary, with the former median dashed."""
    legend = " ".join(f"{{{{{each}}}}}" for each in keep)
    found = match or {}
    targets = [
        target("A", queries.quantile(metric, window, "0.5", found, keep), f"{legend} median"),
        target("B", queries.quantile(metric, window, "0.5", found, keep, window), f"{legend} median, {window} before"),
        target("D", queries.quantile(metric, window, "0.9", found, keep), f"{legend} 90 %"),
        target("C", queries.measured(metric, window, found, keep), f"{legend} n"),
    ]
    return _with_n(_chart(name, metric, targets, HALF))


def breakdown(metrics: Sequence[Metric], window: str, keep: tuple[str, ...], name: str, width: int = FULL) -> Panel:
    """List figures by labels in a table, each ratio with n and one window ago."""
    columns: list[tuple[str, str, str]] = []  # heading, unit, expression
    for metric in metrics:
        unit, head = UNITS[metric.unit], title(metric)
        columns.append((head, unit, queries.value(metric, window, keep)))
        columns.append((f"{head} before", unit, queries.value(metric, window, keep, queries.before(window))))
        if metric.kind == "ratio":
            columns.append((f"{head} n", "short", queries.observations(metric, window, keep)))
        if metric.kind == "summary":
            columns.append((f"{head} n", "short", queries.measured(metric, window, {}, keep)))
        if metric.maturity is not None:
            columns.append((f"{head} mature", "percentunit", queries.mature(metric, window, keep)))
    return listing(name, keep, columns, width, "\n\n".join(f"{title(m)}: {m.help}" for m in metrics))


def listing(
    name: str, keep: tuple[str, ...], columns: Sequence[tuple[str, str, str]], width: int = FULL, about: str = ""
) -> Panel:
    """Put expressions side by side in a table, one row a set of labels."""
    refs = [f"Q{at:02d}" for at in range(len(columns))]
    targets = [target(ref, expr, instant=True, as_table=True) for ref, (_, _, expr) in zip(refs, columns, strict=True)]
    one_column = len(columns) == 1
    values = ["Value"] if one_column else [f"Value #{ref}" for ref in refs]
    renamed = {old: head for old, (head, _, _) in zip(values, columns, strict=True)}
    panel = _common(table.Panel(), name, None, targets, width, 9).description(about).filterable(True)
    panel = panel.with_transformation(dashboard.DataTransformerConfig(id_val="merge", options={}))
    panel = panel.with_transformation(
        dashboard.DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {"Time": True},
                "indexByName": {key: at for at, key in enumerate([*keep, *values])},
                "renameByName": {**{label: label.replace("_", " ") for label in keep}, **renamed},
            },
        )
    )
    for head, unit, _ in columns:
        panel = panel.override_by_name(head, [Property("unit", unit)])
    return panel.sort_by([common_builders.TableSortByFieldState().display_name(columns[0][0]).desc(True)])


def lines(
    name: str, about: str, unit: str, parts: Iterable[tuple[str, str]], width: int = HALF, low: float | None = 0,
    limits: Sequence[tuple[float | None, str]] = (),
) -> Panel:  # fmt: skip
    """Chart expressions as they are: (expression, legend) each."""
    targets = [target(chr(65 + at), expr, legend) for at, (expr, legend) in enumerate(parts)]
    panel = _chart(name, None, targets, width).description(about).unit(unit)
    if limits:
        panel = panel.thresholds(_thresholds(limits)).thresholds_style(
            common_builders.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        )
    return panel if low is None else panel.min(low)


def single(
    name: str, about: str, unit: str, expr: str, limits: Sequence[tuple[float | None, str]] = ((None, PLAIN),),
    words: dict[str, tuple[str, str]] | None = None, width: int = 4, legend: str = "",
) -> Panel:  # fmt: skip
    """Show one number, coloured by limits; `words` names values: number → (text, colour)."""
    panel = (
        _common(stat.Panel(), name, None, [target("A", expr, legend, instant=True)], width, 4)
        .description(about)
        .unit(unit)
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .color_mode(common.BigValueColorMode.VALUE)
        .graph_mode(common.BigValueGraphMode.NONE)
        .text_mode(common.BigValueTextMode.AUTO if not legend else common.BigValueTextMode.VALUE_AND_NAME)
        .thresholds(_thresholds(limits))
    )
    return panel.mappings([_named(words)]) if words else panel


def states(name: str, about: str, expr: str, legend: str, words: dict[str, tuple[str, str]]) -> Panel:
    """Show states over time, one line a series."""
    return (
        _common(statetimeline.Panel(), name, None, [target("A", expr, legend)], FULL, 10)
        .description(about)
        .mappings([_named(words)])
        .show_value(common.VisibilityMode.NEVER)
        .row_height(0.8)
        .merge_values(True)
        .legend(_legend())
    )


def link_to(uid: str) -> str:
    """Give the address of a dashboard for the same sites and time."""
    return f"/d/{uid}?${{__url_time_range}}&${{site:queryparam}}"


def _common(
    panel: Panel, name: str, metric: Metric | None, targets: Sequence[Target], width: int, height: int
) -> Panel:
    panel = panel.title(name).datasource(SOURCE).targets(list(targets)).span(width).height(height)
    if metric is None:
        return panel.no_value(NO_VALUE)
    panel = panel.description(f"{metric.help}\n\n{metric.formula}").unit(UNITS[metric.unit])
    return panel.no_value(NOTHING_DIVIDED if metric.kind == "ratio" else NO_VALUE)


def _chart(name: str, metric: Metric | None, targets: Sequence[Target], width: int) -> Panel:
    panel = (
        _common(timeseries.Panel(), name, metric, targets, width, 8)
        .legend(_legend())
        .tooltip(
            common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
        )
        .line_width(2)
        .fill_opacity(6)
        .show_points(common.VisibilityMode.NEVER)
        .span_nulls(300_000.0)  # a move of the rollup leaves a gap of a scrape or two
    )
    return panel.axis_soft_min(0) if metric is None or metric.unit == "1" else panel


def _with_n(panel: Panel) -> Panel:
    dashed = Property("custom.lineStyle", {"fill": "dash", "dash": [4, 6]})
    bars = [
        Property("unit", "short"),
        Property("custom.drawStyle", "bars"),
        Property("custom.axisPlacement", "right"),
        Property("custom.axisLabel", "n"),
        Property("custom.fillOpacity", 12),
        Property("custom.lineWidth", 0),
        Property("color", {"mode": "fixed", "fixedColor": "text"}),
    ]
    former = [dashed, Property("custom.lineWidth", 1), Property("custom.fillOpacity", 0)]
    return panel.override_by_query("B", former).override_by_query("C", bars)


def _with_band(panel: Panel) -> Panel:
    """Dot what is usual and where it would not be: the band."""
    dotted = Property("custom.lineStyle", {"fill": "dot", "dash": [1, 4]})
    thin = [dotted, Property("custom.lineWidth", 1), Property("custom.fillOpacity", 0)]
    for ref, colour in (("U", GREEN), ("L", RED)):
        panel = panel.override_by_query(ref, [*thin, Property("color", {"mode": "fixed", "fixedColor": colour})])
    return panel


def _legend() -> Any:
    return (
        common_builders.VizLegendOptions()
        .show_legend(True)
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .calcs([])
    )


def _thresholds(steps: Iterable[tuple[float | None, str]]) -> Any:
    found = [dashboard.Threshold(value=value, color=colour) for value, colour in steps]
    return dashboard_builders.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(found)


def _colours(metric: Metric) -> Property:
    """Colour a change by what harms; a metric without a direction has no better or worse."""
    steps: list[tuple[float | None, str]] = [(None, PLAIN)]
    if metric.direction == "drop":
        steps = [(None, RED), (-HARM, YELLOW), (-NOTICE, PLAIN), (NOTICE, GREEN)]
    elif metric.direction == "rise":
        steps = [(None, GREEN), (-NOTICE, PLAIN), (NOTICE, YELLOW), (HARM, RED)]
    return Property("thresholds", {"mode": "absolute", "steps": [{"value": v, "color": c} for v, c in steps]})


def _named(words: dict[str, tuple[str, str]]) -> dashboard.ValueMap:
    options = {
        value: dashboard.ValueMappingResult(text=text, color=colour, index=at)
        for at, (value, (text, colour)) in enumerate(words.items())
    }
    return dashboard.ValueMap(options=options)


def _link(name: str, url: str) -> Any:
    return dashboard_builders.DashboardLink(name).type(dashboard.DashboardLinkType.LINK).url(url)
