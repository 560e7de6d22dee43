"""Forms' page of the reference: what one person did with forms on the site.

In:  a person's events, by session and alone.
Out: marks.

There are two units. The first is a form in a session: seen, started, submitted, left. The second is a submission:
what was sent under one submission_id, however often the button was pressed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from stream.reference.events import DAY_MS, MEMORY_MS, MINUTE_MS, Event, Mark, first_ms, in_order, series, spells, worth

STEP_HORIZON_MS: Final = 30 * DAY_MS
STEP_TARGETS_MS: Final = {
    ("first_view", "form_start"): 30 * MINUTE_MS,
    ("form_start", "form_submit"): 5 * MINUTE_MS,
    ("first_view", "lead"): 60 * MINUTE_MS,
    ("conversation_started", "chat_lead"): 10 * MINUTE_MS,
    ("ad_landing", "key_event"): 60 * MINUTE_MS,
    ("email_landing", "key_event"): 60 * MINUTE_MS,
}
KEY_FORMS: Final = {"contact", "newsletter", "demo", "trial", "quote", "download", "webinar", "checkout"}


def step(site: str, start: str, end: str, from_ms: int | None, to_ms: int | None) -> Iterator[Mark]:
    """Mark a funnel step: the cohort at its beginning, the time it took, and whether that was in time."""
    if from_ms is None:
        return
    labels = {"site": site, "from": start, "to": end}
    took_ms = to_ms - from_ms if to_ms is not None and 0 <= to_ms - from_ms <= STEP_HORIZON_MS else None
    yield Mark(series("_step_from", **labels), from_ms)
    yield Mark(series("funnel_step_waiting", **labels), from_ms, int(took_ms is None))
    if took_ms is not None:
        yield Mark(series("_step_reached", **labels), from_ms)
        yield Mark(series("_step_ms", **labels), from_ms + took_ms, took_ms)
        if took_ms <= STEP_TARGETS_MS[start, end]:
            yield Mark(series("_step_in_time", **labels), from_ms)


def marks_of_forms(
    site: str, events: list[Event], sessions: list[tuple[int, list[Event]]], alone: list[Event]
) -> Iterator[Mark]:
    """Work out the marks of forms; sessions come as (last presence, events)."""
    for end_ms, inside in sessions:
        units: dict[str, list[Event]] = defaultdict(list)
        for event in inside:
            if event.kind == "form":
                units[event.data["form_id"]].append(event)
        for form, steps in units.items():
            yield from _unit(site, form, end_ms, steps)
    shown = {(event.data["form_id"], event.at_ms) for event in alone if event.kind == "form"}
    yield from (Mark(series("form_views", site=site, form=form), at_ms) for form, at_ms in shown)
    yield from _submissions(site, [event for event in events if event.kind == "form" and event.action == "submit"])


def _unit(site: str, form: str, end_ms: int, steps: list[Event]) -> Iterator[Mark]:
    view_ms = first_ms(event for event in steps if event.action == "view")
    start_ms = first_ms(event for event in steps if event.action == "start")
    submit_ms = first_ms(event for event in steps if event.action == "submit")
    cohort_ms = start_ms if start_ms is not None else submit_ms
    if view_ms is not None:
        yield Mark(series("form_views", site=site, form=form), view_ms)
    if cohort_ms is not None:
        yield Mark(series("form_starts", site=site, form=form), cohort_ms)
        # the session is over half an hour after its last presence: only then has anybody left
        yield Mark(series("_forms_begun", site=site, form=form), end_ms)
        if submit_ms is None:
            yield Mark(series("form_abandons", site=site, form=form), end_ms)
        else:
            yield Mark(series("form_submits", site=site, form=form), cohort_ms)
    after = first_ms(event for event in steps if event.action == "submit" and event.at_ms >= (start_ms or 0))
    yield from step(site, "form_start", "form_submit", start_ms, after)


def submissions(submits: list[Event]) -> list[list[Event]]:
    """Gather submits by form and submission_id; without one a submit is its own."""
    by_id: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in in_order(submits):
        by_id[event.data["form_id"], event.data.get("submission_id") or f"\0{event.name}"].append(event)
    return [part for events in by_id.values() for part in spells(events, MEMORY_MS)]


def _submissions(site: str, submits: list[Event]) -> Iterator[Mark]:
    parts = submissions(submits)
    for submission in parts:
        first, last = submission[0], submission[-1]
        yield Mark(series("_submits", site=site), first.at_ms)
        others = (
            event
            for other in parts
            if other is not submission and other[0].data["form_id"] == first.data["form_id"]
            for event in other
        )
        if any(one.order < first.order and first.at_ms - one.at_ms <= MEMORY_MS for one in others):
            yield Mark(series("_repeat_submits", site=site), first.at_ms)
        asked = set(last.data.get("fields_asked") or ())
        if asked:
            known = asked & set(last.data.get("fields_present") or ())
            yield Mark(series("_fields_asked", site=site), first.at_ms, len(asked))
            yield Mark(series("_fields_known", site=site), first.at_ms, len(known))
        key = next((one for one in submission if one.data.get("form_type") in KEY_FORMS), None)
        if key is not None:
            yield Mark(series("key_events", site=site, action=key.data["form_type"]), key.at_ms)
        taken = next((one for one in submission if one.data.get("form_type") == "download"), None)
        if taken is not None:
            content = taken.data.get("content_id") or ""
            yield Mark(series("content_downloads", site=site, page_group="", content=content), taken.at_ms)
        yield from value_of(site, submission)


def value_of(site: str, submission: list[Event]) -> Iterator[Mark]:
    """Mark what a submission is worth: the last value told, at its first submit."""
    told = [money for event in submission if (money := worth(event.data)) is not None]
    if told:
        micros, currency = told[-1]
        form = submission[0].data["form_id"]
        yield Mark(series("form_value", site=site, form=form, currency=currency), submission[0].at_ms, micros)
