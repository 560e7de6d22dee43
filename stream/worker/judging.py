"""Judging: the judge beside the rollup that it judges: when it looks, what it goes on from, and what it writes.

In:  readings of all windows as they are published; history and looks as their log has them, alerts as theirs has.
Out: rows for the transaction that publishes these readings; the verdicts that they carry; what is judged, for gauges.

What the judge remembers is in the log of history, what it told in the topic of alerts. Neither being there is a reason
to refuse: what fires on the topic goes on firing, and what else was known is learned anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from typing import Final

from stream.changes.panes import DAY_MS, MINUTE_MS
from stream.contract.readings import Reading
from stream.history.judged import JudgedLog, JudgedRow
from stream.history.looks import Looks
from stream.history.spells import Spells, go_on
from stream.history.whole import by_own_sources
from stream.judge.carried import Carried
from stream.judge.look import Judge
from stream.judge.plan import by_name, judged_metrics
from stream.judge.settings import Settings
from stream.judge.state import State
from stream.judge.told import iso
from stream.kafka.reader import Reader
from stream.kafka.security import Link
from stream.kafka.state_log import Row, StateLog
from stream.serve.judged import figures_of
from stream.serve.views import Exporter, JudgedFigure
from stream.worker.kept_log import KeptLog
from stream.worker.published import Published

log = logging.getLogger("leadpulse.judge")

Part = tuple[str, int, list[Row]]

#: Figures are looked at once in so long, at the full ten minutes of the time of the readings.
EDGE_MS: Final = 10 * MINUTE_MS


#: Time may run ahead of the broker's clock by as much as events may, and by no more.
_AHEAD_MS: Final = DAY_MS + EDGE_MS


class Judging:
    """History and, where there is a topic for alerts, the judge of one owner of the rollup."""

    def __init__(self, kept: KeptLog, alerts: str | None, settings: Callable[[], Settings]) -> None:
        """Take the name of the topic of alerts, None where there is none; settings may be others at each look."""
        self.kept, self.alerts = kept, alerts
        self._settings = settings
        self._judge = Judge(settings())
        self._carried = Carried()
        self.looks, self.spells, self.verdicts = Looks(), Spells(), JudgedLog()
        self._state = State(kept.history)
        self._edge_ms = 0
        self._figures: tuple[JudgedFigure, ...] | None = None
        self._shown: tuple[JudgedFigure, ...] | None = None

    # -- in

    async def restore(self, link: Link, reader: Reader) -> None:
        """Read both logs; whoever wrote them before is fenced by now."""
        await self.kept.restore(
            link, reader, lambda key, value: self.looks.load(key, value) or self.verdicts.load(key, value)
        )
        if self.alerts is None:
            return

        def load(key: bytes, value: bytes | None) -> None:
            self.spells.load(key, value)

        await StateLog(link, self.alerts, 0, None).read(reader, load)
        self.settle(self.kept.now_ms)

    def settle(self, now_ms: int) -> None:
        """Go on from what was read."""
        remembered = self.looks.remembered()
        if remembered is not None and now_ms and max(remembered.looks, default=0) > now_ms + _AHEAD_MS:
            remembered = None  # a clock that was wrong: no look would come before its time
        self._state = State(self.kept.history) if remembered is None else State.of(self.kept.history, remembered)
        found = go_on(self._state, self.spells.firing())
        last_ms = self._state.looks[-1] if self._state.looks else 0
        self._edge_ms = last_ms + EDGE_MS if last_ms else 0
        faults = [
            "what it remembered cannot be used" if remembered is None and self.looks.is_there else "",
            f"{found:,} alerts fire on the topic that it did not remember, and go on" if found else "",
            f"{self.spells.unreadable:,} records of alerts cannot be read" if self.spells.unreadable else "",
        ]
        whole = "nothing was looked at yet, it begins young"
        if last_ms:
            whole = f"last look {iso(last_ms)}, {len(self._state.told):,} alerts fire"
        log.info("judge: %s", "; ".join([whole, *filter(None, faults)]))
        if last_ms:
            self._figures = judged_figures(self.verdicts) or None

    # -- out

    def until_ms(self, time_ms: int, clock_ms: int) -> int | None:
        """Give the moment that time must not pass by unseen, because a look is due then; None while there is no time.

        Where looks were missed it is the newest full ten minutes; where there never was one it is looked at once.
        """
        if not self._edge_ms and time_ms:
            self._edge_ms = time_ms // EDGE_MS * EDGE_MS
        return max(self._edge_ms, clock_ms // EDGE_MS * EDGE_MS) if self._edge_ms else None

    def is_due(self, time_ms: int) -> bool:
        """Say whether time has come to the next look."""
        return 0 < self._edge_ms <= time_ms

    def parts(
        self, time_ms: int, readings: list[Reading], behind: Collection[str], published: Published, *, looks: bool
    ) -> list[Part]:
        """Give what is to be written with all readings of a moment; `behind` are kinds of events.

        A full hour is kept, and if a look is due they are looked at: `published` takes the verdicts to them.
        """
        rows = self.kept.rows(time_ms, readings, behind)
        told: list[Row] = []
        if looks:
            self._edge_ms = time_ms // EDGE_MS * EDGE_MS + EDGE_MS
            rows += self.kept.ten_rows(time_ms, readings, behind)
            if self.alerts is not None:
                own = by_own_sources(readings, behind)
                told = self._look(time_ms // EDGE_MS * EDGE_MS, own, published)
                rows += _rows(self.looks.rows(self._state.remembered()))
                rows += _rows(self.verdicts.rows(map(_row, self._figures or ()), time_ms))
        return [(topic, 0, some) for topic, some in ((self.kept.topic, rows), (self.alerts, told)) if topic and some]

    def _look(self, moment_ms: int, readings: list[Reading], published: Published) -> list[Row]:
        if self._settings() is not self._judge.settings:
            self._judge = Judge(self._settings())
        seq, version = (published.seq_of(readings[0]), readings[0].catalog_version) if readings else (0, "")
        looked = self._judge.look(self._state, moment_ms, readings, seq=seq, version=version)
        published.judge(lambda reading: self._carried.of(reading, looked.verdicts))
        self._figures = figures_of(looked.verdicts)
        return _rows(self.spells.rows(looked.records, self._state.told.values(), moment_ms))

    def show(self, exporter: Exporter, readings: Iterable[Reading]) -> None:
        """Show what is judged; until it looks, a new owner knows only of verdicts that stand in readings."""
        if self._shown is None:
            exporter.show_past(self.kept.past)
        if self._figures is None:
            self._figures = tuple(self._standing(readings))
        if self._figures is not self._shown:
            exporter.show_judged(self._figures)
            self._shown = self._figures

    def _standing(self, readings: Iterable[Reading]) -> Iterator[JudgedFigure]:
        for reading in readings:
            if reading.verdict is not None and reading.verdict.window is None and reading.window is not None:
                named = self._carried.named(reading)
                if named is not None:
                    by = ",".join(by_name()[named.metric].by)
                    value = ",".join(named.value)
                    yield JudgedFigure(reading.metric, named.site, by, value, reading.window, reading.verdict)

    def tell_again(self) -> None:
        """Take the topic of alerts as empty."""
        self.spells.tell_again()


def judged_figures(log: JudgedLog) -> tuple[JudgedFigure, ...]:
    """Give what the log has of verdicts; those of figures that the catalog has no more are left out."""
    series = judged_series()
    return tuple(
        JudgedFigure(one.metric, one.site, one.by, one.value, one.window, one.verdict)
        for one in log.judged()
        if one.metric in series
    )


@cache
def judged_series() -> frozenset[str]:
    """Name the metrics that have a verdict, as readings name them."""
    return frozenset(judged_metrics())


def _row(one: JudgedFigure) -> JudgedRow:
    return JudgedRow(one.metric, one.site, one.by, one.value, one.window, one.verdict)


def _rows(rows: Iterable[tuple[bytes, bytes | None]]) -> list[Row]:
    return [(key, value, None, []) for key, value in rows]
