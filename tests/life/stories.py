"""Stories: what happens to sites, and what is right to tell of it.

In:  a site, ordinary so far.
Out: the same with what happens to it; incidents that must be told, and spans in which telling is allowed.

Times are UTC; local time is two hours ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from tests.life.clock import DAY, END, FIRST, HOUR, WEEK, at
from tests.life.site import CHANNELS, Site

DIRECT, ORGANIC, PAID, SOCIAL, MAIL, REFERRAL = range(len(CHANNELS))
Family = Literal["visitors", "conversion"]
BOTH: Final[tuple[Family, ...]] = ("visitors", "conversion")


@dataclass(frozen=True, slots=True)
class Incident:
    """Bins [begin, end) of something that must be told within some hours, as a page or (`ticket`) as either."""

    begin: int
    end: int
    family: Family
    within_h: float
    ticket: bool = False


@dataclass(frozen=True, slots=True)
class Allowed:
    """Bins in which something may be told."""

    begin: int
    end: int
    families: tuple[Family, ...] = BOTH
    pages: bool = True


@dataclass(slots=True)
class Right:
    """What is right."""

    incidents: list[Incident] = field(default_factory=list)
    allowed: list[Allowed] = field(default_factory=list)

    def incident(self, begin: int, end: int, family: Family, *, within_h: float | None = None, ticket: bool = False,
                 after_h: float = 24, families: tuple[Family, ...] = BOTH) -> None:  # fmt: skip
        """Say what must be told, and until how long after it anything may be."""
        hours = (end - begin) / HOUR if within_h is None else within_h
        self.incidents.append(Incident(begin, end, family, hours, ticket))
        self.allowed.append(Allowed(begin, end + round(after_h * HOUR), families))


Story = Callable[[Site, Right], None]


def during(factors: np.ndarray, begin: int, end: int, factor: float, channels: Sequence[int] = range(6)) -> None:
    """Change channels for a while."""
    factors[list(channels), begin:end] *= factor


def quiet_b2b(site: Site, right: Right) -> None:
    site.kind = "work"


def quiet_shop(site: Site, right: Right) -> None:
    """Nothing happens."""


def promo_day(site: Site, right: Right) -> None:
    """Six times the visits on a Tuesday, converting a fifth worse; four ordinary weeks follow."""
    begin, end = at(0, 0, 22), at(0, 1, 22)
    during(site.visits, begin, end, 6)
    during(site.rates, begin, end, 0.8)
    right.allowed.append(Allowed(begin, end + DAY, ("conversion",)))


def webinar(site: Site, right: Right) -> None:
    """A mailing brings ten times the visitors by e-mail for six hours, and half of them sign up."""
    site.kind = "work"
    during(site.visits, at(0, 2, 8), at(0, 2, 14), 10, [MAIL])
    during(site.rates, at(0, 2, 8), at(0, 2, 14), 6, [MAIL])


def gap_in_history(site: Site, right: Right) -> None:
    """Nothing was kept for ten hours of a night last week, and for two and a half days the week before."""
    site.holes = [(at(-1, 2, 18), at(-1, 3, 4)), (at(-2, 4, 12), at(-2, 7, 0))]


def new_site(site: Site, right: Right) -> None:
    """Ten days old when the four weeks begin."""
    site.start = FIRST - 10 * DAY


def new_b2b(site: Site, right: Right) -> None:
    """A site for work days, four days old when the four weeks begin."""
    site.kind = "work"
    site.start = FIRST - 4 * DAY


def dst_spring(site: Site, right: Right) -> None:
    """Clocks go forward on the first Sunday, and the judge believes that the site is at UTC."""
    site.kind = "work"
    site.ahead_h[: at(0, 6, 1)] = 1.0


def dst_shop(site: Site, right: Right) -> None:
    """The same at a shop, whose nights convert at 0.6 of the days."""
    site.ahead_h[: at(0, 6, 1)] = 1.0


def _holiday(site: Site) -> tuple[int, int]:
    site.kind = "work"
    begin, end = at(1, -1, 22), at(1, 0, 22)
    during(site.visits, begin, end, 0.25)
    during(site.rates, begin, end, 0.9)
    return begin, end


def holiday_unmarked(site: Site, right: Right) -> None:
    """A public holiday on the second Monday; a week later, at the same hours, counting breaks for four hours."""
    right.allowed.append(Allowed(*_holiday(site)))
    during(site.visits, at(2, 0, 8), at(2, 0, 12), 0.0)
    right.incident(at(2, 0, 8), at(2, 0, 12), "visitors", after_h=6)


def holiday_marked(site: Site, right: Right) -> None:
    """The same holiday, in the calendar: nothing may be told on it, nor after it."""
    site.marked = [_holiday(site)]


def growth(site: Site, right: Right) -> None:
    """Ten per cent more each week."""
    site.visits *= 1.1 ** ((np.arange(END) - FIRST) / WEEK)


def shrink(site: Site, right: Right) -> None:
    """Ten per cent less each week."""
    site.visits *= 0.9 ** ((np.arange(END) - FIRST) / WEEK)


def campaign_end(site: Site, right: Right) -> None:
    """Ads made two and a half times the visits for three weeks and end: a ticket is right, a page is not."""
    end = at(1, 0, 8)
    during(site.visits, at(-2, 0, 8), end, 11, [PAID])
    right.allowed.append(Allowed(end, end + 36 * HOUR, BOTH, pages=False))


def social_spike(site: Site, right: Right) -> None:
    """A post brings twelve times the social visitors for twelve hours; every channel converts as usual."""
    begin, end = at(0, 2, 6), at(0, 2, 18)
    during(site.visits, begin, end, 12, [SOCIAL])
    right.allowed.append(Allowed(begin, end + DAY, ("conversion",), pages=False))


def bot_wave(site: Site, right: Right) -> None:
    """Bots that pass for people: four times the site's visits for ten hours; a week later an outage."""
    begin, end = at(0, 3, 6), at(0, 3, 16)
    site.bots[DIRECT, begin:end] = 4 * site.per_hour
    right.allowed.append(Allowed(begin, end + DAY, ("conversion",), pages=False))
    during(site.visits, at(1, 3, 8), at(1, 3, 11), 0.0)
    right.incident(at(1, 3, 8), at(1, 3, 11), "visitors", after_h=6)


