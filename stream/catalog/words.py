"""Words: what the catalog is written in: windows, units, counts, entries, alerts, and how an entry is looked at.

In:  nothing.  Out: types, and the closed lists that their fields choose from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from stream.changes import panes

ShownAs = Literal[
    "count", "amount", "ratio", "summary", "total", "gauge",
    "survival",  # median of durations with those who still wait (Kaplan–Meier), in seconds
    "oldest",  # age in seconds of the oldest of those that stand
    "spread",  # largest − smallest share over the values of a label
    "last",  # the last value of an outside measurement
    "largest",  # the largest of a gauge that shards report by site
]  # fmt: skip
Unit = Literal["1", "ratio", "seconds", "currency"]

TRAFFIC: Final = ("5m", "1h", "6h", "24h", "7d", "30d")
BOUNCES: Final = ("1h", "24h", "7d")
CONTENT: Final = ("24h", "7d", "30d")
ADS: Final = ("1h", "24h", "7d", "30d")
MONEY: Final = ("24h", "7d", "30d", "90d")
STEPS: Final = ("1h", "24h", "7d", "30d")
LEADS: Final = ("24h", "7d", "30d", "90d", "365d")
#: What is compared with the same time before it.
MONTH: Final = ("30d",)
#: The window of what stands: amounts that hold until they are taken back.
NOW_WINDOW: Final = panes.NOW
NOW: Final = (NOW_WINDOW,)
#: The sets of windows that an entry chooses from.
WINDOWS: Final = frozenset({TRAFFIC, BOUNCES, CONTENT, ADS, MONEY, STEPS, LEADS, MONTH, NOW})

#: Ages by which those that stand are told apart: up to each, and beyond the last one.
AGES: Final = ("1d", "7d", "30d", "90d")
OLDER: Final = "older"
AGE: Final = "age"
#: Windows whose length the rules of leads give, and what it is where they say nothing.
PERIODS: Final = {"answer_within": "1h", "stale_after": "30d"}
#: How short they may be.
SHORTEST: Final = {"answer_within": TRAFFIC[0], "stale_after": "7d"}
#: A cohort is mature by the time in which nine tenths of those arrive who do, seen over this window, where it holds so
#: many; else after 30 days.
HORIZON_WINDOW: Final = "365d"
HORIZON_QUANTILE: Final = 0.9
HORIZON_LEAST: Final = 20
HORIZON_MS: Final = 30 * 86_400_000

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
    "record", "lead", "deal", "credit", "id", "moment", "measurement",
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
    "assigned",  # when a lead was first given to somebody
    "signed up",  # when a lead first sent a form of an event
    "called",  # when a lead was first talked to
    "stage entered",  # when a lead entered the stage that a cohort, or the way to another stage, begins with
    "stage reached",  # when it entered the stage where the way ends
    "waiting since",  # when the stay began that a lead is in
    "last activity",  # when a lead was last heard of
    "standing",  # in no pane: it holds until it is taken back
]
#: Where the windows of an entry end.
Ends = Literal[
    "now",
    "both_known",  # for each platform and campaign, at the earlier of what is known of numerator and denominator
    "spend",  # at the earliest newest spend of the site's platforms that told of any in the window, by currency
    "cost",  # at the earlier of that and the newest cost of the site; nothing is told without a cost in the window
]
#: Moments behind which something may still come: only of these can a figure wait until it would have.
BEGINNINGS: Final[frozenset[At]] = frozenset(
    {"session start", "session end", "form start", "sending", "appointment set", "step begun"}
)


@dataclass(frozen=True, slots=True)
class Count:
    """Something that is added up: cells of some kinds, by some of their labels.

    `fate` picks messages of which any of these bits is true. `needs` names a label without which a cell is
    passed over (beside `labels`, for which the same holds). `where` picks cells by values of their labels.
    `carried` names the labels of cells in the order of `labels`, where one is shown under another name.
    `of` says what one of it is, `at` in which pane that one stands. `told_by` are the kinds of events that alone tell
    of it, where its cells are made of more.
    """

    name: str
    labels: tuple[str, ...]
    cells: tuple[str, ...]
    fate: int = 0
    needs: str | None = None
    where: tuple[tuple[str, str], ...] = ()
    carried: tuple[str, ...] = ()
    # no part of the catalog's version: they change no figure
    of: Of = field(kw_only=True, repr=False)
    at: At = field(kw_only=True, repr=False)
    told_by: tuple[str, ...] = field(default=(), kw_only=True, repr=False)

    @property
    def of_cells(self) -> tuple[str, ...]:
        """Name the labels as cells carry them, in the order of `labels`."""
        return self.carried or self.labels


#: A page wakes somebody up, a ticket is read on the next working day, info is shown and told to nobody.
Told = Literal["page", "ticket", "info"]


@dataclass(frozen=True, slots=True)
class Alert:
    """What the alert of an entry says; the rule follows from the entry's kind, proportion and direction.

    `by` are the labels beside `site` that an alert tells apart; it adds up over the others (no figures of people,
    which do not add up). Without it all labels are told apart. What is not `ruled` has words and a direction, and no
    rule: what is usual for a cohort is to be seen over months. `told` says to whom the judge tells it.
    """

    summary: str
    by: tuple[str, ...] | None = None
    ruled: bool = True
    told: Told = "ticket"


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

#: What a figure by `from` and `to` says of a step where a funnel is drawn: who took it, who still may, how long it
#: takes, and who took it in time.
OfStep = Literal["share", "waiting", "time", "in_time"]


@dataclass(frozen=True, slots=True)
class Look:
    """How an entry is shown, on the live page and on dashboards; without places it is in its area's last table.

    `rank` is the place among the main figures (0: after all others). `told` says numerator n and denominator d in
    words. `split` names the label whose values are listed below the figure. `focus` picks the one set of labels that
    is the figure where sets cannot be added up. `step` is what it says of a funnel's steps.
    """

    rank: int = 0
    told: str = "{n} of {d}"
    split: str | None = None
    focus: tuple[tuple[str, str], ...] = ()
    places: tuple[Place, ...] = ()
    step: OfStep | None = None


Terms = tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Maturity:
    """How much of a cohort's figure is final: 1 − (those who still wait and are younger than a horizon) / cohort.

    `waits` counts those who wait of the whole cohort, where it stands and by its labels. `took` counts the durations of
    those who arrived, by bucket last; its other labels are some of the entry's, so that a channel has the horizon of
    its site.
    The cohort is the denominator; of a `survival` all that it is made of.
    """

    waits: str
    took: str


@dataclass(frozen=True, slots=True)
class Metric:
    """One entry: what is shown, how it is worked out and what harms.

    `numerator` and `denominator` are sums of counts with a sign, kept in units of `scale` and `bottom_scale` (money:
    millionths). `ends` says where windows end; `waits_for_target` ends them earlier by the target of their step.
    `people` says that values in `(other)` are an upper bound, since one person may come by several values.
    `across` says why a ratio may divide counts of different cohorts or labels. `watched` is a window in which the
    count must not vanish once it was there; whatever site has such a count is known to the dashboards. `share_of`
    names the count of which each label's share is watched.

    Figures of leads: `read_in` names counts that are read in a window of their own (or in a period of the rules)
    whatever the entry's, so that a window can be taken away from what stands. `began` is the count of what stands in
    the panes in which it began: a count that has it is told by `age`, an `oldest` needs it. With `before` the
    denominator is read in the window that ends where that of the numerator begins. `against` names an entry of the same
    labels by whose value that of this one is divided. `over` is the label over which a spread is taken. `observed`
    and `restated` count, for each `last` value, the moment of it in ms and whether it replaced one of that moment.
    A survival is the median of the numerator (arrivals by bucket last) with the denominator still on their way
    (those who gave up by bucket last + those who wait).
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
    bottom_scale: float = 1.0
    ends: Ends = "now"
    constant: tuple[tuple[str, str], ...] = ()
    from_numerator: bool = False  # told only of what the numerator has labels of: the denominator alone says nothing
    alert: Alert | None = None
    panel: str | None = None
    since: str = "0.1"
    notes: str = field(default="")
    exposed: str = ""  # the name in readings, where it is that of another entry and `constant` tells them apart
    maturity: Maturity | None = None
    read_in: tuple[tuple[str, str], ...] = ()
    began: str | None = None
    before: bool = False
    against: str | None = None
    over: str | None = None
    observed: str | None = None
    restated: str | None = None
    # no part of the catalog's version: they change no figure
    across: str = field(default="", repr=False)
    watched: str | None = field(default=None, repr=False)
    share_of: str | None = field(default=None, repr=False)
    look: Look = field(default=Look(), repr=False)

    @property
    def series(self) -> str:
        """Name the entry as readings and Prometheus do."""
        return self.exposed or self.name

    @property
    def judged_by(self) -> tuple[str, ...]:
        """Name the labels beside site that verdict and alert tell apart."""
        if self.alert is None or self.alert.by is None:
            return tuple(label for label in self.labels if label != "site")
        return self.alert.by


def counts_of(metric: Metric) -> list[str]:
    """Name every count that an entry rests on, numerator first; those of `against` are that entry's."""
    beside = (metric.began, metric.observed, metric.restated)
    ripe = (metric.maturity.waits, metric.maturity.took) if metric.maturity is not None else ()
    terms = [name for _, name in metric.numerator + metric.denominator]
    return list(dict.fromkeys([*terms, *(name for name in beside if name is not None), *ripe]))


OFS: Final[frozenset[str]] = frozenset(get_args(Of))
ATS: Final[frozenset[str]] = frozenset(get_args(At))
