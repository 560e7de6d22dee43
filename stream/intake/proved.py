"""Proved: the [[test]] tables of a definition, run.

In:  a source; an input, a key, headers; the events that are expected, as dotted path = value, or an outcome.
Out: a sentence for each difference; none where all is as expected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson

from stream.sources.definition import near
from stream.sources.mapper import Mapper, Outcome
from stream.sources.paths import getter

KEYS: Final = ("name", "input", "input_file", "key", "headers", "expect", "outcome")
#: Of tests: no address that is in one is anybody's.
KEY: Final = b"a key for tests of definitions"
ARRIVAL_MS: Final = 1_772_323_200_000


def proved(mapper: Mapper, test: Mapping[str, Any], content: Callable[[str], bytes]) -> list[str]:
    """Run one test; `content` gives the bytes of a file that it names."""
    wrong = [f"there is no {key} in a test. {near(key, KEYS)}" for key in test if key not in KEYS]
    if wrong:
        return wrong
    if ("input" in test) == ("input_file" in test):
        return ["it needs one of input and input_file."]
    if ("expect" in test) == ("outcome" in test):
        return ["it needs one of expect (a list of events, [] for none) and outcome."]
    value = content(test["input_file"]) if "input_file" in test else str(test["input"]).encode()
    headers = tuple((name, str(text).encode()) for name, text in dict(test.get("headers", {})).items())
    key = str(test["key"]).encode() if "key" in test else None
    out = mapper.map([(0, ARRIVAL_MS, key, value, headers)], "topic")
    return list(_events(out, test["expect"]) if "expect" in test else _outcome(out, test["outcome"]))


def _events(out: Outcome, expected: Any) -> Iterator[str]:
    if not isinstance(expected, list):
        yield "expect is a list of events."
        return
    found = [orjson.loads(event.value) for event in out.events]
    if len(found) != len(expected):
        yield f"{len(found)} event(s) in place of {len(expected)}{_why(out)}"
    for at, (event, wanted) in enumerate(zip(found, expected, strict=False), 1):
        for path, value in dict(wanted).items():
            is_ = getter(path)(event)
            if is_ != value:
                yield f"event {at}: {path} is {is_!r}, not {value!r}"


def _outcome(out: Outcome, wanted: str) -> Iterator[str]:
    if out.events:
        yield f"{len(out.events)} event(s) in place of {wanted}"
        return
    reasons = {refused.reason for refused in out.refused}
    met = {"unmapped": bool(out.unmapped), "ignored": bool(out.ignored)}.get(wanted, wanted in reasons)
    if not met:
        yield f"it is not {wanted}{_why(out)}"


def _why(out: Outcome) -> str:
    told = [f"{refused.reason} {refused.path}".rstrip() for refused in out.refused]
    told += [f"unmapped {name}" for name in out.unmapped] + [f"ignored {name}" for name in out.ignored]
    return f": {', '.join(told)}" if told else "."
