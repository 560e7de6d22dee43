"""Value: what `leadpulse.leads` says of a lead.

In:  a lead of a cluster.
Out: what there is to be said, and the record of it.

What changes with every session and every mail is kept beside the rest, which is kept as it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import orjson

from stream.contract.lead import LeadIds, LeadNow, LeadRest, Share
from stream.contract.lead import Touch as Shown
from stream.contract.results import time_text
from stream.identity.ids import FIELDS, VISITOR
from stream.stages.leads.counting import Lead
from stream.stages.leads.rows import Said, Told, Touched
from stream.stages.leads.store import Home
from stream.stages.leads.view import Shares, Touch


def said_of(home: Home, lead: Lead) -> Said:
    """Say what a lead is."""
    view, capture = lead.view, lead.view.lead
    segment = (
        *zip(view.company._fields, view.company, strict=True),
        ("country", capture.country),
        ("region", capture.region),
        ("product", capture.product),
        ("offer_type", capture.offer_type),
    )
    rest: LeadRest = {
        "ids": _ids(home, lead),
        "capture_method": capture.method,
        "stage": view.stage,
        "since": time_text(view.since_ms),
        "entered": {stage: time_text(at_ms) for stage, at_ms in view.entered.items()},
        "lost": time_text(view.lost_ms) if view.lost_ms else None,
        "lost_reason": view.lost_reason or None,
        "band": view.band,
        "first_touch": _shown(_touch(view.first_touch)),
        "credit": _credit(view.credit),
        "segment": {name: value for name, value in segment if value},
        "rep": view.rep or None,
    }
    parts = [(part.rule, part.points, part.times) for part in view.parts]
    return Said(view.score, parts, _touch(view.last_touch), orjson.dumps(rest))


def encoded(told: Told, now_ms: int) -> bytes:
    """Write the record of what is said of a lead."""
    said = told.said
    assert said is not None, "there is something to say"
    more: LeadNow = {
        "lead": told.text,
        "score": said.score,
        "score_parts": said.parts,
        "last_touch": _shown(said.last),
        "version": told.version,
        "as_of": time_text(now_ms),
    }
    return orjson.dumps(more)[:-1] + b"," + said.rest[1:]


def _ids(home: Home, lead: Lead) -> LeadIds:
    """Name the ids that join, by type, those first that were named first; of visitors only how many."""
    parts = [(part.first, id.type, part.text) for id in lead.ids if (part := home.parts.get(id)) is not None]
    out: dict[str, Any] = {}
    for _, type, text in sorted(parts):
        if type != VISITOR and text:
            out.setdefault(FIELDS[type], []).append(text)
    out["visitors"] = lead.visitors
    return cast(LeadIds, out)


def _touch(touch: Touch | None) -> Touched | None:
    return None if touch is None else touch[:3]


def _shown(touch: Touched | None) -> Shown | None:
    if touch is None:
        return None
    at_ms, channel, campaign = touch
    return {"at": time_text(at_ms), "channel": channel, "campaign": campaign or None}


def _credit(credit: Mapping[str, Shares]) -> dict[str, list[Share]]:
    """Write the credit by each model; mostly they agree."""
    first = next(iter(credit.values()))
    if all(shares is first for shares in credit.values()):
        return dict.fromkeys(credit, _shares(first))
    return {model: _shares(shares) for model, shares in credit.items()}


def _shares(shares: Shares) -> list[Share]:
    """Share by channel and campaign, in millionths."""
    out: dict[tuple[str, str], int] = {}
    for (channel, campaign, _), share in shares.items():
        out[channel, campaign] = out.get((channel, campaign), 0) + share
    return [(*where, share) for where, share in out.items()]
