"""YAML: plain data as text that people can read and every parser takes the same way.

In:  dictionaries, lists, strings, numbers, booleans.
Out: block style; strings of several lines as literals; any other string that could be taken for something
else in double quotes, as JSON writes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

Node = Mapping[str, "Node"] | Sequence["Node"] | str | int | float | bool | None

_PLAIN = re.compile(r"[A-Za-z_/.][A-Za-z0-9_./%+-]*(:[A-Za-z0-9_]+)*( [A-Za-z0-9_./%+(-][A-Za-z0-9_./%+(),;-]*)*\Z")
#: What is read more easily as a literal: several lines, or quotes inside.
_LITERAL = re.compile(r"\n|\".*\"")
_WORDS = frozenset(("true", "false", "yes", "no", "on", "off", "null", "y", "n"))


def document(node: Node, comment: str = "") -> str:
    """Write a document, with a comment above it.

    >>> print(document({"a": [1, {"b": "yes", "c": "x y"}], "d": {}, "e": "two\\nlines\\n"}, "Why."), end="")
    # Why.
    a:
      - 1
      - b: "yes"
        c: x y
    d: {}
    e: |
      two
      lines
    """
    head = "".join(f"# {line}".rstrip() + "\n" for line in comment.splitlines())
    return head + "\n".join(_lines(node)) + "\n"


def _lines(node: Node) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _entry(f"{_scalar(key)}:", value)
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for value in node:
            first, *rest = list(_lines(value)) if _nested(value) else [_scalar(value)]
            yield f"- {first}"
            yield from (f"  {line}" if line else "" for line in rest)
    else:
        yield _scalar(node)


def _entry(head: str, value: Node) -> Iterator[str]:
    if _nested(value):
        yield head
        yield from (f"  {line}" if line else "" for line in _lines(value))
    elif isinstance(value, str) and _LITERAL.search(value) and not value.startswith(" "):
        yield f"{head} |" if value.endswith("\n") else f"{head} |-"
        yield from (f"  {line}" if line else "" for line in value.rstrip("\n").split("\n"))
    else:
        yield f"{head} {_scalar(value)}"


def _nested(value: Node) -> bool:
    return isinstance(value, Mapping | Sequence) and not isinstance(value, str) and len(value) > 0


def _scalar(value: Node) -> str:
    if isinstance(value, str):
        plain = _PLAIN.match(value) and value.lower() not in _WORDS
        return value if plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)
