"""Email: what becomes of messages, by people; machines apart.

In:  the counts.  Out: the entries of this area, in the order in which they are listed.
"""

from __future__ import annotations

from typing import Final

from stream.catalog.counts import BY_MESSAGE
from stream.catalog.entry import count, ratio
from stream.catalog.words import TRAFFIC, Alert, Chart, Column, Look, Metric, Now

METRICS: Final[tuple[Metric, ...]] = (
    count(
        "emails_sent",
        BY_MESSAGE,
        TRAFFIC,
        "Messages sent, one a recipient.",
        area="email",
        watched="1h",
        look=Look(
            places=(
                Chart("By campaign", "campaign"),
                Column("By campaign", "Messages"),
            )
        ),
    ),
    count(
        "emails_delivered",
        BY_MESSAGE,
        TRAFFIC,
        "Messages delivered, by when they were sent.",
        area="email",
        look=Look(places=(Column("By campaign", "Messages"),)),
    ),
    count(
        "emails_bounced",
        f"{BY_MESSAGE} bounce_type",
        TRAFFIC,
        "Messages that came back, by when they were sent.",
        area="email",
        look=Look(places=(Chart("Delivery", "bounce_type"),)),
    ),
    count(
        "emails_dropped",
        BY_MESSAGE,
        TRAFFIC,
        "Messages dropped before delivery, by when they were sent.",
        area="email",
        look=Look(places=(Column("By campaign", "Messages"),)),
    ),
    count(
        "emails_opened",
        BY_MESSAGE,
        TRAFFIC,
        "Messages opened by people, by when they were sent.",
        area="email",
        look=Look(places=(Column("By campaign", "Messages"),)),
    ),
    count(
        "emails_clicked",
        BY_MESSAGE,
        TRAFFIC,
        "Messages clicked by people, by when they were sent.",
        area="email",
        look=Look(places=(Column("By campaign", "Messages"),)),
    ),
    count(
        "emails_replied",
        BY_MESSAGE,
        TRAFFIC,
        "Messages replied to, by when they were sent.",
        area="email",
        look=Look(places=(Column("By campaign", "Messages"),)),
    ),
    count(
        "emails_unsubscribed",
        BY_MESSAGE,
        TRAFFIC,
        "Messages that led to an unsubscription.",
        area="email",
        look=Look(places=(Column("By campaign", "Messages"),)),
    ),
    count(
        "emails_spam_complaints",
        BY_MESSAGE,
        TRAFFIC,
        "Messages reported as spam.",
        area="email",
        look=Look(places=(Column("By campaign", "Messages"),)),
    ),
    count(
        "emails_machine_opened",
        BY_MESSAGE,
        TRAFFIC,
        "Messages opened by a machine: privacy proxy or scanner.",
        area="email",
        look=Look(places=(Chart("By campaign"),)),
    ),
    count(
        "emails_machine_clicked",
        BY_MESSAGE,
        TRAFFIC,
        "Messages clicked by a machine.",
        area="email",
        look=Look(places=(Chart("By campaign"),)),
    ),
    count(
        "email_clicks",
        BY_MESSAGE,
        TRAFFIC,
        "All clicks by people, by when the message was sent.",
        area="email",
        look=Look(places=(Column("By campaign", "Messages"),)),
    ),
    ratio(
        "deliverability_ratio",
        BY_MESSAGE,
        TRAFFIC,
        ("emails_sent - emails_undeliverable", "emails_sent"),
        "Share of sent messages that neither came back nor were dropped nor were reported as spam.",
        formula="(sent - bounced - dropped - spam complaints) / sent",
        area="email",
        direction="drop",
        panel="Deliverability",
        tier="main",
        alert=Alert("Fewer messages arrive than usual.", "critical", by=("purpose",)),
        look=Look(
            rank=5,
            told="{n} of {d} messages",
            places=(
                Now(),
                Chart("Delivery"),
                Column("By campaign", "Campaigns"),
            ),
        ),
    ),
    ratio(
        "email_bounce_ratio",
        BY_MESSAGE,
        TRAFFIC,
        ("emails_bounced_any", "emails_sent"),
        "Share of sent messages that came back.",
        area="email",
        direction="rise",
        formula="emails_bounced / emails_sent",
        alert=Alert("More messages come back than usual.", by=("purpose",)),
        look=Look(places=(Chart("Delivery"),)),
    ),
    ratio(
        "email_open_ratio",
        BY_MESSAGE,
        TRAFFIC,
        ("emails_opened", "emails_delivered"),
        "Share of delivered messages opened by people.",
        area="email",
        direction="drop",
        alert=Alert("Fewer messages are opened than usual.", by=("purpose",)),
        look=Look(
            places=(
                Now(),
                Chart("Answers"),
                Column("By campaign", "Campaigns"),
            )
        ),
    ),
    ratio(
        "email_click_ratio",
        BY_MESSAGE,
        TRAFFIC,
        ("emails_clicked", "emails_delivered"),
        "Share of delivered messages clicked by people.",
        area="email",
        direction="drop",
        alert=Alert("Fewer messages are clicked than usual.", by=("purpose",)),
        look=Look(
            places=(
                Now(),
                Chart("Answers"),
                Chart("By campaign", "campaign"),
                Column("By campaign", "Campaigns"),
            )
        ),
    ),
    ratio(
        "email_unsubscribe_ratio",
        BY_MESSAGE,
        TRAFFIC,
        ("emails_unsubscribed", "emails_delivered"),
        "Share of delivered messages that led to an unsubscription.",
        area="email",
        direction="rise",
        alert=Alert("More people unsubscribe than usual.", by=("purpose",)),
        look=Look(
            places=(
                Chart("Answers"),
                Column("By campaign", "Campaigns"),
            )
        ),
    ),
    ratio(
        "email_reply_ratio",
        BY_MESSAGE,
        TRAFFIC,
        ("emails_replied", "emails_sent"),
        "Share of sent messages that were replied to.",
        area="email",
        direction="drop",
        alert=Alert("Fewer messages are replied to than usual.", by=("purpose",)),
        look=Look(
            places=(
                Now(),
                Chart("Answers"),
            )
        ),
    ),
    count(
        "domain_emails_sent",
        "site domain",
        TRAFFIC,
        "Messages sent, by domain of the recipient.",
        area="email",
        look=Look(places=(Column("Delivery", "Domains of recipients"),)),
    ),
    ratio(
        "domain_deliverability_ratio",
        "site domain",
        TRAFFIC,
        ("domain_emails_sent - domain_emails_undeliverable", "domain_emails_sent"),
        "Share of messages to a recipient's domain that arrived without complaint.",
        area="email",
        formula="(sent - bounced - dropped - spam complaints) / sent, by domain of the recipient",
        direction="drop",
        alert=Alert("Fewer messages arrive at a recipient's domain than usual."),
        look=Look(
            places=(
                Chart("Delivery", "domain"),
                Column("Delivery", "Domains of recipients"),
            )
        ),
    ),
)
