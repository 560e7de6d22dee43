"""Advice: what is right in itself and yet perhaps not as it was meant, one event after another.

In:  events of a file that would be counted, with their lines and times.
Out: notes: an id that came before, a message to several recipients, a chat over days, a submit that is no key event.

What would be said of every line of a producer is said once: of a message, a conversation, a form, a campaign.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from stream.contract.kinds import KindName
from stream.contract.privacy import SUBJECTS
from stream.contract.times import DAY_MS, parse_ms

_REMEMBERED: Final = 1_000_000


class Note(NamedTuple):
    """One thing to say: its name, the field it is about, what is so, and what to do."""

    name: str
    path: str
    sentence: str
    hint: str


@dataclass(slots=True)
class _Message:
    leads: set[str] = field(default_factory=set)
    hashes: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Totals:
    single: bool = False
    periods: list[tuple[tuple[bool, bool], int, int]] = field(default_factory=list)


class Advisor:
    """Sees the events of a file, in its order."""

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}
        self._said: set[tuple[str, ...]] = set()
        self._messages: dict[tuple[str, str], _Message] = {}
        self._chats: dict[tuple[str, str], tuple[str, int]] = {}
        self._totals: dict[tuple[str, ...], _Totals] = {}
        self._begun: set[tuple[str, str, str]] = set()
        self._broken: dict[tuple[str, str, str], int] = {}
        self._costs: dict[tuple[str, ...], tuple[int, int, int]] = {}

    def see(self, kind: KindName, line: int, event: Any, time_ms: int, ignored: Collection[str] = ()) -> Iterator[Note]:
        """Give what is to say of an event, some fields of which were ignored."""
        name = hash((kind, event.source, event.id))
        first = self._seen.setdefault(name, line) if len(self._seen) < _REMEMBERED else self._seen.get(name, line)
        if first != line:
            sentence = f"Line {first} has the same source and id."
            yield Note("duplicate", "id", sentence, "Only one of them counts; give each event an id of its own.")
        data = event.data
        if kind == "page_view":
            yield from self._page(data)
        elif kind == "form":
            yield from self._form(line, data)
        elif kind == "chatbot":
            yield from self._chat(data, time_ms)
        elif kind == "email":
            yield from self._email(data)
        elif kind == "ad":
            yield from self._ad(data)
        elif kind == "crm":
            yield from self._crm(data, ignored)
        elif kind == "cost":
            yield from self._cost(line, data)
        elif kind == "signal":
            yield from self._signal(data)
        else:
            yield from self._privacy(data)

    def close(self) -> Iterator[tuple[int, Note]]:
        """Give what can only be said when all lines are seen, each with its line."""
        for unit, line in self._broken.items():
            if unit not in self._begun:
                sentence = "A form was given up or failed that nobody began or sent."
                hint = "Send start, too: only what was begun can be abandoned."
                yield line, Note("no_start", "data.action", sentence, hint)

    def _once(self, *what: str) -> bool:
        if what in self._said or len(self._said) >= _REMEMBERED:
            return False
        self._said.add(what)
        return True

    def _page(self, data: Any) -> Iterator[Note]:
        query = (data.page.url or "").lower().partition("#")[0].partition("?")[2]
        if data.campaign is None and "utm_" in query and self._once("url", data.site_id):
            sentence = "The campaign stands in the address only."
            hint = "It is read from there; data.campaign goes before it."
            yield Note("campaign_in_url", "data.page.url", sentence, hint)

    def _form(self, line: int, data: Any) -> Iterator[Note]:
        unit = (data.site_id, data.visitor_id or data.lead_id or "", data.form_id)
        if data.action in ("start", "submit"):
            self._begun.add(unit)
        elif data.action in ("error", "abandon") and len(self._broken) < _REMEMBERED:
            self._broken.setdefault(unit, line)
        if data.action != "submit":
            return
        if data.submission_id is None and self._once("submission", data.site_id, data.form_id):
            sentence = "The submit does not say which press of the button it was."
            hint = "Give submission_id: without it a second event of one press is one more submission."
            yield Note("no_submission_id", "data.submission_id", sentence, hint)
        if data.platform == "site" and data.form_type is None and self._once("type", data.site_id, data.form_id):
            sentence = "THIS SUBMIT MAKES NO LEAD: it says no form_type that is a key event."
            hint = "Key events are contact, newsletter, demo, trial, quote, download, webinar and checkout."
            yield Note("no_key_event", "data.form_type", sentence, hint)

    def _chat(self, data: Any, time_ms: int) -> Iterator[Note]:
        name = (data.site_id, data.conversation_id)
        who, first_ms = self._chats.setdefault(name, (data.visitor_id, time_ms))
        if who != data.visitor_id and self._once("people", *name):
            sentence = "One conversation_id has several visitors."
            yield Note("shared_conversation", "data.conversation_id", sentence, "Each of them is counted on their own.")
        if abs(time_ms - first_ms) > DAY_MS and self._once("days", *name):
            sentence = "One conversation_id goes on for more than a day."
            hint = "After its end, or a day of silence, it counts as another conversation."
            yield Note("long_conversation", "data.conversation_id", sentence, hint)

    def _email(self, data: Any) -> Iterator[Note]:
        name = (data.site_id, data.message_id)
        known = self._messages.setdefault(name, _Message())
        known.leads |= {data.lead_id} - {None}
        known.hashes |= {data.email_hash} - {None}
        if max(len(known.leads), len(known.hashes)) > 1 and self._once("recipients", *name):
            sentence = "One message_id has several recipients."
            hint = "Each is a copy of its own, told apart by lead_id and email_hash: give the same with each event."
            yield Note("several_recipients", "data.message_id", sentence, hint)

    def _ad(self, data: Any) -> Iterator[Note]:
        name = (data.site_id, data.platform, data.campaign_id, data.action)
        known = self._totals.setdefault(name, _Totals())
        if data.period_start is None:
            known.single = True
        else:
            grain = (data.ad_group_id is None, data.ad_id is None)
            start, end = parse_ms(data.period_start) or 0, parse_ms(data.period_end) or 0
            mixed = any(g != grain and s < end and start < e for g, s, e in known.periods)
            if mixed and self._once("grain", *name):
                sentence = "Totals of one campaign and time stand at two grains: with and without ad or ad group."
                yield Note("mixed_granularity", "data.ad_id", sentence, "Both are added up; send one of the two.")
            if len(known.periods) < 1_000:
                known.periods.append((grain, start, end))
            yield from self._revised(data, *name[:2])
        if known.single and known.periods and self._once("both", *name):
            sentence = "A campaign is reported both as single events and as totals."
            yield Note("mixed_granularity", "data.period_start", sentence, "Both are added up; send one of the two.")

    def _revised(self, data: Any, *of: str) -> Iterator[Note]:
        if not data.revision and self._once("revision", *of):
            sentence = "The total says no revision, or 0."
            hint = "Raise it with each report: without it the newest time stands, and of one moment the id decides."
            yield Note("no_revision", "data.revision", sentence, hint)

    def _crm(self, data: Any, ignored: Collection[str]) -> Iterator[Note]:
        if data.action == "deal_won":
            left = [name for name in ("deal_id", "value", "currency") if getattr(data, name) is None]
            if left and self._once("deal", data.site_id, *left):
                sentence = f"The deal says no {' and no '.join(left)}: it is won, and no revenue."
                yield Note("no_revenue", f"data.{left[0]}", sentence, "Revenue needs deal_id, value and currency.")
        elif data.action == "attended" and data.event_id is None and self._once("attended", data.site_id):
            sentence = "Somebody attended, and nobody knows what."
            hint = "Give event_id, the same as in the form by which they registered."
            yield Note("no_event_id", "data.event_id", sentence, hint)
        elif data.action == "stage_changed" and data.from_ is None and "from" not in ignored:
            if self._once("from", data.site_id):
                sentence = "The move does not say from which stage."
                yield Note("no_from", "data.from", sentence, "Give from: moves back are told by it.")

    def _cost(self, line: int, data: Any) -> Iterator[Note]:
        yield from self._revised(data, "cost", data.site_id)
        key = data.site_id, data.category, data.currency, data.period_start, data.period_end
        first, revision, amount = self._costs.setdefault(key, (line, data.revision, data.amount_micros))
        if (revision, amount) != (data.revision, data.amount_micros) and revision == data.revision:
            if self._once("cost", *key):
                sentence = f"Line {first} has another amount for the same category, currency, period and revision."
                hint = "Only one of them stands: add up what belongs together, or raise the revision."
                yield Note("replaced", "data.amount_micros", sentence, hint)

    def _signal(self, data: Any) -> Iterator[Note]:
        if data.name == "keyword_rank" and data.value <= 0 and self._once("rank", data.site_id, data.provider):
            sentence = "A rank is less than anything that a page can stand at."
            yield Note(
                "no_rank", "data.value", sentence, "Send nothing where a page does not rank: 0 would be the best."
            )

    def _privacy(self, data: Any) -> Iterator[Note]:
        told = [name for name in SUBJECTS if getattr(data, name) is not None]
        if len(told) > 1 and self._once("subjects", data.site_id):
            sentence = f"The order names {' and '.join(told)}."
            yield Note("several_subjects", f"data.{told[0]}", sentence, "Each of them is meant.")
