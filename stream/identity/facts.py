"""Facts: what is known of a person, each told once and for good.

In:  nothing.
Out: the types. A fact is named by its content: a change is a drop of the old one and a put of the new one.

Times are milliseconds. `visitor` is the visitor's own id as events have it; `id` is the source and id of the event.
A text of "" says that nothing was told. Fields are appended, never moved.
"""

from __future__ import annotations

from msgspec import Struct


class Visit(Struct, frozen=True, array_like=True, tag="s", gc=False):
    """A session of a visitor who is known."""

    visitor: str
    start_ms: int
    channel: str
    campaign: str
    campaign_id: str = ""
    engine: str = ""
    country: str = ""
    page_group: str = ""  # of the landing page
    content: str = ""
    pricing_ms: int = 0  # its start, if a page of the group `pricing` was seen in it; 0: never
    cart_ms: int = 0  # of the group `cart`


class Evidence(Struct, frozen=True, array_like=True, tag="e", gc=False):
    """The first key event of a session: whoever it is of is a lead."""

    visitor: str
    time_ms: int
    id: str
    method: str  # form or chatbot
    channel: str
    campaign: str
    action: str = ""
    offer_stage: str = ""
    offer: str = ""
    offer_type: str = ""
    event: str = ""
    country: str = ""  # of the session; what follows is of the event
    region: str = ""
    product: str = ""
    campaign_id: str = ""


class Counted(Struct, frozen=True, array_like=True, tag="k", gc=False):
    """The key event by which the visitor was counted as a lead where it was read; fields as of evidence."""

    visitor: str
    time_ms: int
    id: str
    method: str
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


class Submitted(Struct, frozen=True, array_like=True, tag="f", gc=False):
    """The first submit of a form of its type, stage and event in a session."""

    visitor: str
    time_ms: int
    form_type: str
    offer_stage: str = ""
    offer_type: str = ""
    offer: str = ""
    event: str = ""


class Booked(Struct, frozen=True, array_like=True, tag="b", gc=False):
    """An appointment that was made in a chat."""

    visitor: str
    time_ms: int
    appointment: str


class Cancelled(Struct, frozen=True, array_like=True, tag="x", gc=False):
    """An appointment that was called off in a chat."""

    visitor: str
    time_ms: int
    appointment: str


class Told(Struct, frozen=True, array_like=True, tag="q", gc=False):
    """What a form told of the company and of how ready the lead is."""

    visitor: str
    time_ms: int
    id: str
    framework: str = ""
    known: tuple[str, ...] = ()
    industry: str = ""
    size_band: str = ""
    revenue_band: str = ""


class Mailed(Struct, frozen=True, array_like=True, tag="m", gc=False):
    """The first time that something became of a message, by people."""

    message: str  # hex of a hash of the message's and its recipient's names
    what: str  # delivered, opened, clicked, replied, unsubscribed
    time_ms: int
    nurtures: bool = False  # a delivery whose purpose is not welcome


class PlatformForm(Struct, frozen=True, array_like=True, tag="p", gc=False):
    """A form that was sent on an ad platform; `counted` if it is that by which its person was counted as a lead."""

    id: str
    time_ms: int
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
    counted: bool = False


class Recorded(Struct, frozen=True, array_like=True, tag="c", gc=False):
    """A record of the crm."""

    id: str
    time_ms: int
    action: str
    from_: str = ""
    to: str = ""
    reason: str = ""
    rep: str = ""
    assignment: str = ""
    method: str = ""  # capture_method
    event: str = ""
    appointment: str = ""
    deal: str = ""
    channel: str = "offline"
    campaign: str = ""
    campaign_id: str = ""
    country: str = ""
    region: str = ""
    product: str = ""
    new_customer: bool | None = None  # on a deal_won; None: not told


class Deal(Struct, frozen=True, array_like=True, tag="d", gc=False):
    """A deal as its home tells it: won, since when, for how much; value in millionths, None where none was told."""

    deal: str
    time_ms: int
    id: str
    value: int | None
    currency: str
    new_customer: bool | None  # None: not told
    won_ms: int = 0
    lost_ms: int = 0


class Refund(Struct, frozen=True, array_like=True, tag="r", gc=False):
    """Money that was given back, in millionths."""

    id: str
    deal: str
    time_ms: int
    value: int
    currency: str


class Held(Struct, frozen=True, array_like=True, tag="H", gc=False):
    """A fact that is kept for what it says, while its points are among those of a settled past."""

    fact: Visit | PlatformForm | Recorded


class Settled(Struct, frozen=True, array_like=True, tag="S", gc=False):
    """What a lead's facts of before `sure_ms` amount to, in place of them: nothing of that time can still come."""

    of: str  # the id of the lead's earliest evidence: two pasts that come together stay two
    sure_ms: int
    rules: str = ""  # a hash of those by which crossings are known
    active_ms: int = 0
    newest_ms: int = 0
    first_session_ms: int = 0
    nurtured_ms: int = 0  # the first mail as a lead that is not of welcome
    began: tuple[tuple[str, int], ...] = ()  # a fact as rules name it, its first time
    scored: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = ()  # a rule, and how often on which days
    crossed: tuple[tuple[int, int], ...] = ()  # a threshold, and when it was reached
    waiting: tuple[tuple[str, int], ...] = ()  # a rule of silence, since when a mail lies unopened
    booked: tuple[str, ...] = ()  # appointments that have counted
    cancelled: tuple[str, ...] = ()
    credit: tuple[tuple[str, tuple[tuple[str, str, str, int], ...]], ...] = ()  # as given, by model
    deals: tuple[tuple[str, tuple[tuple[str, tuple[tuple[str, str, str, int], ...]], ...]], ...] = ()  # by id


Fact = (
    Visit
    | Evidence
    | Counted
    | Submitted
    | Booked
    | Cancelled
    | Told
    | Mailed
    | PlatformForm
    | Recorded
    | Deal
    | Refund
    | Held
    | Settled
)
#: Facts of what a visitor did, which go to the visitor's own home where the id that they were done under is shared.
OF_VISITORS = (Visit, Evidence, Counted, Submitted, Booked, Cancelled, Told)
