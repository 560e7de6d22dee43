"""Results of leads are written by the generation that publishes, and all of them once it does."""

from __future__ import annotations

from stream.engine.commit import Commit, ShardReport
from stream.worker.results import Results


def told(results: Results, told_before: bool, untold: bool = False) -> tuple[str, bool]:
    """Let a shard commit: what becomes of its results, and what its position says then."""
    report = ShardReport(True, 0, results=results.now(told=told_before))
    return report.results, results.told(report, Commit(untold=untold))


def test_a_first_generation_writes_what_it_has_and_says_nothing_of_it() -> None:
    assert told(Results(None), False) == ("written", False)


def test_a_second_one_keeps_its_results_until_it_publishes_and_then_tells_all_of_them_once() -> None:
    published = [False]
    results = Results(lambda: published[0])
    assert told(results, False) == ("kept", False)
    published[0] = True
    assert told(results, False, untold=True) == ("all", False)  # the first part
    assert told(results, False, untold=True) == ("written", False)
    assert told(results, False) == ("written", True)
    assert told(results, True) == ("written", True)


def test_who_goes_on_from_a_shard_that_had_not_told_all_begins_with_that_again() -> None:
    published = Results(lambda: True)
    assert told(published, False, untold=True) == ("all", False)
    assert told(Results(lambda: True), False) == ("all", True)
    assert told(Results(lambda: True), True) == ("written", True)
