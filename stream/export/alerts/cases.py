"""Cases: a test for promtool of every alert, firing and silent, written from the catalog.

In:  entries of the catalog that alert; the texts and annotations as they are rendered.
Out: files for `promtool test rules`: what was exposed, and who is told what.

    hour  0 ───────────────── 676 ─────── 680
          four weeks as usual  │ harmed    └ told
                               └ silent until here

Sites: `harmed` gets worse, `usual` does not, `thin` gets worse with too few trials to tell, `new` has no past.
"""

from __future__ import annotations

from typing import Any, Final

from stream.export.alerts import ratios, texts
from stream.export.alerts.entries import Judged

Node = dict[str, Any]
Labels = dict[str, str]

WEEKS_H: Final = 676
TOLD_H: Final = 680
ORDER: Final = (
    "leadpulse-sources", "leadpulse-volumes", "leadpulse-ratios", "leadpulse-figures", "leadpulse-operation",
)  # fmt: skip

#: direction → counts as usual and when harmed, of `trials`.
TRIALS: Final = 10_000
USUAL, HARMED = 500, {"drop": 100, "rise": 1_500}
THIN_TRIALS, THIN_USUAL, THIN_HARMED = 100, 5, {"drop": 0, "rise": 9}
SPEND, DEAR, LEADS = 1_000, 2_000, 50


def series(name: str, labels: Labels, values: str) -> Node:
    """Write one input series in promtool's notation."""
    inside = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return {"series": f"{name}{{{inside}}}", "values": values}


def shift(before: float, after: float) -> str:
    """Write values by the hour: as usual for four weeks, then something else."""
    return f"{before:g}+0x{WEEKS_H - 1} {after:g}+0x10"


def file(tests: list[Node], interval: str = "1h") -> Node:
    """Write a file of tests; groups are evaluated in the order in which they read each other."""
    return {
        "rule_files": ["../rules/leadpulse-recording.yml", "../rules/leadpulse-alerts.yml"],
        "evaluation_interval": interval,
        "group_eval_order": list(ORDER),
        "tests": tests,
    }


def told(alert: str, at: str, *expected: tuple[Labels, Node]) -> Node:
    """Say who is told at a moment; nobody without `expected`."""
    return {
        "eval_time": at,
        "alertname": alert,
        "exp_alerts": [{"exp_labels": labels, "exp_annotations": notes} for labels, notes in expected],
    }


def filled(rule: Node, site: str, description: str) -> Node:
    """Give a rule's annotations as they read when it fires."""
    notes = dict(rule["annotations"])
    notes["dashboard_url"] = notes["dashboard_url"].split("{{")[0] + site
    return notes | {"description": description}


def _exposed(entry: Judged, site: str, window: str) -> Labels:
    labels = {label: "x" for label in entry.metric.labels}
    return labels | {label: f"a {label}" for label in entry.by} | {"site": site, "window": window}


def _seen(entry: Judged, site: str, window: str) -> Labels:
    by = {"by": "/".join(entry.by), "value": "/".join(f"a {label}" for label in entry.by)} if entry.by else {}
    own = "metric" if entry.rule == "volume" else "ratio"
    sources = {"sources": entry.sources} if entry.sources else {}
    return {own: entry.metric.name, "site": site, "window": window, "severity": entry.alert.severity, **by, **sources}


def _where(entry: Judged, site: str, window: str) -> str:
    by = f", {'/'.join(entry.by)} {'/'.join(f'a {label}' for label in entry.by)}" if entry.by else ""
    return f"{entry.metric.name} of site {site}{by} over {window}"


def _pair(entry: Judged, site: str, window: str, above: str, below: str) -> list[Node]:
    labels, name = _exposed(entry, site, window), f"leadpulse_{entry.metric.name}"
    # two workers show it for a while when the rollup moves: still one series
    return [
        series(f"{name}_{part}", labels | {"instance": worker}, values)
        for part, values in (("numerator", above), ("denominator", below))
        for worker in ("a", "b")
    ]


def ratio_tests(entries: list[Judged], rules: dict[str, Node]) -> list[Node]:
    """Give the tests of ratios: one past for all of them."""
    inputs = [series("leadpulse_complete", {}, f"1+0x{TOLD_H}")]
    alerts, states = [], []
    for entry in entries:
        way = entry.metric.direction or "drop"
        expected = []
        for window in entry.windows:
            inputs += _pair(entry, "harmed", window, shift(USUAL, HARMED[way]), shift(TRIALS, TRIALS))
            inputs += _pair(entry, "usual", window, shift(USUAL, USUAL * 0.95), shift(TRIALS, TRIALS))
            inputs += _pair(entry, "thin", window, shift(THIN_USUAL, THIN_HARMED[way]), shift(THIN_TRIALS, THIN_TRIALS))
            inputs += _pair(
                entry, "new", window, f"_x{WEEKS_H} {HARMED[way]}+0x10", f"_x{WEEKS_H} {TRIALS}+0x10"
            )
            says = (
                f"{_where(entry, 'harmed', window)}: {HARMED[way] / TRIALS:.4%}".rstrip("%").rstrip("0").rstrip(".")
                + f"% (n = 10k); usual: {USUAL / TRIALS:.0%}."
            )
            expected.append((_seen(entry, "harmed", window), filled(rules[entry.name], "harmed", says)))
        alerts += [told(entry.name, f"{WEEKS_H - 6}h"), told(entry.name, f"{TOLD_H}h", *expected)]
        last = entry.windows[-1]
        of = f'ratio="{entry.metric.name}",window="{last}"'
        states.append({
            "expr": f"sum by (site) ({ratios.STATE}{{{of}}})",
            "eval_time": f"{TOLD_H}h",
            "exp_samples": [
                {"labels": f'{{site="{site}"}}', "value": value}
                for site, value in (("harmed", ratios.DROP), ("usual", ratios.OK), ("thin", ratios.TOO_LITTLE),
                                    ("new", ratios.TOO_LITTLE))
            ],
        })  # fmt: skip
    return [{"interval": "1h", "input_series": inputs, "alert_rule_test": alerts, "promql_expr_test": states}]


