"""Words: what the catalog is written in: windows, units, counts, entries, alerts, and how an entry is looked at.

In:  nothing.  Out: types, and the closed lists that their fields choose from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, get_args

ShownAs = Literal["count", "amount", "ratio", "summary", "total", "gauge"]
Unit = Literal["1", "ratio", "seconds", "currency"]

TRAFFIC: Final = ("5m", "1h", "6h", "24h", "7d", "30d")
BOUNCES: Final = ("1h", "24h", "7d")
CONTENT: Final = ("24h", "7d", "30d")
ADS: Final = ("1h", "24h", "7d", "30d")
MONEY: Final = ("24h", "7d", "30d", "90d")
STEPS: Final = ("1h", "24h", "7d", "30d")
#: The sets of windows that an entry chooses from.
WINDOWS: Final = frozenset({TRAFFIC, BOUNCES, CONTENT, ADS, MONEY, STEPS})

#: A session is over half an hour after its last event: figures of sessions that are over end that much earlier.
SESSION_OVER_MS: Final = 30 * 60_000

#: How long after the sending an answer is in time, and so how old a message must be to be judged by it.
OPEN_WITHIN_MS: Final = 6 * 3_600_000
CLICK_WITHIN_MS: Final = 6 * 3_600_000
REPLY_WITHIN_MS: Final = 72 * 3_600_000

QUANTILES: Final = (0.5, 0.9)

#: How long after it was set an appointment is confirmed in time.
CONFIRM_WITHIN_MS: Final = 48 * 3_600_000

#: What one of a count is.
Of = Literal[
    "person", "session", "view", "download", "key event", "form", "submission", "field", "conversation", "order",
    "appointment", "step", "message", "click", "ad impression", "ad click", "ad conversion", "money", "duration",
    "record",
]  # fmt: skip

#: The moment in whose pane one of a count stands. Counts that stand at different moments are different cohorts.
At = Literal[
    "event",  # when it happened
    "arrival",  # when the record of it came
    "first",  # one a person, when that first happened to them
    "latest",  # one a person, when that last happened to them: a window that ends now holds whom it happened to in it
    "session start",
    "session end",
    "form start",
    "conversation start",
    "order start",
    "appointment set",
    "sending",
    "step begun",  # when the step's beginning was taken
    "step taken",  # when its end was reached
]
#: Moments behind which something may still come: only of these can a figure wait until it would have.
BEGINNINGS: Final[frozenset[At]] = frozenset(
    {"session start", "session end", "form start", "sending", "appointment set", "step begun"}
)


@dataclass(frozen=True, slots=True)
class Count:
    """Something that is added up: cells of some kinds, by some of their labels.

    `fate` picks messages of which any of these bits is true. `needs` names a label without which a cell is
    passed over (beside `labels`, for which the same holds).
    `of` says what one of it is, `at` in which pane that one stands.
    """

    name: str
    labels: tuple[str, ...]
    cells: tuple[str, ...]
    fate: int = 0
    needs: str | None = None
    # no part of the catalog's version: they change no figure
    of: Of = field(kw_only=True, repr=False)
    at: At = field(kw_only=True, repr=False)


@dataclass(frozen=True, slots=True)
class Alert:
    """What the alert of an entry says; the rule follows from the entry's kind, proportion and direction.

    `by` are the labels beside `site` that an alert tells apart; it adds up over the others (no figures of people,
    which do not add up). Without it all labels are told apart.
    """

    summary: str
    severity: Literal["critical", "warning", "info"] = "warning"
    by: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Now:
    """A place on a dashboard: the figure of now, in the first row."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A place on a dashboard: a chart in a section, one line a value of the label `by`."""

    section: str
    by: str = "site"
    title: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A place on a dashboard: a column of one of a section's tables."""

    section: str
    table: str


@dataclass(frozen=True, slots=True)
class EachStep:
    """A place on the dashboard of the funnel: a chart for each of its steps."""


Place = Now | Chart | Column | EachStep


@dataclass(frozen=True, slots=True)
class Look:
    """How an entry is shown, on the live page and on dashboards; without places it is in its area's last table.

    `rank` is the place among the main figures (0: after all others). `told` says numerator n and denominator d in
    words. `split` names the label whose values are listed below the figure. `focus` picks the one set of labels that
    is the figure where sets cannot be added up.
    """

    rank: int = 0
    told: str = "{n} of {d}"
    split: str | None = None
    focus: tuple[tuple[str, str], ...] = ()
    places: tuple[Place, ...] = ()


Terms = tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """One entry: what is shown, how it is worked out and what harms.

    `numerator` and `denominator` are sums of counts with a sign. `unit` scales the numerator (money: millionths).
    `waits_for_target` ends a figure earlier by the target of its step. `people` says that values in `other` are an
    upper bound, since one person may come by several values.
    `across` says why a ratio may divide counts of different cohorts or labels. `watched` is a window in which the
    count must not vanish once it was there; whatever site has such a count is known to the dashboards. `share_of`
    names the count of which each label's share is watched.
    """

    name: str
    kind: ShownAs
    help: str
    formula: str
    labels: tuple[str, ...]
    windows: tuple[str, ...]
    numerator: Terms = ()
    denominator: Terms = ()
    unit: Unit = "1"
    area: str = "traffic"
    tier: Literal["main", "secondary"] = "secondary"
    proportion: bool = False
    direction: Literal["drop", "rise"] | None = None
    people: bool = False
    shift_ms: int = 0
    waits_for_target: bool = False
    scale: float = 1.0
    factor: int = 1
    ends_at_spend: bool = False
    constant: tuple[tuple[str, str], ...] = ()
    alert: Alert | None = None
    panel: str | None = None
    since: str = "0.1"
    notes: str = field(default="")
    # no part of the catalog's version: they change no figure
    across: str = field(default="", repr=False)
    watched: str | None = field(default=None, repr=False)
    share_of: str | None = field(default=None, repr=False)
    look: Look = field(default=Look(), repr=False)


OFS: Final[frozenset[str]] = frozenset(get_args(Of))
ATS: Final[frozenset[str]] = frozenset(get_args(At))