def form_halved(site: Site, right: Right) -> None:
    """Half of the leads are lost for a day."""
    site.kind = "work"
    during(site.rates, at(0, 1, 8), at(0, 2, 8), 0.5)
    right.incident(at(0, 1, 8), at(0, 2, 8), "conversion")


def form_dead(site: Site, right: Right) -> None:
    """No lead at all for eight hours."""
    during(site.rates, at(1, 2, 8), at(1, 2, 16), 0.0)
    right.incident(at(1, 2, 8), at(1, 2, 16), "conversion")


def form_third(site: Site, right: Right) -> None:
    """Three leads in ten are lost for two days."""
    during(site.rates, at(1, 2, 8), at(1, 4, 8), 0.7)
    right.incident(at(1, 2, 8), at(1, 4, 8), "conversion")


def small_halved(site: Site, right: Right) -> None:
    """Half of the leads are lost for a week: what a small site can hope to see."""
    site.kind = "work"
    during(site.rates, at(1, 1, 8), at(2, 1, 8), 0.5)
    right.incident(at(1, 1, 8), at(2, 1, 8), "conversion", ticket=True, after_h=72)


def tracking_lost(site: Site, right: Right) -> None:
    """Nothing is counted for three hours of a forenoon."""
    site.kind = "work"
    during(site.visits, at(0, 1, 8), at(0, 1, 11), 0.0)
    right.incident(at(0, 1, 8), at(0, 1, 11), "visitors")


def tracking_partly(site: Site, right: Right) -> None:
    """Six visits in ten are not counted for eight hours (a consent banner)."""
    during(site.visits, at(1, 2, 8), at(1, 2, 16), 0.4)
    right.incident(at(1, 2, 8), at(1, 2, 16), "visitors")


def paid_stops(site: Site, right: Right) -> None:
    """Six visits in ten are paid; the account is suspended for three days: to be told in whatever form."""
    site.shares = (0.12, 0.15, 0.60, 0.05, 0.05, 0.03)
    during(site.visits, at(0, 2, 8), at(0, 5, 8), 0.0, [PAID])
    right.incident(at(0, 2, 8), at(0, 5, 8), "visitors", within_h=8, ticket=True)


def outage_each_week(site: Site, right: Right) -> None:
    """The same four hours of Tuesday are lost in three weeks running."""
    for week in (0, 1, 2):
        during(site.visits, at(week, 1, 8), at(week, 1, 12), 0.1)
        right.incident(at(week, 1, 8), at(week, 1, 12), "visitors")


def flapping(site: Site, right: Right) -> None:
    """A day on which visits swing around half of the usual every hour and a half."""
    begin, end = at(1, 1, 6), at(1, 2, 6)
    site.visits[:, begin:end] = 0.45 + 0.25 * np.sin(np.arange(end - begin) / 9 * 2 * np.pi)
    right.incident(begin, end, "visitors", ticket=True)


def slow_decay(site: Site, right: Right) -> None:
    """Three per cent of the conversion is lost each day, for three weeks."""
    site.rates *= 0.97 ** np.clip((np.arange(END) - FIRST) / DAY, 0, 21)
    right.incident(FIRST, FIRST + 21 * DAY, "conversion", ticket=True, after_h=7 * 24)


def promo_form_dead(site: Site, right: Right) -> None:
    """A promotion brings six times the visitors by every channel; in its fifth hour the form dies for five."""
    begin, end = at(1, 1, 4), at(1, 1, 22)
    during(site.visits, begin, end, 6)
    during(site.rates, begin, end, 0.8)
    during(site.rates, at(1, 1, 9), at(1, 1, 14), 0.0)
    right.incident(at(1, 1, 9), at(1, 1, 14), "conversion", within_h=4)
    right.allowed.append(Allowed(begin, end + DAY))


def new_site_broken(site: Site, right: Right) -> None:
    """Ten days old; on its twelfth day the form dies for ten hours, on its thirteenth nothing is counted for three."""
    site.start = FIRST - 10 * DAY
    during(site.rates, at(0, 1, 8), at(0, 1, 18), 0.0)
    during(site.visits, at(0, 2, 8), at(0, 2, 11), 0.0)
    right.incident(at(0, 1, 8), at(0, 1, 18), "conversion", after_h=41)
    right.incident(at(0, 2, 8), at(0, 2, 11), "visitors")


STORIES: Final[dict[str, Story]] = {
    story.__name__: story
    for story in (
        quiet_b2b, quiet_shop, promo_day, webinar, gap_in_history, new_site, new_b2b, dst_spring, dst_shop,
        holiday_unmarked, holiday_marked, growth, shrink, campaign_end, social_spike, bot_wave, form_halved, form_dead,
        form_third, small_halved, tracking_lost, tracking_partly, paid_stops, outage_each_week, flapping, slow_decay,
        promo_form_dead, new_site_broken,
    )
}  # fmt: skip
