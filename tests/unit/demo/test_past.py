"""The past of the demo: records that a worker reads, drawn around the means of the simulator."""

from __future__ import annotations

import time

import numpy as np
import pytest

from stream.demo.means import Mean, table
from stream.demo.past import HOURS, rows
from stream.history.kept import restored
from stream.judge.history import Figure, History, Pairs, shape_of

LAST = 490_000
MEANS = table()


def known(means: list[Mean], sites: tuple[str, ...] = ("acme",), scale: float = 1.0, seed: int = 1) -> History:
    kept = restored(rows(means, sites, scale=scale, seed=seed, last_hour=LAST))
    assert kept.unreadable == 0
    return kept.history


def read(history: History, metric: str, window: str, site: str = "acme", **labels: str) -> Pairs:
    figure = Figure(metric, (("site", site), *labels.items()), window, shape_of(metric))
    return history.read(np.array([history.rows[figure]]), np.arange(LAST - HOURS + 1, LAST + 1))


def of(*names: tuple[str, str]) -> list[Mean]:
    return [mean for mean in MEANS if (mean.metric, mean.window) in names]


def test_each_hour_of_five_weeks_has_each_figure() -> None:
    history = known(MEANS)
    assert len(history.rows) == len(MEANS)
    assert list(history.held()) == list(range(LAST - HOURS + 1, LAST + 1))
    visitors, conversion = read(history, "visitors", "1h"), read(history, "visit_to_lead_ratio", "7d")
    assert np.isnan(visitors.trials).all()
    assert not np.isnan(visitors.successes).any()
    assert (conversion.successes < conversion.trials).all()


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_what_is_drawn_lies_around_the_means_as_chance_has_it(scale: float) -> None:
    names = ("visitors", "1h"), ("visit_to_lead_ratio", "1h"), ("visit_to_lead_ratio", "6h")
    history = known(of(*names), scale=scale)
    for mean in of(*names):
        drawn = read(history, mean.metric, mean.window)
        assert drawn.successes.mean() == pytest.approx(mean.successes * scale, rel=0.02)
        if mean.trials is not None:
            assert drawn.trials.mean() == pytest.approx(mean.trials * scale, rel=0.02)
        if mean.window == "1h":
            assert drawn.successes.std() == pytest.approx(np.sqrt(mean.successes * scale), rel=0.2)


def test_sites_have_pasts_of_their_own_and_a_seed_gives_the_same_again() -> None:
    means = of(("visitors", "1h"))
    history = known(means, ("acme", "globex"))
    ours, theirs = read(history, "visitors", "1h").successes, read(history, "visitors", "1h", "globex").successes
    assert (ours != theirs).any()
    assert (read(known(means), "visitors", "1h").successes == ours).all()
    assert (read(known(means, seed=2), "visitors", "1h").successes != ours).any()


def test_five_weeks_are_drawn_in_less_than_two_seconds_of_work() -> None:
    began = time.process_time()
    list(rows(MEANS, ["acme"], scale=1.0, seed=1, last_hour=LAST))
    assert time.process_time() - began < 2.0
