"""Trust: what speaks for or against the figures: sources as they arrive, and where all records ended.

In:  totals: readings without a window.
Out: tables of plain values for the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from stream.contract.kinds import KINDS
from stream.contract.readings import Reading
from stream.serve import words

#: A source whose newest event is older is told apart; whether that is wrong only its owner knows.
QUIET_AFTER_S: Final = 120

Table = dict[str, Any]


def sources(totals: list[Reading], complete: bool) -> Iterable[Table]:
    """Give each source with its newest event, what is unread of it, and how it is."""
    newest = _by_kind(totals, "source_newest_event_timestamp_seconds")
    lag_s = _by_kind(totals, "source_lag_seconds")
    unread = _by_kind(totals, "source_lag_records")
    missing = _by_kind(totals, "source_missing")
    for kind in KINDS:
        if missing.get(kind):
            state, text = "missing", "topic missing"
        elif kind not in newest:
            state, text = "none", "waiting for its first event"
        elif not complete and unread.get(kind):
            state, text = "behind", "catching up"
        elif lag_s.get(kind, 0) > QUIET_AFTER_S:
            state, text = "quiet", "quiet"
        else:
            state, text = "fresh", "fresh"
        at_ms = round(newest[kind] * 1_000) if kind in newest else None
        yield {
            "kind": kind, "newest_ms": at_ms, "unread": int(unread.get(kind, 0)), "state": state, "text": text,
            "lag_s": lag_s.get(kind),
        }  # fmt: skip


def account(totals: list[Reading]) -> Table:
    """Give the account of all records, and what else speaks for or against the figures."""
    ended: dict[str, int] = {}
    reasons: dict[str, dict[str, int]] = {}
    for reading in totals:
        if reading.metric == "events_total":
            outcome, reason, n = reading.labels["outcome"], reading.labels["reason"], int(reading.value or 0)
            ended[outcome] = ended.get(outcome, 0) + n
            if reason:
                of = reasons.setdefault(outcome, {})
                of[reason] = of.get(reason, 0) + n
    error = int(gauge(totals, "conservation_error") or 0)
    horizon_s = gauge(totals, "dedupe_horizon_seconds")
    return {
        "accepted": sum(ended.values()) + error,
        "error": error,
        "outcomes": [
            {"outcome": outcome, "n": ended.get(outcome, 0), "reasons": _largest_first(reasons.get(outcome, {}))}
            for outcome in ("counted", "duplicate", "filtered", "dead_lettered")
        ],
        "horizon": "" if horizon_s is None else words.span(horizon_s),
        "clock_ahead": int(sum(_by_kind(totals, "clock_ahead_total").values())),
        "rerouted": int(sum(_by_kind(totals, "rerouted_total").values())),
        "mixed_granularity": int(sum(r.value or 0 for r in totals if r.metric == "mixed_granularity")),
        "labels_folded": int(sum(r.value or 0 for r in totals if r.metric == "labels_folded_total")),
    }


def waiting_for(found: Iterable[Table]) -> str:
    """Say what is missing where no event has come yet: topics that are not there, and those that nobody writes to.

    >>> waiting_for([{"kind": "ad", "state": "missing"}, {"kind": "form", "state": "none"}])
    'Waiting for the first event. Nothing has come in the topic form. There is no topic for ad.'
    """
    by = {state: [one["kind"] for one in found if one["state"] == state] for state in ("none", "missing")}
    said = ["Waiting for the first event."]
    if by["none"]:
        said.append(f"Nothing has come in the topic{'s' if len(by['none']) > 1 else ''} {', '.join(by['none'])}.")
    if by["missing"]:
        said.append(f"There is no topic for {', '.join(by['missing'])}.")
    return " ".join(said)


def details(totals: list[Reading]) -> Table:
    """Give what only those want to see who look into it: records by source, fields and ids that could not be used."""
    kinds: dict[str, dict[str, int]] = {}
    fields, ids = [], []
    for reading in totals:
        n = int(reading.value or 0)
        if reading.metric == "events_total":
            of = kinds.setdefault(reading.labels["kind"], {})
            of[reading.labels["outcome"]] = of.get(reading.labels["outcome"], 0) + n
        elif reading.metric == "fields_ignored_total" and n:
            fields.append({"kind": reading.labels["kind"], "field": reading.labels["field"], "n": n})
        elif reading.metric == "ignored_ids_total" and n:
            ids.append({"field": reading.labels["field"], "n": n})
    return {
        "kinds": [{"kind": kind, **of, "accepted": sum(of.values())} for kind, of in kinds.items()],
        "fields": sorted(fields, key=lambda one: -int(one["n"])),
        "ids": sorted(ids, key=lambda one: -int(one["n"])),
        "unjoined_recipients": int(gauge(totals, "unjoined_recipients_total") or 0),
        "lead_facts_dropped": int(gauge(totals, "lead_facts_dropped_total") or 0),
        "leads_behind": int(gauge(totals, "leads_behind") or 0),
    }


def _largest_first(reasons: Mapping[str, int]) -> list[list[Any]]:
    return [[name.replace("_", " "), n] for name, n in sorted(reasons.items(), key=lambda item: -item[1])]


def _by_kind(totals: list[Reading], metric: str) -> dict[str, float]:
    return {r.labels["kind"]: r.value for r in totals if r.metric == metric and r.value is not None}


def gauge(totals: list[Reading], metric: str) -> float | None:
    """Give a figure that has no labels."""
    return next((reading.value for reading in totals if reading.metric == metric), None)
