"""Value: what `leadpulse.leads` says of a lead, all but its name, version and time.

In:  a lead of a cluster.
Out: the fields, as JSON has them.
"""

from __future__ import annotations

from typing import Any

from stream.contract.times import format_ms
from stream.identity.ids import FIELDS, VISITOR
from stream.stages.leads.counting import Lead
from stream.stages.leads.store import Home
from stream.stages.leads.view import Shares, Touch


def content(home: Home, lead: Lead) -> dict[str, Any]:
    """Say what a lead is."""
    view, capture = lead.view, lead.view.lead
    return {
        "ids": _ids(home, lead),
        "capture_method": capture.method,
        "stage": view.stage,
        "since": format_ms(view.since_ms),
        "entered": {stage: format_ms(at_ms) for stage, at_ms in view.entered.items()},
        "lost": format_ms(view.lost_ms) if view.lost_ms else None,
        "lost_reason": view.lost_reason or None,
        "score": view.score,
        "score_parts": [list(part) for part in view.parts],
        "band": view.band,
        "first_touch": _touch(view.first_touch),
        "last_touch": _touch(view.last_touch),
        "credit": {model: _shares(shares) for model, shares in view.credit.items()},
        "segment": {
            name: value
            for name, value in (
                *view.company._asdict().items(),
                ("country", capture.country),
                ("region", capture.region),
                ("product", capture.product),
                ("offer_type", capture.offer_type),
            )
            if value
        },
        "rep": view.rep or None,
    }


def _ids(home: Home, lead: Lead) -> dict[str, Any]:
    """Name the ids that join, by type, those first that were named first; of visitors only how many."""
    parts = [(part.first, id.type, part.text) for id in lead.ids if (part := home.parts.get(id)) is not None]
    out: dict[str, Any] = {}
    for _, type, text in sorted(parts):
        if type != VISITOR and text:
            out.setdefault(FIELDS[type], []).append(text)
    out["visitors"] = lead.visitors
    return out


def _touch(touch: Touch | None) -> dict[str, Any] | None:
    if touch is None:
        return None
    at_ms, channel, campaign, _ = touch
    return {"at": format_ms(at_ms), "channel": channel, "campaign": campaign or None}


def _shares(shares: Shares) -> list[list[Any]]:
    """Share by channel and campaign, in millionths."""
    out: dict[tuple[str, str], int] = {}
    for (channel, campaign, _), share in shares.items():
        out[channel, campaign] = out.get((channel, campaign), 0) + share
    return [[*key, share] for key, share in sorted(out.items())]
