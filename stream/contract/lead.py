"""Lead: what `leadpulse.leads` says of one person, as it stands now.

In:  nothing.
Out: the types of a record's key and value, and an example of both; keys as text.

The topic is compacted: the record with the highest `version` of a key stands, and a tombstone says that there is no
lead of that name any more. What often changes has a type of its own, because it is written apart from the rest.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Required, TypedDict

import msgspec
import orjson
from msgspec import Meta

from stream.contract.common import EXAMPLE_HASH

Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Called = Literal["lead_id", "user_id", "email_hash", "visitor_id"]
#: What both result topics have as key, written as a JSON array: site, type of the id, id.
LeadKey = tuple[str, Called, str]

_key: Final = msgspec.json.Decoder(LeadKey).decode


def key_text(key: LeadKey) -> str:
    """Write a key as records have it."""
    return orjson.dumps(key).decode()


def named_by(key: bytes | str) -> LeadKey | None:
    """Read a key; None for one that leadpulse would not write.

    >>> named_by(b'["s1","lead_id","l1"]'), named_by(b'["s1", "lead_id", "l1"]'), named_by(b"l1"), named_by(b"\\xff")
    (('s1', 'lead_id', 'l1'), None, None, None)
    """
    try:
        found = _key(key)
        return found if orjson.dumps(found) == (key.encode() if isinstance(key, str) else key) else None
    except (msgspec.DecodeError, orjson.JSONEncodeError, UnicodeError):
        return None


#: Rule of the score, points, and how many times it applied.
ScorePart = tuple[str, int, int]
#: Channel, campaign (empty where there is none) and millionths of the lead.
Share = tuple[str, str, Annotated[int, Meta(ge=0, le=1_000_000)]]


class Touch(TypedDict):
    """A contact that credit is given to: a visit, a form on an ad platform, or a lead made by hand."""

    at: Annotated[Time, Meta(description="When it was")]
    channel: Annotated[str, Meta(description="Its channel")]
    campaign: Annotated[str | None, Meta(description="Its campaign; null for none")]


class LeadIds(TypedDict, total=False):
    """The ids that are this lead, of each type those first that were named first; of visitors only how many."""

    email_hash: Annotated[list[str], Meta(description="Hashed addresses")]
    lead_id: Annotated[list[str], Meta(description="Ids of leads; of an ad platform's form `platform:lead_id`")]
    user_id: Annotated[list[str], Meta(description="Accounts")]
    visitors: Required[Annotated[int, Meta(ge=0, description="Devices that were seen with them")]]


class LeadNow(TypedDict):
    """What of a lead changes with nearly every visit and mail."""

    lead: Annotated[str, Meta(description="The id that it goes by, as in the key")]
    score: Annotated[int, Meta(description="Points now: those of the parts, added up")]
    score_parts: Annotated[list[ScorePart], Meta(description="Rule, its points now, and how many times it applied")]
    last_touch: Annotated[Touch | None, Meta(description="The newest contact; null where none is known")]
    version: Annotated[int, Meta(ge=1, description="Rises with each record of a lead; the highest one stands")]
    as_of: Annotated[Time, Meta(description="The clock of leads when this was written")]


class LeadRest(TypedDict):
    """What of a lead changes seldom."""

    ids: LeadIds
    capture_method: Annotated[
        str, Meta(description="What made it a lead: form, chatbot, ad_platform, phone, event or import")
    ]
    stage: Annotated[str, Meta(description="The stage of the ladder that it is in")]
    since: Annotated[Time, Meta(description="When it entered that stage, or came back in it")]
    entered: Annotated[
        dict[str, Time], Meta(description="When it entered each stage first, in the order of the ladder")
    ]
    lost: Annotated[Time | None, Meta(description="When it was lost; null if it is not")]
    lost_reason: Annotated[str | None, Meta(description="Why, if that was told")]
    band: Annotated[str, Meta(description="Band of the score, as the rules draw the line: hot, warm, cold")]
    first_touch: Annotated[Touch | None, Meta(description="The oldest contact that counts; null where none is known")]
    credit: Annotated[
        dict[str, list[Share]],
        Meta(description="By model of attribution: channel, campaign and millionths, which add up to 1,000,000"),
    ]
    segment: Annotated[
        dict[str, str],
        Meta(description="What is known of industry, size_band, revenue_band, country, region, product, offer_type"),
    ]
    rep: Annotated[str | None, Meta(description="Whom it was last given to; null for nobody so far")]


class Lead(LeadNow, LeadRest):
    """What is known of one lead now. A record without a value, a tombstone, says that no lead goes by its key now."""


#: What stands after a story that the tests tell: an e-book, a record of the crm, a demo asked for on the phone.
KEY_EXAMPLE: Final[LeadKey] = ("s1", "lead_id", "l1")
EXAMPLE: Final[Lead] = {
    "lead": "l1",
    "score": 10,
    "score_parts": [("pricing", 10, 1)],
    "last_touch": {"at": "2026-09-27T00:00:00.000Z", "channel": "email", "campaign": "news"},
    "version": 9,
    "as_of": "2026-09-27T00:00:00.000Z",
    "ids": {"email_hash": [EXAMPLE_HASH], "lead_id": ["l1"], "visitors": 2},
    "capture_method": "form",
    "stage": "sql",
    "since": "2026-09-27T00:00:00.000Z",
    "entered": {
        "lead": "2026-09-24T00:00:00.000Z",
        "iql": "2026-09-24T00:00:00.000Z",
        "mql": "2026-09-27T00:00:00.000Z",
        "sql": "2026-09-27T00:00:00.000Z",
    },
    "lost": None,
    "lost_reason": None,
    "band": "cold",
    "first_touch": {"at": "2026-09-22T09:00:00.000Z", "channel": "paid_search", "campaign": "brand"},
    "credit": {
        "first": [("paid_search", "brand", 1_000_000)],
        "last": [("direct", "", 1_000_000)],
        "last_non_direct": [("paid_search", "brand", 1_000_000)],
        "linear": [("paid_search", "brand", 500_000), ("direct", "", 500_000)],
        "position": [("paid_search", "brand", 500_000), ("direct", "", 500_000)],
        "time_decay": [("paid_search", "brand", 459_859), ("direct", "", 540_141)],
    },
    "segment": {},
    "rep": "rep-3",
}
