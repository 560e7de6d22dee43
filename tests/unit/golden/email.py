"""Golden cases of email."""

from __future__ import annotations

from tests.unit.golden.events import mail
from tests.unit.golden.story import Story

_SAID = {"campaign": "june", "purpose": "welcome", "variant": "A", "domain": "example.com"}
_JUNE = "campaign=june purpose=welcome variant=A"

_FATES = {
    "m1": "delivered opened clicked clicked",
    "m2": "bounced-hard",
    "m3": "bounced-soft delivered",  # taken back by a later delivery
    "m4": "delivered bounced-block",
    "m5": "dropped",
    "m6": "spam_complaint",  # it arrived, and is undeliverable all the same
    "m8": "delivered machine-opened machine-clicked",
    "m9": "delivered unsubscribed",
    "m10": "unsubscribed resubscribed",
    "m11": "replied",
    "m12": "deferred",
    "m13": "bounced-hard clicked",  # who clicks has got it
    "m15": "bounced-soft machine-opened",  # what a machine opens proves nothing
    "m16": "dropped delivered",
    "m17": "delivered deferred bounced-soft bounced-hard",  # the latest bounce names the type
}


def _events() -> list[dict[str, object]]:
    out = []
    for message, fate in _FATES.items():
        out.append(mail("10:00", message, "sent", **_SAID))
        for minute, step in enumerate(fate.split(), 1):
            machine = True if step.startswith("machine-") else None
            action = step.removeprefix("machine-").replace("-", " ")
            out.append(mail(f"10:{minute:02d}", message, action, machine=machine))
    # its sending was not seen: it counts where it was first heard of, once there is a sign that it was sent
    out.append(mail("10:50", "m7", "clicked", **_SAID))
    out.append(mail("10:51", "m7", "delivered"))
    out.append(mail("10:50", "m18", "clicked", **_SAID))
    # sent the day before: what happens today belongs to then
    out.append(mail("06-14 10:00", "m14", "sent", **_SAID))
    out.append(mail("11:30", "m14", "opened"))
    return out


