"""Companions: what is watched of leadpulse itself, since it cannot tell of its own absence.

In:  timings.
Out: one recording rule, the share of dead letters; the expressions of the companions' alerts.

A worker that is down while others have taken over is a ticket and hides nothing; that none is left is a page. Each
expression leaves out what another alert already says, so that one cause makes one message.
"""

from __future__ import annotations

from typing import Any, Final

from stream.catalog.judging import LEAST_SUCCESSES
from stream.render.alerts.promql import WORKERS, Timings, named, one, wilson

RuleNode = dict[str, Any]

#: Share of dead letters in an hour; the one thing that is recorded, since it is worked out of two counters.
DEAD_RATIO: Final = "leadpulse:dead_letters:ratio1h"
#: Share of dead letters that is too much.
DEAD_SHARE: Final = 0.01
#: How far the share of items that are not mapped may rise above that of the day before, and of how many at least.
UNMAPPED_MORE, UNMAPPED_OF = 0.05, 100
#: Seconds that the clocks of a worker and of the broker may be apart.
CLOCKS_APART_S: Final = 5

_ANSWERS: Final = "leadpulse_broker_answers"
#: No broker answers anybody: nothing is complete, and one message says so.
_CUT_OFF: Final = f"unless on () (max({_ANSWERS}) == 0)"


def no_worker() -> str:
    """Give that no worker answers."""
    return f"absent(up{{{WORKERS}}} == 1)"


def worker_down() -> str:
    """Give the workers that do not answer while others do."""
    return f"up{{{WORKERS}}} == 0\nand on () (max(up{{{WORKERS}}}) == 1)"


def no_owner() -> str:
    """Give that workers run and none shows the figures."""
    return f"sum(leadpulse_rollup_owner) == 0\n{_CUT_OFF}"


def no_broker() -> str:
    """Give that no worker reaches a broker."""
    return f"max({_ANSWERS}) == 0"


def cut_off() -> str:
    """Give the workers that no broker answers, while others reach one."""
    return f"{_ANSWERS} == 0\nand on () (max({_ANSWERS}) == 1)"


def lagging(timings: Timings) -> str:
    """Give how far the sources lie behind that have records which are not read."""
    return f"{one(named('source_lag_seconds'))} > {timings.lag_s}\nand {one(named('source_lag_records'))} > 0"


def _behind(timings: Timings) -> str:
    return f"count({lagging(timings)}) > 0"


def dead_letters() -> str:
    """Give the share of dead letters in an hour where it is above the limit for certain."""
    lower = wilson(DEAD_RATIO, f"({_total()} > 0)", "-")
    return f"{DEAD_RATIO}\nand {lower} > {DEAD_SHARE}\nand {_dead()} >= {LEAST_SUCCESSES}"


def dead_ratio() -> RuleNode:
    """Give the recording rule of the share of dead letters."""
    return {"record": DEAD_RATIO, "expr": f"{_dead()}\n/ ({_total()} > 0)"}


def _total() -> str:
    return f"increase((sum by (kind) ({one(named('events_total'))}))[1h:1m])"


def _dead() -> str:
    # the first dead letter of a kind begins its series: without the 0 before it, it would be no increase
    events = named("events_total")
    dead = one(f'{events}{{outcome="dead_lettered"}}')
    return f"increase((sum by (kind) ({dead}) or sum by (kind) ({one(events)}) * 0)[1h:1m])"


def not_mapped() -> str:
    """Give the share of items of a source that are not mapped in an hour, where it is above that of the day before."""
    now, before = "[1h:1m]", "[1d:5m] offset 1h"
    share, usual = (f"{_not_mapped(over)}\n/ ({_items(over)} > 0)" for over in (now, before))
    return f"({share})\n> ({usual})\n+ {UNMAPPED_MORE}\nand {_items(now)} >= {UNMAPPED_OF}"


def _items(over: str) -> str:
    return f"increase((sum by (source) ({one(named('source_items_total'))})){over})"


def _not_mapped(over: str) -> str:
    # the first item that is not mapped begins its series: without the 0 before it, it would be no increase
    items = named("source_items_total")
    lost = one(f'{items}{{outcome=~"unmapped|dead_lettered"}}')
    return f"increase((sum by (source) ({lost}) or sum by (source) ({one(items)}) * 0){over})"


def conservation() -> str:
    """Give the account's error where there is one."""
    return f"{one(named('conservation_error'))} != 0"


def unrestored(timings: Timings) -> str:
    """Give the shards that do not run; or that something is, while no source is behind."""
    return (
        f"{one('leadpulse_shard_restored')} == 0\n"
        f"or (min({one(named('complete'))}) == 0 {_CUT_OFF} unless on () ({_behind(timings)}))"
    )


def leads_behind(timings: Timings) -> str:
    """Give that leads are incomplete while the rest is not, and no source is behind."""
    return (
        f"min({one(named('leads_complete'))}) == 0\n"
        f"unless on () (min({one(named('complete'))}) == 0)\n"
        f"unless on () ({_behind(timings)})"
    )


def clock() -> str:
    """Give how far the clocks of workers are from the broker's, where it is more than they say in their logs."""
    return f"abs(leadpulse_clock_skew_seconds) > {CLOCKS_APART_S}"
