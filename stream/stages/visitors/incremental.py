"""Incremental way: the difference that a common case makes, written without looking at the whole row.

In:  a row and a person's facts, by time.
Out: the row changed, the difference in the accumulator, and how many facts were dealt with; the first one that is not
     a common case (`admissible`), and all behind it, are left to the reference way.

A common case comes later than everything the row knows and moves nothing but the end of the open session; or
it is a page view that opens a session, or one that comes late into the newest session and changes nothing that was
said about it.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from stream.changes.accumulator import Accumulator
from stream.changes.cells import Cell
from stream.changes.panes import Grid
from stream.stages.visitors import incremental_deeds
from stream.stages.visitors.admissible import LONGEST_MS, Admissible, LookingBack, Open, begun, is_alone
from stream.stages.visitors.bounds import Bounds
from stream.stages.visitors.contribution import Contributions, is_engaged
from stream.stages.visitors.facts import TELLING, Fact, Facts, Form, View
from stream.stages.visitors.incremental_opening import give_channel, opened, reopen
from stream.stages.visitors.numbers import DIRECT, Numbers, OriginCells, SiteNumbers
from stream.stages.visitors.row import MARK, Row
from stream.stages.visitors.sessions import ENGAGED_MS, GAP_MS

#: Writes n ticks at once, for as many as most visits have in a batch.
_TICKS: Final = tuple([Struct(f"={n}I").pack for n in range(33)])


class Incremental:
    """Writes the differences of common cases into an accumulator."""

    def __init__(self, grid: Grid, labels: Facts, contributions: Contributions, bounds: Bounds) -> None:
        self.grid = grid
        self._contributions = contributions
        self._bounds = bounds
        self._admissible = (LookingBack if contributions.look_back_ms else Admissible)(bounds, labels)
        self._deeds = incremental_deeds.Deeds(labels, contributions, bounds)
        self._accumulator = Accumulator()
        self._numbers = Numbers(self._accumulator.ids)
        self._add: Callable[[Cell, int, int], None] = self._accumulator.add
        self.tells = False  # somebody who is known saw a page that tells something; whoever tells it says so

    def into(self, accumulator: Accumulator) -> None:
        """Write to `accumulator` from now on."""
        if self._numbers.ids is not accumulator.ids:
            self._numbers = Numbers(accumulator.ids)
        self._accumulator = accumulator
        self._deeds.into(accumulator, self._numbers)
        self._add = self._contributions.add

    def flush(self) -> None:
        """Count the new people since the last call, by what everybody's first page view counts for."""
        for site, numbers in self._numbers.items():
            for pane, n in Counter(numbers.newcomers).items():
                self._add(("newcomer", site), pane, n)
                self._add(("step_from", site, "first_view", "form_start"), pane, n)
                self._add(("step_from", site, "first_view", "lead"), pane, n)
            numbers.newcomers.clear()

    def begin(self, site: str, facts: list[Fact]) -> tuple[Row, int]:
        """Make the row of a new person; give it and how many facts it holds."""
        view: Any = facts[0]
        if self._admissible.why_not_first(view) is not None:
            return Row(0, []), 0
        numbers, up = self._numbers[site], self._accumulator.up
        origin, page = numbers.origins[view.touch or DIRECT], numbers.pages[view.viewed]
        session = opened(view, view.id)
        first_ms, pane_ms, origin_ms = view.time_ms, self.grid.pane_ms, self.grid.origin_ms
        row = Row(first_ms, [session], view.source)
        start = end = (first_ms - origin_ms) // pane_ms
        numbers.newcomers.append(start)
        up(origin.session + start)
        up(page.view + start)
        up(origin.view + start)
        if origin.landed >= 0:
            up(origin.landed + start)
        if view.is_download:
            self._add(("content_download", site, view.group, view.content), start, 1)
        done = 1
        if len(facts) > 1:
            ticks: list[int] = []
            most = min(self._bounds.flood_events, self._bounds.ticks)
            done = self._views(numbers, origin, row, facts, 1, ticks, first_ms, first_ms + LONGEST_MS, most)
            if ticks:
                session.ticks += packed(ticks)
            row.last = session.end
            if done < len(facts):
                return row, self._extend(Open(site, row, self._bounds, fresh=True), facts, done)
            end = (session.end - origin_ms) // pane_ms
        views = session.views
        for _ in range(views):
            up(origin.session_view + start)
        if views == 1:
            up(origin.bounce + start)
        if views > 1 or session.engaged >= ENGAGED_MS:
            up(origin.engaged + start)
        up(origin.stranger + end)
        up(numbers.countries[view.country] + end)
        up(page.landing + end)
        return row, done

    def extend(self, site: str, row: Row, facts: list[Fact]) -> int:
        """Fold facts into a row that has a session; give the place of the first one left over."""
        return self._extend(Open(site, row, self._bounds), facts, 0)

    def _extend(self, here: Open, facts: list[Fact], at: int) -> int:
        why_not, why_not_deed = self._admissible.why_not, self._admissible.why_not_deed
        numbers = self._numbers[here.site]
        session, origin = here.session, numbers.origins[here.session.origin]
        many = len(facts)
        while at < many:
            fact = facts[at]
            if type(fact) is View and here.most:
                done = self._views(
                    numbers, origin, here.row, facts, at, here.ticks, here.after_ms, here.latest_ms, here.most
                )
                if done > at:
                    at = done
                    if session.end > here.last:
                        here.last = session.end
                    continue
            time_ms = fact.time_ms
            if (
                here.last < time_ms <= here.latest_ms
                and type(fact) is not View
                and time_ms - session.end <= GAP_MS
                and session.events < here.most
                and (fact.touch is None or session.channel is not None)
                and (fact.country is None or session.country is not None)
            ):
                reason = why_not_deed(here, fact)  # its place in the session is as common as that of a page view
            else:
                reason = why_not(here, fact)
            if reason is not None:
                break
            at += 1
            if session.channel is None and fact.touch is not None and time_ms - session.end <= GAP_MS:
                origin = give_channel(here, numbers, self._accumulator, self.grid, fact)
            if time_ms - session.end > GAP_MS:
                self._close(here, numbers, origin)
                reopen(self._add, self.grid, here.site, here.row, fact)
                here = Open(here.site, here.row, self._bounds)
                session, origin = here.session, numbers.origins[here.session.origin]
                continue
            session.events += 1
            if time_ms > here.last:
                here.last = time_ms
            if type(fact) is View:
                self._view(here, fact, origin)
                here.ticks.append(2 * (time_ms - session.start) + 1)
                session.views += 1
                if time_ms > session.end:
                    session.end = time_ms
                continue
            here.ticks.append(2 * (time_ms - session.start))
            deed = self._deeds.form if type(fact) is Form else self._deeds.chat
            if deed(here, fact):
                session.end = time_ms
        self._close(here, numbers, origin)
        return at

    def _views(
        self, numbers: SiteNumbers, origin: OriginCells, row: Row, facts: list[Any], at: int,
        ticks: list[int], after_ms: int, latest_ms: int, most: int,
    ) -> int:  # fmt: skip
        """Count page views that bring nothing but themselves, as most do; give the place of the first other fact.

        The row has room for `most` events, and takes page views later than `after_ms`, up to `latest_ms`.
        """
        session, rest = row.sessions[-1], facts[at:] if at else facts
        if rest[0].time_ms <= after_ms or rest[-1].time_ms > latest_ms or session.events + len(rest) > most:
            return at
        start, end, viewed = session.start, session.end, session.viewed
        no_channel, no_country = session.channel is None, session.country is None
        converted, most_viewed = session.last_key, self._bounds.viewed
        up, pages, pane_ms, origin_ms = self._accumulator.up, numbers.pages, self.grid.pane_ms, self.grid.origin_ms
        engaged_ms, before = 0, at
        for fact in rest:
            if type(fact) is not View or fact.offer is not None:
                break
            time_ms, name = fact.time_ms, fact.viewed
            if time_ms - end > GAP_MS or (no_channel and fact.touch is not None):
                break
            if no_country and fact.country is not None:
                break
            if name not in viewed:
                # n names stand between n + 1 marks; the length is asked first, since it costs nothing
                if len(viewed) > most_viewed and viewed.count(MARK) > most_viewed:
                    break
                if converted:
                    if not is_alone(row):
                        break
                    self._add(
                        ("content_converted", numbers.site, fact.group, fact.content), self.grid.pane(converted), 1
                    )
                if fact.group in TELLING and row.extra is not None and row.extra.followed:
                    self.tells = True
                viewed = viewed[:-1] + name
            pane = (time_ms - origin_ms) // pane_ms
            up(origin.view + pane)
            up(pages[name].view + pane)
            if fact.is_download:
                self._add(("content_download", numbers.site, fact.group, fact.content), pane, 1)
            if time_ms > end:
                end = time_ms
            engaged_ms += fact.engagement_ms
            ticks.append(2 * (time_ms - start) + 1)
            at += 1
        session.end, session.viewed = end, viewed
        session.events += at - before
        session.views += at - before
        if engaged_ms:
            session.engaged = min(session.engaged + engaged_ms, ENGAGED_MS)
        return at

    def _view(self, here: Open, view: View, origin: OriginCells) -> None:
        """Count a page view, and of a converted person what they had not viewed before."""
        site, session = here.site, here.session
        if view.viewed not in session.viewed:
            if last_key := session.last_key:
                self._add(("content_converted", site, view.group, view.content), self.grid.pane(last_key), 1)
            if view.group in TELLING and here.row.extra is not None and here.row.extra.followed:
                self.tells = True
            session.viewed = session.viewed[:-1] + view.viewed
        if view.engagement_ms:
            session.engaged = min(session.engaged + view.engagement_ms, ENGAGED_MS)
        pane = self.grid.pane(view.time_ms)
        accumulator = self._accumulator
        accumulator.up(origin.view + pane)
        accumulator.up(accumulator.ids["content_view", site, view.group, view.content] + pane)
        if view.is_download:
            self._add(("content_download", site, view.group, view.content), pane, 1)

    def _close(self, here: Open, numbers: SiteNumbers, origin: OriginCells) -> None:
        """Count what a session became, and move its person, in every way it counts them, to a later pane."""
        site, session, fresh = here.site, here.session, here.fresh
        if here.ticks:
            session.ticks += packed(here.ticks)
            here.row.last = here.last
        pane_ms, origin_ms = self.grid.pane_ms, self.grid.origin_ms
        accumulator = self._accumulator
        ids, up, down = accumulator.ids, accumulator.up, accumulator.down
        first, end, deeds, views = session.start, session.end, session.deeds, session.views
        start = (first - origin_ms) // pane_ms
        more = views - here.views
        if more == 1:
            up(origin.session_view + start)
        elif more:
            accumulator.counts[origin.session_view + start] += more
        if not here.was_engaged and is_engaged(session):
            up(origin.engaged + start)
        is_bounce = views == 1 and session.is_bounce
        if is_bounce is not here.was_bounce:
            (up if is_bounce else down)(origin.bounce + start)
        old, new = (here.before - origin_ms) // pane_ms, (end - origin_ms) // pane_ms
        seen = origin.visit if here.key else origin.stranger
        if deeds is not None:
            self._deeds.settle(here)
            if deeds.forms:
                self._move_forms(here, old, new)
            if not here.key and deeds.first_key is not None:  # known from now on
                self._add(("stranger", site), self.grid.pane(deeds.first_key[0]), 1)
                if not fresh:
                    down(seen + old)
                    up(origin.visit + old)
                seen = origin.visit
        elif here.row.extra is not None:
            self._deeds.settle(here)
        if old == new and not fresh:
            return
        country = numbers.countries[session.country]
        up(seen + new)
        up(country + new)
        if not fresh:
            down(seen + old)
            down(country + old)
        if session.group is not None:
            landing = ids["landing_person", site, session.group, session.content]
            up(landing + new)
            if not fresh:
                down(landing + old)

    def _move_forms(self, here: Open, old: int, new: int) -> None:
        """Move the forms of a session to where it ends now."""
        before, after = here.forms, begun(here.session)
        if before == after and old == new:
            return
        cells = self._numbers[here.site].forms
        for forms, pane, move in ((before, old, self._accumulator.down), (after, new, self._accumulator.up)):
            for form, is_left in forms:
                move(cells[form].begun + pane)
                if is_left:
                    move(cells[form].abandoned + pane)


def packed(ticks: list[int]) -> bytes:
    """Write ticks as a session keeps them."""
    n = len(ticks)
    return _TICKS[n](*ticks) if n < len(_TICKS) else array("I", ticks).tobytes()