STORIES = [
    Story(
        "a message counts once for each step that it took, in the pane of its sending",
        _events(),
        [
            ("emails_sent", "6h", {_JUNE: 16}),
            ("emails_sent", "7d", {_JUNE: 17}),
            # m1 m3 m6 m7 m8 m9 m10 m11 m13 m16
            ("emails_delivered", "6h", {_JUNE: 10}),
            ("emails_bounced", "6h", {f"{_JUNE} bounce_type={kind}": n for kind, n in (("hard", 2), ("block", 1), ("soft", 1))}),
            ("emails_dropped", "6h", {_JUNE: 1}),
            ("emails_opened", "6h", {_JUNE: 3}),  # m1 m7 m13
            ("emails_opened", "7d", {_JUNE: 4}),
            ("emails_opened", "1h", {}),
            ("emails_clicked", "6h", {_JUNE: 3}),
            ("email_clicks", "6h", {_JUNE: 4}),
            ("emails_replied", "6h", {_JUNE: 1}),
            ("emails_unsubscribed", "6h", {_JUNE: 1}),
            ("emails_spam_complaints", "6h", {_JUNE: 1}),
            ("emails_machine_opened", "6h", {_JUNE: 2}),
            ("emails_machine_clicked", "6h", {_JUNE: 1}),
            # undeliverable: m2 m4 m5 m6 m15 m17
            ("deliverability_ratio", "6h", {_JUNE: (10, 16)}),
            ("email_bounce_ratio", "6h", {_JUNE: (4, 16)}),
            # of 16 four came back and one was dropped
            ("email_open_ratio", "6h", {_JUNE: (3, 11)}),
            ("email_click_ratio", "6h", {_JUNE: (3, 11)}),
            ("email_unsubscribe_ratio", "6h", {_JUNE: (1, 11)}),
            ("email_reply_ratio", "6h", {_JUNE: (1, 16)}),
            ("domain_emails_sent", "6h", {"domain=example.com": 16}),
            ("domain_deliverability_ratio", "6h", {"domain=example.com": (10, 16)}),
        ],
    ),
    Story(
        "within a second a delivery stands over a soft bounce and under a hard one, whatever the ids",
        [
            mail("10:00", "m1", "sent"),
            mail("10:01", "m1", "bounced soft", id="b"),
            mail("10:01", "m1", "delivered", id="a"),
            mail("10:00", "m2", "sent"),
            mail("10:01", "m2", "bounced hard", id="c"),
            mail("10:01", "m2", "delivered", id="d"),
        ],
        [
            ("emails_bounced", "6h", {"campaign=unknown purpose=unknown variant=unknown bounce_type=hard": 1}),
            ("emails_delivered", "6h", {"campaign=unknown purpose=unknown variant=unknown": 1}),
        ],
    ),
    Story(
        "answers in time are those of messages that had as long as that",
        [
            # read at 12:00: sent in [06-14 06:00, 06-15 06:00) for six hours, in [06-11 12:00, 06-12 12:00) for 72
            mail("06-14 20:00", "m1", "sent", **_SAID),
            mail("06-15 02:00", "m1", "opened"),  # six hours to the second
            mail("06-14 21:00", "m2", "sent", **_SAID),
            mail("06-15 03:00:01", "m2", "clicked"),  # a second more
            mail("06-14 22:00", "m3", "sent", **_SAID),
            mail("06-14 22:05", "m3", "clicked"),
            mail("06-14 22:10", "m4", "sent", **_SAID),
            mail("06-14 22:11", "m4", "bounced hard"),
            mail("06-15 06:00", "m5", "sent", **_SAID),  # too young
            mail("06-15 06:01", "m5", "opened"),
            mail("06-12 11:00", "m6", "sent", **_SAID),
            mail("06-15 11:00", "m6", "replied"),
        ],
        [
            ("emails_opened_in_time", "24h", {_JUNE: 2}),
            ("emails_clicked_in_time", "24h", {_JUNE: 1}),
            ("emails_replied_in_time", "24h", {_JUNE: 1}),
            ("email_open_in_time_ratio", "24h", {_JUNE: (2, 3)}),
            ("email_click_in_time_ratio", "24h", {_JUNE: (1, 3)}),
            ("email_reply_in_time_ratio", "24h", {_JUNE: (1, 1)}),
        ],
    ),
    Story(
        "one id for a whole batch: a copy is an id and a recipient",
        [
            *[mail("10:00", "batch", "sent", lead_id=f"l{n}") for n in range(6)],
            *[mail("10:01", "batch", "delivered", lead_id=f"l{n}", id=f"d{n}") for n in range(5)],
            mail("10:02", "batch", "bounced hard", lead_id="l5"),
            mail("10:03", "batch", "opened", lead_id="l0"),
        ],
        [
            ("emails_sent", "6h", {"campaign=unknown purpose=unknown variant=unknown": 6}),
            ("emails_delivered", "6h", {"campaign=unknown purpose=unknown variant=unknown": 5}),
            ("emails_opened", "6h", {"campaign=unknown purpose=unknown variant=unknown": 1}),
            ("email_open_ratio", "6h", {"campaign=unknown purpose=unknown variant=unknown": (1, 5)}),
        ],
    ),
    Story(
        "each label is that of the earliest event which has it",
        [
            mail("10:05", "m1", "opened", "late", variant="B"),
            mail("10:01", "m1", "delivered", "june"),
            mail("10:00", "m1", "sent"),
            mail("10:06", "m1", "clicked", "later", variant="C", purpose="faq", domain="example.org"),
        ],
        [
            ("emails_sent", "6h", {"campaign=june purpose=faq variant=B": 1}),
            ("emails_clicked", "6h", {"campaign=june purpose=faq variant=B": 1}),
            ("domain_emails_sent", "6h", {"domain=example.org": 1}),
        ],
    ),
    Story(
        "the agent of a bot makes an opening a machine's, and filters nothing",
        [
            mail("10:00", "m1", "sent"),
            mail("10:05", "m1", "opened", user_agent="Mozilla/5.0 (compatible; Googlebot/2.1)"),
        ],
        [
            ("emails_machine_opened", "6h", {"campaign=unknown purpose=unknown variant=unknown": 1}),
            ("emails_opened", "6h", {}),
            ("emails_delivered", "6h", {}),
            ("events_total", None, {"kind=email outcome=counted reason=": 2}),
        ],
    ),
]
