"""Mix: the standard traffic that every figure is measured on.

In:  how many events, visitors, campaigns; the moment at which the traffic ends.
Out: events in order of arrival as (kind, key, value, time in ms), values as bytes of JSON.

70 % page views, 5 % form, 5 % chatbot, 12 % email, 8 % ad; about 350 bytes each; the busiest 1 % of the visitors
make a fifth of the visitors' events, the others have even shares; 1 % of the records are duplicates, half of them
right behind the first copy, half up to ten minutes later. Visits are believable: a page view opens each, forms and
chats follow it, tens of seconds lie between two events. With `scattered` each visitor's events are spread over the
whole time instead, so that nearly every event of a batch is another person: the worst case.

Imports nothing of the engine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

Ints = NDArray[np.int64]

KINDS: Final = ("page_view", "form", "chatbot", "email", "ad")
SHARES: Final = dict(zip(KINDS, (0.70, 0.05, 0.05, 0.12, 0.08), strict=True))
EVENTS_A_MESSAGE: Final = 2.6
SITES: Final = ("shop", "blog")

_PAGE_VIEW, _FORM, _CHATBOT, _EMAIL, _AD = range(5)
_COUNTRIES = ("DE", "FR", "US", "GB", "NL", "AT", "CH", "ES", "IT", "PL", "SE", "CA")
_GROUPS = ("pricing", "product", "blog", "landing", "docs", "cart")
_FORMS = (("contact-us", "contact"), ("news", "newsletter"), ("demo", "demo"), ("quote", "quote"),
          ("ebook", "download"), ("survey", "survey"))  # fmt: skip
_ARRIVALS = (
    *({"campaign": {"source": "google", "medium": "cpc", "name": f"c{i}"}} for i in range(25)),
    *({"campaign": {"source": "facebook", "medium": "paid_social", "name": f"c{i}"}} for i in range(25, 40)),
    *({"campaign": {"source": "news", "medium": "email", "name": f"c{i}"}} for i in range(40, 50)),
    *({"campaign": {"source": source, "medium": "organic"}} for source in ("google", "bing")),
    *({"referrer": {"domain": f"www.{name}.com"}} for name in ("google", "bing", "facebook", "example", "partner")),
    *({} for _ in range(20)),
)  # fmt: skip
_SYSTEMS = ("Windows NT 10.0; Win64; x64", "X11; Linux x86_64", "Macintosh; Intel Mac OS X 10_15_7")
_AGENTS = tuple(
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{number}.0.0.0 Safari/537.36"
    for system in _SYSTEMS
    for number in range(90, 140)
)
_MAILS = ("welcome", "webinar", "upgrade", "engagement", "faq")


class Event(NamedTuple):
    """One record to produce."""

    kind: str
    key: bytes
    value: bytes
    arrival_ms: int


@dataclass(frozen=True, slots=True)
class Options:
    """What the traffic depends on."""

    events: int = 1_000_000
    visitors: int = 200_000
    campaigns: int = 50
    span_ms: int = 0  # 0: a million events in an hour
    gap_ms: int = 24_000
    end_ms: int = field(default_factory=lambda: int(time.time() * 1000) - 2_000)
    duplicates: float = 0.01
    scattered: bool = False
    first_visitor: int = 0
    seed: int = 7


class Mix:
    """The traffic as parallel arrays, one entry for each event; values are made when they are asked for."""

    def __init__(self, options: Options = Options()) -> None:
        self.options = options
        self._span_ms = options.span_ms or options.events * 3_600 // 1_000
        self._rng = np.random.default_rng(options.seed)
        self.unique = round(options.events * (1 - options.duplicates))
        parts = [self._visits(), self._mails(), self._ads()]
        #: By event: kind, who did it, number of its visit or chat, what happened, time.
        self.kind, self.who, self.unit, self.action, self.time_ms = (
            np.concatenate(columns) for columns in zip(*parts, strict=True)
        )
        self.unique = len(self.kind)
        self.who[self.kind <= _CHATBOT] += options.first_visitor
        self.order, self.arrival_ms = self._arrivals(options.events - self.unique)

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[Event]:
        """Give the records in order of arrival."""
        step = 100_000
        for start in range(0, len(self), step):
            yield from self.records(start, step)

    @property
    def keys(self) -> list[bytes]:
        """Give every key once."""
        out = [b"c%d" % campaign for campaign in range(self.options.campaigns)]
        for written, codes in ((b"v%07d", (_PAGE_VIEW, _FORM, _CHATBOT)), (b"m%08d", (_EMAIL,))):
            out += [written % who for who in np.unique(self.who[np.isin(self.kind, codes)]).tolist()]
        return out

    def only(self, *kinds: str) -> Mix:
        """Leave out all other kinds."""
        kept = np.isin(self.kind[self.order], [KINDS.index(kind) for kind in kinds])
        self.order, self.arrival_ms = self.order[kept], self.arrival_ms[kept]
        return self

    @property
    def uniques(self) -> dict[str, int]:
        """Count the events of each kind without their duplicates."""
        return {name: int(np.count_nonzero(self.kind == code)) for code, name in enumerate(KINDS)}

    # who does what, and when ------------------------------------------------------------------------------

    def _visits(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """Make visits: page views, and forms or chats behind the first one of some visits."""
        rng, options = self._rng, self.options
        total = round(self.unique * (SHARES["page_view"] + SHARES["form"] + SHARES["chatbot"]))
        busy = max(1, options.visitors // 100)
        counts = np.concatenate([_even(total // 5, busy), _even(total - total // 5, options.visitors - busy)])
        visits = -(-counts // 4)
        returning = (visits == 1) & (counts > 1) & (rng.random(len(counts)) < 0.1)
        visits[returning] = 2
        who = np.repeat(np.arange(len(counts)), visits)
        nth = _places(visits)
        sizes = counts[who] // visits[who] + (nth < counts[who] % visits[who])
        begin = rng.integers(0, self._span_ms * 9 // 10, len(who))
        first = begin[(np.cumsum(visits) - visits)[who]]
        back = returning[who]  # comes back after more than half an hour, which makes another session
        begin[back] = first[back] * 4 // 10 + nth[back] * self._span_ms * 55 // 100

        place = _places(sizes)
        unit = np.repeat(np.arange(len(sizes)), sizes)
        gap_ms = np.where(place == 0, 0, rng.exponential(options.gap_ms, len(place)).astype(np.int64) + 1)
        passed = np.cumsum(gap_ms)
        offset = begin[unit] + passed - np.repeat(passed[np.cumsum(sizes) - sizes], sizes)
        if options.scattered:
            offset = rng.integers(0, self._span_ms, len(place))
            offset = offset[np.lexsort((offset, who[unit]))]
        kind, action = self._deeds(sizes, unit, place)
        return kind, who[unit], unit, action, self._moment(offset)

    def _deeds(self, sizes: Ints, unit: Ints, place: Ints) -> tuple[Ints, Ints]:
        """Say which events of visits are of forms and chats: at most three, behind the first page view."""
        kind, action = np.zeros(len(unit), np.int64), place.copy()
        eligible = self._rng.permutation(np.flatnonzero(sizes > 1))
        behind = np.minimum(sizes[eligible] - 1, 3)
        taken = np.cumsum(behind)
        forms, chats = self.unique * SHARES["form"], self.unique * SHARES["chatbot"]
        with_form, with_either = np.searchsorted(taken, [forms, forms + chats])
        of_visit = np.zeros(len(sizes), np.int64)
        of_visit[eligible[:with_form]] = _FORM
        of_visit[eligible[with_form:with_either]] = _CHATBOT
        here = (place > 0) & (place <= 3) & (of_visit[unit] > 0)
        kind[here] = of_visit[unit[here]]
        # a visit of two or three events begins the form at once; one of four sees it first
        action[(kind == _FORM) & (sizes[unit] < 4)] += 1
        return kind, action

    def _mails(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """Make mails: sent, then delivered or bounced, some opened and clicked."""
        rng = self._rng
        count = round(self.unique * SHARES["email"] / EVENTS_A_MESSAGE)
        sent = rng.integers(0, self._span_ms * 9 // 10, count)
        chance = rng.random(count)
        steps = [
            (np.ones(count, np.bool_), 0, 0),
            (chance < 0.98, 1, 2_000),
            (chance >= 0.98, 2, 2_000),
            (chance < 0.45, 3, 600_000),
            (chance < 0.15, 4, 900_000),
        ]
        who, action, offset = [], [], []
        for happens, code, within_ms in steps:
            messages = np.flatnonzero(happens)
            who.append(messages)
            action.append(np.full(len(messages), code))
            offset.append(sent[messages] + code * 500 + rng.integers(0, within_ms + 1, len(messages)))
        people = np.concatenate(who)
        return (
            np.full(len(people), _EMAIL), people, people, np.concatenate(action), self._moment(np.concatenate(offset)),
        )  # fmt: skip

    def _ads(self) -> tuple[Ints, Ints, Ints, Ints, Ints]:
        """Make single ad events of all campaigns: impressions, clicks, conversions, costs."""
        rng = self._rng
        count = round(self.unique * SHARES["ad"])
        who = rng.integers(0, self.options.campaigns, count)
        action = np.searchsorted(np.array([0.85, 0.94, 0.95]), rng.random(count))
        offset = rng.integers(0, self._span_ms, count)
        return np.full(count, _AD), who, np.arange(count), action, self._moment(offset)

    def _moment(self, offset: Ints) -> Ints:
        span_ms = self._span_ms
        return self.options.end_ms - span_ms + np.where(offset < span_ms, offset, span_ms - 1 - offset % 1_000)

    def _arrivals(self, duplicates: int) -> tuple[Ints, Ints]:
        """Put events in order of arrival: nearly that of their times; then the second copies."""
        rng, count = self._rng, self.unique
        on_its_way = rng.exponential(150, count).astype(np.int64)
        arrival = self.time_ms + on_its_way + np.where(rng.random(count) < 0.01, rng.integers(0, 60_000, count), 0)
        again = rng.integers(0, count, duplicates)
        behind = np.where(rng.random(duplicates) < 0.5, 0, rng.integers(1, 600_000, duplicates))
        every = np.concatenate([np.arange(count), again])
        moments = np.concatenate([arrival, arrival[again] + behind])
        order = np.argsort(moments, kind="stable")
        return every[order], moments[order]

    # what it looks like -----------------------------------------------------------------------------------

    def records(self, start: int, count: int) -> Iterator[Event]:
        """Give some records in order of arrival."""
        part = slice(start, start + count)
        at = self.order[part]
        stamps = np.datetime_as_string(self.time_ms[at].astype("datetime64[ms]"), timezone="UTC").astype("S").tolist()
        columns = (self.kind[at], at, self.who[at], self.unit[at], self.action[at], self.arrival_ms[part])
        rows = zip(*(column.tolist() for column in columns), stamps, strict=True)
        makers, heads, others = _MAKERS, _HEADS, self.options.seed << 40
        for kind, number, who, unit, action, arrival_ms, stamp in rows:
            key, data = makers[kind](who, unit, action)
            value = heads[kind] % ((number + others) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF, stamp, data)
            yield Event(KINDS[kind], key, value, arrival_ms)


# Values are put together from pieces that orjson has written once: a dictionary an event would cost five times more.


def _pieces(rows: Iterable[dict[str, Any]]) -> tuple[bytes, ...]:
    """Write tables as the inside of a JSON object, with a comma in front where there is something."""
    return tuple(b"," + text[1:-1] if (text := orjson.dumps(row)) != b"{}" else b"" for row in rows)


_HEADS: Final = tuple(
    b'{"specversion":"1.0","id":"%%016x","source":"%b","type":"%b","time":"%%b","data":{%%b}}' % (source, kind.encode())
    for kind, source in zip(KINDS, (b"web", b"web", b"chat", b"mail", b"ads"), strict=True)
)
_ARRIVED = _pieces(_ARRIVALS)
_WHERE = _pieces({"geo": {"country": country}} for country in _COUNTRIES)
# half of the visitors come with a user agent, so that an event has about 350 bytes
_WITH = _pieces({"user_agent": agent} if at < len(_AGENTS) else {} for at, agent in enumerate(_AGENTS * 2))
_PAGES = _pieces(
    {"page": {"path": f"/{(group := _GROUPS[n % 6])}/{n}", "group": group, "content_id": f"p{n}"}} for n in range(40)
)
_FORM_DEEDS = tuple(
    _pieces({"action": action, "form_id": name, "form_type": kind} for name, kind in _FORMS)
    for action in ("", "view", "start", "abandon", "submit")
)
_ASKED = b',"submission_id":"s%d","fields_asked":["name","size"],"fields_present":["name"]'
_CHAT_DEEDS = _pieces(
    {"action": action} | ({"actor": "visitor"} if action == "message" else {})
    for action in ("", "conversation_started", "message", "conversation_ended", "lead_captured")
)
_MAIL_DEEDS = _pieces(
    {"action": action} | more
    for action, more in (
        ("sent", {}), ("delivered", {}), ("bounced", {"bounce_type": "hard"}), ("opened", {}), ("clicked", {}),
        ("opened", {"machine": True}),
    )
)  # fmt: skip
_MAILINGS = _pieces(
    {"campaign_id": f"c{n % 50}", "email_purpose": _MAILS[n % 5], "recipient_domain": f"mail{n % 20}.example"}
    for n in range(100)
)
_AD_DEEDS = _pieces({"action": action} for action in ("impression", "click", "conversion", "spend"))
_BOUGHT = _pieces(
    {
        "platform": ("google", "meta", "linkedin")[n % 3],
        "campaign_id": f"c{n}",
        "channel_type": ("search", "social", "display")[n % 3],
        "audience_type": ("interest", "lookalike")[n % 2],
        "segment": "mobile android",
    }
    for n in range(1_000)
)


def _person(who: int, unit: int) -> bytes:
    """Write what every event of a visit says of its visitor."""
    return b'"site_id":"%b","visitor_id":"v%07d"%b%b%b' % (
        SITES[who & 1].encode(), who, _ARRIVED[unit * 31 % len(_ARRIVED)], _WHERE[who * 7 % 12],
        _WITH[who * 13 % len(_WITH)],
    )  # fmt: skip


def _page_view(who: int, unit: int, action: int) -> tuple[bytes, bytes]:
    return b"v%07d" % who, _person(who, unit) + _PAGES[(unit * 17 + action * 5) % 40]


def _form(who: int, unit: int, action: int) -> tuple[bytes, bytes]:
    submits = action == 3 and unit & 2
    data = _person(who, unit) + _FORM_DEEDS[4 if submits else action][unit % 6]
    return b"v%07d" % who, data + _ASKED % unit if submits else data


def _chatbot(who: int, unit: int, action: int) -> tuple[bytes, bytes]:
    deed = _CHAT_DEEDS[4 if action == 3 and unit % 3 == 0 else action]
    return b"v%07d" % who, b'%b,"conversation_id":"k%d","bot_id":"bot%d"%b' % (_person(who, unit), unit, unit % 3, deed)


def _email(who: int, unit: int, action: int) -> tuple[bytes, bytes]:
    return b"m%08d" % who, b'"site_id":"%b","email_hash":"%064x","message_id":"m%08d"%b%b' % (
        SITES[who & 1].encode(), who * 0x9E3779B97F4A7C15, who, _MAILINGS[who % 100],
        _MAIL_DEEDS[5 if action == 3 and who % 3 == 0 else action],
    )  # fmt: skip


def _ad(who: int, unit: int, action: int) -> tuple[bytes, bytes]:
    data = b'"site_id":"%b"%b%b,"variant":"%c","ad_id":"a%d","ad_group_id":"%016x"' % (
        SITES[who & 1].encode(), _AD_DEEDS[action], _BOUGHT[who], 97 + (unit & 1), unit % 300, unit,
    )  # fmt: skip
    if action == 3:
        data += b',"cost_micros":%d,"currency":"EUR"' % (180_000 + unit % 70_000)
    return b"c%d" % who, data


_MAKERS: Final[tuple[Callable[[int, int, int], tuple[bytes, bytes]], ...]] = (
    _page_view, _form, _chatbot, _email, _ad,
)  # fmt: skip


def _even(total: int, people: int) -> Ints:
    """Share events evenly."""
    counts = np.full(people, total // people, np.int64)
    counts[: total % people] += 1
    return counts


def _places(sizes: Ints) -> Ints:
    """Number the members of each group from 0.

    >>> _places(np.array([2, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    return np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
