"""Shipped: every selector of a series that stands in what operators are given, found by reading the files.

In:  the checkout.
Out: selectors as Prometheus takes them, with the files that ask for them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
RULES = "deploy/prometheus/rules/*.yml"
BOARDS = "deploy/grafana/dashboards/*.json"
PROSE = ("deploy/RUNBOOK.md", "README.md", "docs/**/*.md")
#: It tells how to add a metric that is not there.
HOW_TO = "docs/contributing.md"
#: A name, and the labels behind it. Prose writes `{kind,field}` for labels of any value.
_SELECTOR = re.compile(r"\b(leadpulse_[a-z0-9_]*[a-z0-9])(?:\{([^{}]*)\})?")
_WINDOW = re.compile(r',window="[^"]*"')
#: In prose a site is one of the reader.
_EXAMPLE = re.compile(r'\bsite="[^"]*",?')
_MATCHER = re.compile(r'([a-z_]+)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*")')


def selectors(variables: dict[str, str], any_window: str) -> dict[str, list[str]]:
    """Give selector → files; `variables` are what a dashboard's reader chose.

    Of what begins with `any_window` there are not all windows that can be chosen.
    """
    found: dict[str, list[str]] = {}
    for path, text in _texts():
        for name, value in variables.items():
            text = text.replace(name, value)
        for one in _of(text):
            one = _WINDOW.sub("", one) if one.startswith(any_window) else one
            if path not in found.setdefault(one, []):
                found[one].append(path)
    return found


def _texts() -> Iterator[tuple[str, str]]:
    for path in sorted(ROOT.glob(RULES)):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                yield _name(path), rule["expr"]
    for path in sorted(ROOT.glob(BOARDS)):
        for text in _strings(json.loads(path.read_text())):
            yield _name(path), text
    for pattern in PROSE:
        for path in sorted(ROOT.glob(pattern)):
            if _name(path) == HOW_TO:
                continue
            for text in re.findall(r"`+[^`]+`+", path.read_text()):
                yield _name(path), _EXAMPLE.sub("", text)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _strings(value: Any) -> Iterator[str]:
    """Give what is asked for in a dashboard: queries, those of its variables and of its annotations."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ("expr", "query", "definition") and isinstance(inner, str):
                yield inner
            else:
                yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _of(text: str) -> Iterator[str]:
    for match in _SELECTOR.finditer(text):
        name, inside = match[1], match[2] or ""
        if text[match.end() : match.end() + 1] in ("_", "*"):
            continue  # the beginning of many names
        labels = ",".join(f"{label}{how}{value}" for label, how, value in _MATCHER.findall(inside))
        yield f"{name}{{{labels}}}" if labels else name
