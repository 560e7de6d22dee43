"""Topics: create, list and check them on a broker, with kafka-python's admin client.

In:  a link to the broker and a plan.
Out: created topics, what there is, and findings; or a BrokerError that says what, where and what to do.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.admin import ACLOperation, ConfigResource, ConfigResourceType
from kafka.errors import (
    ClusterAuthorizationFailedError,
    IncompatibleBrokerVersion,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    SaslAuthenticationFailedError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)

from stream.errors import BrokerError, LeadpulseError, TopicError
from stream.kafka import refusals, verify
from stream.kafka.layout import Layout
from stream.kafka.probe import CERTAIN, diagnose
from stream.kafka.security import Link
from stream.kafka.topic_plan import DEFAULT_PARTITIONS, TopicPlan
from stream.kafka.topic_spec import STAMPED, Finding, Found, TopicSpec

log = logging.getLogger("leadpulse.topics")

CONNECT_MS: Final = 8_000
CONFIGS: Final = (
    "cleanup.policy",
    "message.timestamp.type",
    "retention.ms",
    "retention.bytes",
    "min.cleanable.dirty.ratio",
    "segment.bytes",
    "segment.ms",
    "max.compaction.lag.ms",
    "max.message.bytes",
)


class _Admin(KafkaAdminClient):  # type: ignore[misc]
    """kafka-python's, which does not know every operation that newer brokers have, and fails over them."""

    def _process_acl_operations(self, told: dict[str, Any]) -> dict[str, Any]:
        numbers = told.get("authorized_operations")
        if numbers is not None:
            known = [ACLOperation(number).name for number in numbers if number in _OPERATIONS]
            told["authorized_operations"] = None if _NOT_TOLD in numbers else known
        return told


#: Bit that is set where a broker does not tell operations.
_NOT_TOLD: Final = 31
_OPERATIONS: Final = frozenset(int(one) for one in ACLOperation if one.name not in ("UNKNOWN", "ANY"))


@contextmanager
def admin(link: Link) -> Iterator[KafkaAdminClient]:
    """Connect to the broker, and say clearly why that failed."""
    certain = diagnose(link)
    if certain is not None and certain.reason in CERTAIN:
        raise refusals.unreachable(certain, link)
    client = None
    lines = logging.getLogger("kafka")
    was, lines.propagate = lines.propagate, False  # one message of ours instead of a screenful of theirs
    try:
        client = _Admin(
            **link.kafka_python(),
            client_id="leadpulse-topics",
            bootstrap_timeout_ms=CONNECT_MS,
            request_timeout_ms=30_000,
        )
        yield client
    except TopicAuthorizationFailedError as error:
        raise TopicError(
            "This user may not see or change a topic.",
            where="the topics of leadpulse",
            do="`leadpulse topics verify` names each right that is lacking, with the command that grants it.",
        ) from error
    except (KafkaConnectionError, KafkaTimeoutError, SaslAuthenticationFailedError, OSError) as error:
        raise silence(link, connected=client is not None) from error
    except KafkaError as error:
        raise (refusals.told(error, link, refusals.Names("", "", "")) or silence(link, connected=True)) from error
    finally:
        lines.propagate = was
        if client is not None:
            client.close()


def silence(link: Link, *, connected: bool = False) -> LeadpulseError:
    """Find out why a client got no answer, and say it."""
    found = diagnose(link)
    if found is not None:
        return refusals.unreachable(found, link)
    if link.mechanism and not connected:
        return refusals.credentials(link)  # everything else was found to be right
    return BrokerError(
        "The broker answers, but not in time.",
        where=f"{', '.join(link.brokers)} ({link.protocol})",
        do="See its load and its log; a broker that has just started takes a moment.",
    )


def found(client: KafkaAdminClient, names: Iterable[str]) -> dict[str, Found]:
    """Describe those of the topics that exist."""
    wanted = set(names)
    there = (
        {
            topic["name"]: topic
            for topic in client.describe_topics(sorted(wanted & set(client.list_topics())))
            if topic["partitions"]
        }
        if wanted
        else {}
    )
    configs = _configs(client, there)
    return {
        name: Found(
            len(topic["partitions"]),
            min(len(p["replica_nodes"]) for p in topic["partitions"]),
            configs.get(name, {}),
            None if topic.get("authorized_operations") is None else frozenset(topic["authorized_operations"]),
        )
        for name, topic in there.items()
    }


