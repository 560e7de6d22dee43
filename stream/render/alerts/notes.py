"""Notes: figures of leads that somebody should look into and that no rule judges.

In:  entries of the catalog with words and without a rule; the totals of leads.
Out: texts like those of alerts, for the runbook alone.

What is usual for a cohort shows over months, and what stands now has no hours of the week: people look at these figures
on the boards of leads and money, and come here from there.
"""

from __future__ import annotations

from typing import Final

from stream import catalog
from stream.catalog import AREAS, Metric
from stream.catalog.words import NOW, EachStep, Now
from stream.judge.plan import by_name
from stream.render.alerts.promql import named
from stream.render.alerts.texts import WORKER, AlertText, query

_BEFORE: Final = {True: "a week before", False: "a month before"}
#: What to look at instead of what an area has for all, by section.
_INSTEAD: Final = {
    "Who is one lead": (
        "from how many others on an id is shared; what should never join goes to `identity.ignore`, then rebuild",
        "leadpulse settings --rules",
    ),
}


def notes() -> list[AlertText]:
    """Give the texts: those of the catalog's entries, then what speaks against the figures."""
    return [*(_of_entry(metric) for metric in catalog.METRICS if is_unjudged(metric)), *SIGNS]


def is_unjudged(metric: Metric) -> bool:
    """Say whether an entry has words, and nothing judges it."""
    return metric.alert is not None and metric.name not in by_name()


def _of_entry(metric: Metric) -> AlertText:
    assert metric.alert is not None
    area, stands = AREAS[metric.area], metric.windows == NOW
    constant = ",".join(f'{label}="{value}"' for label, value in metric.constant)
    series = f"leadpulse_{metric.series}{{{constant}}}" if constant else f"leadpulse_{metric.name}"
    sections = [place.section for place in metric.look.places if not isinstance(place, Now | EachStep)]
    then = next((_INSTEAD[name] for name in sections if name in _INSTEAD), (area.shows, query(area.query)))
    meaning = f"`{series}`: {metric.help} Formula: {metric.formula}. {_read(metric)}"
    return AlertText(
        metric.name, metric.alert.summary, "info", meaning, area.cost,
        (
            ("the figure by its labels", query(series)),
            (f"the same {_BEFORE[stands]}", query(f"{series} offset {'1w' if stands else '30d'}")),
            then,
            ("whether the figures of leads are complete, and whether a topic is missing", _SOURCES),
        ), "", metric.area,
    )  # fmt: skip


def _read(metric: Metric) -> str:
    """Say how to tell a change from what is none."""
    if metric.maturity is not None:
        return (
            f"Some of those who wait will still get there: compare only what `leadpulse_{metric.series}_maturity` calls"
            " final, say 0.9."
        )
    if metric.ends == "cost":
        return (
            "It ends where both ad spend and other cost are known (`as_of` of the readings), and a restated month moves"
            " it: ask first whether a cost came in, then whether fewer were won."
        )
    if metric.windows == NOW:
        return "It stands until it is taken back: compare it with the same day of other weeks."
    return "It is of those who arrived, by when they did: read it beside those who still wait."


_SOURCES: Final = f"curl -s {WORKER}/metrics | grep -E '{named('leads_complete')}|{named('source_missing')}'"

SIGNS: Final[tuple[AlertText, ...]] = (
    AlertText(
        "leads_behind", "Leads are still counted by former rules.", "info",
        f"`{named('leads_behind')}` is above 0 after a start with other rules (`LEADPULSE_LEADS_RULES`). Each commit"
        " counts some 20,000 ids by the new ones. It should be 0 within minutes, also with a million leads.",
        "Until then some leads count by the new rules and some by the former: stages, scores and what is made of them"
        " are of neither.",
        (
            ("how many are left; it should fall", query(named("leads_behind"))),
            ("which rules are read", "leadpulse settings"),
            ("how long commits of leads take", query('leadpulse_shard_last_commit_seconds{group="leads"}')),
        ), "", "leads",
    ),
    AlertText(
        "lead_facts_dropped_total", "Leads had no room for facts.", "info",
        f"`{named('lead_facts_dropped_total')}` counts facts beyond 512 of one id, after what is old was settled."
        " Nobody does so much: a machine goes by the id of a person, or an id stands for many and is not seen as shared"
        " yet.",
        "What was dropped does not count for this lead; all others are as they should be.",
        (
            ("how many, and whether it goes on", query(f"increase({named('lead_facts_dropped_total')}[1d])")),
            ("how many ids the largest lead has, by site", query('{__name__=~"leadpulse_largest_lead_.+"}')),
            ("what names nobody; add the id to `identity.ignore` and rebuild", "leadpulse settings --rules"),
        ), "", "leads",
    ),
    AlertText(
        "source_missing", "An optional topic is missing.", "info",
        f"`{named('source_missing')}` is 1 for a kind whose topic does not exist. That is allowed. Figures that need it"
        " are left out, on the page they say \"source missing\"; a nought would be a lie.",
        "Without a crm nobody becomes a customer; without costs nothing says what one costs.",
        (
            ("which kinds are missing", query(named("source_missing"))),
            ("what the topics are, and what is wrong with them", "leadpulse topics verify"),
            ("if it should be there: makes those that are missing; workers notice within a minute",
             "leadpulse topics create --optional"),
        ), "", "leads",
    ),
)  # fmt: skip
