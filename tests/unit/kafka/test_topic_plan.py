"""What `topics verify` says about topics as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stream.engine.groups import GROUPS
from stream.kafka.layout import Layout
from stream.kafka.rebuild_plan import Holding, RebuildPlan
from stream.kafka.topic_plan import TopicPlan
from stream.kafka.topic_spec import Found
from tests.topics import Topics

LAYOUT = Layout("p.", GROUPS.values())


def cluster(partitions=6, **changed):
    """Give topics exactly as planned, with changes by name (dots written as __)."""
    plan = TopicPlan(LAYOUT, partitions)
    there = {spec.name: Found(spec.partitions, 3, dict(spec.configs)) for spec in plan.specs}
    for name, change in changed.items():
        topic = "p." + name.replace("__", ".")
        if change is None:
            del there[topic]
        else:
            there[topic] = replace(there[topic], **change)
    return there


def findings(there, brokers=1):
    return TopicPlan.fitting(LAYOUT, there).findings(there, brokers)


def test_topics_as_planned_are_in_order():
    assert findings(cluster(), brokers=3) == []


def test_all_topics_of_an_installation_carry_its_prefix():
    names = [spec.name for spec in TopicPlan(LAYOUT).specs]
    of_groups, of_all = ("state", "deltas", "reroute"), ("rollup", "metrics", "history", "alerts", "dead_letter")
    of_leads = ("touches", "leads", "lead_events")
    kinds = [kind for group in GROUPS.values() for kind in group.kinds]
    assert len(names) == len(set(names)) == len(kinds) + len(of_groups) * len(GROUPS) + len(of_leads) + len(of_all)
    assert all(name.startswith("p.") for name in names)


@pytest.mark.parametrize(
    ("changed", "where", "word"),
    [
        ({"email": None}, "p.email", "missing"),
        ({"leadpulse__state__ads": None}, "p.leadpulse.state.ads", "missing"),
        ({"form": {"partitions": 4}}, "p.page_view: 6, p.form: 4, p.chatbot: 6", "split"),
        ({"leadpulse__state__visitors": {"partitions": 12}}, "p.leadpulse.state.visitors", "must have 6"),
        ({"leadpulse__deltas__emails": {"partitions": 1}}, "p.leadpulse.deltas.emails", "must have 6"),
        ({"leadpulse__rollup": {"partitions": 2}}, "p.leadpulse.rollup", "must have 1"),
        (
            {"leadpulse__state__ads": {"configs": {"cleanup.policy": "delete"}}},
            "p.leadpulse.state.ads",
            "must be compact",
        ),
        ({"leadpulse__metrics": {"configs": {"cleanup.policy": "delete"}}}, "p.leadpulse.metrics", "must be compact"),
        ({"page_view": {"configs": {"cleanup.policy": "compact"}}}, "p.page_view", "vanish"),
        (
            {"leadpulse__reroute__ads": {"configs": {"message.timestamp.type": "CreateTime"}}},
            "p.leadpulse.reroute.ads",
            "must be LogAppendTime",
        ),
        ({"leadpulse__rollup": {"configs": {"message.timestamp.type": "CreateTime"}}}, "p.leadpulse.rollup", "clock"),
    ],
)
def test_what_a_worker_must_not_start_with_is_fatal_and_names_the_topic(changed, where, word):
    fatal = [finding for finding in findings(cluster(**changed)) if finding.fatal]
    assert [finding.where for finding in fatal] == [where]
    assert word in fatal[0].what
    assert fatal[0].do


@pytest.mark.parametrize(
    ("changed", "brokers", "word"),
    [
        ({"form": {"configs": {"message.timestamp.type": "CreateTime"}}}, 1, "CreateTime"),
        ({"leadpulse__state__ads": {"configs": {"segment.bytes": "1073741824"}}}, 1, "segment.bytes"),
        ({"ad": {"configs": {"retention.ms": "3600000"}}}, 1, "retention.ms"),
        ({"leadpulse__state__ads": {"replication": 1}}, 3, "replica"),
    ],
)
def test_what_is_only_unwise_is_a_notice(changed, brokers, word):
    told = findings(cluster(**changed), brokers)
    assert len(told) == 1
    assert not told[0].fatal
    assert word in told[0].what


def test_own_topics_get_the_brokers_time_and_sources_keep_theirs():
    there = cluster(
        page_view={"configs": {"message.timestamp.type": "CreateTime"}},
        leadpulse__reroute__visitors={"configs": {"message.timestamp.type": "CreateTime"}},
        leadpulse__metrics={"configs": {"message.timestamp.type": "CreateTime"}},
        leadpulse__rollup={"configs": {}},
        leadpulse__dead_letter=None,
    )
    plan = TopicPlan.fitting(LAYOUT, there)
    assert plan.unstamped(there) == ["p.leadpulse.reroute.visitors", "p.leadpulse.metrics"]
    assert all(spec.configs["message.timestamp.type"] == "LogAppendTime" for spec in plan.specs)


def test_existing_sources_decide_the_partition_counts_of_what_is_created():
    there = {"p.page_view": Found(24), "p.email": Found(3)}
    planned = {spec.name: spec.partitions for spec in TopicPlan.fitting(LAYOUT, there, partitions=8).missing(there)}
    assert planned["p.form"] == planned["p.leadpulse.state.visitors"] == 24
    assert planned["p.leadpulse.deltas.emails"] == 3
    assert planned["p.ad"] == 8
    assert planned["p.leadpulse.dead_letter"] == 24


def test_an_installation_without_history_goes_on_without_it_and_is_told() -> None:
    there = cluster(leadpulse__history=None)
    found = findings(there)
    assert [(finding.where, finding.fatal) for finding in found] == [("p.leadpulse.history", False)]
    assert "History is not kept" in found[0].what
    assert LAYOUT.running(there).history is None
    assert "p.leadpulse.history" not in {spec.name for spec in TopicPlan(LAYOUT.running(there)).specs}
    assert [spec.name for spec in TopicPlan.fitting(LAYOUT, there).missing(there, optional=False)] == [
        "p.leadpulse.history"
    ]
    assert LAYOUT.running(cluster()).history == "p.leadpulse.history"


def test_an_installation_without_a_topic_for_alerts_judges_nothing_and_is_told() -> None:
    there = cluster(leadpulse__alerts=None)
    (found,) = findings(there)
    assert (found.where, found.fatal) == ("p.leadpulse.alerts", False)
    assert "Nothing is judged" in found.what
    runs = LAYOUT.running(there)
    assert (runs.history, runs.alerts) == ("p.leadpulse.history", None)
    without_history = LAYOUT.running(cluster(leadpulse__history=None))
    assert without_history.alerts is None, "what is usual would be learned anew by each owner"


@pytest.mark.parametrize(
    ("changed", "word"),
    [({"partitions": 2}, "must have 1"), ({"configs": {"cleanup.policy": "delete"}}, "cleanup.policy is delete")],
)
def test_a_topic_for_history_that_would_lose_it_is_refused(changed: dict[str, Any], word: str) -> None:
    found = findings(cluster(leadpulse__history=changed))
    assert [(finding.where, finding.fatal) for finding in found] == [("p.leadpulse.history", True)]
    assert word in found[0].what


def test_each_generation_has_a_history_of_its_own() -> None:
    assert Layout("p.", GROUPS.values(), 2).history == "p.leadpulse.g2.history"


def test_alerts_are_told_in_one_topic_by_all_generations() -> None:
    assert Layout("p.", GROUPS.values(), 2).alerts == "p.leadpulse.alerts"


def test_a_broker_that_does_not_tell_settings_is_taken_at_its_word():
    silent = {name: Found(topic.partitions) for name, topic in cluster().items()}
    assert findings(silent) == []


# --- optional and fed groups --------------------------------------------------------------------------------

FED = Layout(
    "p.",
    [
        Topics("mails", ("email",)),
        Topics("leads", ("lead", "deal"), optional=True, partitions=2, fed_by=("mails",)),
        Topics("sums", (), optional=True, fed_by=("mails",)),
    ],
)


def test_topics_follow_from_the_groups() -> None:
    planned = {spec.name: (spec.role, spec.group, spec.partitions) for spec in TopicPlan(FED, 6).specs}
    assert planned == {
        "p.email": ("source", "mails", 6),
        "p.leadpulse.reroute.mails": ("reroute", "mails", 6),
        "p.leadpulse.state.mails": ("state", "mails", 6),
        "p.leadpulse.deltas.mails": ("deltas", "mails", 6),
        "p.lead": ("source", "leads", 2),
        "p.deal": ("source", "leads", 2),
        "p.leadpulse.reroute.leads": ("reroute", "leads", 2),
        "p.leadpulse.handover.leads": ("handover", "leads", 2),
        "p.leadpulse.state.leads": ("state", "leads", 2),
        "p.leadpulse.deltas.leads": ("deltas", "leads", 2),
        "p.leadpulse.handover.sums": ("handover", "sums", 6),
        "p.leadpulse.state.sums": ("state", "sums", 6),
        "p.leadpulse.deltas.sums": ("deltas", "sums", 6),
        "p.leadpulse.rollup": ("state", "rollup", 1),
        "p.leadpulse.metrics": ("result", "rollup", 1),
        "p.leadpulse.history": ("history", "rollup", 1),
        "p.leadpulse.alerts": ("result", "rollup", 1),
        "p.leadpulse.dead_letter": ("dead_letter", "", 6),
    }


@pytest.mark.parametrize(
    ("there", "partitions"),
    [
        ({}, {"p.lead": 2, "p.leadpulse.state.leads": 2, "p.leadpulse.handover.sums": 6}),  # the group's own count
        ({"p.lead": 5}, {"p.deal": 5, "p.leadpulse.state.leads": 5, "p.leadpulse.handover.leads": 5}),  # what there is
        ({"p.leadpulse.handover.sums": 3}, {"p.leadpulse.state.sums": 3, "p.lead": 2}),
    ],
)
def test_what_is_created_fits_what_there_is(there: dict[str, int], partitions: dict[str, int]) -> None:
    found = {name: Found(count) for name, count in there.items()}
    planned = {spec.name: spec.partitions for spec in TopicPlan.fitting(FED, found, partitions=6).missing(found)}
    assert {name: planned[name] for name in partitions} == partitions


@pytest.mark.parametrize(
    ("missing", "fatal", "runs"),
    [
        ((), (), {"mails", "leads", "sums"}),
        (("p.lead",), (), {"mails", "sums"}),
        (("p.lead", "p.deal"), (), {"mails", "sums"}),
        (("p.leadpulse.state.leads",), (), {"mails", "sums"}),
        (("p.leadpulse.deltas.leads",), (), {"mails", "sums"}),
        (("p.leadpulse.handover.leads", "p.leadpulse.handover.sums"), (), {"mails"}),
        (("p.email",), ("p.email",), {"mails", "leads", "sums"}),  # a group that is not optional stays in, and stops
        (("p.leadpulse.metrics", "p.lead"), ("p.leadpulse.metrics",), {"mails", "sums"}),
    ],
)
def test_an_optional_group_runs_with_all_of_its_topics_and_without_them_it_is_no_problem(
    missing: tuple[str, ...], fatal: tuple[str, ...], runs: set[str]
) -> None:
    found = {spec.name: Found(spec.partitions, 1, dict(spec.configs)) for spec in TopicPlan(FED, 6).specs}
    for topic in missing:
        del found[topic]
    told = TopicPlan.fitting(FED, found).findings(found)
    assert sorted(finding.where for finding in told) == sorted(missing)
    assert tuple(finding.where for finding in told if finding.fatal) == fatal
    assert all("does not run" in finding.what for finding in told if not finding.fatal)
    running = FED.running(found)
    assert set(running.groups) == set(running.assigned()) - {"rollup"} == runs


def test_nobody_waits_for_what_is_handed_to_a_group_that_does_not_run() -> None:
    assert FED.handover("leads") == "p.leadpulse.handover.leads"
    assert FED.handover("mails") is None
    assert FED.running({"p.email"}).handover("leads") is None


@pytest.mark.parametrize("grown", [("page_view",), ("page_view", "form", "chatbot")])
def test_partitions_that_were_added_to_sources_are_a_notice_that_names_the_way_on(grown):
    there = cluster(**{name: {"partitions": 9} for name in grown})
    found = findings(there)
    assert [finding.fatal for finding in found if "added" in finding.what] == [False]
    assert not [finding for finding in found if finding.fatal]
    assert "`leadpulse topics rebuild`" in found[0].do


def test_a_source_with_fewer_partitions_than_its_state_is_no_growth():
    found = findings(cluster(page_view={"partitions": 3}))
    assert [finding for finding in found if finding.fatal]


@pytest.mark.parametrize(
    "topic",
    [
        "leadpulse__state__ads",
        "leadpulse__deltas__emails",
        "leadpulse__rollup",
        "leadpulse__metrics",
        "leadpulse__dead_letter",
        "leadpulse__reroute__visitors",
    ],
)
def test_a_topic_that_takes_less_than_is_written_is_a_problem_with_the_setting_and_its_value(topic):
    plan = {spec.name: dict(spec.configs) for spec in TopicPlan(LAYOUT).specs}
    name = "p." + topic.replace("__", ".")
    assert plan[name]["max.message.bytes"] == "1048588"
    (found,) = findings(cluster(**{topic: {"configs": {**plan[name], "max.message.bytes": "500000"}}}))
    assert found.fatal
    assert (found.where, found.what.split(":")[0]) == (name, "max.message.bytes is 500000")
    assert f"--topic {name} --add-config max.message.bytes=1048588" in found.do


def test_a_topic_that_takes_enough_or_does_not_say_is_in_order():
    enough = {"cleanup.policy": "delete", "max.message.bytes": "900000"}
    assert findings(cluster(leadpulse__dead_letter={"configs": enough}, page_view={"configs": {}})) == []


def test_sources_may_take_little_because_leadpulse_only_reads_them():
    assert findings(cluster(page_view={"configs": {"max.message.bytes": "1000"}})) == []


# --- who is told of people, and kinds that an installation may be without -----------------------------------


def told(optional: bool = True) -> Layout:
    mails = Topics("mails", ("email", "bounce"), optional_kinds=("bounce",))
    leads = Topics(
        "leads", ("crm", "privacy"), optional=optional, told_by=("mails", "leads"), optional_kinds=("crm", "privacy")
    )
    return Layout("p.", [mails, leads])


OWN = {"touches", "reroute.leads", "state.leads", "deltas.leads", "leads", "lead_events"}


def test_leads_have_as_many_shards_as_there_are_touches_and_begin_with_as_many_as_others() -> None:
    found = {"p.email": Found(3)}
    plan = TopicPlan.fitting(told(), found, partitions=12)
    planned = {spec.name: spec for spec in plan.specs}
    assert {planned[f"p.leadpulse.{name}"].partitions for name in OWN} == {3}
    found |= {"p.leadpulse.touches": Found(5), "p.crm": Found(7)}
    plan = TopicPlan.fitting(told(), found, partitions=12)
    assert {spec.partitions for spec in plan.specs if spec.group == "leads"} == {5}
    assert planned["p.leadpulse.touches"].role == "touches"
    assert planned["p.leadpulse.touches"].configs["retention.ms"] == str(7 * 86_400_000)
    assert planned["p.leadpulse.leads"].configs["cleanup.policy"] == "compact"
    assert planned["p.leadpulse.lead_events"].configs["retention.ms"] == str(90 * 86_400_000)
    assert all(planned[f"p.leadpulse.{name}"].configs["message.timestamp.type"] == "LogAppendTime" for name in OWN)


@pytest.mark.parametrize(("optional", "more"), [(False, set()), (True, {"p.crm", "p.privacy", "p.bounce"})])
def test_optional_sources_are_created_where_they_are_asked_for(optional: bool, more: set[str]) -> None:
    plan = TopicPlan(told(), 6)
    made = {spec.name for spec in plan.missing({}, optional=optional)}
    assert made == {spec.name for spec in plan.specs} - {"p.crm", "p.privacy", "p.bounce"} | more
    assert {f"p.leadpulse.{name}" for name in OWN} <= made


def found_of(layout: Layout, without: set[str], **partitions: int) -> dict[str, Found]:
    specs = TopicPlan(layout, 6).specs
    return {
        spec.name: Found(partitions.get(spec.name.removeprefix("p."), spec.partitions), 1, dict(spec.configs))
        for spec in specs
        if spec.name.removeprefix("p.") not in without
    }


LEADS = {f"leadpulse.{name}" for name in OWN}


@pytest.mark.parametrize(
    ("optional", "without", "notices", "fatal"),
    [
        (True, set(), [], []),
        # one word for all that is missing on purpose
        (True, {"bounce"}, ["p.bounce"], []),
        (True, {"crm", "privacy", "bounce"}, ["p.bounce, p.crm, p.privacy"], []),
        (True, LEADS | {"crm", "privacy"}, ["p.leadpulse.touches"], []),
        (True, {"leadpulse.touches"}, ["p.leadpulse.touches"], []),
        # where the group runs nothing of its own may be missing
        (True, {"leadpulse.state.leads"}, [], ["p.leadpulse.state.leads"]),
        (True, {"leadpulse.lead_events", "crm"}, ["p.crm"], ["p.leadpulse.lead_events"]),
        # leads that are wanted
        (False, {"leadpulse.touches", "crm"}, ["p.crm"], ["p.leadpulse.touches"]),
    ],
)
def test_what_may_be_missing_is_a_notice_and_what_may_not_names_the_command(
    optional: bool, without: set[str], notices: list[str], fatal: list[str]
) -> None:
    found = found_of(told(optional), without)
    all_of_them = TopicPlan.fitting(told(optional), found).findings(found)
    assert [finding.where for finding in all_of_them if not finding.fatal] == notices
    assert [finding.where for finding in all_of_them if finding.fatal] == fatal
    assert all(finding.usual != finding.fatal for finding in all_of_them)
    assert all("`leadpulse topics create" in finding.do for finding in all_of_them)


def test_results_may_have_any_number_of_partitions() -> None:
    found = found_of(told(), set(), **{"leadpulse.leads": 9, "leadpulse.lead_events": 1})
    assert TopicPlan.fitting(told(), found).findings(found) == []


@pytest.mark.parametrize(
    ("partitions", "fatal", "says"),
    [
        ({"crm": 4}, True, "4 partitions; there are 6 shards of leads"),
        ({"crm": 9}, False, "those from 6 on are not read"),
        ({"leadpulse.state.leads": 4}, True, "must have 6"),
        ({"bounce": 4}, True, "split over shards"),
    ],
)
def test_a_source_of_leads_has_as_many_partitions_as_there_are_shards(
    partitions: dict[str, int], fatal: bool, says: str
) -> None:
    found = found_of(told(), set(), **partitions)
    (finding,) = TopicPlan.fitting(told(), found).findings(found)
    assert finding.fatal == fatal
    assert says in finding.what


def test_a_rebuild_gives_up_own_topics_of_what_shall_not_run_and_makes_no_source_that_nobody_asked_for() -> None:
    held = {"p.email": Holding(6), "p.leadpulse.state.mails": Holding(6)}
    wanted = [spec for spec in TopicPlan(told(), 6).specs if spec.group == "mails"]
    plan = RebuildPlan.of(wanted, held, "earliest", ["p.leadpulse.touches"])
    lines = plan.lines()
    assert "  p.leadpulse.touches: deleted, because of LEADPULSE_LEADS=off" in lines
    assert "  p.leadpulse.state.mails: deleted and made anew" in lines
