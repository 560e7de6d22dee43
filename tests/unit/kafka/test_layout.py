"""Layout: the names of all topics, and the way back from a topic."""

from __future__ import annotations

import pytest

from stream.kafka.layout import ROLLUP, Layout, ShardId
from tests.topics import Topics

LAYOUT = Layout("p.", [Topics("mails", ("email", "sms")), Topics("sums", (), fed_by=("mails",))])


def test_a_group_reads_its_kinds_and_what_is_rerouted_or_handed_over() -> None:
    assert LAYOUT.sources == {
        "mails": {"email": "p.email", "sms": "p.sms", "reroute": "p.leadpulse.reroute.mails"},
        "sums": {"handover": "p.leadpulse.handover.sums"},  # nothing of it can be rerouted
    }
    assert LAYOUT.reroute("mails") == "p.leadpulse.reroute.mails"


@pytest.mark.parametrize(
    ("topic", "source"),
    [
        ("p.sms", ("mails", "sms")),
        ("p.leadpulse.reroute.mails", ("mails", "reroute")),
        ("p.leadpulse.handover.sums", ("sums", "handover")),
        ("p.leadpulse.rollup", (ROLLUP, ROLLUP)),
    ],
)
def test_a_topic_leads_to_its_source_and_back(topic: str, source: tuple[str, str]) -> None:
    assert LAYOUT.source_of(topic) == source
    assert LAYOUT.topic_of(*source) == topic


def test_whoever_has_the_log_of_the_rollup_is_the_rollup() -> None:
    assert LAYOUT.assigned() == {
        "mails": ("p.email", "p.sms", "p.leadpulse.reroute.mails"),
        "sums": ("p.leadpulse.handover.sums",),
        ROLLUP: ("p.leadpulse.rollup",),
    }
    assert LAYOUT.state(ROLLUP) == "p.leadpulse.rollup"
    assert LAYOUT.transactional_id(ShardId("mails", 3)) == "p.leadpulse-mails-3"


def test_a_generation_has_everything_of_its_own_but_sources_and_results() -> None:
    second = Layout("p.", LAYOUT.groups.values(), 2)
    assert second.state("mails") == "p.leadpulse.g2.state.mails"
    assert second.deltas("mails") == "p.leadpulse.g2.deltas.mails"
    assert second.sources["mails"] == {"email": "p.email", "sms": "p.sms", "reroute": "p.leadpulse.g2.reroute.mails"}
    assert (second.rollup, second.metrics) == ("p.leadpulse.g2.rollup", "p.leadpulse.metrics")
    assert second.consumer_group("team") == "p.team-g2"
    assert second.transactional_id(ShardId("mails", 3)) == "p.leadpulse-g2-mails-3"
    assert second.former().rollup == LAYOUT.rollup  # type: ignore[union-attr]
    assert LAYOUT.former() is None
    assert second.running([]).generation == 2


TOLD = [
    Topics("mails", ("email", "bounce"), optional_kinds=("bounce",)),
    Topics("leads", ("crm",), optional=True, told_by=("mails", "leads"), optional_kinds=("crm",)),
]


def test_who_is_told_of_people_has_a_topic_for_it_and_two_for_what_comes_of_it() -> None:
    layout = Layout("p.", TOLD)
    assert layout.touches == layout.sources["leads"]["touches"] == "p.leadpulse.touches"
    assert layout.results == {"leads": "p.leadpulse.leads", "lead_events": "p.leadpulse.lead_events"}
    second = Layout("p.", TOLD, 2)
    assert second.touches == "p.leadpulse.g2.touches"
    assert second.results == layout.results, "whoever reads them need not know of generations"
    assert LAYOUT.touches is None
    assert LAYOUT.results == {}


@pytest.mark.parametrize(
    ("there", "runs"),
    [
        (set(), {"mails": ["email"]}),
        ({"bounce"}, {"mails": ["email", "bounce"]}),
        ({"crm"}, {"mails": ["email"]}),  # nobody to read it
        ({"leadpulse.touches"}, {"mails": ["email"], "leads": []}),
        ({"leadpulse.touches", "crm", "bounce"}, {"mails": ["email", "bounce"], "leads": ["crm"]}),
    ],
)
def test_an_optional_kind_that_is_not_there_is_not_read_and_said_to_be_missing(
    there: set[str], runs: dict[str, list[str]]
) -> None:
    running = Layout("p.", TOLD, 3).running(
        {f"p.{name}" for name in there}
        | {"p.leadpulse.g3.touches"} & {name.replace("leadpulse.", "p.leadpulse.g3.") for name in there}
    )
    kinds = {
        group: [kind for kind in running.groups[group].kinds if kind in running.sources[group]]
        for group in running.groups
    }
    assert kinds == runs
    assert running.generation == 3
    for group, some in runs.items():
        assert set(running.missing(group)) == set(running.groups[group].kinds) - set(some)
