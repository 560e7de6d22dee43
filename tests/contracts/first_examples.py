"""First examples: the files in schemas/examples that a new kind begins with, made of its one example.

In:  the name of a kind, on the command line.
Out: schemas/examples/<kind>/valid/*.json and invalid/<reason>-<what>.json, where there are none of that name yet.

They show what every kind has in common. What is special to a kind is written by hand beside them.
"""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

from stream.contract.kinds import KINDS, KindName, is_kind
from stream.contract.times import DAY_MS, format_ms, parse_ms

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"
Envelope = dict[str, Any]


def valid(example: Envelope) -> dict[str, Envelope]:
    """Give events that are accepted, by what they show."""
    return {
        "as-documented": example,
        "unknown-fields": changed(example, {"extension": "x"}, extra={"deep": [1, None]}),
        "recorded-later": changed(example, {"time": "2025-06-15T09:00:00Z", "recordedtime": "2025-06-15T09:10:00Z"}),
        "time-with-offset": changed(example, {"time": "2025-06-15T11:30:00+02:00"}),
        "of-a-test": changed(example, traffic={"class": "test", "reasons": ["load test"]}),
        "null-is-absent": changed(example, product=None),
        "without-consent": changed(example, consent={"analytics": False}),
    }


def invalid(example: Envelope) -> dict[str, Envelope | bytes]:
    """Give events that are refused, by reason and what is wrong; bytes where that is no JSON."""
    another = next(kind for kind in KINDS.values() if kind.name != example["type"])
    return late(example) | {
        "not_json-cut-short": json.dumps(example).encode()[:-1],
        "missing_field-site_id": changed(example, site_id=...),
        "missing_field-empty-site": changed(example, site_id=""),
        "wrong_type-site_id": changed(example, site_id={}),
        "out_of_range-long-site": changed(example, site_id="s" * 1_000),
        "wrong_topic-another": json.loads(json.dumps(another.example)),
        "unknown_kind-other": changed(example, {"type": "other"}),
        "bad_time-offset-without-colon": changed(example, {"time": "2025-06-15T09:30:00+0200"}),
        "personal_data-address-as-lead_id": changed(example, lead_id="ann@example.com"),
    }


def late(example: Envelope) -> dict[str, Envelope | bytes]:
    """Give an event that came too late, if one of its kind can."""
    kind = KINDS[example["type"]]
    if kind.lateness_ms is not None and kind.lateness_ms > 400 * DAY_MS:
        return {}
    days = 2 if kind.lateness_ms is None else 1 + kind.lateness_ms // DAY_MS
    recorded = format_ms((parse_ms(example["time"]) or 0) + days * DAY_MS)
    return {f"too_late-after-{days}-days": changed(example, {"recordedtime": recorded})}


def changed(example: Envelope, envelope: Envelope | None = None, **data: Any) -> Envelope:
    """Give an event with other attributes and other data; what is `...` is taken out."""
    out = copy.deepcopy(example) | (envelope or {})
    out["data"] = {name: value for name, value in (out["data"] | data).items() if value is not ...}
    return out


def write(kind: KindName, folder: Path = EXAMPLES) -> list[Path]:
    """Write the files that are missing; give their paths."""
    example = json.loads(json.dumps(KINDS[kind].example))
    written = []
    for part, events in (("valid", valid(example)), ("invalid", invalid(example))):
        for name, event in events.items():
            path = folder / kind / part / f"{name}.json"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(event if isinstance(event, bytes) else json.dumps(event, indent=2).encode() + b"\n")
                written.append(path)
    return written


if __name__ == "__main__":
    for asked in sys.argv[1:]:
        if not is_kind(asked):
            sys.exit(f"{asked} is no kind; kinds are {', '.join(KINDS)}")
        for path in write(asked):
            print(f"wrote {path.relative_to(EXAMPLES.parents[1])}")
