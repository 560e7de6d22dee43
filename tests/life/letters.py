"""Letters: what happens to mailings and appointments, and what is right to tell of it.

In:  a mailing.
Out: its messages; incidents that must be told, and spans in which telling is allowed.

A newsletter each Tuesday at 8 h UTC, automations all day; or mailings each work day, order mails, appointments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.life.clock import BEFORE, END, HOUR, JUDGED, at
from tests.life.mailing import Mailing


@dataclass(slots=True)
class Answer:
    """What is right: (begin, end, within hours) that must be told, spans in which it may be."""

    incidents: list[tuple[int, int, float]] = field(default_factory=list)
    allowed: list[tuple[int, int]] = field(default_factory=list)


Letter = Callable[[Mailing, Answer], None]


def _weekly(
    mailing: Mailing, moved: dict[int, float] | None = None, bigger: dict[int, tuple[float, float]] | None = None
) -> None:
    for week in range(-BEFORE, JUDGED):
        size, share = (bigger or {}).get(week, (1.0, 1.0))
        mailing.send(at(week, 1, 8 + (moved or {}).get(week, 0)), mailing.size * size, share)
    mailing.stream(mailing.size / 250, share=0.4)


def mail_quiet(mailing: Mailing, right: Answer) -> None:
    """On time each week; mailings differ by a fifth."""
    _weekly(mailing)


def mail_moved(mailing: Mailing, right: Answer) -> None:
    """An hour later, two hours earlier, a day later."""
    _weekly(mailing, moved={0: 1, 1: -2, 2: 24})


def mail_bigger(mailing: Mailing, right: Answer) -> None:
    """Four times the list, opened by a fifth fewer."""
    _weekly(mailing, bigger={1: (4.0, 0.8)})


def mail_daily(mailing: Mailing, right: Answer) -> None:
    """A mailing each work day at 5 h; for a week it leaves three hours later."""
    for week in range(-BEFORE, JUDGED):
        for day in range(5):
            mailing.send(at(week, day, 8 if week == 1 else 5), mailing.size / 5)


def mail_spam_folder(mailing: Mailing, right: Answer) -> None:
    """From a Monday on six opens in ten are lost."""
    mailing.lost = [(at(1, 0, 0), END, 0.4)]
    _weekly(mailing)
    right.incidents.append((at(1, 0, 0), at(1, 4, 8), 86))
    right.allowed.append((at(1, 0, 0), END))


def mail_opens_lost(mailing: Mailing, right: Answer) -> None:
    """No open is recorded for four days."""
    mailing.lost = [(at(1, 1, 7), at(1, 5, 7), 0.0)]
    _weekly(mailing)
    right.incidents.append((at(1, 1, 7), at(1, 5, 8), 54))
    right.allowed.append((at(1, 1, 8), at(2, 0, 0)))


def transactional_stops(mailing: Mailing, right: Answer) -> None:
    """Order mails all day; none for six hours of a Wednesday."""
    begin, end = at(1, 2, 9), at(1, 2, 15)
    mailing.stream(mailing.size / 50, share=0.6, off=(begin, end))
    right.incidents.append((begin, end, 6))
    right.allowed.append((begin, end + 24 * HOUR))


def _appointments(mailing: Mailing) -> None:
    mailing.share, mailing.median_s, mailing.sigma, mailing.sleep, mailing.differ = 0.6, 43_200, 1.0, False, 0
    mailing.stream(mailing.size / 500, "work")


def appointments_spike(mailing: Mailing, right: Answer) -> None:
    """A fair brings five times as many appointments for eight hours."""
    _appointments(mailing)
    for hour in range(8):
        mailing.send(at(1, 2, 8 + hour), mailing.size / 500 * 8)


def appointments_drop(mailing: Mailing, right: Answer) -> None:
    """Half of the confirmations are lost from a Monday on (the reminder is not sent)."""
    mailing.lost = [(at(1, 0, 6), END, 0.5)]
    _appointments(mailing)
    right.incidents.append((at(1, 0, 6), at(2, 0, 6), 168))
    right.allowed.append((at(1, 0, 0), END))


LETTERS: Final[dict[str, Letter]] = {
    letter.__name__: letter
    for letter in (
        mail_quiet, mail_moved, mail_bigger, mail_daily, mail_spam_folder, mail_opens_lost, transactional_stops,
        appointments_spike, appointments_drop,
    )
}  # fmt: skip