def volume_tests(entries: list[Judged], rules: dict[str, Node]) -> list[Node]:
    """Give the tests of volumes: a third is left, three quarters are left, and too few to tell."""
    inputs = [series("leadpulse_complete", {}, f"1+0x{TOLD_H}")]
    alerts = []
    for entry in entries:
        expected = []
        for window in entry.windows:
            for site, before, after in (("harmed", 900, 300), ("usual", 900, 675), ("thin", 12, 2)):
                inputs.append(series(f"leadpulse_{entry.metric.name}", _exposed(entry, site, window), shift(before, after)))
            says = f"{_where(entry, 'harmed', window)}: 300; usual: 900."
            expected.append((_seen(entry, "harmed", window), filled(rules[entry.name], "harmed", says)))
        alerts += [told(entry.name, f"{WEEKS_H - 6}h"), told(entry.name, f"{TOLD_H}h", *expected)]
    return [{"interval": "1h", "input_series": inputs, "alert_rule_test": alerts}]


def cost_tests(entries: list[Judged], rules: dict[str, Node]) -> list[Node]:
    """Give the tests of costs: twice as dear, a little dearer, and too few leads to tell."""
    inputs, alerts = [series("leadpulse_complete", {}, f"1+0x{TOLD_H}")], []
    for entry in entries:
        expected = []
        for window in entry.windows:
            for site, after, bought in (("harmed", DEAR, LEADS), ("usual", SPEND * 1.2, LEADS), ("thin", DEAR, 20)):
                inputs += _pair(entry, site, window, shift(SPEND, after), shift(LEADS, bought))
            says = f"{_where(entry, 'harmed', window)}: {DEAR / LEADS:g} (n = {LEADS}); usual: {SPEND / LEADS:g}."
            expected.append((_seen(entry, "harmed", window), filled(rules[entry.name], "harmed", says)))
        alerts += [told(entry.name, f"{WEEKS_H - 6}h"), told(entry.name, f"{TOLD_H}h", *expected)]
    return [{"interval": "1h", "input_series": inputs, "alert_rule_test": alerts}]


def source_tests(rules: dict[str, Node], ratio: Judged) -> list[Node]:
    """Give the tests of a silent source and of a country, which need four weeks too."""
    silent, country = rules[texts.SILENT], rules[texts.COUNTRY]
    events = "leadpulse_events_total"
    counted = {"outcome": "counted", "reason": ""}
    inputs = [
        series("leadpulse_complete", {}, f"1+0x{TOLD_H}"),
        # forms stop; page views go on; chats were always few
        series(events, {"kind": "form"} | counted, f"0+100x{WEEKS_H} {WEEKS_H * 100}+0x10"),
        series(events, {"kind": "page_view"} | counted, f"0+2000x{TOLD_H}"),
        series(events, {"kind": "chatbot"} | counted, f"0+1x{WEEKS_H} {WEEKS_H}+0x10"),
        # e-mails lie unread: that is lag and not silence
        series(events, {"kind": "email"} | counted, f"0+100x{WEEKS_H} {WEEKS_H * 100}+0x10"),
        series("leadpulse_source_lag_records", {"kind": "email"}, shift(0, 900)),
        # leads fall with the forms: held back, since the forms are missing
        *(node for window in ratio.windows
          for node in _pair(ratio, "harmed", window, shift(USUAL, HARMED["drop"]), shift(TRIALS, TRIALS))),
        # one country sends ten times as many visitors; another one some more
        series("leadpulse_visitors", {"site": "harmed", "window": "1h"}, shift(1000, 1900)),
        series("leadpulse_country_visitors", {"site": "harmed", "country": "NL", "window": "1h"}, shift(100, 1000)),
        series("leadpulse_country_visitors", {"site": "harmed", "country": "DE", "window": "1h"}, shift(500, 520)),
    ]  # fmt: skip
    says = "No form came in where 600 are usual."
    rises = "NL has 42.63% more of the visitors of site harmed than is usual."
    return [{
        "interval": "1h",
        "input_series": inputs,
        "alert_rule_test": [
            told(texts.SILENT, f"{WEEKS_H - 6}h"),
            told(texts.SILENT, "684h", ({"kind": "form", "severity": silent["labels"]["severity"]}, filled(silent, "", says))),
            told(ratio.name, "684h"),
            told(texts.COUNTRY, f"{WEEKS_H - 6}h"),
            told(texts.COUNTRY, f"{TOLD_H}h", (
                {"site": "harmed", "country": "NL", "window": "1h", "severity": country["labels"]["severity"]},
                filled(country, "harmed", rises),
            )),
        ],
        "promql_expr_test": [{
            "expr": f'max by (site) ({ratios.STATE}{{ratio="{ratio.metric.name}"}})',
            "eval_time": "684h",
            "exp_samples": [{"labels": '{site="harmed"}', "value": ratios.TOO_LITTLE}],
        }],
    }]  # fmt: skip


