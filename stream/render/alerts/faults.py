"""Faults: a test for promtool of every alert on leadpulse itself, firing and silent.

In:  the rules as they are rendered.
Out: a file for `promtool test rules`: what was exposed, and who is told what.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stream.render.alerts import texts
from stream.render.alerts.cases import Labels, Node, filled, series, told

#: Minutes between samples, and samples in which all is well.
MINUTES, WELL = 5, 12


@dataclass(frozen=True, slots=True)
class Fault:
    """An hour in which all is well, then an hour in which something is not, and who is told in the end."""

    alert: str
    seen: Labels
    says: str
    exposed: tuple[Node, ...]
    hides: tuple[str, ...] = ()  # what follows from it and is not told

    def check(self, rules: dict[str, Node]) -> list[Node]:
        """Say that nobody is told before, and who is after."""
        rule, end = rules[self.alert], 2 * WELL * MINUTES
        labels = self.seen | {"severity": rule["labels"]["severity"]}
        told_of = labels, filled(rule, self.seen.get("site", ""), self.says)
        return [
            told(self.alert, f"{WELL * MINUTES - MINUTES}m"),
            told(self.alert, f"{end}m", told_of),
            *(told(name, f"{end}m") for name in self.hides),
        ]


def _then(before: str, after: str) -> str:
    return f"{before}x{WELL - 1} {after}x{WELL + 2}"


def _always(value: str) -> str:
    return f"{value}x{2 * WELL + 2}"


def _outcome(kind: str, outcome: str, values: str) -> Node:
    reason = "" if outcome == "counted" else "not_json"
    return series("leadpulse_events_total", {"kind": kind, "outcome": outcome, "reason": reason}, values)


def _items(source: str, outcome: str, values: str) -> Node:
    return series("leadpulse_source_items_total", {"source": source, "outcome": outcome}, values)


def _of_worker(name: str, worker: str, values: str) -> Node:
    return series(name, {"job": "leadpulse", "instance": worker}, values)


def _up(worker: str, values: str) -> Node:
    return _of_worker("up", worker, values)


def _owner(worker: str, values: str) -> Node:
    return _of_worker("leadpulse_rollup_owner", worker, values)


def _answers(worker: str, values: str) -> Node:
    return _of_worker("leadpulse_broker_answers", worker, values)


_WORKER: Final = _up("a", _always("1+0"))
_COMPLETE: Final = series("leadpulse_complete", {}, _always("1+0"))
_SHARD: Final = {"group": "visitors", "shard": "3"}

#: Faults that do not disturb each other stand together.
FAULTS: Final[tuple[tuple[Fault, ...], ...]] = (
    (
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
                # the first one begins the series
                _outcome("form", "dead_lettered", f"_x{WELL + 1} 5+5x{WELL + 2}"),
                # one in two hundred, and one in two of a few
                _outcome("page_view", "counted", _always("0+995")),
                _outcome("page_view", "dead_lettered", _always("0+5")),
                _outcome("email", "counted", _always("0+0.5")),
                _outcome("email", "dead_lettered", _always("0+0.5")),
            ),
        ),
        Fault(
            texts.SOURCE, {"source": "web"}, "20% of the items of the source web were not mapped within an hour.",
            (
                _items("web", "mapped", f"0+100x{WELL} {WELL * 100 + 80}+80x{WELL + 2}"),
                # the first one begins the series
                _items("web", "unmapped", f"_x{WELL + 1} 20+20x{WELL + 2}"),
                # as many as ever, and a jump of a few
                _items("app", "mapped", _always("0+50")),
                _items("app", "unmapped", _always("0+50")),
                _items("few", "mapped", _always("0+1")),
                _items("few", "dead_lettered", f"_x{WELL + 1} 1+1x{WELL + 2}"),
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
            texts.UNRESTORED, _SHARD, "Shard 3 of visitors is not restored.",
            (
                series("leadpulse_shard_restored", _SHARD, _then("1+0", "0+0")),
                series("leadpulse_shard_restored", _SHARD | {"shard": "4"}, _always("1+0")),
            ),
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
        # one of three is down and cut off before that: tickets, and neither hides a page
        Fault(
            texts.WORKER_DOWN, {"job": "leadpulse", "instance": "c"}, "Worker c does not answer.",
            (
                _WORKER, _up("b", _always("1+0")), _up("c", _then("1+0", "0+0")),
                _owner("a", _always("0+0")), _owner("b", _always("1+0")),
            ),
        ),
        Fault(
            texts.CUT_OFF, {"job": "leadpulse", "instance": "b"}, "No broker answers b, others reach one.",
            (_answers("a", _always("1+0")), _answers("b", _then("1+0", "0+0"))),
        ),
    ),
    (
        # nobody reaches a broker: no owner and nothing complete follow from it, and are not told
        Fault(
            texts.NO_BROKER, {}, "No broker answers any worker.",
            (
                _WORKER, _answers("a", _then("1+0", "0+0")), _owner("a", _then("1+0", "0+0")),
                series("leadpulse_complete", {}, _then("1+0", "0+0")),
            ),
            hides=(texts.NO_OWNER, texts.UNRESTORED, texts.CUT_OFF),
        ),
    ),
    (
        Fault(
            texts.NO_OWNER, {}, "Workers run, and none of them owns the rollup.",
            (_WORKER, _answers("a", _always("1+0")), _owner("a", _then("1+0", "0+0")), _owner("b", _always("0+0"))),
        ),
    ),
    (
        # the last one does not answer
        Fault(
            texts.NO_WORKER, {}, "No worker answers: nothing is counted, nothing is judged.",
            (_up("a", _then("1+0", "0+0")), _up("b", _always("0+0"))),
            hides=(texts.WORKER_DOWN,),
        ),
    ),
    (
        # none is found any more
        Fault(
            texts.NO_WORKER, {}, "No worker answers: nothing is counted, nothing is judged.",
            (_up("a", f"1+0x{WELL - 1} stale"),),
        ),
    ),
)  # fmt: skip


def file(rules: dict[str, Node]) -> Node:
    """Write the file; faults that do not disturb each other stand together."""
    return {
        "rule_files": ["../rules/leadpulse-alerts.yml"],
        "evaluation_interval": f"{MINUTES}m",
        "tests": [
            {
                "interval": f"{MINUTES}m",
                "input_series": [node for fault in faults for node in fault.exposed],
                "alert_rule_test": [check for fault in faults for check in fault.check(rules)],
            }
            for faults in FAULTS
        ],
    }
