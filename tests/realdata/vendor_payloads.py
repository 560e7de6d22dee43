"""Records as vendors send them, and the events that another project's own tests make of the same payloads.

In:  payloads of webhooks with the normalised event that django-anymail asserts; examples of vendors' documentation.
Out: rows; what our events are called by the words of that project.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from stream.contract.times import parse_ms
from stream.sources.load import of_table
from stream.sources.mapper import Mapper, Outcome
from tests.realdata.shared import shared_file

KEY = b"k" * 32
ARRIVAL_MS = 1_800_000_000_000
#: Their words for what ours is called; None: it is no event of a message.
ACTIONS = {
    "queued": "sent", "sent": "sent", "rejected": "dropped", "failed": "dropped", "bounced": "bounced",
    "deferred": "deferred", "delivered": "delivered", "autoresponded": "replied", "opened": "opened",
    "clicked": "clicked", "complained": "spam_complaint", "unsubscribed": "unsubscribed", "subscribed": "resubscribed",
    "inbound_failed": "dropped", "unknown": None,
}  # fmt: skip


@dataclass
class Case:
    """One payload with what somebody else's tests say that it means."""

    name: str
    payload: Any
    expect: dict[str, Any]


def cases(vendor: str) -> list[Case]:
    """Give the payloads of a vendor of mail."""
    lines = shared_file(f"vendor_payloads/anymail_{vendor}.ndjson").read_bytes().splitlines()
    found: dict[str, Case] = {}
    for row in map(orjson.loads, lines):
        full = row["test"].rpartition("::")[2]
        short = full.partition(".")[2]
        # two classes of tests may name a case alike
        name = full if short in found else short
        found[name] = Case(name, row["payload"], row["expect"])
    assert len(found) == len(lines)
    return list(found.values())


def records(file: str) -> list[bytes]:
    """Give the lines of a file of payloads."""
    return shared_file(f"vendor_payloads/{file}").read_bytes().splitlines()


def mapped(preset: str, *values: bytes, key: bytes | None = KEY, **said: Any) -> Outcome:
    """Map records by a preset, for the site acme."""
    source = of_table({"preset": preset, "site": "acme", **said}, preset, Path())
    return Mapper(source, key).map([(at, ARRIVAL_MS, None, value, ()) for at, value in enumerate(values)])


def events(outcome: Outcome) -> list[dict[str, Any]]:
    """Give the envelopes of an outcome, read."""
    return [orjson.loads(event.value) for event in outcome.events]


def judged(preset: str, vendor: str) -> dict[str, str]:
    """Compare each payload's first event with what the others say of it: `equal`, or what is different or missing."""
    verdicts: dict[str, str] = {}
    for case in cases(vendor):
        out = mapped(preset, orjson.dumps(case.payload))
        found = events(out)
        verdicts[case.name] = _verdict(found[0], case.expect) if found else _why_not(out)
    return verdicts


def _verdict(event: dict[str, Any], expect: dict[str, Any]) -> str:
    action = ACTIONS[expect["event_type"]]
    if event["data"]["action"] != action:
        return f"{event['data']['action']}, not {action}"
    if expect.get("timestamp"):
        apart = abs((parse_ms(event["time"]) or 0) - (parse_ms(expect["timestamp"]) or 0))
        if apart > 1:
            return f"{apart} ms apart"
    return "equal"


def _why_not(out: Outcome) -> str:
    refused = [f"{each.reason} {each.path}".rstrip() for each in out.refused]
    unmapped, ignored = (f"unmapped {name}" for name in out.unmapped), (f"ignored {name}" for name in out.ignored)
    return ", ".join([*refused, *unmapped, *ignored])


def check_all_but(preset: str, vendor: str, explained: dict[str, str]) -> None:
    """Hold a preset to the others' expectations: equal in all, but for those that are named with their reason."""
    verdicts = judged(preset, vendor)
    assert {name: verdict for name, verdict in verdicts.items() if verdict != "equal"} == explained
    assert "equal" in verdicts.values()