def _configs(client: KafkaAdminClient, names: Iterable[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    if not resources:
        return {}
    try:
        told = client.describe_configs(resources, config_filter="all").get("topic", {})
    except (IncompatibleBrokerVersion, UnsupportedVersionError, TopicAuthorizationFailedError) as error:
        log.debug("topic settings are not told: %r", error)
        return {}
    return {
        name: {key: entry["value"] for key, entry in entries.items() if key in CONFIGS and entry["value"] is not None}
        for name, entries in told.items()
    }


def create(
    link: Link,
    layout: Layout,
    *,
    partitions: int = DEFAULT_PARTITIONS,
    replication: int | None = None,
    optional: bool = False,
) -> list[TopicSpec]:
    """Create what is missing, fitting to the source topics that exist; give what was created.

    `optional` asks for the sources, too, that an installation may be without.
    """
    with admin(link) as client:
        there = found(client, (spec.name for spec in TopicPlan(layout).specs))
        plan = TopicPlan.fitting(layout, there, partitions)
        if short := plan.short(there):
            client.create_partitions(short)
        missing = plan.missing(there, optional=optional)
        if missing:
            replicas = replication or min(3, brokers(client))
            wanted = {spec.name: _request(spec, replicas) for spec in missing}
            try:
                client.create_topics(wanted, timeout_ms=30_000, wait_for_metadata=True)
            except (TopicAuthorizationFailedError, ClusterAuthorizationFailedError) as error:
                raise refusals.create_rights(link, layout) from error
            except TopicAlreadyExistsError as error:
                raise TopicError(
                    "Somebody else created topics at the same time.",
                    where=", ".join(wanted),
                    do="Run `leadpulse topics verify`, and `create` again if something is missing.",
                ) from error
        return missing


def _request(spec: TopicSpec, replicas: int) -> dict[str, Any]:
    safe = {"min.insync.replicas": "2"} if replicas >= 3 and spec.role != "source" else {}
    return {
        "num_partitions": spec.partitions,
        "replication_factor": replicas,
        "configs": {**spec.configs, **safe},
    }


def stamp(link: Link, layout: Layout) -> list[str]:
    """Let the broker stamp its time on our own topics where it does not yet; give their names."""
    with admin(link) as client:
        there = found(client, (spec.name for spec in TopicPlan(layout).specs))
        names = TopicPlan.fitting(layout, there).unstamped(there)
        if names:
            client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, dict(STAMPED)) for name in names])
        return names


def findings(link: Link, client: KafkaAdminClient, layout: Layout) -> tuple[dict[str, Found], list[Finding]]:
    """Describe the topics; say where they are not what they should be, and what this user may not do with them."""
    there = found(client, (spec.name for spec in TopicPlan(layout).specs))
    plan = TopicPlan.fitting(layout, there)
    roles = {spec.name: spec.role for spec in plan.specs}
    # to a user without rights on it a topic that nobody has made looks like one that is hidden
    needed = {spec.name for spec in plan.specs if not spec.dispensable}
    unseen = verify.hidden(client, needed, there)
    as_they_are = plan.findings(there, brokers(client))
    return there, [
        *verify.hidden_findings(link, unseen, roles),
        *verify.topic_findings(link, plan.specs, there),
        *(finding for finding in as_they_are if finding.where not in unseen),
    ]


def listing(link: Link, layout: Layout) -> list[tuple[TopicSpec, Found | None]]:
    """Give each topic of the plan with what there is of it."""
    with admin(link) as client:
        there = found(client, (spec.name for spec in TopicPlan(layout).specs))
    return [(spec, there.get(spec.name)) for spec in TopicPlan.fitting(layout, there).specs]


def brokers(client: KafkaAdminClient) -> int:
    """Count the brokers of the cluster."""
    return max(1, len(client.describe_cluster()["brokers"]))


def counts(there: Mapping[str, Found]) -> dict[str, int]:
    """Give topic → number of partitions."""
    return {name: topic.partitions for name, topic in there.items()}
