"""Alert: what `leadpulse.alerts` says of one spell of one alert, and the verdict that a judged reading carries.

In:  nothing.
Out: the types of a record's key and value, and an example of both.

The topic is compacted: the newest record of a key stands. A key names one spell, so spells of six weeks stay; a
tombstone says that an older one is forgotten.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
State = Literal["ok", "drop", "rise", "too_little", "young", "marked", "waiting", "none"]
Held = Literal["", "page", "quiet", "many_sites"]
#: Site, alert, by, value, since: the key, written as a JSON array.
AlertKey = tuple[str, str, str, str, Time]


class Verdict(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Whether a reading is as usual. `limit` is where it would not be, `needed` how much must be seen to tell a half.

    `window` names the judged window where it is not the reading's own; `says` tells why it waits or is marked.
    """

    state: State
    usual: float | None = None
    limit: float | None = None
    needed: int | None = None
    weeks: int | None = None
    at: Time | None = None
    window: str | None = None
    says: str | None = None


class Part(msgspec.Struct, frozen=True, gc=False):
    """A part of a figure that more is missing of than usual; `share` is its share of all that is missing."""

    by: Annotated[str, Meta(description="Label that tells the parts apart")]
    value: str
    missing: float
    share: float


class AlertRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One alert as it stands: firing, or resolved."""

    alert: Annotated[str, Meta(description="Name of the alert")]
    site: Annotated[str, Meta(description="Site; empty for many_sites")]
    by: Annotated[str, Meta(description="Labels beside site that tell it apart, joined by commas")]
    value: Annotated[str, Meta(description="Their values, in the same order")]
    state: Literal["firing", "resolved"]
    severity: Literal["page", "ticket", "info"]
    since: Annotated[Time, Meta(description="Look at which it began to fire")]
    at: Annotated[Time, Meta(description="Look that this record is of")]
    metric: Annotated[str, Meta(description="Metric that it is about; empty where it is about several")]
    window: Annotated[str | None, Meta(description="Window that shows it")] = None
    figure: Annotated[float | None, Meta(description="Value in that window")] = None
    numerator: float | None = None
    denominator: float | None = None
    usual: Annotated[float | None, Meta(description="What is usual")] = None
    limit: Annotated[float | None, Meta(description="Value beyond which it counts")] = None
    n: Annotated[float | None, Meta(description="Trials, or what was counted")] = None
    needed: Annotated[int | None, Meta(description="Trials at which a half could be told")] = None
    missing: Annotated[float | None, Meta(description="Successes less than usual; of a rise, more")] = None
    moved: Annotated[Literal["", "numerator", "denominator", "both"], Meta(description="Side that is not as usual")] = (
        ""
    )
    parts: Annotated[list[Part], Meta(description="What it comes from, the largest first")] = []
    held: Annotated[Held, Meta(description="Why nobody is told; empty: told")] = ""
    text: Annotated[str, Meta(description="All of it in words")] = ""
    runbook: Annotated[str, Meta(description="What to do")] = ""
    seq: Annotated[int, Meta(description="Publication that it was judged with")] = 0
    catalog_version: str = ""

    @property
    def key(self) -> AlertKey:
        """Give the key of its spell."""
        return (self.site, self.alert, self.by, self.value, self.since)


KEY_EXAMPLE: Final[AlertKey] = ("shop", "visit_to_lead_drop", "", "", "2026-11-28T08:10:00Z")

EXAMPLE: Final = {
    "alert": "visit_to_lead_drop",
    "site": "shop",
    "by": "",
    "value": "",
    "state": "firing",
    "severity": "page",
    "since": "2026-11-28T08:10:00Z",
    "at": "2026-11-28T08:20:00Z",
    "metric": "visit_to_lead_ratio",
    "window": "6h",
    "figure": 0.021,
    "numerator": 21,
    "denominator": 1000,
    "usual": 0.05,
    "limit": 0.045,
    "n": 1000,
    "needed": 843,
    "missing": 29,
    "moved": "numerator",
    "parts": [{"by": "form", "value": "demo-request", "missing": 27, "share": 0.93}],
    "held": "",
    "text": "Fewer visitors become leads than usual. visit_to_lead_ratio of shop over 6h: 2.1 % (21 of 1,000);"
    " usual 5.0 %, limit 4.5 %. Mostly: form demo-request (27 of 29).",
    "runbook": "http://localhost:9464/runbook#visit-to-lead-drop",
    "seq": 71,
    "catalog_version": "0.2.0",
}
