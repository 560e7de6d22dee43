"""Cases: a test for promtool of every alert of the judge: whom it is told to, whom not, and that it keeps on.

In:  the alerts' texts and rules as they are rendered.
Out: a file for `promtool test rules`: what workers show, and who is told what.

    minute  0 ──────── 30 ─────────────── 60 ──── 63 ──────── 90 ───────── 120
            0: nothing │ it fires         │ nobody │ it fires  │ over        └ nobody is told
                       └ told             └ shows it: told still

Sites: `harmed` fires; at `held` a page stands; at `shown` it is told to nobody by its severity; at `usual` it is over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from stream.judge.plan import MANY_SITES
from stream.render.alerts.texts import AlertText
from stream.serve.judged import FIRING, TEXT

Node = dict[str, Any]
Labels = dict[str, str]

MINUTES: Final = 120
_BY: Final = {"by": "label,other", "value": 'a "value",b'}
_SAYS: Final = "Fewer than usual. Mostly: form demo (27 of 29)."


def series(name: str, labels: Labels, values: str) -> Node:
    """Write one input series in promtool's notation."""
    inside = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return {"series": f"{name}{{{inside}}}", "values": values}


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
    address, *more = notes["dashboard_url"].split("{{")
    notes["dashboard_url"] = f"{address}?var-site={site}" if more and site else address
    return notes | {"description": description}


def file(texts: Iterable[AlertText], rules: dict[str, Node]) -> Node:
    """Write the file: alerts do not disturb each other, so all stand in one test."""
    tests = [_test(text, rules[text.name]) for text in texts]
    return {
        "rule_files": ["../rules/leadpulse-alerts.yml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [node for inputs, _ in tests for node in inputs],
                "alert_rule_test": [check for _, checks in tests for check in checks],
            }
        ],
    }


def _test(text: AlertText, rule: Node) -> tuple[list[Node], list[Node]]:
    """Give what workers show of an alert, and who is told."""
    alert, severity = text.known, "ticket" if text.severity == "info" else text.severity
    site = "" if alert == MANY_SITES else "harmed"
    apart = {} if alert == MANY_SITES else _BY
    fires = {"alert": alert, "site": site, **apart}
    inputs = [
        *_shown({**fires, "severity": severity}),
        *(
            series(TEXT, {**fires, "text": _SAYS, "instance": worker}, "_x30 1x29 stale _x2 1x26 stale")
            for worker in ("a", "b")
        ),
        # held back, told to nobody, and never fired
        series(FIRING, {"alert": alert, "site": "held", "severity": severity, "held": "page"}, f"1x{MINUTES}"),
        series(FIRING, {"alert": alert, "site": "held", "severity": severity}, f"0x{MINUTES}"),
        series(FIRING, {"alert": alert, "site": "shown", "severity": "info"}, f"1x{MINUTES}"),
        series(FIRING, {"alert": alert, "site": "usual", "severity": severity}, f"0x{MINUTES}"),
    ]
    labels = {name: value for name, value in fires.items() if value} | {"severity": severity}
    where = f", {_BY['by']} {_BY['value']}" if apart else ""
    says, silent = filled(rule, site, _SAYS), filled(rule, site, f"Site {site}{where}" if site else where)
    return inputs, [
        told(text.name, "29m"),
        told(text.name, "31m", (labels, says)),
        # the rollup's owner was killed: two workers and then none show it for a while
        told(text.name, "62m", (labels, silent)),
        told(text.name, f"{MINUTES}m"),
    ]


def _shown(labels: Labels) -> list[Node]:
    """Give a series of two workers; both are away for three minutes, and in the end one of them is gone."""
    return [
        series(FIRING, {**labels, "instance": "a"}, "0x29 1x29 stale _x2 1x26 0x30"),
        series(FIRING, {**labels, "instance": "b"}, "0x29 1x29 stale _x2 1x26 stale"),
    ]


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
