"""Forms: what an event of a form changes of the facts, whichever way it is folded, and what submissions count for.

In:  facts before, and the event.
Out: facts changed in place, whatever the order of events; cells of submissions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from stream.changes.panes import DAY_MS
from stream.stages.visitors.bounds import Bounds
from stream.stages.visitors.chats import millionths
from stream.stages.visitors.facts import DOWNLOAD, Form
from stream.stages.visitors.row import UNKNOWN, KeyEvent, Submission
from stream.stages.visitors.sessions import least, note_submit
from stream.stages.visitors.steps import Cells

#: Form types whose submit makes a lead.
KEY_FORMS: Final = frozenset({"contact", "newsletter", "demo", "trial", "quote", "download", "webinar", "checkout"})
#: A submission of which nothing is heard for longer is over; one of the same form within it is a duplicate.
SUBMISSION_MS: Final = 35 * DAY_MS


def makes_lead(data: Any) -> bool:
    """Tell whether an event of a form is a key event."""
    return data.action == "submit" and data.form_type in KEY_FORMS


def key_event(fact: Form, event: str | None) -> KeyEvent:
    """Give the key event that a submit is; `event` is the webinar or conference that it names."""
    data = fact.data
    return fact.time_ms, fact.name, "form", data.form_type or UNKNOWN, data.offer_stage or UNKNOWN, event


def take_step(times: list[int], action: str, time_ms: int, bounds: Bounds) -> None:
    """Note a view, a start or a submit in the times of its form: [first view, first start, submits…]."""
    if action == "view":
        times[0] = least(times[0], time_ms)
    elif action == "submit":
        note_submit(times, time_ms, bounds)
    elif not times[1] or time_ms < times[1]:
        times[1] = time_ms  # of the submits behind it, the first is enough
        behind = [at for at in times[2:] if at >= time_ms]
        times[2:] = [at for at in times[2:] if at < time_ms] + behind[:1]


def submit(
    submissions: list[Submission], time_ms: int, name: str, form: str, content: str | None, data: Any,
    *, on_site: bool = True,
) -> Submission:  # fmt: skip
    """Add a submit to the submission that it belongs to, which is a new one where none is known."""
    at, id = (time_ms, name), data.submission_id or name
    asked = set(data.fields_asked or ())
    known = asked.intersection(data.fields_present or ())
    for held in submissions:
        if (
            held.form == form
            and held.id == id
            and held.first[0] - SUBMISSION_MS <= time_ms <= held.last[0] + SUBMISSION_MS
        ):
            break
    else:
        held = Submission(form, id, at, at, len(asked), len(known))
        submissions.append(held)
    if at < tuple(held.first):
        held.first = at
    if at >= tuple(held.last):
        held.last, held.asked, held.known = at, len(asked), len(known)
    if data.value is not None and data.currency is not None and (held.value is None or tuple(held.value[:2]) < at):
        held.value = *at, millionths(data.value), data.currency
    if on_site and data.form_type in KEY_FORMS and (held.key is None or at < tuple(held.key[:2])):
        held.key = *at, data.form_type
    if on_site and data.form_type == DOWNLOAD and (held.download is None or at < tuple(held.download[:2])):
        held.download = *at, content or UNKNOWN
    return held


def cells(site: str, submissions: list[Submission], pane: Callable[[int], int]) -> Cells:
    """List what the submissions on the site count for."""
    out: Cells = []
    for one in submissions:
        at = pane(one.first[0])
        out.append((("submit", site), at, 1))
        if any(_repeats(one, other) for other in submissions):
            out.append((("repeat_submit", site), at, 1))
        if one.asked:
            out.append((("field_asked", site), at, one.asked))
            out.append((("field_known", site), at, one.known))
        if one.key is not None:
            out.append((("key_event", site, one.key[2]), pane(one.key[0]), 1))
        if one.download is not None:
            out.append((("content_download", site, UNKNOWN, one.download[2]), pane(one.download[0]), 1))
    return out + values(site, submissions, pane)


def values(site: str, submissions: list[Submission], pane: Callable[[int], int]) -> Cells:
    """List what submissions are worth, on the site or on an ad platform."""
    return [
        (("submission_value", site, one.form, one.value[3]), pane(one.first[0]), one.value[2])
        for one in submissions
        if one.value is not None
    ]


def _repeats(one: Submission, other: Submission) -> bool:
    """Tell whether the form had been sent under another id in the 35 days before."""
    return (
        other is not one
        and other.form == one.form
        and other.id != one.id
        and tuple(other.first) < tuple(one.first)
        and other.last[0] >= one.first[0] - SUBMISSION_MS
    )


def forget(submissions: list[Submission], oldest_ms: int, most: int) -> None:
    """Forget what is over; the oldest ones over the bound."""
    submissions[:] = [one for one in submissions if one.last[0] >= oldest_ms]
    if len(submissions) > most:
        submissions.sort(key=lambda one: (one.last, one.form, one.id))
        del submissions[: len(submissions) - most]
