"""Preflight: what must hold before a worker starts, checked while a clear message is still possible.

In:  settings and the link to the broker.
Out: the partition counts of all topics; or a StartError that says what, where and what to do.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from stream.errors import TopicError
from stream.kafka import topics, verify
from stream.kafka.layout import Layout
from stream.kafka.security import Link
from stream.worker.guards import beside as neighbourhood
from stream.worker.guards.anew import filled, own_topics, refuse_half_a_reset
from stream.worker.neighbours import Said, shared

if TYPE_CHECKING:
    from stream.settings.fields import Settings

log = logging.getLogger("leadpulse.preflight")


def check(settings: Settings, link: Link, layout: Layout, *, reset: bool = False) -> dict[str, int]:
    """Check broker, topics, rights, who else is at work, what is to begin anew, and transactions, in this order."""
    own = verify.names(layout, settings.group_id, settings.instance_id)
    with topics.admin(link) as client:
        there, findings = topics.findings(link, client, layout)
        findings += verify.group_findings(link, client, own.group)
    fatal = [finding for finding in findings if finding.fatal]
    for finding in findings:
        if not finding.fatal:
            log.log(
                logging.INFO if finding.usual else logging.WARNING,
                "%s (%s) %s",
                finding.what, finding.where, finding.do,
            )  # fmt: skip
    if fatal:
        first, more = fatal[0], len(fatal) - 1
        rest = f" ({more} more: `leadpulse topics verify` lists all)" if more else ""
        raise TopicError(first.what + rest, where=first.where, do=first.do)
    mine = Said(settings.instance_id, shared(settings), reset)
    with topics.admin(link) as client:
        beside = neighbourhood.check(
            client, layout, layout.consumer_group(settings.group_id), mine, settings.session_timeout_s
        )
        # whoever began anew with us has written by now
        if reset and any(one.said is not None and one.said.reset for one in beside):
            log.info("--reset: others have begun anew and are at work, this worker joins them")
        elif reset:
            refuse_half_a_reset(filled(client, own_topics(layout, there)))
    if settings.delivery == "exactly_once":
        asyncio.run(verify.transactions(link, own))
    return topics.counts(there)
