"""Mapping: topics of others in layout, plan, assignment and take-over, and a registry that comes and goes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from stream.engine.groups import chosen, mapping
from stream.errors import SettingsError, TopicError
from stream.kafka.layout import Layout
from stream.kafka.mapped import resolved
from stream.kafka.topic_plan import TopicPlan
from stream.kafka.topic_spec import Found
from stream.sources import Source
from stream.sources.wire.schemas import Schema
from stream.worker.assignor import partition_counts, shard_assignor
from stream.worker.registry import Registries

GROUPS = mapping(["cdp.web", "mails"], chosen("off"))
LAYOUT = Layout("p.", GROUPS.values())


def test_topics_of_others_have_no_prefix_and_are_found_by_their_source() -> None:
    assert LAYOUT.sources["sources"] == {"topic/cdp.web": "cdp.web", "topic/mails": "mails"}
    assert LAYOUT.source_of("cdp.web") == ("sources", "topic/cdp.web")
    assert LAYOUT.state("sources") == "p.leadpulse.state.sources"
    assert Layout("p.", chosen("off").values()).sources.keys() == LAYOUT.sources.keys() - {"sources"}


def test_without_a_topic_there_is_no_group() -> None:
    assert mapping([], chosen("off")) == chosen("off")


def found(**partitions: int) -> dict[str, Found]:
    plan = TopicPlan.fitting(LAYOUT, {name: Found(n) for name, n in partitions.items()})
    there = {spec.name: Found(spec.partitions, configs=spec.configs) for spec in plan.specs if not spec.mapped}
    return there | {name: Found(n) for name, n in partitions.items()}


THEIRS = {"cdp.web": 5, "mails": 2}


def test_own_topics_have_as_many_partitions_as_the_largest_of_others() -> None:
    there = found(**THEIRS)
    assert there["p.leadpulse.state.sources"].partitions == there["p.leadpulse.deltas.sources"].partitions == 5
    assert [finding for finding in TopicPlan.fitting(LAYOUT, there).findings(there) if finding.fatal] == []


def test_topics_of_others_are_never_made_and_own_ones_grow_with_them() -> None:
    there = found(**THEIRS) | {"cdp.web": Found(9)}
    plan = TopicPlan.fitting(LAYOUT, there)
    assert plan.short(there) == {"p.leadpulse.state.sources": 9, "p.leadpulse.deltas.sources": 9}
    fatal = [finding for finding in plan.findings(there) if finding.fatal]
    assert {finding.where for finding in fatal} == set(plan.short(there))
    assert all("topics create" in finding.do for finding in fatal)
    fewer = {name: one for name, one in there.items() if name != "mails"}
    assert "mails" not in {spec.name for spec in plan.missing(fewer)}
    assert any(finding.where == "mails" and "is missing" in finding.what for finding in plan.findings(fewer))
    assert plan.grown(there) == {}


def test_names_stand_as_they_are_and_patterns_never_meet_what_is_not_somebody_elses() -> None:
    there = ["cdp.web", "cdp.app", "p.page_view", "__consumer_offsets", "x"]
    assert resolved({"a": ["cdp.*", "gone"], "b": ["?"]}, there, ["p.page_view"]) == {
        "a": ("cdp.app", "cdp.web", "gone"),
        "b": ("x",),
    }
    with pytest.raises(SettingsError, match=r"own: p\.page_view"):
        resolved({"a": ["p.*"]}, there, ["p.page_view"])


class Cluster:
    def __init__(self, counts: dict[str, int]) -> None:
        self.counts = counts

    def partitions_for_topic(self, topic: str) -> set[int]:
        return set(range(self.counts.get(topic, 0)))


def test_a_shard_of_sources_gets_the_partition_of_each_topic_that_has_it() -> None:
    groups = {"sources": ("cdp.web", "mails")}
    cluster = Cluster(THEIRS)
    assert partition_counts(groups, cluster.partitions_for_topic) == {"sources": 5}
    assert partition_counts(groups, cluster.partitions_for_topic, {"sources": 3}) == {"sources": 3}
    assignor = shard_assignor(groups)
    members = {name: assignor.metadata(["cdp.web", "mails"]) for name in ("a", "b")}
    dealt = assignor.assign(cluster, members)
    given = {name: {topic: sorted(some) for topic, some in one.assignment} for name, one in dealt.items()}
    assert {topic: sorted(n for one in given.values() for n in one.get(topic, [])) for topic in THEIRS} == {
        "cdp.web": [0, 1, 2, 3, 4],
        "mails": [0, 1],
    }
    for one in given.values():
        assert set(one.get("mails", [])) == {n for n in one.get("cdp.web", []) if n < 2}


def test_a_group_of_ours_still_wants_topics_alike() -> None:
    with pytest.raises(TopicError, match="same number"):
        partition_counts({"visitors": ("a", "b")}, Cluster({"a": 2, "b": 3}).partitions_for_topic)


class Registry:
    """A registry of a few lines; it can be away."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False
        self.app = web.Application()
        self.app.router.add_get("/{rest:.*}", self._answer)

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if self.away:
            return web.Response(status=503)
        if request.headers.get("Authorization") != "Basic dXNlcjpzZWNyZXQ=":
            return web.Response(status=401)
        match request.path:
            case "/schemas/ids/1":
                return web.json_response(
                    {"schema": '"string"', "references": [{"name": "Who", "subject": "who", "version": 3}]}
                )
            case "/subjects/who/versions/3":
                return web.json_response({"schema": '"int"', "schemaType": "AVRO"})
            case "/schemas/ids/2":
                return web.json_response({"schema": "{}", "schemaType": "JSON"})
        return web.json_response({"error_code": 40403}, status=404)


