"""Check: what is wrong with events before they are produced, line by line.

In:  lines of a file, one envelope each, and the wall clock.
Out: findings in order of lines, each with a sentence and what to do; a tally of the whole.

An error is what a worker would send to the dead letters. A warning would be counted, but perhaps not as it
was meant: a field that the contract does not name, an id that came before.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, Literal

import msgspec

from stream.adapters.cloudevents import LANES
from stream.contract.expected import expected, known_fields
from stream.contract.kinds import KINDS, KindName
from stream.contract.records import Record
from stream.contract.rejects import Reason, Reject
from stream.ingest.decode import DEFAULT_LIMITS, Limits
from stream.ingest.lines import decode_lines

Level = Literal["error", "warning"]

_CHUNK: Final = 1_000
_REMEMBERED_IDS: Final = 1_000_000
_NAMED_UNKNOWN: Final = 5

_SENTENCES: Final[dict[Reason, str]] = {
    "not_json": "The line is not JSON.",
    "too_large": "The record is too large.",
    "too_deep": "Objects and lists are nested too deep.",
    "missing_field": "A required field is missing.",
    "wrong_type": "The value has the wrong type.",
    "out_of_range": "The value is not allowed.",
    "unknown_kind": "The type is none of the kinds that are read.",
    "bad_time": "The time cannot be taken.",
    "too_late": "The event happened too long before it was recorded.",
    "personal_data": "An e-mail address stands where only a pseudonym may.",
    "crash": "The record could not be read, and the fault is ours.",
}
_HINTS: Final[dict[Reason, str]] = {
    "not_json": "Write one object a line, in UTF-8 without a byte order mark; NaN and Infinity are not JSON.",
    "too_large": "Leave out what the contract does not name.",
    "too_deep": "Leave out what the contract does not name.",
    "unknown_kind": f"Use one of {', '.join(KINDS)}.",
    "too_late": "Send events sooner, or raise LEADPULSE_LATENESS.",
    "personal_data": "Send the HMAC-SHA-256 of the trimmed, lower-cased address as data.email_hash.",
    "crash": "Please report the line.",
}
_HINTS_BY_PATH: Final = {
    "": "Each line is one whole event; a file laid out over many lines is not read.",
    "type": f"Name the kind: one of {', '.join(KINDS)}.",
    "data.submission_id": "A submit needs the id of its submission.",
    "data.visitor_id": "Page views, chats and forms on the site need the pseudonymous id of the visitor.",
    "data.lead_id": "Give lead_id or email_hash.",
    "data.period_end": "A period ends after its start, at most 400 days later.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say about a line; `kind` is "" where the line names none."""

    line: int
    level: Level
    kind: str
    reason: str
    path: str
    sentence: str
    hint: str

    def __str__(self) -> str:
        where = f" {self.path}" if self.path else ""
        return f"line {self.line}: {self.level}: {self.reason}{where}: {self.sentence} {self.hint}".rstrip()


@dataclass(slots=True)
class Tally:
    """The sum of a check: lines seen, lines that would be counted by kind, errors by reason, warnings."""

    lines: int = 0
    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    warnings: int = 0

    @property
    def ok(self) -> bool:
        """Whether no line would be rejected."""
        return not self.wrong


def check_lines(
    lines: Iterable[bytes], now_ms: int, limits: Limits = DEFAULT_LIMITS, tally: Tally | None = None
) -> Iterator[Finding]:
    """Check lines one after another; fills the tally on the way.

    >>> print(*check_lines([b'{"type":"page_view","specversion":"0.3"}'], now_ms=0))
    line 1: error: out_of_range specversion: The value is not allowed. Expected: "1.0".
    """
    tally = Tally() if tally is None else tally
    seen: dict[int, int] = {}
    numbered = enumerate(lines, 1)
    while chunk := list(islice(numbered, _CHUNK)):
        read = decode_lines((line for _, line in chunk), now_ms, limits, first=chunk[0][0])
        findings = [_error(reject, reject.index, "") for reject in read.rejects]
        tally.lines += len(read.rejects)
        for kind, decoded in read.decoded.items():
            records = read.records[kind]
            findings += [_error(reject, records[reject.index][0], kind) for reject in decoded.rejects]
            tally.lines += len(records)
            tally.right[kind] += len(decoded.events)
            for i, event in zip(decoded.index, decoded.events, strict=True):
                findings += _warnings(kind, records[i], event, seen)
        for finding in sorted(findings, key=lambda finding: finding.line):
            if finding.level == "error":
                tally.wrong[finding.reason] += 1
            else:
                tally.warnings += 1
            yield finding


def _error(reject: Reject, line: int, kind: KindName | Literal[""]) -> Finding:
    hint = _HINTS.get(reject.reason) or _HINTS_BY_PATH.get(reject.path, "")
    if not hint and kind and (wanted := expected(kind, reject.path)):
        hint = f"Expected: {wanted}."
    return Finding(line, "error", kind, reject.reason, reject.path, _SENTENCES[reject.reason], hint)


def _warnings(kind: KindName, record: Record, event: Any, seen: dict[int, int]) -> Iterator[Finding]:
    line, value = record[0], record[3] or b""
    try:
        LANES[kind].closed(value)
    except msgspec.ValidationError:
        for path, near in islice(_unknown(kind, "", msgspec.json.decode(value)), _NAMED_UNKNOWN):
            hint = f"Did you mean {near}?" if near else "It is allowed, and ignored."
            sentence = "The contract does not name this field."
            yield Finding(line, "warning", kind, "unknown_field", path, sentence, hint)
    name = hash((event.source, event.id))
    first = seen.setdefault(name, line) if len(seen) < _REMEMBERED_IDS else seen.get(name, line)
    if first != line:
        sentence = f"Line {first} has the same source and id."
        hint = "Only one of them counts; give each event an id of its own."
        yield Finding(line, "warning", kind, "duplicate", "id", sentence, hint)


def _unknown(kind: KindName, path: str, value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Find the fields that the contract does not name, each with the name that may have been meant."""
    known = known_fields(kind, path)
    prefix = f"{path}." if path else ""
    for name, inner in value.items():
        if name not in known:
            shown = name if name.isprintable() and len(name) <= 64 else "(unprintable)"
            yield prefix + shown, next(iter(difflib.get_close_matches(name, known, n=1)), "")
        elif isinstance(inner, dict):
            yield from _unknown(kind, prefix + name, inner)
