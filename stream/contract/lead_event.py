"""Lead event: what `leadpulse.lead_events` says: one thing that happened to a lead, or the withdrawal of one.

In:  nothing.
Out: the types of a record's value, and an example. The key is that of a lead.

Each thing is told once. What turns out otherwise is withdrawn by the `change` that it was told with.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, NotRequired, TypedDict

from msgspec import Meta

from stream.contract.lead import KEY_EXAMPLE, LeadKey, Time

What = Literal[
    "created", "stage_entered", "customer", "moved_back", "reopened", "lost",
    "band_changed", "merged", "split", "withdrawn", "erased",
]  # fmt: skip

#: What only some events say; written in brackets because `from` is a word of the language.
_FROM = "The stage or band before; of merged and split the key of the other lead; null for none"
Says = TypedDict(
    "Says",
    {
        "from": NotRequired[Annotated[str | LeadKey | None, Meta(description=_FROM)]],
        "to": NotRequired[Annotated[str | None, Meta(description="The stage or band since; null on lost")]],
        "reason": NotRequired[Annotated[str | None, Meta(description="Why it was lost, if that was told")]],
        "score": NotRequired[Annotated[int, Meta(description="Points when this was told")]],
    },
)


class LeadEvent(Says):
    """One thing that happened to a lead, told once; withdrawn takes back what was told with the same change."""

    event: Annotated[
        What,
        Meta(
            description="What happened. created, stage_entered, customer (the last stage), moved_back, reopened and"
            " lost are of the ladder and say from, to, reason and score. band_changed says from, to and score. merged:"
            " the lead `from` is now a part of this one, and what was told of it holds here. split: this one is no"
            " part of `from` any more, and what was told of that holds here, too. withdrawn: what was told with this"
            " change is not so. erased: the person asked to be forgotten"
        ),
    ]
    change: Annotated[str, Meta(pattern="^[0-9a-f]{16}$", description="Names what is told; a withdrawal repeats it")]
    lead: Annotated[LeadKey, Meta(description="Site, type of the id and id that the lead goes by, as in the key")]
    at: Annotated[
        Time,
        Meta(
            description="When it happened; of band_changed the time of the newest fact, of merged, split, withdrawn and"
            " erased when it was noticed"
        ),
    ]
    noticed: Annotated[Time, Meta(description="The clock of leads when this was written")]
    version: Annotated[int, Meta(ge=1, description="Rises with each record of a lead, in both topics")]


EXAMPLE: Final[LeadEvent] = {
    "event": "stage_entered",
    "change": "862cc8194f0f7454",
    "lead": KEY_EXAMPLE,
    "at": "2026-09-27T00:00:00.000Z",
    "noticed": "2026-09-27T00:00:00.000Z",
    "from": "mql",
    "to": "sql",
    "reason": None,
    "score": 10,
    "version": 8,
}
