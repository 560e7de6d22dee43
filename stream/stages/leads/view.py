"""View: what the facts of one lead amount to.

In:  nothing.
Out: the types. Whatever a lead counts for is made of them (`contribution`), and whatever is told of it.

Times are milliseconds; 0: never.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from stream.identity.facts import Counted, PlatformForm

#: The ways to share a lead or a deal out among touches, side by side.
MODELS = ("first", "last", "last_non_direct", "linear", "position", "time_decay")


class Capture(NamedTuple):
    """The earliest evidence: when, how and by what somebody became a lead."""

    time_ms: int
    id: str
    method: str  # form, chatbot, ad_platform, phone, event, import
    channel: str
    campaign: str
    action: str = ""
    offer_stage: str = ""
    offer: str = ""
    offer_type: str = ""
    event: str = ""
    country: str = ""
    region: str = ""
    product: str = ""
    campaign_id: str = ""


#: What a touch is credited to: channel, campaign, and the campaign's id where one was told, by which ad cost meets it.
Where = tuple[str, str, str]
#: Millionths by what they are credited to; they add up to 1,000,000.
Shares = Mapping[Where, int]
#: A contact that credit is given to (a session, a form on an ad platform, a lead made by hand): time, then as Where.
Touch = tuple[int, str, str, str]


class Part(NamedTuple):
    """What a rule adds to the score; the parts add up to it."""

    rule: str
    points: int
    times: int


class WonDeal(NamedTuple):
    """A deal that was won; without a value, a currency or a deal_id it is no revenue."""

    deal: str
    time_ms: int
    id: str
    value: int | None  # millionths
    currency: str
    new_customer: bool
    credit: Mapping[str, Shares]  # by model, at the time won


class Refunded(NamedTuple):
    """Money given back; over: with it more was given back than the deal was worth."""

    deal: str
    time_ms: int
    value: int  # millionths
    currency: str
    over: bool


class Move(NamedTuple):
    """A record of the crm that moves a lead down the ladder."""

    time_ms: int
    id: str
    from_: str
    to: str


class Company(NamedTuple):
    """What was last told of the company."""

    industry: str = ""
    size_band: str = ""
    revenue_band: str = ""


class View(Struct, frozen=True, gc=False):
    """All that a lead amounts to at one moment of the clock."""

    lead: Capture
    counted: tuple[Counted | PlatformForm, ...]  # by what `leads` has counted it where it was read
    # -- stages
    entered: Mapping[str, int]  # those entered, in the order of the ladder
    stage: str
    since_ms: int
    lost_ms: int
    lost_reason: str
    expired_ms: int
    moves_back: tuple[Move, ...]
    reopened: tuple[tuple[int, str], ...]  # when, and the stage that it is in from then on
    out_of_order: tuple[str, ...]  # stages entered before one that stands before them in the ladder
    # -- score
    score: int
    parts: tuple[Part, ...]
    band: str
    crossed: Mapping[int, int]  # threshold → when the score first reached it, as a lead
    # -- touches
    active_ms: int  # the newest sign of life
    newest_ms: int  # the newest fact
    first_session_ms: int
    first_touch: Touch | None
    last_touch: Touch | None
    credit: Mapping[str, Shares]  # by model, at the time of becoming a lead
    # -- deals
    deals: tuple[WonDeal, ...]  # by time
    deals_lost: tuple[int, ...]  # when: told lost, and never won
    refunds: tuple[Refunded, ...]
    # -- sales
    first_response_ms: int
    assigned_ms: int  # the first time
    assignment: str  # how, the first time
    premature: bool  # was first assigned before it was an mql
    rep: str  # of the last assignment
    calls: tuple[int, ...]  # when calls were completed
    # -- events, segments, qualification
    registered: Mapping[str, int]  # event → the first form that names it
    attended: Mapping[str, int]  # event → first told
    company: Company
    frameworks: Mapping[str, frozenset[str]]  # framework → its known fields
    nurtured: bool  # had a mail that is not of welcome between becoming a lead and a customer (or now)
    due_ms: int  # when it next changes without any fact
