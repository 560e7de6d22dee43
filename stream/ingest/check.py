"""Check: what is wrong with each line of a file, in sentences.

In:  lines; the wall clock.
Out: findings: every error of a line that would end in the dead letters, and warnings.

A warning would be counted, but perhaps not as it was meant: a field that the contract does not name or that cannot
be used, an id that came before (see `advice`).
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final, Literal

import msgspec

from stream.adapters import cloudevents
from stream.adapters.cloudevents import LANES
from stream.contract.expected import expected, known_fields
from stream.contract.kinds import KINDS, KindName
from stream.contract.records import Record
from stream.contract.rejects import Reason, Reject
from stream.contract.rules import Fault
from stream.ingest.advice import Advisor, Note
from stream.ingest.decode import DEFAULT_LIMITS, Limits, moment_of
from stream.ingest.hints import SENTENCES, hint
from stream.ingest.ladder import Ladder
from stream.ingest.lines import decode_lines

Level = Literal["error", "warning"]

_CHUNK: Final = 1_000
_NAMED_UNKNOWN: Final = 5


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
    """The sum of a check: lines seen, right by kind, wrong by reason; warnings by name."""

    lines: int = 0
    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    warned: Counter[str] = field(default_factory=Counter)

    @property
    def warnings(self) -> int:
        """Give how many warnings there were."""
        return self.warned.total()

    @property
    def ok(self) -> bool:
        """Whether no line would be rejected."""
        return not self.wrong


def check_lines(
    lines: Iterable[bytes],
    now_ms: int,
    limits: Limits = DEFAULT_LIMITS,
    tally: Tally | None = None,
    topic: KindName | None = None,
) -> Iterator[Finding]:
    """Check lines one after another, as events of the kinds that they name or all of one topic; fills the tally.

    >>> print(*check_lines([b'{"type":"page_view","specversion":"0.3"}'], now_ms=0), sep="\\n")  # doctest: +ELLIPSIS
    line 1: error: out_of_range specversion: The value is not allowed. Expected: "1.0".
    line 1: error: missing_field id: A required field is missing. Expected: text of 1 to 256 characters, ...
    """
    tally = Tally() if tally is None else tally
    held, advisor = replace(limits, now_ms=now_ms), Advisor()
    numbered = enumerate(lines, 1)
    while chunk := list(islice(numbered, _CHUNK)):
        read = decode_lines((line for _, line in chunk), now_ms, limits, first=chunk[0][0], topic=topic)
        findings: list[Finding] = []
        for reject in read.rejects:
            findings.append(_error(reject.reason, reject.path, reject.index, ""))
            tally.wrong[reject.reason] += 1
        tally.lines += len(read.rejects)
        for kind, decoded in read.decoded.items():
            records = read.records[kind]
            for reject in decoded.rejects:
                findings += _errors(kind, records[reject.index], reject, held)
                tally.wrong[reject.reason] += 1
            tally.lines += len(records)
            tally.right[kind] += len(decoded.events)
            rows = zip(decoded.index, decoded.events, decoded.times.tolist(), strict=True)
            for i, event, time_ms in rows:
                line = records[i][0]
                findings += _ignored(kind, line, decoded.ignored.get(i, ()))
                findings += _unknown_fields(kind, records[i])
                notes = advisor.see(kind, line, event, time_ms, decoded.ignored.get(i, ()))
                findings += [_warning(kind, line, note) for note in notes]
        tally.warned.update(finding.reason for finding in findings if finding.level == "warning")
        yield from sorted(findings, key=lambda finding: finding.line)
    for line, note in advisor.close():
        tally.warned[note.name] += 1
        yield _warning("form", line, note)


def _errors(kind: KindName, record: Record, reject: Reject, limits: Limits) -> Iterator[Finding]:
    """Name every fault of a line, the one that it would be rejected for first."""
    faults: dict[str, Reason] = {reject.path: reject.reason}
    said: Any = None
    try:
        said = cloudevents.plain(record[3] or b"")
        found = cloudevents.read(kind, record, limits)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        found = Reject(0, reject.reason)
    if not isinstance(found, Reject):
        for reason, path in (*found.faults, *_faults_of_rule(kind, record, found, limits)):
            faults.setdefault(path, reason)
    for path, reason in faults.items():
        meant = _meant(kind, path, said) if reason == "missing_field" else ""
        if not meant and path == "data.to" and reason == "out_of_range" and limits.ladder is not None:
            meant = _stages(limits.ladder, said)
        yield _error(reason, path, record[0], kind, meant)


def _faults_of_rule(kind: KindName, record: Record, found: Any, limits: Limits) -> list[Fault]:
    rule = KINDS[kind].rule
    event = found.event or found.loose
    if rule is None or event is None or getattr(event, "data", None) is None:
        return []
    try:
        return rule.faults(event, moment_of(record, limits))
    except (AttributeError, TypeError):
        return []  # too little of it can be read to ask more


def _meant(kind: KindName, path: str, said: Any) -> str:
    """Find a field that may have been meant for one that is missing, where it is missing or further out."""
    *outer, name = path.split(".")
    while isinstance(said, dict):
        inside: Any = said
        for step in outer:
            inside = inside.get(step) if isinstance(inside, dict) else None
        if isinstance(inside, dict):
            known = known_fields(kind, ".".join(outer))
            strangers = {_plain(other): other for other in inside if other not in known}
            near = difflib.get_close_matches(_plain(name), strangers, n=1)
            if near:
                shown = strangers[near[0]]
                if shown.isprintable() and len(shown) <= 64:
                    return f"There is {'.'.join([*outer, shown])}: did you mean {name}?"
        if not outer:
            break
        outer.pop()
    return ""


def _stages(ladder: Ladder, said: Any) -> str:
    """Say which stages there are, and which one may have been meant."""
    data = said.get("data") if isinstance(said, dict) else None
    to = data.get("to") if isinstance(data, dict) else None
    near = difflib.get_close_matches(str(to).strip().lower(), map(str.lower, ladder.stages), n=1)
    meant = [stage for stage in ladder.stages if stage.lower() in near]
    return f"The ladder is {', '.join(ladder.stages)}.{f' Did you mean {meant[0]}?' if meant else ''}"


def _plain(name: str) -> str:
    """Take off what names of one field differ in: case and joints."""
    return "".join(c for c in name.casefold() if c.isalnum())


def _error(reason: Reason, path: str, line: int, kind: KindName | Literal[""], meant: str = "") -> Finding:
    return Finding(line, "error", kind, reason, path, SENTENCES[reason], meant or hint(reason, path, kind))


def _warning(kind: KindName, line: int, note: Note) -> Finding:
    return Finding(line, "warning", kind, note.name, note.path, note.sentence, note.hint)


def _ignored(kind: KindName, line: int, names: Iterable[str]) -> Iterator[Finding]:
    for name in names:
        path = f"data.{name}"
        wanted = f"Expected: {expected(kind, path)}."
        yield Finding(line, "warning", kind, "ignored", path, "The value cannot be used and is ignored.", wanted)


def _unknown_fields(kind: KindName, record: Record) -> Iterator[Finding]:
    line, value = record[0], record[3] or b""
    try:
        LANES[kind].closed(value)
    except msgspec.ValidationError:
        for path, near in islice(_unknown(kind, "", cloudevents.plain(value)), _NAMED_UNKNOWN):
            hint = f"Did you mean {near}?" if near else "It is allowed, and ignored."
            sentence = "The contract does not name this field."
            yield Finding(line, "warning", kind, "unknown_field", path, sentence, hint)


def _unknown(kind: KindName, path: str, value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Find the fields that the contract does not name, each with the name that may have been meant."""
    known = known_fields(kind, path)
    prefix = f"{path}." if path else ""
    plain = {_plain(name): name for name in known}
    for name, inner in value.items():
        if name not in known:
            shown = name if name.isprintable() and len(name) <= 64 else "(unprintable)"
            near = difflib.get_close_matches(_plain(name), plain, n=1)
            yield prefix + shown, plain[near[0]] if near else ""
        elif isinstance(inner, dict):
            yield from _unknown(kind, prefix + name, inner)
