"""The table of means that the demo draws its past from is what its simulator gives, counted by the engine."""

from __future__ import annotations

import math

from stream.catalog import BY_NAME
from stream.demo.means import MEASURES, Mean, measure, table
from stream.demo.world import MAIN_FORM

#: What the verdicts of the story rest on: strictly within 5 %.
LEADING = {
    ("visitors", ()),
    ("page_views", ()),
    ("sessions", ()),
    ("visit_to_lead_ratio", ()),
    ("form_views", (("form", MAIN_FORM),)),
    ("form_starts", (("form", MAIN_FORM),)),
    *(("channel_visit_to_lead_ratio", (("channel", channel),)) for channel in ("direct", "organic_search")),
}
ENOUGH = 150.0
#: Events come in bunches: chance is wider than that of single ones by this.
BUNCHED = 2.0
SIGMAS = 3.5


def is_sum(mean: Mean) -> bool:
    """Say whether a single order or a single slow visitor sways a figure: a sum of money, of seconds, of impressions."""
    metric = BY_NAME[mean.metric]
    return metric.kind == "amount" or "seconds" in mean.metric or "impression" in str(metric)


def test_the_table_is_within_5_percent_of_the_simulator() -> None:
    """Hours alone, since a week takes long to play; of what comes seldom, as near as chance lets it come."""
    hours = MEASURES[0]
    looks = hours["hours"] - hours["first_hour"] + 1
    found = measure(("1h",), first_hour=hours["first_hour"], hours=hours["hours"], seeds=(7,))
    share = 1 / looks + 1 / (looks * len(hours["seeds"]))
    wrong, strict = [], set()
    for mean in table():
        if mean.window != "1h" or is_sum(mean):
            continue
        seen = found.get((mean.metric, mean.labels, mean.window), (0.0, 0.0))
        for now, told in zip(seen, (mean.successes, mean.trials), strict=True):
            if told is None:
                continue
            within = 0.05 * told
            if (mean.metric, mean.labels) in LEADING and told >= ENOUGH:
                strict.add((mean.metric, mean.labels))
            else:
                within = max(within, SIGMAS * BUNCHED * math.sqrt(told * share))
            if abs(now - told) > within:
                wrong.append(f"{mean.metric} {dict(mean.labels)}: {now:.1f} are simulated, the table has {told:.1f}")
    assert not wrong, "\n".join([*wrong, "do: python -m stream.demo.means"])
    assert strict == LEADING
