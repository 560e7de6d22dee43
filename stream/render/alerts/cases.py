"""Cases: a test for promtool of every alert, firing and silent, written from the catalog.

In:  entries of the catalog that alert; the texts and annotations as they are rendered.
Out: files for `promtool test rules`: what was exposed, and who is told what.

    step  0 ───────────────── 57 ─────── 59       12 hours each, which keeps four weeks to a second or two
          four weeks as usual  │ harmed   └ told
                               └ silent until here

Sites: `harmed` gets worse, `usual` does not, `thin` gets worse with too few trials to tell, `new` has no past.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from stream.render.alerts import ratios, texts
from stream.render.alerts.companions import watched_share
from stream.render.alerts.entries import Judged, named

Node = dict[str, Any]
Labels = dict[str, str]

STEP_H: Final = 12
STEPS: Final = 57
QUIET_AT, TOLD_AT = f"{(STEPS - 1) * STEP_H}h", f"{(STEPS + 2) * STEP_H}h"
#: Spells without records are looked for in hours, and operation in minutes.
SOURCE_STEP_H, SOURCE_STEPS = 3, 228
MINUTES, WELL = 5, 12
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


def shift(before: float, after: float, steps: int = STEPS) -> str:
    """Write values by the step: as usual for four weeks, then something else."""
    return f"{before:g}+0x{steps - 1} {after:g}+0x10"


def file(tests: list[Node], interval: str = f"{STEP_H}h") -> Node:
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
    labels = dict.fromkeys(entry.metric.labels, "x")
    return labels | dict(zip(entry.by, _values(entry), strict=True)) | {"site": site, "window": window}


def _values(entry: Judged) -> list[str]:
    """Give a value of each label that an alert tells apart."""
    return [dict(entry.metric.constant).get(label, f"a {label}") for label in entry.by]


def _seen(entry: Judged, site: str, window: str) -> Labels:
    by = {"by": "/".join(entry.by), "value": "/".join(_values(entry))} if entry.by else {}
    own = "metric" if entry.rule == "volume" else "ratio"
    sources = {"sources": entry.sources} if entry.sources else {}
    return {own: entry.metric.name, "site": site, "window": window, "severity": entry.alert.severity, **by, **sources}


def _where(entry: Judged, site: str, window: str) -> str:
    by = f", {'/'.join(entry.by)} {'/'.join(_values(entry))}" if entry.by else ""
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
    inputs = [series("leadpulse_complete", {}, f"1+0x{STEPS + 10}")]
    alerts, states = [], []
    for entry in entries:
        way = entry.metric.direction or "drop"
        expected = []
        for window in entry.windows:
            inputs += _pair(entry, "harmed", window, shift(USUAL, HARMED[way]), shift(TRIALS, TRIALS))
            inputs += _pair(entry, "usual", window, shift(USUAL, USUAL * 0.95), shift(TRIALS, TRIALS))
            inputs += _pair(entry, "thin", window, shift(THIN_USUAL, THIN_HARMED[way]), shift(THIN_TRIALS, THIN_TRIALS))
            inputs += _pair(entry, "new", window, f"_x{STEPS} {HARMED[way]}+0x10", f"_x{STEPS} {TRIALS}+0x10")
            says = (
                f"{_where(entry, 'harmed', window)}: {HARMED[way] / TRIALS:.4%}".rstrip("%").rstrip("0").rstrip(".")
                + f"% (n = 10k); usual: {USUAL / TRIALS:.0%}."
            )
            expected.append((_seen(entry, "harmed", window), filled(rules[entry.name], "harmed", says)))
        alerts += [told(entry.name, QUIET_AT), told(entry.name, TOLD_AT, *expected)]
        last = entry.windows[-1]
        of = f'ratio="{entry.metric.name}",window="{last}"'
        states.append({
            "expr": f"sum by (site) ({ratios.STATE}{{{of}}})",
            "eval_time": TOLD_AT,
            "exp_samples": [
                {"labels": f'{{site="{site}"}}', "value": value}
                for site, value in (("harmed", ratios.DROP), ("usual", ratios.OK), ("thin", ratios.TOO_LITTLE),
                                    ("new", ratios.TOO_LITTLE))
            ],
        })  # fmt: skip
    return [{"interval": f"{STEP_H}h", "input_series": inputs, "alert_rule_test": alerts, "promql_expr_test": states}]


def volume_tests(entries: list[Judged], rules: dict[str, Node]) -> list[Node]:
    """Give the tests of volumes: a third is left, three quarters are left, and too few to tell."""
    inputs = [series("leadpulse_complete", {}, f"1+0x{STEPS + 10}")]
    alerts = []
    for entry in entries:
        expected = []
        for window in entry.windows:
            for site, before, after in (("harmed", 900, 300), ("usual", 900, 675), ("thin", 12, 2)):
                inputs.append(
                    series(f"leadpulse_{entry.metric.name}", _exposed(entry, site, window), shift(before, after))
                )
            says = f"{_where(entry, 'harmed', window)}: 300; usual: 900."
            expected.append((_seen(entry, "harmed", window), filled(rules[entry.name], "harmed", says)))
        alerts += [told(entry.name, QUIET_AT), told(entry.name, TOLD_AT, *expected)]
    return [{"interval": f"{STEP_H}h", "input_series": inputs, "alert_rule_test": alerts}]


def cost_tests(entries: list[Judged], rules: dict[str, Node]) -> list[Node]:
    """Give the tests of costs: twice as dear, a little dearer, and too few leads to tell."""
    inputs, alerts = [series("leadpulse_complete", {}, f"1+0x{STEPS + 10}")], []
    for entry in entries:
        expected = []
        for window in entry.windows:
            for site, after, bought in (("harmed", DEAR, LEADS), ("usual", SPEND * 1.2, LEADS), ("thin", DEAR, 20)):
                inputs += _pair(entry, site, window, shift(SPEND, after), shift(LEADS, bought))
            says = f"{_where(entry, 'harmed', window)}: {DEAR / LEADS:g} (n = {LEADS}); usual: {SPEND / LEADS:g}."
            expected.append((_seen(entry, "harmed", window), filled(rules[entry.name], "harmed", says)))
        alerts += [told(entry.name, QUIET_AT), told(entry.name, TOLD_AT, *expected)]
    return [{"interval": f"{STEP_H}h", "input_series": inputs, "alert_rule_test": alerts}]


def source_tests(rules: dict[str, Node], ratio: Judged) -> list[Node]:
    """Give the tests of a silent source and of a country, which need four weeks too."""
    silent, country = rules[texts.SILENT], rules[texts.COUNTRY]
    steps, quiet_at, told_at = (
        SOURCE_STEPS,
        f"{(SOURCE_STEPS - 2) * SOURCE_STEP_H}h",
        f"{(SOURCE_STEPS + 4) * SOURCE_STEP_H}h",
    )

    def moved(before: float, after: float) -> str:
        return shift(before, after, steps)

    def events(kind: str, a_step: int, goes_on: bool) -> Node:
        stops = f"0+{a_step}x{steps} {steps * a_step}+0x10"
        labels = {"kind": kind, "outcome": "counted", "reason": ""}
        return series("leadpulse_events_total", labels, f"0+{a_step}x{steps + 10}" if goes_on else stops)

    share, whole = watched_share()
    inputs = [
        series("leadpulse_complete", {}, f"1+0x{steps + 10}"),
        # forms stop, page views go on, chats were always few
        events("form", 300, goes_on=False),
        events("page_view", 6000, goes_on=True),
        events("chatbot", 3, goes_on=False),
        # e-mails lie unread: that is lag and not silence
        events("email", 300, goes_on=False),
        series("leadpulse_source_lag_records", {"kind": "email"}, moved(0, 900)),
        # leads fall with the forms: held back, since the forms are missing
        *(
            node
            for window in ratio.windows
            for node in _pair(ratio, "harmed", window, moved(USUAL, HARMED["drop"]), moved(TRIALS, TRIALS))
        ),
        # one country sends ten times as many visitors, another one some more
        series(named(whole.name), {"site": "harmed", "window": "1h"}, moved(1000, 1900)),
        series(named(share.name), {"site": "harmed", "country": "NL", "window": "1h"}, moved(100, 1000)),
        series(named(share.name), {"site": "harmed", "country": "DE", "window": "1h"}, moved(500, 520)),
    ]
    of_form = {"kind": "form", "severity": silent["labels"]["severity"]}
    of_nl = {"site": "harmed", "country": "NL", "window": "1h", "severity": country["labels"]["severity"]}
    rises = "NL: 42.63% more of site harmed than is usual."
    alerts = [
        told(texts.SILENT, quiet_at),
        told(texts.SILENT, told_at, (of_form, filled(silent, "", "No form came in where 600 are usual."))),
        told(ratio.name, told_at),
        told(texts.COUNTRY, quiet_at),
        told(texts.COUNTRY, told_at, (of_nl, filled(country, "harmed", rises))),
    ]
    state = {
        "expr": f'max by (site) ({ratios.STATE}{{ratio="{ratio.metric.name}"}})',
        "eval_time": told_at,
        "exp_samples": [{"labels": '{site="harmed"}', "value": ratios.TOO_LITTLE}],
    }
    return [
        {
            "interval": f"{SOURCE_STEP_H}h",
            "input_series": inputs,
            "alert_rule_test": alerts,
            "promql_expr_test": [state],
        }
    ]


@dataclass(frozen=True, slots=True)
class Fault:
    """An hour in which all is well, then an hour in which something is not, and who is told in the end."""

    alert: str
    seen: Labels
    says: str
    exposed: tuple[Node, ...]

    def check(self, rules: dict[str, Node]) -> list[Node]:
        """Say that nobody is told before, and who is after."""
        rule, end = rules[self.alert], 2 * WELL * MINUTES
        labels = self.seen | {"severity": rule["labels"]["severity"]}
        told_of = labels, filled(rule, self.seen.get("site", ""), self.says)
        return [told(self.alert, f"{WELL * MINUTES - MINUTES}m"), told(self.alert, f"{end}m", told_of)]


def _then(before: str, after: str) -> str:
    return f"{before}x{WELL - 1} {after}x{WELL + 2}"


def _always(value: str) -> str:
    return f"{value}x{2 * WELL + 2}"


def _outcome(kind: str, outcome: str, values: str) -> Node:
    reason = "" if outcome == "counted" else "not_json"
    return series("leadpulse_events_total", {"kind": kind, "outcome": outcome, "reason": reason}, values)


_WORKER: Final = series("up", {"job": "leadpulse", "instance": "a"}, _always("1+0"))
_COMPLETE: Final = series("leadpulse_complete", {}, _always("1+0"))
_, _WHOLE = watched_share()
_SHARD: Final = {"group": "visitors", "shard": "3"}

#: Faults that do not disturb each other stand together.
FAULTS: Final[tuple[tuple[Fault, ...], ...]] = (
    (
        Fault(
            texts.DOWN, {"job": "leadpulse", "instance": "b"}, "Worker b does not answer.",
            (_WORKER, series("up", {"job": "leadpulse", "instance": "b"}, _then("1+0", "0+0"))),
        ),
        Fault(
            texts.LAG, {"kind": "form"}, "The newest form that was read is 15m 0s old and more lie unread.",
            (
                series("leadpulse_source_lag_records", {"kind": "form"}, _then("0+0", "500+0")),
                series("leadpulse_source_lag_seconds", {"kind": "form"}, _always("900+0")),
                # what is old when it comes is read at once: nothing lies unread
                series("leadpulse_source_lag_records", {"kind": "ad"}, _always("0+0")),
                series("leadpulse_source_lag_seconds", {"kind": "ad"}, _always("90000+0")),
                _outcome("ad", "counted", _always("0+1")),
            ),
        ),
        Fault(
            texts.DEAD, {"kind": "form"}, "5% of the records of form were dead letters within an hour.",
            (
                _COMPLETE,
                _outcome("form", "counted", f"0+100x{WELL} {WELL * 100 + 95}+95x{WELL + 2}"),
                _outcome("form", "dead_letter", f"0+0x{WELL} 5+5x{WELL + 2}"),
                # one in two hundred, and one in two of a few
                _outcome("page_view", "counted", _always("0+995")),
                _outcome("page_view", "dead_letter", _always("0+5")),
                _outcome("email", "counted", _always("0+0.5")),
                _outcome("email", "dead_letter", _always("0+0.5")),
            ),
        ),
        Fault(
            texts.CONSERVATION, {}, "Accepted less accounted for: 7 records.",
            (series("leadpulse_conservation_error", {}, _then("0+0", "7+0")),),
        ),
        Fault(
            texts.CLOCK, {"job": "leadpulse", "instance": "b"}, "The clock of b is 30m 0s from the broker's.",
            (
                series("leadpulse_clock_skew_seconds", {"job": "leadpulse", "instance": "a"}, _always("-4+0")),
                series("leadpulse_clock_skew_seconds", {"job": "leadpulse", "instance": "b"}, _then("0+0", "-1800+0")),
            ),
        ),
        Fault(
            texts.BROKER, {"job": "leadpulse", "instance": "b"}, "No broker answers b.",
            (
                series("leadpulse_broker_answers", {"job": "leadpulse", "instance": "a"}, _always("1+0")),
                series("leadpulse_broker_answers", {"job": "leadpulse", "instance": "b"}, _then("1+0", "0+0")),
            ),
        ),
        Fault(
            texts.UNRESTORED, _SHARD, "Shard 3 of visitors is not restored.",
            (
                series("leadpulse_shard_restored", _SHARD, _then("1+0", "0+0")),
                series("leadpulse_shard_restored", _SHARD | {"shard": "4"}, _always("1+0")),
            ),
        ),
        Fault(
            texts.VANISHED, {"metric": _WHOLE.name, "site": "harmed", "window": "1h"},
            f"{_WHOLE.name} of site harmed is not exposed.",
            (
                series(named(_WHOLE.name), {"site": "harmed", "window": "1h"}, f"500+0x{WELL - 1} stale"),
                # nothing happens there, which is no fault
                series(named(_WHOLE.name), {"site": "usual", "window": "1h"}, _then("500+0", "0+0")),
            ),
        ),
    ),
    (
        Fault(
            texts.VANISHED, {}, "The rollup is not exposed.",
            (_WORKER, series("leadpulse_complete", {}, f"1+0x{WELL - 1} stale")),
        ),
    ),
    (
        Fault(
            texts.UNRESTORED, {}, "Incomplete.",
            (_WORKER, series("leadpulse_complete", {}, _then("1+0", "0+0"))),
        ),
    ),
    (
        Fault(
            texts.LEADS, {}, "Figures of leads are incomplete, and nothing else is.",
            (
                _WORKER, _COMPLETE, series("leadpulse_leads_complete", {}, _then("1+0", "0+0")),
                series("leadpulse_source_lag_records", {"kind": "crm"}, _always("0+0")),
                series("leadpulse_source_lag_seconds", {"kind": "crm"}, _always("90000+0")),
            ),
        ),
    ),
    (
        Fault(
            texts.DOWN, {}, "There is no worker.",
            (series("up", {"job": "leadpulse", "instance": "a"}, f"1+0x{WELL - 1} stale"),),
        ),
    ),
)  # fmt: skip


def operation_tests(rules: dict[str, Node]) -> list[Node]:
    """Give the tests of the program's own alerts, by the minute."""
    return [
        {
            "interval": f"{MINUTES}m",
            "input_series": [node for fault in faults for node in fault.exposed],
            "alert_rule_test": [check for fault in faults for check in fault.check(rules)],
        }
        for faults in FAULTS
    ]
