"""Overview: all figures of the bench on one screen, each with the command that gives it.

In:  what the stages have kept (build/bench.json).
Out: tables, for the terminal and for docs/performance.md and docs/scaling.md; what was not measured says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from textwrap import fill
from typing import Any, Final

from tests.bench import scaling
from tests.bench.peers.engines import OWN

Told = Mapping[str, Any]

#: What, the stage that it is of, how it is written, the command.
ROWS: Final[tuple[tuple[str, str, Callable[[Told], str], str], ...]] = (
    (
        "a backlog of all kinds, in transactions",
        "drain",
        lambda one: (
            f"**{one['per_cpu_s']:,.0f} events per CPU-second**, {one['per_s']:,.0f} events/s, {one['peak_mb']:.0f} MB"
        ),
        "make bench ARGS=drain",
    ),
    (
        "… beside a plain aiokafka + orjson reader of the same topics",
        "drain",
        lambda one: f"{one['per_cpu_s'] / one['reader_per_cpu_s']:.2f} of its events per CPU-second",
        "make bench ARGS=drain",
    ),
    (
        "… where nearly every event of a batch is another person",
        "drain scattered",
        lambda one: f"{one['per_cpu_s']:,.0f} events per CPU-second",
        'make bench ARGS="drain --scattered"',
    ),
    (
        "from produce to gauge",
        "latency",
        lambda one: (
            f"p50 {one['p50_s']:.2f} s, p95 {one['p95_s']:.2f} s, p99 {one['p99_s']:.2f} s at {one['rate']:,} events/s; "
            f"{one['core']:.0%} of a core"
        ),
        "make bench ARGS=latency",
    ),
    (
        "from `kill -9` to ready again",
        "rto",
        lambda one: f"{one['ready_s']:.1f} s with {one['visitors']:,} visitors, {one['cpu_s']:.1f} CPU seconds",
        'make bench ARGS="rto --events 2000000 --visitors 1300000"',
    ),
    (
        "restore of leads, by one shard, without a broker",
        "restore",
        lambda one: f"{one['cpu_s']:.1f} CPU seconds for {one['leads']:,} leads, {one['rows']:,} rows",
        "make bench ARGS=restore",
    ),
    (
        "memory a remembered visitor",
        "memory",
        lambda one: f"{one['bytes']:,.0f} bytes, known ids apart, up to {one['visitors']:,} of them",
        "make bench ARGS=memory",
    ),
    (
        "memory a lead, with the ids of people who are none yet",
        "leads",
        lambda one: f"{one['bytes']:,.0f} bytes, up to {one['leads']:,} of them",
        "make bench ARGS=leads",
    ),
    (
        "the fold alone, without Kafka",
        "steps",
        lambda one: f"{one['whole_us']:.1f} µs an event",
        "make bench ARGS=steps",
    ),
    (
        "a report to the rollup, and each change in it",
        "rollup",
        lambda one: f"{one['report_us']:.0f} µs and {one['change_us']:.2f} µs",
        "make bench ARGS=rollup",
    ),
)

ENOUGH: Final = 1_000_000  # events; with fewer, what is compared is how engines start
#: Of the peers, those of the README: what most people would take, each as it is fastest here.
_COMPARED: Final = {
    "flink-reuse": "Flink",
    "streams": "Kafka Streams",
    "bytewax": "Bytewax",
    "quix": "Quix Streams",
    "faust": "Faust",
}


def overview(told: Told) -> str:
    """Write the overview.

    >>> print(overview({"memory": {"bytes": 377.2, "visitors": 900, "at": "", "machine": "m"}}).splitlines()[8])
    | memory a remembered visitor | 377 bytes, known ids apart, up to 900 of them | `make bench ARGS=memory` |
    """
    lines = ["| what | seen | command |", "|---|---|---|"]
    for what, stage, write, command in ROWS:
        seen = write(told[stage]) if stage in told else "not measured here"
        lines.append(f"| {what} | {seen} | `{command}` |")
    return "\n".join([*lines, "", _measured(told[stage] for _, stage, _, _ in ROWS if stage in told)])


def steps(told: Told) -> str:
    """Write what an event costs by step."""
    if "steps" not in told:
        return "Not measured here."
    found = told["steps"]
    costs = sorted(found["steps_us"].items(), key=lambda item: -item[1])
    lines = ["| step | µs an event |", "|---|---|", *(f"| {name} | {us:.2f} |" for name, us in costs if us >= 0.005)]
    return "\n".join([*lines, f"| best whole round | **{found['whole_us']:.2f}** |", "", _measured([found])])


def fixed(told: Told) -> str:
    """Write what a worker takes of a core, by shards and rate."""
    if "fixed" not in told:
        return "Not measured here."
    rows = told["fixed"]["rows"]
    rates = sorted({row["rate"] for row in rows})
    heads = " | ".join(f"{rate:,} events/s" if rate else "idle" for rate in rates)
    lines = [f"| shards | {heads} |", "|---|" + "---|" * len(rates)]
    for shards in sorted({row["shards"] for row in rows}):
        by_rate = {row["rate"]: row["core"] for row in rows if row["shards"] == shards}
        lines.append(
            f"| {shards} | " + " | ".join(f"{by_rate[rate]:.1%}" if rate in by_rate else "" for rate in rates) + " |"
        )
    return "\n".join([*lines, "", _measured([told["fixed"]])])


def commits(told: Told) -> str:
    """Write what an event costs by the records of a commit."""
    if "commits" not in told:
        return "Not measured here."
    lines = ["| records of all shards a commit | µs an event |", "|---|---|"]
    lines += [f"| {row['records']:,} | {row['us']:.1f} |" for row in told["commits"]["rows"]]
    return "\n".join([*lines, "", _measured([told["commits"]])])


def rollup(told: Told) -> str:
    """Write what the rollup pays."""
    if "rollup" not in told:
        return "Not measured here."
    found = told["rollup"]
    lines = ["| events of a shard and commit | changes an event |", "|---|---|"]
    lines += [f"| {events:,.0f} | {changes:.2f} |" for events, changes in found["changes"]]
    costs = (
        f"{found['empty_us']:.0f} µs a report in which nothing has changed, {found['report_us']:.0f} µs one with changes, "
        f"**{found['change_us']:.2f} µs a change**, {found['publish_ms']:.0f} ms a second for readings of all windows "
        f"({found['readings']:,} of them)."
    )
    return "\n".join([*lines, "", costs, "", _measured([found])])


def workers(told: Told) -> str:
    """Write what 1 to 64 workers carry."""
    costs = scaling.costs_of(told)
    if costs is None:
        return "Not measured here: it takes the stages drain, fixed and rollup."
    units = (
        f"From {costs.event_us:.1f} µs an event, {costs.worker_ms:.0f} ms a worker and second, {costs.shard_ms:.2f} ms a shard and second, "
        f"{costs.report_us:.0f} µs a report, {costs.change_us:.2f} µs a change, {costs.publish_ms:.0f} ms a second of publishing."
    )
    return "\n".join([scaling.table(costs), "", units])


def of_performance(told: Told) -> dict[str, str]:
    """Give the tables of docs/performance.md by their marks."""
    return {
        "overview": overview(told),
        "steps": steps(told),
        "fixed": fixed(told),
        "commits": commits(told),
    }


def speed(told: Told, sitting: Told) -> str:
    """Write what the README says of speed; `sitting` is that of the peers, if it was long enough.

    >>> row = {"name": "leadpulse", "title": "leadpulse", "why_not": "", "cpu_s_per_million": 10.0}
    >>> peers = [row, row | {"name": "streams", "title": "Kafka Streams", "cpu_s_per_million": 20.0}]
    >>> print(speed({"drain": {"per_cpu_s": 74_712}}, {"rows": peers, "events": 2_000_000}))
    One core works off 74,700 events a second (`make bench ARGS=drain`). On one job Kafka Streams takes 2 times its CPU
    (`make bench-peers`).
    """
    parts = []
    if "drain" in told:
        parts.append(
            f"One core works off {round(told['drain']['per_cpu_s'], -2):,.0f} events a second (`make bench ARGS=drain`)."
        )
    rows = sitting["rows"] if sitting.get("events", 0) >= ENOUGH else ()
    costs = {row["name"]: row for row in rows if not row["why_not"]}
    if own := costs.get(OWN):
        others = [(title, costs[name]) for name, title in _COMPARED.items() if name in costs]
        ratios = [f"{title} takes {row['cpu_s_per_million'] / own['cpu_s_per_million']:.2g}" for title, row in others]
        if ratios:
            head, *more = ratios
            rest = "".join(f", {ratio.replace(' takes ', ' ')}" for ratio in more)
            parts.append(f"On one job {head} times its CPU{rest} (`make bench-peers`).")
    return fill(" ".join(parts), 120, break_on_hyphens=False)


def of_scaling(told: Told) -> dict[str, str]:
    """Give the tables of docs/scaling.md by their marks."""
    return {"workers": workers(told), "rollup": rollup(told)}


def _measured(found: Iterable[Told]) -> str:
    """Say where and when figures were measured."""
    found = list(found)
    machines = sorted({one["machine"] for one in found})
    days = sorted({one["at"][:10] for one in found})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}" if days else ""
    return f"{'; '.join(machines)}; {when}." if found else ""