def test_schemas_are_asked_for_once_and_a_registry_that_is_away_is_waited_for(tmp_path: Any) -> None:
    (tmp_path / "password").write_text("secret\n")

    async def story() -> None:
        registry = Registry()
        runner = web.AppRunner(registry.app)
        await runner.setup()
        place = web.TCPSite(runner, "127.0.0.1", 0)
        await place.start()
        address = f"http://127.0.0.1:{place._server.sockets[0].getsockname()[1]}"  # type: ignore[union-attr]
        source = Source(
            "a", site="s", topics=["t"], format="avro", registry=address, registry_user="user",
            registry_password_file="password", folder=tmp_path,
        )  # fmt: skip
        registries = Registries([source])
        registry.away = True
        assert await registries.fetch({address: {1}}) is False
        assert registries.schemas[address].known == {}
        registry.away = False
        assert await registries.fetch({address: {1, 2, 3}}) is True
        assert registries.schemas[address].known == {
            1: Schema("AVRO", '"string"', ('"int"',)),
            2: Schema("JSON", "{}"),
            3: None,
        }
        await runner.cleanup()
        assert await registries.fetch({address: {4}}) is False

    asyncio.run(story())


def test_a_password_that_cannot_be_read_is_one_message(tmp_path: Any) -> None:
    source = Source("a", registry="http://r", registry_user="u", registry_password_file="absent", folder=tmp_path)
    with pytest.raises(SettingsError, match="password for the registry"):
        Registries([source])


def test_a_worker_without_sources_imports_nothing_of_them() -> None:
    import subprocess
    import sys

    program = "import sys, stream.worker.main; print(*[m for m in sys.modules if m.startswith(('stream.sources', 'stream.intake', 'fastavro'))])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_kind_that_is_made_of_topics_of_others_is_not_missing() -> None:
    groups = mapping(["hubspot"], chosen("on"), ["crm"])
    layout = Layout("p.", groups.values())
    there = {topic for topics in layout.sources.values() for topic in topics.values()} - {"p.crm", "p.cost"}
    running = layout.running(there)
    assert running.missing("leads") == ()
    assert running.missing("ads") == ("cost",)
