"""Mails: what becomes of one message to one recipient.

In:  a recipient, a mailing, a moment, a seeded source of chance.
Out: happenings from `sent` to the last click, and the moment of a click that leads to a visit.
"""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

from stream.demo.visits import Happening, Visitor, token
from stream.demo.world import Mailing

IMAGE_PROXY = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


class Fate(NamedTuple):
    """The happenings of a message, and when the reader came to the site by it (None: never)."""

    happenings: list[Happening]
    visit_ms: int | None


def fate(rng: Random, to: Visitor, mailing: Mailing, sent_ms: int) -> Fate:
    """Play what happens to one message."""
    message_id = token(rng, "m")
    base: dict[str, Any] = {
        "site_id": to.site,
        "message_id": message_id,
        "lead_id": to.lead_id,
        "provider": "mailer",
    }
    more = {
        "campaign_id": mailing.campaign,
        "email_purpose": mailing.purpose,
        "variant": rng.choice(mailing.variants),
        "recipient_domain": to.mail_domain,
    }
    base |= {name: value for name, value in more.items() if value}
    happenings: list[Happening] = []

    def say(at_ms: int, action: str, **data: Any) -> None:
        happenings.append(Happening(at_ms, "email", message_id, base | {"action": action} | data))

    def later(least_s: float, most_s: float) -> int:
        """A moment after the sending; most readers are quick, some come much later."""
        return sent_ms + int(1000 * least_s * (most_s / least_s) ** rng.random())

    if rng.random() < 0.98:  # else the provider's "sent" never came
        say(sent_ms, "sent")
    if rng.random() < 0.05:
        say(later(5, 60), "deferred")
    luck = rng.random()
    if luck < 0.010:
        say(later(1, 5), "dropped")
        return Fate(happenings, None)
    if luck < 0.040:
        say(later(2, 90), "bounced", bounce_type=rng.choices(("hard", "soft", "block"), (5, 3, 1))[0])
        if rng.random() < 0.75:
            return Fate(happenings, None)
        # A soft bounce, then through at the second attempt.
    if rng.random() < 0.97:  # some providers tell the opening only
        say(later(100, 200) if luck < 0.040 else later(1, 30), "delivered")

    if rng.random() < 0.30:
        how: dict[str, Any] = {"user_agent": IMAGE_PROXY} if rng.random() < 0.3 else {}
        say(
            later(210, 400) if luck < 0.040 else later(31, 120),
            "opened",
            machine=True,
            **how,
        )
    if rng.random() < 0.04:
        say(
            later(410, 420) if luck < 0.040 else later(121, 200),
            "clicked",
            machine=True,
        )

    visit_ms = None
    if rng.random() < 0.34:
        opened_ms = later(430, 15_000)
        if rng.random() < 0.9:
            say(opened_ms, "opened")
        if rng.random() < 0.3:
            for click in range(1 + (rng.random() < 0.3)):
                visit_ms = opened_ms + rng.randrange(2_000, 60_000) + click * 20_000
                say(visit_ms, "clicked", link_path="/pricing")
        if rng.random() < 0.03:
            say(opened_ms + rng.randrange(60_000, 600_000), "replied")
        if rng.random() < 0.03:
            out_ms = opened_ms + rng.randrange(5_000, 60_000)
            say(out_ms, "unsubscribed")
            if rng.random() < 0.15:
                say(out_ms + 30_000, "resubscribed")
        if rng.random() < 0.01:
            say(opened_ms + 5_000, "spam_complaint")
    return Fate(happenings, visit_ms)
