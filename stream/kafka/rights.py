"""Rights: what a user needs on a secured cluster, as the command that grants it.

In:  the way to the broker, a resource, operations; what the broker says is allowed.
Out: a `kafka-acls.sh` command to paste; or the operations that are lacking.

The commands are Kafka's own and are run by whoever administers it: no user of leadpulse may grant itself anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from stream.kafka.security import Link

#: What a worker does with topics that are not leadpulse's own, by role; whoever may READ or WRITE may DESCRIBE.
OF_ROLE: Final[dict[str, tuple[str, ...]]] = {"source": ("READ",)}
OWN: Final = ("READ", "WRITE")
GROUP: Final = ("READ",)
TRANSACTIONAL_ID: Final = ("WRITE", "DESCRIBE")
#: What `topics create` does.
CREATE: Final = ("CREATE", "DESCRIBE", "DESCRIBE_CONFIGS")
#: What `topics rebuild` does beside what a worker does.
REBUILD_TOPIC: Final = ("CREATE", "DELETE", "DESCRIBE", "DESCRIBE_CONFIGS", "READ")
REBUILD_GROUP: Final = ("DESCRIBE", "DELETE")

_WORDS: Final = {"DESCRIBE_CONFIGS": "DescribeConfigs", "ALTER_CONFIGS": "AlterConfigs"}


def principal(link: Link) -> str:
    """Name who we are to the broker, as its access lists write it."""
    if link.username:
        return f"User:{link.username}"
    return "User:ANONYMOUS" if link.context is None else "User:CN=…"


def grant(link: Link, operations: Iterable[str], resource: str, *, prefixed: bool = False) -> str:
    """Give the command that grants operations on a resource such as `--topic NAME` or `--group NAME`.

    >>> grant(Link(("kafka-1:9093",), username="lp"), ["READ"], "--group leadpulse")
    'kafka-acls.sh --bootstrap-server kafka-1:9093 --add --allow-principal User:lp --operation Read --group leadpulse'
    """
    wanted = " ".join(f"--operation {_WORDS.get(name, name.capitalize())}" for name in operations)
    pattern = " --resource-pattern-type prefixed" if prefixed else ""
    who = principal(link)
    quoted = f"'{who}'" if "=" in who or " " in who else who
    return (
        f"kafka-acls.sh --bootstrap-server {link.brokers[0]} --add --allow-principal {quoted} {wanted} "
        f"{resource}{pattern}"
    )


def lacking(needed: Iterable[str], allowed: Collection[str] | None) -> tuple[str, ...]:
    """Give the operations that are needed and not allowed; None as `allowed` means that the broker does not say.

    >>> lacking(("READ", "WRITE"), {"READ", "DESCRIBE"}), lacking(("READ",), {"ALL"}), lacking(("READ",), None)
    (('WRITE',), (), ())
    """
    if allowed is None or "ALL" in allowed:
        return ()
    return tuple(name for name in needed if name not in allowed)
