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

QUANTILES: Final = (0.5, 0.9)

#: What a step may take. Those who took no longer are a share that alerts like any other; the limit is rounded up
#: to the edge of a duration bucket, by at most 4 %.
STEP_TARGETS_S: Final = {
    ("first_view", "form_start"): 1_800,
    ("form_start", "form_submit"): 300,
    ("first_view", "lead"): 3_600,
    ("conversation_started", "chat_lead"): 600,
    ("ad_landing", "lead"): 3_600,
    ("email_landing", "lead"): 3_600,
}

#: What one of a count is.
Of = Literal[
    "person", "session", "view", "form", "submission", "field", "conversation", "order", "appointment", "step",
    "message", "click", "ad impression", "ad click", "ad conversion", "money", "duration", "record",
]  # fmt: skip

#: The moment in whose pane one of a count stands. Counts that stand at different moments are different cohorts.
At = Literal[
    "event",  # when it happened
    "arrival",  # when the record of it came
    "first",  # one a person, when that first happened to them
    "latest",  # one a person, when that last happened to them: a window that ends now holds whom it happened to in it
    "session start",
    "form start",
    "conversation start",
    "order start",
    "appointment set",
    "sending",
    "step begun",  # when the step's beginning was taken
    "step taken",  # when its end was reached
]
#: Where the windows of an entry end.
Ends = Literal[
    "now",
    "both_known",  # for each platform and campaign, at the earlier of what is known of numerator and denominator
    "spend",  # at the earliest newest spend of the site's platforms that told of any in the window, by currency
]
#: Moments at which something begins that may end later: only of these can a figure wait until they are over.
BEGINNINGS: Final[frozenset[At]] = frozenset({"session start", "form start"})


@dataclass(frozen=True, slots=True)
class Count:
    """Something that is added up: cells of some kinds, by some of their labels.

    `fate` picks messages of which any of these bits is true. `needs` names a label without which a cell is
    passed over (beside `labels`, for which the same holds). `in_time` takes the steps within STEP_TARGETS_S only.
    `of` says what one of it is, `at` in which pane that one stands.
    """

    name: str
    labels: tuple[str, ...]
    cells: tuple[str, ...]
    fate: int = 0
    needs: str | None = None
    in_time: bool = False
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

    `numerator` and `denominator` are sums of counts with a sign, kept in units of `scale` and `bottom_scale` (money:
    millionths). `ends` says where windows end.
    `people` says that values in `(other)` are an upper bound, since one person may come by several values.
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
    scale: float = 1.0
    bottom_scale: float = 1.0
    ends: Ends = "now"
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
