"""Preflight: what must hold before a worker starts, checked while a clear message is still possible.

In:  settings and the link to the broker.
Out: the partition counts of all topics; or a StartError that says what, where and what to do.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from stream.errors import BrokerError, TopicError
from stream.kafka import topics
from stream.kafka.layout import Layout
from stream.kafka.security import Link
from stream.kafka.topic_plan import TopicPlan
from stream.worker.guards import beside as neighbourhood
from stream.worker.guards.anew import filled, own_topics, refuse_half_a_reset
from stream.worker.neighbours import Said, shared

if TYPE_CHECKING:
    from stream.settings.fields import Settings

log = logging.getLogger("leadpulse.preflight")

TRANSACTIONS_S: Final = 15.0


def check(settings: Settings, link: Link, layout: Layout, *, reset: bool = False) -> dict[str, int]:
    """Check broker, topics, who else is at work, what is to begin anew, and transactions, in this order."""
    with topics.admin(link) as client:
        there = topics.found(client, (spec.name for spec in TopicPlan(layout).specs))
        findings = TopicPlan.fitting(layout, there).findings(there, topics.brokers(client))
    fatal = [finding for finding in findings if finding.fatal]
    for finding in findings:
        if not finding.fatal:
            log.warning("%s (%s) %s", finding.what, finding.where, finding.do)
    if fatal:
        first, more = fatal[0], len(fatal) - 1
        rest = f" ({more} more: `leadpulse topics verify` lists all)" if more else ""
        raise TopicError(first.what + rest, where=first.where, do=first.do)
    mine = Said(settings.instance_id, shared(settings), reset)
    with topics.admin(link) as client:
        beside = neighbourhood.check(
            client, layout, layout.group_id(settings.group_id), mine, settings.session_timeout_s
        )
        # whoever began anew with us has written by now
        if reset and any(one.said is not None and one.said.reset for one in beside):
            log.info("--reset: others have begun anew and are at work, this worker joins them")
        elif reset:
            refuse_half_a_reset(filled(client, own_topics(layout, there)))
    if settings.delivery == "exactly_once":
        asyncio.run(_transactions(link, f"{settings.topic_prefix}leadpulse-start-check"))
    return topics.counts(there)


async def _transactions(link: Link, transactional_id: str) -> None:
    """Open a transactional producer, which a broker without transactions cannot."""
    producer = AIOKafkaProducer(**link.aiokafka(), transactional_id=transactional_id, request_timeout_ms=10_000)
    try:
        await asyncio.wait_for(producer.start(), TRANSACTIONS_S)
    except (KafkaError, TimeoutError) as error:
        raise BrokerError(
            f"The broker offers no transactions ({type(error).__name__}), and delivery is exactly_once.",
            where=", ".join(link.brokers),
            do="Use a Kafka that has them and grant WRITE on the transactional ids leadpulse-*, "
            "or choose LEADPULSE_DELIVERY=at_least_once: a crash may then count records twice.",
        ) from error
    finally:
        try:
            await asyncio.wait_for(producer.stop(), 3)
        except (KafkaError, TimeoutError) as error:
            log.debug("start check: producer did not stop cleanly: %r", error)
