"""SparkPost: its event webhooks, relayed as they were posted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec

from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, email
from stream.sources.hashed import copy_of, domain_of, email_hash
from stream.sources.moments import clock, unix
from stream.sources.preset import Mapping, Preset
from stream.sources.urls import url_path
from stream.sources.values import part, text
from stream.sources.wire.wire import Shape

#: What a bounce of a class may be: of one of our types, or something else that happened.
Became = Literal["hard", "soft", "block", "deferred", "dropped", "replied", "unsubscribed", "resubscribed"]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the pixel at the top of a mail is an opening as the one at its end is; what bounces of a class are."""

    initial_opens: bool = False
    bounces: dict[str, Became] = {}


ACTIONS: Final = {
    "injection": "sent",
    "delivery": "delivered",
    "delay": "deferred",
    "bounce": "bounced",
    "out_of_band": "bounced",
    "policy_rejection": "dropped",
    "generation_failure": "dropped",
    "generation_rejection": "dropped",
    "open": "opened",
    "amp_open": "opened",
    "click": "clicked",
    "amp_click": "clicked",
    "spam_complaint": "spam_complaint",
    "list_unsubscribe": "unsubscribed",
    "link_unsubscribe": "unsubscribed",
}
#: Classes of bounces; whatever else, as undetermined, is a soft one.
BOUNCES: Final[dict[str, Became]] = {
    "10": "hard", "30": "hard",
    "20": "soft", "21": "soft", "22": "soft", "23": "soft", "24": "soft", "40": "soft", "70": "soft",
    "50": "block", "51": "block", "52": "block", "53": "block", "54": "block",
    "25": "dropped", "26": "dropped",
    "60": "replied", "100": "replied",
    "80": "resubscribed", "90": "unsubscribed",
}  # fmt: skip
_INITIAL: Final = {"initial_open": "opened", "amp_initial_open": "opened"}
_TYPES: Final = frozenset({"hard", "soft", "block"})
#: Kinds of events, as they stand around one.
_AROUND: Final = (
    "message_event", "track_event", "gen_event", "unsubscribe_event", "relay_event", "relay_message", "ab_test_event",
    "ingest_event",
)  # fmt: skip


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    actions = ACTIONS | (_INITIAL if options.initial_opens else {})
    bounces = BOUNCES | options.bounces

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        around = part(record, "msys")
        if not around:
            if "msys" in record:
                yield ignored("ping")
            return
        event: Any = next(iter(around.values()))
        if event.__class__ is not dict:
            return
        said: Any = event.get("type")
        action: str | None = actions.get(said)
        bounce_type: str | None = None
        if action is None:
            if said in _INITIAL:
                yield ignored(said)
            return
        if action == "bounced":
            action = bounces.get(text(event.get("bounce_class")) or "", "soft")
            if action in _TYPES:
                action, bounce_type = "bounced", action
        address = event.get("rcpt_to") or event.get("raw_rcpt_to")
        # not all events name the message itself, and all of them the transmission
        message = text(event.get("transmission_id")) or text(event.get("message_id"))
        yield email(
            id=event.get("event_id"),
            time=_time(event.get("timestamp")),
            action=action,
            message_id=copy_of(message, address),
            email_hash=email_hash(address),
            recipient_domain=domain_of(address),
            campaign_id=text(event.get("campaign_id")) or text(event.get("template_id")),
            bounce_type=bounce_type,
            link_path=url_path(event.get("target_link_url")) if action == "clicked" else None,
            user_agent=event.get("user_agent"),
        )

    return read


def _time(said: Any) -> str | None:
    """Read a time: seconds in a text, and of events of generation a clock."""
    return clock(said) if said.__class__ is str and "-" in said else unix(said)


_MESSAGE: Final = {
    "event_id": "92356927693813856", "message_id": "000443ee14578172be22", "transmission_id": "65832150921904138",
    "campaign_id": "welcome", "rcpt_to": "jo@acme.example", "timestamp": "1772357400",
}  # fmt: skip

PRESET: Final = Preset(
    name="sparkpost",
    title="SparkPost event webhooks: the list that is posted, or one event of it",
    kinds=("email",),
    options=Options,
    mapping=mapping,
    shape=Shape(each="."),
    named=tuple(f"msys.{name}.type" for name in _AROUND),
    facts=(
        "support.sparkpost.com/docs/deliverability/bounce-classification-codes: classes of bounces and their category",
        "gist.github.com/jonowar/baacbc46cb35c350a75b9d9fc564024b: SparkPost's own description of events and fields",
        "github.com/anymail/django-anymail, webhooks/sparkpost.py: pings, initial opens",
    ),
    unconfirmed="class 26, which another vendor documents; that event_id stays when a batch is posted again",
    notes=(
        "A mail is told by its transmission and recipient: not all events name the message itself.",
        "An initial open is ignored, since an open follows it where a mail is shown whole; initial_opens counts it.",
    ),
    needs_key=True,
    example=(
        [
            {"msys": {"message_event": {**_MESSAGE, "type": "injection"}}},
            {
                "msys": {
                    "track_event": {
                        **_MESSAGE, "type": "click", "event_id": "92356927693813857", "timestamp": "1772357460",
                        "target_link_url": "https://acme.example/pricing?a=1", "user_agent": "Mozilla/5.0",
                    },
                },
            },
        ],
        {
            "msys": {
                "message_event": {
                    "type": "bounce", "bounce_class": "10", "event_id": "84345317653491230", "timestamp": "1772357500",
                    "transmission_id": "84345317650824116", "rcpt_to": "al@acme.example",
                },
            },
        },
    ),
)  # fmt: skip
