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
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    IncompatibleBrokerVersion,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    SaslAuthenticationFailedError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)

from stream.errors import BrokerError, TopicError
from stream.kafka.layout import Layout
from stream.kafka.security import Link
from stream.kafka.topic_plan import DEFAULT_PARTITIONS, Finding, Found, TopicPlan, TopicSpec

log = logging.getLogger("leadpulse.topics")

CONNECT_MS: Final = 8_000
CONFIGS: Final = (
    "cleanup.policy",
    "message.timestamp.type",
    "retention.ms",
    "min.cleanable.dirty.ratio",
    "segment.bytes",
    "segment.ms",
    "max.compaction.lag.ms",
    "max.message.bytes",
)


class _Reason(logging.Handler):
    """Listens to kafka-python: what it raises does not say why a connection failed, only its log does."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Remember why connections were lost; the last one may only have run out of time."""
        if record.name.startswith("kafka.net") and record.getMessage() not in self.text:
            self.text += record.getMessage()


@contextmanager
def admin(link: Link) -> Iterator[KafkaAdminClient]:
    """Connect to the broker, and say clearly why that failed."""
    where = ", ".join(link.brokers)
    client, reason, lines = None, _Reason(), logging.getLogger("kafka")
    level = lines.level
    lines.addHandler(reason)
    lines.setLevel(logging.WARNING)
    lines.propagate = False  # one message of ours instead of a screenful of theirs
    try:
        client = KafkaAdminClient(
            **link.kafka_python(),
            client_id="leadpulse-topics",
            bootstrap_timeout_ms=CONNECT_MS,
            request_timeout_ms=30_000,
        )
        yield client
    except TopicAuthorizationFailedError as error:
        raise TopicError(
            "This user may not see or change a topic.", where=str(error), do="Grant DESCRIBE (and CREATE) on it."
        ) from error
    except (KafkaConnectionError, KafkaTimeoutError, SaslAuthenticationFailedError, OSError) as error:
        raise _unreachable(reason.text or str(error), link.protocol, where) from error
    except KafkaError as error:
        raise BrokerError(f"The broker refuses: {error}.", where=where, do="See the broker's log.") from error
    finally:
        lines.propagate = True
        lines.setLevel(level)
        lines.removeHandler(reason)
        if client is not None:
            client.close()


def _unreachable(reason: str, protocol: str, where: str) -> BrokerError:
    if "SaslAuthenticationFailed" in reason:
        return BrokerError(
            "The broker refuses the credentials.",
            where=where,
            do="Check LEADPULSE_SASL_MECHANISM, LEADPULSE_SASL_USERNAME and the password.",
        )
    if "socket disconnected" in reason:  # kafka-python does not always read the refusal before the end
        return BrokerError(
            f"The broker takes the connection and closes it ({protocol}): it refuses the credentials or the protocol.",
            where=where,
            do="Check LEADPULSE_TLS, LEADPULSE_SASL_MECHANISM, LEADPULSE_SASL_USERNAME and the password.",
        )
    if "CERTIFICATE_VERIFY_FAILED" in reason or "certificate" in reason.lower():
        return BrokerError(
            "The broker's certificate, or ours, is not trusted.",
            where=where,
            do="Check LEADPULSE_TLS_CA, the host name in LEADPULSE_BROKERS, LEADPULSE_TLS_CERT and LEADPULSE_TLS_KEY.",
        )
    return BrokerError(
        f"The broker does not answer ({protocol}).",
        where=where,
        do="Check that it runs, LEADPULSE_BROKERS, and which TLS or SASL (and credentials) it expects.",
    )


def found(client: KafkaAdminClient, names: Iterable[str]) -> dict[str, Found]:
    """Describe those of the topics that exist."""
    wanted = set(names)
    there = (
        {
            topic["name"]: topic["partitions"]
            for topic in client.describe_topics(sorted(wanted & set(client.list_topics())))
        }
        if wanted
        else {}
    )
    configs = _configs(client, there)
    return {
        name: Found(
            len(partitions), min((len(p["replica_nodes"]) for p in partitions), default=1), configs.get(name, {})
        )
        for name, partitions in there.items()
        if partitions
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
    link: Link, layout: Layout, *, partitions: int = DEFAULT_PARTITIONS, replication: int | None = None
) -> list[TopicSpec]:
    """Create what is missing, fitting to the source topics that exist; give what was created."""
    with admin(link) as client:
        there = found(client, (spec.name for spec in TopicPlan(layout).specs))
        missing = TopicPlan.fitting(layout, there, partitions).missing(there)
        if missing:
            replicas = replication or min(3, brokers(client))
            wanted = {spec.name: _request(spec, replicas) for spec in missing}
            try:
                client.create_topics(wanted, timeout_ms=30_000, wait_for_metadata=True)
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


def verify(link: Link, layout: Layout) -> list[Finding]:
    """Compare the topics with what they should be."""
    with admin(link) as client:
        there = found(client, (spec.name for spec in TopicPlan(layout).specs))
        return TopicPlan.fitting(layout, there).findings(there, brokers(client))


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
