"""Verify: what a worker needs of a broker beside the settings of topics: rights, group, transactions.

In:  a link to the broker, the layout, the consumer group.
Out: findings like those of the topic plan, each with the command that grants what is lacking.

Kafka tells with its descriptions what the user who asks may do with each topic and with the group. Of transactional ids
it tells nothing, so one is opened.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from kafka import KafkaAdminClient
from kafka.errors import GroupAuthorizationFailedError
from kafka.errors import KafkaError as AdminError

from stream.errors import BrokerError, LeadpulseError
from stream.kafka import refusals, rights
from stream.kafka.layout import Layout
from stream.kafka.refusals import Names
from stream.kafka.security import Link
from stream.kafka.topic_spec import Finding, Found, TopicSpec

log = logging.getLogger("leadpulse.verify")

TRANSACTIONS_S: Final = 15.0


def names(layout: Layout, group_id: str, instance_id: str = "") -> Names:
    """Give what a worker of this installation calls itself."""
    return Names(layout.prefix, layout.consumer_group(group_id), layout.transactional_prefix, instance_id)


def topic_findings(link: Link, specs: Iterable[TopicSpec], found: Mapping[str, Found]) -> list[Finding]:
    """Compare what the user may do with each topic with what a worker does with it."""
    lacks = {
        spec.name: lacking
        for spec in specs
        if spec.name in found
        and (lacking := rights.lacking(rights.OF_ROLE.get(spec.role, rights.OWN), found[spec.name].operations))
    }
    return [_finding(refusals.topic_rights(link, topic, lacking)) for topic, lacking in lacks.items()]


def hidden(client: KafkaAdminClient, wanted: Collection[str], there: Collection[str]) -> list[str]:
    """Name the topics that this user may not even see; to a user without rights they look as if they were missing."""
    missing = sorted(set(wanted) - set(there))
    if not missing:
        return []
    return [topic["name"] for topic in client.describe_topics(missing) if topic["error_code"] == 29]


def hidden_findings(link: Link, topics: Iterable[str], roles: Mapping[str, str]) -> list[Finding]:
    """Say of topics that cannot be seen what has to be granted."""
    return [
        _finding(refusals.topic_rights(link, topic, rights.OF_ROLE.get(roles.get(topic, ""), rights.OWN)))
        for topic in topics
    ]


def group_findings(link: Link, client: KafkaAdminClient, group: str) -> list[Finding]:
    """Compare what the user may do with the consumer group with what a worker does with it."""
    try:
        told = client.describe_groups([group]).get(group, {})
    except GroupAuthorizationFailedError:
        return [_finding(refusals.group_rights(link, group))]
    except AdminError as error:
        log.debug("the group is not told: %r", error)
        return []
    refused = "GroupAuthorization" in (told.get("error") or "")
    if refused or rights.lacking(rights.GROUP, told.get("authorized_operations")):
        return [_finding(refusals.group_rights(link, group))]
    return []


async def transactions(link: Link, own: Names) -> None:
    """Open a transactional producer; raises where the broker has none, or the user may not."""
    producer = AIOKafkaProducer(
        **link.aiokafka(), transactional_id=f"{own.transactional_ids}start-check", request_timeout_ms=10_000
    )
    try:
        await asyncio.wait_for(producer.start(), TRANSACTIONS_S)
    except (KafkaError, TimeoutError) as error:
        if "Authorization" in type(error).__name__:
            raise refusals.transactional_rights(link, own.transactional_ids) from error
        raise BrokerError(
            f"The broker offers no transactions ({type(error).__name__}), and delivery is exactly_once.",
            where=", ".join(link.brokers),
            do="Use a Kafka that has them, or choose LEADPULSE_DELIVERY=at_least_once: a crash may then count records "
            "twice.",
        ) from error
    finally:
        try:
            await asyncio.wait_for(producer.stop(), 3)
        except (KafkaError, TimeoutError) as error:
            log.debug("check: producer did not stop cleanly: %r", error)


def transaction_findings(link: Link, own: Names) -> list[Finding]:
    """Say whether transactions are to be had."""
    try:
        asyncio.run(transactions(link, own))
    except LeadpulseError as error:
        return [_finding(error)]
    return []


def _finding(error: LeadpulseError) -> Finding:
    return Finding(error.what, error.where, error.do)