def operation_tests(rules: dict[str, Node]) -> list[Node]:
    """Give the tests of the program's own alerts, by the minute: an hour well, then an hour of the fault."""

    def case(alert: str, labels: Labels, says: str, faulty: list[Node], well: list[Node] = [], at: str = "119m") -> Node:  # noqa: B006 -- never changed
        rule = rules[alert]
        seen = labels | {"severity": rule["labels"]["severity"]}
        up = series("up", {"job": "leadpulse", "instance": "a"}, "1+0x130")
        basics = [] if alert in (texts.DOWN, texts.VANISHED, texts.UNRESTORED) else [series("leadpulse_complete", {}, "1+0x130")]
        return {
            "interval": "1m",
            "input_series": [*([] if alert == texts.DOWN else [up]), *basics, *faulty, *well],
            "alert_rule_test": [told(alert, "59m"), told(alert, at, (seen, filled(rule, labels.get("site", ""), says)))],
        }

    def halves(before: str, after: str) -> str:
        return f"{before}x59 {after}x70"

    events = "leadpulse_events_total"
    shard = {"group": "visitors", "shard": "3"}
    return [
        case(texts.DOWN, {"job": "leadpulse", "instance": "b"}, "The worker b does not answer.",
             [series("up", {"job": "leadpulse", "instance": "b"}, halves("1+0", "0+0"))],
             [series("up", {"job": "leadpulse", "instance": "a"}, "1+0x130")]),
        case(texts.LAG, {"kind": "form"}, "The newest form that was read is 15m 0s old and more lie unread.",
             [series("leadpulse_source_lag_records", {"kind": "form"}, halves("0+0", "500+0")),
              series("leadpulse_source_lag_seconds", {"kind": "form"}, halves("900+0", "900+0")),
              series(events, {"kind": "form", "outcome": "counted", "reason": ""}, "0+1x130")],
             # what is read at once may be old: nothing lies unread
             [series("leadpulse_source_lag_records", {"kind": "ad"}, "0+0x130"),
              series("leadpulse_source_lag_seconds", {"kind": "ad"}, "90000+0x130"),
              series(events, {"kind": "ad", "outcome": "counted", "reason": ""}, "0+1x130")]),
        case(texts.VANISHED, {"metric": "visitors", "site": "harmed", "window": "1h"},
             "visitors of site harmed is not exposed any more.",
             [series("leadpulse_visitors", {"site": "harmed", "window": "1h"}, "500+0x59 stale _x70"),
              series("leadpulse_complete", {}, "1+0x130")],
             # nothing happens there, which is no fault
             [series("leadpulse_visitors", {"site": "usual", "window": "1h"}, halves("500+0", "0+0"))]),
        case(texts.VANISHED, {}, "All figures are not exposed any more.",
             [series("leadpulse_complete", {}, "1+0x59 stale _x70")]),
        case(texts.DEAD, {"kind": "form"}, "5% of the records of form were dead letters within an hour.",
             [series(events, {"kind": "form", "outcome": "counted", "reason": ""}, "0+95x130"),
              series(events, {"kind": "form", "outcome": "dead_letter", "reason": "not_json"}, "0+0x59 0+5x70")],
             # one in two hundred, and one of a few
             [series(events, {"kind": "page_view", "outcome": "counted", "reason": ""}, "0+995x130"),
              series(events, {"kind": "page_view", "outcome": "dead_letter", "reason": "not_json"}, "0+5x130"),
              series(events, {"kind": "email", "outcome": "counted", "reason": ""}, "0+0.2x130"),
              series(events, {"kind": "email", "outcome": "dead_letter", "reason": "not_json"}, "0+0.1x130")]),
        case(texts.CONSERVATION, {}, "Accepted less accounted for: 7 records.",
             [series("leadpulse_conservation_error", {}, halves("0+0", "7+0"))]),
        case(texts.UNRESTORED, shard, "Shard 3 of visitors is not restored.",
             [series("leadpulse_shard_restored", shard, halves("1+0", "0+0"))],
             [series("leadpulse_shard_restored", {"group": "visitors", "shard": "4"}, "1+0x130"),
              series("leadpulse_complete", {}, "1+0x130")]),
        case(texts.UNRESTORED, {}, "Some shards are not restored.",
             [series("leadpulse_complete", {}, halves("1+0", "0+0"))]),
    ]  # fmt: skip
