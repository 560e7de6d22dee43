"""Amazon SES: events of its configuration sets or its notifications, by SNS, EventBridge or Firehose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stream.contract.email import BounceType
from stream.sources.about import About, Ignored, ignored
from stream.sources.definition import Definition
from stream.sources.events import Event, email
from stream.sources.hashed import copy_of, domain_of, email_hash, fingerprint
from stream.sources.preset import Mapping, Preset
from stream.sources.urls import url_path
from stream.sources.values import first, part, text
from stream.sources.wire.wire import Shape


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Which message tag is the campaign: one of your own, or the configuration set."""

    campaign_tag: str = "ses:configuration-set"


#: What is said → (action, the object that tells it, its list of recipients; none: those of the mail).
EVENTS: Final = {
    "Send": ("sent", "send", ""),
    "Reject": ("dropped", "reject", ""),
    "Rendering Failure": ("dropped", "failure", ""),
    "Delivery": ("delivered", "delivery", "recipients"),
    "DeliveryDelay": ("deferred", "deliveryDelay", "delayedRecipients"),
    "Bounce": ("bounced", "bounce", "bouncedRecipients"),
    "Complaint": ("spam_complaint", "complaint", "complainedRecipients"),
    "Open": ("opened", "open", ""),
    "Click": ("clicked", "click", ""),
    "Subscription": ("unsubscribed", "subscription", ""),
}
#: Types of bounces; whatever else, as Undetermined, is a soft one.
BOUNCES: Final[dict[str, BounceType]] = {"Permanent": "hard", "Transient": "soft"}
_BLOCKS: Final = frozenset({"ContentRejected", "AttachmentRejected"})
#: The address was on a list of SES: it was not tried.
_SUPPRESSED: Final = frozenset({"Suppressed", "OnAccountSuppressionList"})
_NOT_WANTED: Final = frozenset(
    {"Received", "AmazonSnsSubscriptionSucceeded", "SubscriptionConfirmation", "UnsubscribeConfirmation"}
)


def mapping(options: Options, definition: Definition) -> Mapping:
    """Make the mapping of a definition."""
    tag = options.campaign_tag

    def read(record: Any, about: About) -> Iterator[Event | Ignored]:
        said = record.get("eventType") or record.get("notificationType") or record.get("Type")
        if said not in EVENTS:
            if said in _NOT_WANTED:
                yield ignored(said)
            return
        action, name, listed = EVENTS[said]
        mail, detail = part(record, "mail"), part(record, name)
        bounce_type = None
        if said == "Bounce":
            action, bounce_type = _bounced(detail)
        elif said == "Complaint":
            if detail.get("complaintFeedbackType") == "not-spam":
                yield ignored("not-spam")
                return
            if detail.get("complaintSubType") in _SUPPRESSED:
                action = "dropped"
        elif said == "Subscription" and not _left(detail):
            yield ignored("Subscription")
            return
        message, when = text(mail.get("messageId")), detail.get("timestamp") or mail.get("timestamp")
        recipients = _recipients(mail, detail, listed, action)
        if not recipients:
            yield ignored("of nobody")  # such as what an answering machine sends back
        for address in recipients:
            yield email(
                id=fingerprint(said, message, when, address, detail.get("link"), detail.get("ipAddress")),
                time=when,
                action=action,
                message_id=copy_of(message, address),
                email_hash=email_hash(address),
                recipient_domain=domain_of(address),
                campaign_id=text(first(part(mail, "tags").get(tag))),
                bounce_type=bounce_type,
                link_path=url_path(detail.get("link")),
                user_agent=detail.get("userAgent") if action in ("opened", "clicked") else None,
            )

    return read


def _bounced(bounce: Any) -> tuple[str, BounceType | None]:
    narrower = bounce.get("bounceSubType")
    if narrower in _SUPPRESSED:
        return "dropped", None
    return "bounced", "block" if narrower in _BLOCKS else BOUNCES.get(bounce.get("bounceType"), "soft")


def _recipients(mail: Any, detail: Any, listed: str, action: str) -> list[Any]:
    """Name whom an event is of; opens and clicks name nobody, and are the first recipient's, once."""
    of_mail = mail.get("destination")
    of_mail = of_mail if of_mail.__class__ is list else [of_mail]
    if action in ("opened", "clicked"):
        return of_mail[:1]
    found = detail.get(listed) if listed else None
    if found.__class__ is not list:
        return of_mail
    return [each.get("emailAddress") if each.__class__ is dict else each for each in found]


def _left(subscription: Any) -> bool:
    """Tell whether somebody left: all topics, or one that they had."""
    new, old = part(subscription, "newTopicPreferences"), part(subscription, "oldTopicPreferences")
    return new.get("unsubscribeAll") is True or bool(_out(new) - _out(old))


def _out(preferences: Any) -> set[Any]:
    topics = preferences.get("topicSubscriptionStatus")
    return {
        text(topic.get("topicName"))
        for topic in (topics if topics.__class__ is list else ())
        if topic.__class__ is dict and topic.get("subscriptionStatus") == "OptOut"
    }


_MAIL: Final = {
    "timestamp": "2026-03-01T09:30:00.000Z", "messageId": "7c191be45-e9aedb9a-000000",
    "destination": ["jo@acme.example", "al@acme.example"], "tags": {"ses:configuration-set": ["welcome"]},
}  # fmt: skip

PRESET: Final = Preset(
    name="ses",
    title="Amazon SES events or notifications, as SNS messages (raw or not), by EventBridge or Firehose",
    kinds=("email",),
    options=Options,
    mapping=mapping,
    shape=Shape(unwrap=("sns", "in:detail")),
    named=("eventType", "notificationType", "Type"),
    facts=(
        "docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html: events, objects, recipients",
        "docs.aws.amazon.com/ses/latest/dg/notification-contents.html: one notification may be of several recipients",
    ),
    unconfirmed="subtypes of bounces and complaints that are a suppression or a block; that detail of an event by"
    " EventBridge is the same object",
    notes=(
        "Opens and clicks name no recipient: they are the first one's of the mail, once.",
        "A complaint of a mail to several may name all of one domain: each of them counts.",
        "A bounce or complaint because the address was on a suppression list is dropped: nobody was mailed.",
    ),
    needs_key=True,
    example=(
        {"eventType": "Send", "mail": _MAIL, "send": {}},
        {
            "Type": "Notification", "MessageId": "19ba9823-d7f2-53c1-860e-cb10e0d13dfc",
            "Message": '{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bounceSubType":"General",'
            '"bouncedRecipients":[{"emailAddress":"al@acme.example"}],"timestamp":"2026-03-01T09:30:04.101Z"},'
            '"mail":{"messageId":"7c191be45-e9aedb9a-000000","destination":["jo@acme.example","al@acme.example"],'
            '"timestamp":"2026-03-01T09:30:00.000Z"}}',
        },
        {
            "detail-type": "Email Clicked",
            "detail": {
                "eventType": "Click", "mail": _MAIL,
                "click": {
                    "timestamp": "2026-03-01T09:40:00.570Z", "link": "https://acme.example/pricing?a=1",
                    "ipAddress": "192.0.2.1", "userAgent": "Mozilla/5.0",
                },
            },
        },
    ),
)  # fmt: skip
