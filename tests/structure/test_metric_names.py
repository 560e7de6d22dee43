"""Names of metrics: written in the catalog, and nowhere else in the product.

A list of names elsewhere is a place that a new entry is forgotten in.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from stream.catalog import METRICS
from stream.contract.signal import SignalName

ROOT = Path(__file__).resolve().parents[2]
NAMES = frozenset(metric.name for metric in METRICS)
#: The catalog itself; the account and the demo are told the names apart from it, so that they can disagree.
APART = {"catalog", "reference", "demo"}

#: (file, name) → why the same word stands there, or what keeps it there.
ALLOWED = {
    ("changes/cells.py", "ad_spend"): "a kind of cell",
    ("stages/ads/fold.py", "ad_spend"): "a kind of cell",
    ("changes/cells.py", "email_clicks"): "a kind of cell",
    ("stages/emails/fold.py", "email_clicks"): "a kind of cell",
    ("changes/cells.py", "ad_conversion_value"): "a kind of cell",
    ("stages/ads/fold.py", "ad_conversion_value"): "a kind of cell",
    ("changes/cells.py", "marketing_cost"): "a kind of cell",
    ("stages/ads/totals.py", "marketing_cost"): "a kind of cell",
    **{("contract/signal.py", name): "what a signal is of" for name in get_args(SignalName)},
    ("stages/ads/signals.py", "social_followers"): "what a signal is of",
    ("ingest/advice.py", "keyword_rank"): "what a signal is of",
    ("changes/cells.py", "revenue"): "a kind of cell",
    ("stages/leads/contribution.py", "revenue"): "a kind of cell",
    ("stages/leads/contribution.py", "deals_lost"): "a field of what is known of a lead",
    ("stages/leads/contribution.py", "refunds"): "a field of what is known of a lead",
    ("engine/groups.py", "visitors"): "a group of kinds",
    ("render/alerts/faults.py", "visitors"): "a group of kinds",
    ("render/alerts/figures.py", "visitors"): "a rule of the judge",
    ("contract/alert.py", "visit_to_lead_ratio"): "an example",
    ("judge/docket.py", "visitors"): "a rule of the judge",
    ("judge/rules.py", "visitors"): "a rule of the judge",
    **{
        ("judge/plan.py", name): "an entry that has a rule of its own"
        for name in (
            "visitors",
            "visit_to_lead_ratio",
            "channel_visit_to_lead_ratio",
            "country_visitors",
            "emails_sent",
            "valid_event_ratio",
        )
    },
    **{
        ("judge/why.py", name): "a part of what brings leads"
        for name in (
            "visit_to_lead_ratio",
            "form_submits",
            "chat_leads",
        )
    },
    ("stages/leads/forgetting.py", "visitors"): "a group of kinds",
    ("stages/leads/records.py", "visitors"): "a group of kinds",
    ("contract/lead.py", "visitors"): "a field of what is told of a lead",
    ("stages/leads/value.py", "visitors"): "a field of what is told of a lead",
    ("cli/explain_lines.py", "page_views"): "a field of what is explained",
    ("sources/presets/matomo.py", "revenue"): "a field of a vendor's records",
    ("cli/explain_lines.py", "refunds"): "a field of what is explained",
    ("cli/explain_lines.py", "sessions"): "a field of what is explained",
    ("cli/explain_lines.py", "visitors"): "a field of what is explained",
    ("explain/explain.py", "visitors"): "a field of what is explained",
    ("explain/leads.py", "visitors"): "a field of what is explained",
    ("explain/views.py", "deals_lost"): "a field of what is explained",
    ("explain/views.py", "refunds"): "a field of what is explained",
    ("explain/visitors.py", "page_views"): "a field of what is explained",
    ("explain/visitors.py", "sessions"): "a field of what is explained",
    ("explain/visitors.py", "visitors"): "a field of what is explained",
}
#: What is also the name of something else all over: by itself it is that.
ALSO = {"leads": "a setting, a group of kinds, and a topic of results"}


def files() -> list[Path]:
    stream = ROOT / "stream"
    return [path for path in sorted(stream.rglob("*.py")) if path.relative_to(stream).parts[0] not in APART]


def literals(source: str) -> Iterator[str]:
    """Give the texts in a source, without docstrings and the like, which no program reads."""
    tree = ast.parse(source)
    read_by_nobody = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in read_by_nobody:
            yield node.value


def named(text: str) -> set[str]:
    """Give the metrics that a text names: as a list of nothing but names, or as series of the exposition.

    Prose may speak of visitors and leads.
    """
    words = set(text.split())
    listed = words if words and words <= NAMES else set()
    return listed | {name for name in re.findall(r"leadpulse_(\w+)", text) if _metric(name)}


def _metric(series: str) -> bool:
    return re.sub(r"_(numerator|denominator|sum|count)$", "", series) in NAMES or series in NAMES


@pytest.mark.parametrize(("source", "names"), [
    ("x = 'visitors'", {"visitors"}),
    ("x = 'visitors leads'", {"visitors", "leads"}),
    ("x = {'leads': 1}", {"leads"}),
    ("x = f'sum(leadpulse_leads{{a=1}}) / {y}'", {"leads"}),
    ("x = 'leadpulse_bounce_ratio_numerator'", {"bounce_ratio_numerator"}),
    ("x = 'visitors that become leads'", set()),  # prose
    ("def f():\n    'visitors'", set()),  # a docstring
    ("x = 'leadpulse_complete'", set()),  # a figure of the account, which has no windows
])  # fmt: skip
def test_names_are_found_where_a_program_reads_them(source: str, names: set[str]) -> None:
    assert {name for text in literals(source) for name in named(text)} == names


def test_no_name_of_a_metric_stands_outside_the_catalog() -> None:
    found = {
        (str(path.relative_to(ROOT / "stream")), name)
        for path in files()
        for text in literals(path.read_text(encoding="utf-8"))
        if text not in ALSO
        for name in named(text)
    }
    assert found - set(ALLOWED) == set(), "put what is said of the metric into its entry"


def test_nothing_is_allowed_that_is_not_there() -> None:
    for file, name in ALLOWED:
        path = ROOT / "stream" / file
        assert not path.exists() or name in path.read_text(encoding="utf-8"), f"{file} names {name} no more"
