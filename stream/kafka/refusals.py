"""Refusals: what a broker says no to, or why none answers, in words of ours.

In:  an error of a Kafka client, or the reason that a probe found; the way to the broker; what was being done.
Out: one error that says what, where and what to do, with the command that grants a missing right.

Errors of both clients are told by the names of their classes, which are the protocol's, down the chain of causes: what
they print themselves holds whole requests. Nothing of their text is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from aiokafka import errors as aiokafka_errors

from stream.errors import BrokerError, LeadpulseError, StartError, TopicError
from stream.kafka import rights
from stream.kafka.layout import Layout
from stream.kafka.probe import Found, Reason, diagnose
from stream.kafka.security import Link

THEN: Final = "The worker starts as soon as that is done."


class FencedInstanceId(aiokafka_errors.BrokerResponseError):  # type: ignore[misc]
    """Another member of the group has our name; aiokafka knows no class for this code, and calls it unknown."""

    errno = 82
    message = "FENCED_INSTANCE_ID"


aiokafka_errors.kafka_errors[FencedInstanceId.errno] = FencedInstanceId


class Names(NamedTuple):
    """What this worker calls itself to the broker."""

    prefix: str
    group: str
    transactional_ids: str  # what all of them begin with
    instance_id: str = ""


#: What is to be checked, by reason; {mechanisms} is what the broker offers.
_WAYS: Final[dict[Reason, tuple[str, str]]] = {
    Reason.HOST: ("The host name of the broker is not known.", "Correct LEADPULSE_BROKERS, or the name service."),
    Reason.REFUSED: (
        "Nothing listens on the broker's port: the connection was refused.",
        "Start the broker, or correct the port in LEADPULSE_BROKERS.",
    ),
    Reason.UNREACHABLE: (
        "The broker's host cannot be reached.",
        "Check the address in LEADPULSE_BROKERS, the network between and its firewalls.",
    ),
    Reason.WANTS_TLS: (
        "The broker speaks TLS on this port, and this side does not.",
        "Set LEADPULSE_TLS=true (and LEADPULSE_TLS_CA for a private authority), or name its port without TLS.",
    ),
    Reason.WANTS_PLAIN: (
        "The broker does not speak TLS on this port, and this side does.",
        "Name its TLS port in LEADPULSE_BROKERS; or leave out LEADPULSE_TLS, LEADPULSE_TLS_CA and LEADPULSE_TLS_CERT.",
    ),
    Reason.CERTIFICATE: (
        "The broker's certificate is not trusted: it is not of an authority that this side knows.",
        "Set LEADPULSE_TLS_CA to the PEM file of the authority that signed it.",
    ),
    Reason.NAME: (
        "The broker's certificate is not trusted: it was made for another host name.",
        "Write the host in LEADPULSE_BROKERS as it stands in the certificate, or have one made for this name.",
    ),
    Reason.EXPIRED: (
        "The broker's certificate is not trusted: it has expired or is not valid yet.",
        "Renew the broker's certificate, and check the clock of this machine.",
    ),
    Reason.OURS: (
        "The broker does not accept this side's certificate: it wants one of an authority that it trusts.",
        "Set LEADPULSE_TLS_CERT and LEADPULSE_TLS_KEY to a certificate that the broker's truststore knows.",
    ),
    Reason.WANTS_SASL: (
        "The broker asks for a user on this port (SASL), and none is set.",
        "Set LEADPULSE_SASL_MECHANISM, LEADPULSE_SASL_USERNAME and LEADPULSE_SASL_PASSWORD.",
    ),
    Reason.WANTS_NO_SASL: (
        "The broker takes no user on this port (no SASL), and one is set.",
        "Name its SASL port in LEADPULSE_BROKERS, or leave out LEADPULSE_SASL_MECHANISM, _USERNAME and _PASSWORD.",
    ),
    Reason.MECHANISM: (
        "The broker does not offer the SASL mechanism {mechanism}.",
        "Set LEADPULSE_SASL_MECHANISM to one that it offers: {detail}.",
    ),
    Reason.SILENT: (
        "The broker takes the connection and does not answer.",
        "See whether it hangs or starts, and that LEADPULSE_BROKERS names a Kafka port.",
    ),
    Reason.CLOSED: (
        "The broker takes the connection and closes it.",
        "See its log, and that LEADPULSE_BROKERS names a Kafka port; check LEADPULSE_TLS and LEADPULSE_SASL_MECHANISM.",
    ),
}


def unreachable(found: Found, link: Link) -> BrokerError:
    """Say why no broker answers; the first words are the same for all that is not a matter of settings."""
    what, do = _WAYS[found.reason]
    words = {"mechanism": link.mechanism, "detail": found.detail or "(it does not say)"}
    silent = found.reason in (Reason.HOST, Reason.REFUSED, Reason.UNREACHABLE, Reason.SILENT)
    lead = "The broker does not answer. " if silent else ""
    return BrokerError(lead + what.format(**words), where=f"{found.address} ({link.protocol})", do=do.format(**words))


def silence(link: Link) -> BrokerError | None:
    """Say why no broker answers; None where one does. It blocks for a few seconds."""
    found = diagnose(link)
    return None if found is None else unreachable(found, link)


def credentials(link: Link) -> BrokerError:
    """Say that everything is right but who we are."""
    return BrokerError(
        f"The broker refuses the credentials: user or password is wrong ({link.mechanism}).",
        where=f"{', '.join(link.brokers)} ({link.protocol}), user {link.username}",
        do="Check LEADPULSE_SASL_USERNAME and LEADPULSE_SASL_PASSWORD (or LEADPULSE_SASL_PASSWORD_FILE).",
    )


def told(error: BaseException, link: Link, names: Names) -> LeadpulseError | None:
    """Put an error of a Kafka client in words; None where it is not a refusal that a person can do something about."""
    for one in chain(error):
        if isinstance(one, LeadpulseError):
            return one
        kinds = {kind.__name__.removesuffix("Error") for kind in type(one).__mro__}
        text = str(one)
        for name, words in _REFUSALS.items():
            if name in kinds or f"{name}Error(" in text or f"{name}(" in text:
                return words(one, link, names)
    return _unnamed(error, link)


def _unnamed(error: BaseException, link: Link) -> LeadpulseError | None:
    """Put in words what has no row of its own but came from the broker or from waiting for it."""
    for one in chain(error):
        kinds = [kind.__name__ for kind in type(one).__mro__]
        if "KafkaError" in kinds:
            what = f"The broker did not do what was asked of it ({kinds[0]})."
        elif isinstance(one, TimeoutError):
            what = "The broker did not answer in time."
        else:
            continue
        return BrokerError(
            what,
            where=", ".join(link.brokers),
            do="See the broker's log. A supervisor starts the worker again, and it goes on from its last commit.",
        )
    return None


def chain(error: BaseException) -> Iterator[BaseException]:
    """Give an error and what it came from."""
    seen: set[int] = set()
    waiting: BaseException | None = error
    while waiting is not None and id(waiting) not in seen:
        seen.add(id(waiting))
        yield waiting
        waiting = waiting.__cause__ or waiting.__context__


def topic_rights(link: Link, topic: str, lacking: tuple[str, ...]) -> TopicError:
    """Say that a user lacks rights on a topic."""
    return TopicError(
        f"This user may not {' and '.join(_VERBS.get(name, name) for name in lacking)} a topic.",
        where=topic,
        do=f"{rights.grant(link, lacking, f'--topic {topic}')}",
    )


_VERBS: Final = {"READ": "read", "WRITE": "write", "DESCRIBE": "see", "CREATE": "create", "DELETE": "delete"}


def _topic(error: BaseException, link: Link, names: Names) -> LeadpulseError:
    topics = sorted(_topics_in(error))
    own = [name for name in topics if name.startswith(f"{names.prefix}leadpulse.")]
    if len(topics) == 1:
        return topic_rights(link, topics[0], rights.OWN if own else rights.OF_ROLE["source"])
    prefix = f"{names.prefix}leadpulse."
    return TopicError(
        "This user may not read or write a topic.",
        where=", ".join(topics) or f"a source, or a topic of {prefix}*",
        do=f"{rights.grant(link, rights.OWN, f'--topic {prefix}', prefixed=True)}, READ on each source; "
        "`leadpulse topics verify` names what is lacking.",
    )


def _topics_in(error: BaseException) -> set[str]:
    """Give the topics that an error names: one, or a set of them."""
    found: set[str] = set()
    for argument in error.args:
        if isinstance(argument, str) and argument and " " not in argument:
            found.add(argument)
        elif isinstance(argument, set | frozenset | list | tuple):
            found |= {str(getattr(one, "topic", one)) for one in argument}
    return found


def group_rights(link: Link, group: str) -> StartError:
    """Say that a user may not be in the consumer group."""
    return StartError(
        "This user may not join the consumer group.",
        where=f"group {group}",
        do=rights.grant(link, rights.GROUP, f"--group {group}"),
    )


def transactional_rights(link: Link, prefix: str) -> StartError:
    """Say that a user may not use the transactional ids."""
    return StartError(
        "This user may not write transactions.",
        where=f"transactional ids that begin with {prefix}",
        do=rights.grant(link, rights.TRANSACTIONAL_ID, f"--transactional-id {prefix}", prefixed=True),
    )


def create_rights(link: Link, layout: Layout) -> TopicError:
    """Say that a user may not create topics."""
    kinds = " ".join(f"--topic {topic}" for name, group in layout.groups.items()
                     for kind, topic in layout.sources[name].items() if kind in group.kinds)  # fmt: skip
    own = f"--topic {layout.prefix}leadpulse."
    return TopicError(
        "This user may not create topics.",
        where=f"the sources and {layout.prefix}leadpulse.*",
        do=f"{rights.grant(link, rights.CREATE, kinds)}; {rights.grant(link, rights.CREATE, own, prefixed=True)}; "
        "then run `leadpulse topics create` again.",
    )


def _instance(_error: BaseException, link: Link, names: Names) -> LeadpulseError:
    return StartError(
        f"Another worker runs with the same instance_id {names.instance_id}, and has taken this one's place.",
        where=f"LEADPULSE_INSTANCE_ID={names.instance_id}, consumer group {names.group}",
        do="Give each worker a name of its own (LEADPULSE_INSTANCE_ID), or none to all.",
    )


def _fenced(_error: BaseException, link: Link, names: Names) -> LeadpulseError:
    return BrokerError(
        "Another worker has taken over this shard; what this one had not committed is read again by it.",
        where=f"consumer group {names.group}",
        do="Nothing, if a worker was frozen or cut off. If it goes on, two sets of workers share one topic prefix: "
        "give them the same LEADPULSE_GROUP_ID, or each a LEADPULSE_TOPIC_PREFIX.",
    )


_REFUSALS: Final[dict[str, Callable[[BaseException, Link, Names], LeadpulseError]]] = {
    "TopicAuthorizationFailed": _topic,
    "GroupAuthorizationFailed": lambda _e, link, names: group_rights(link, names.group),
    "TransactionalIdAuthorizationFailed": lambda _e, link, names: transactional_rights(link, names.transactional_ids),
    "FencedInstanceId": _instance,
    "ProducerFenced": _fenced,
    "InvalidProducerEpoch": _fenced,
    "InvalidProducerIdMapping": _fenced,
    "SaslAuthenticationFailed": lambda _e, link, _n: credentials(link),
    "AuthenticationFailed": lambda _e, link, _n: credentials(link),
}
