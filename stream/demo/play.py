"""Play: the demo while it runs: sends what is due, reads what was published and told, draws, compares.

In:  options, a stage with broker and worker, what shows a scene.
Out: scenes; what was found equal to the books and what not; the story as it came about.

The rhythm: an hour is produced at once, before anything moves, and compared. Then the last hours are played in fast
motion (pace.py), with some seconds of silence in every dozen: then every reading is compared with the books (compare.py
says why this is fair). There is no silence while news of the story are due: it would hold them up.

One thread does it all in turns. The worker is a process of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from kafka import KafkaConsumer, TopicPartition

from stream.demo import segment, view
from stream.demo import story as of_story
from stream.demo.compare import Board, Line, compare
from stream.demo.pace import LEAD_IN_MS, RATE, SPEED, Pace, traffic_of
from stream.demo.produce import Pump, now_ms
from stream.demo.stage import Stage
from stream.demo.story import Alerts, Story
from stream.demo.traffic import Record, Traffic
from stream.reference.account import Key, Reference
from stream.reference.leads.rules import DEFAULT

RESULTS: Final = "leadpulse.metrics"
ALERTS: Final = "leadpulse.alerts"
LONG_WINDOW: Final = "24h"  # one that is published with all others, soon after a silence begins

TALK_S: Final = 11.0
PATIENCE_S: Final = 8.0  # a silence that brought nothing ends, so that traffic goes on
FIRST_PATIENCE_S: Final = 90.0
LAST_PATIENCE_S: Final = 60.0
COMPARE_S: Final = 2.0  # a full comparison that takes longer is made less often
DRAW_S: Final = 0.5
REST_S: Final = 0.25
#: Seconds of records that the worker may be behind: some three are between two of its accounts.
AHEAD_S: Final = 8.0


class Ended(BaseException):
    """Somebody wants the demo to end.

    Not a KeyboardInterrupt: one that passes through an `exec`, by which dataclasses are made while modules load,
    is remembered by Python as unhandled, and the process ends by SIGINT although it was caught.
    """


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What a person may choose; `run_s` None is until Ctrl-C, `rate` is records a second of fast motion."""

    run_s: float | None = None
    check: bool = False
    rate: float = RATE
    seed: int = 1
    sites: int = 1
    history_ms: int = 6 * 3_600_000
    metrics_port: int = 9464
    story: bool = True
    source: str = ""  # segment: visits and mails come by a topic of Segment's

    @property
    def no_story(self) -> str:
        """Say why nothing breaks; empty where something does."""
        if not self.story:
            return "nothing will break (--no-story)"
        if self.history_ms < of_story.LEAST_PLAYED_MS:
            return "nothing will break: --history must be 5h at least for that"
        if self.run_s is not None and self.run_s < of_story.LEAST_RUN_S:
            return f"nothing will break: --for must be {of_story.LEAST_RUN_S:.0f}s at least for that"
        return ""


def _dress(record: Record) -> tuple[str, bytes] | None:
    call = segment.dressed(record.kind, record.value)
    return None if call is None else (segment.TOPIC, call)


class Play:
    """One demo while it runs."""

    def __init__(
        self,
        options: DemoOptions,
        stage: Stage,
        show: Callable[[view.Scene], None],
        is_over: Callable[[], bool] = lambda: False,
        begun: float | None = None,
    ) -> None:
        """Take when the demo began, by the steady clock, if that is earlier than now."""
        self._options, self._stage, self._show, self._is_over = options, stage, show, is_over
        self._begun = time.monotonic() if begun is None else begun
        self.books, self.alerts = Reference(rules=DEFAULT), Alerts()
        self.board = Board(skew_ms=round(AHEAD_S * SPEED * 1_000))
        self._pace = Pace(now_ms() - options.history_ms)
        self.story = None if options.no_story else Story()
        traffic = traffic_of(
            seed=options.seed,
            sites=options.sites,
            rate=options.rate,
            start_ms=self._pace.from_ms - LEAD_IN_MS,
            outage=None if self.story is None else self.story.outage(self._pace),
        )
        client = {"bootstrap_servers": stage.broker, "enable_idempotence": False}
        self._pump = Pump(Traffic(traffic), client, "", self.books.tell, _dress if options.source else None)
        self._consumer = KafkaConsumer(
            bootstrap_servers=stage.broker,
            auto_offset_reset="earliest",
            check_crcs=False,  # worked out in Python here, they take as much as all else; the books find a wrong byte
        )
        self._results, self._alerts = TopicPartition(RESULTS, 0), TopicPartition(ALERTS, 0)
        self._consumer.assign([self._results, self._alerts])
        self._consumer.seek_to_beginning()
        self._lines: dict[Key, Line] = {}
        self._phase = "starting the worker"
        self._checked = "Nothing compared yet."
        self._drawn = 0.0
        self._read_at = 0.0
        self._compare_s = 0.0
        self.first_s: float | None = None
        self.played_from_s: float | None = None  # after the demo began
        self.wrong: list[Line] = []
        self.compared = 0
        self.restarts: list[str] = []  # what each worker was doing that published nothing
        self.words = ""  # what the worker had logged at the end

    def close(self) -> None:
        """Close the connections."""
        self._pump.close()
        self._consumer.close()

    # -- one turn

    def _turn(self, talking: bool) -> bool:
        """Send, read and draw once; return whether the traffic is up to its time."""
        if self._is_over():  # the exception of a signal is lost where it falls into a finalizer
            raise Ended
        self._stage.check()
        due_ms = self._pace.go_on(now_ms(), held=talking and self._is_far_ahead())
        behind = self._pump.advance(due_ms, most=1_000) if talking else False
        if not talking:
            self._pump.settle()
        for tp, records in self._consumer.poll(timeout_ms=0 if behind else 50).items():
            for record in records:
                self._take(tp, record.key, record.value)
        if time.monotonic() - self._drawn >= DRAW_S:
            self._draw()
        return not behind

    def _is_far_ahead(self) -> bool:
        """Say whether so much is unread that the worker must be waited for."""
        return self._pump.acknowledged - self.board.account.total() > AHEAD_S * self._options.rate

    def _take(self, tp: TopicPartition, key: bytes | None, value: bytes | None) -> None:
        if tp == self._alerts:
            said = self.alerts.take(key, value)
            if said is not None and self.story is not None:
                self.story.take_alert(said, self._pace.played_s)
            return
        self._read_at = time.monotonic()
        reading = self.board.take(key, value)
        if reading is None or self.story is None:
            return
        if (reading["metric"], reading["window"]) == (of_story.METRIC, of_story.WINDOW):
            if reading["labels"] == {"site": self.story.site}:
                self.story.take_reading(reading, self._pace.played_s)

    def _at_rest(self) -> bool:
        """Tell whether a publication has been read to its end; the next one follows in a second."""
        end = self._consumer.highwater(self._results)
        read = self._consumer.position(self._results)
        return end is not None and read is not None and read >= end and time.monotonic() - self._read_at > REST_S

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        for key in view.MAIN:
            seen, line = self.board.seen.get(key), self._lines.get(key)
            if line is None or (seen is not None and seen != line.seen):
                self._lines[key] = Line(key, "waiting", seen, None)  # what the books said is of another moment
        self._show(self.scene())

    def scene(self) -> view.Scene:
        """Give what is to be seen now."""
        now = now_ms()
        played = self._pace.has_begun
        chapter = self.story.chapter(self._pace.played_s) if self.story is not None else self._options.no_story
        return view.Scene(
            phase=self._phase,
            chapter=chapter if played else "",
            behind_ms=now - self._pace.at_ms if played else None,
            page_url=self._stage.page_url,
            lines=[self._lines.get(key) or Line(key, "waiting", None, None) for key in view.MAIN],
            alerts=self.alerts.told(),
            produced=self._pump.acknowledged,
            accounted=self.board.account.total(),
            checked=self._checked,
            as_of=self.board.as_of,
            data_since=self.board.data_since,
            complete=self.board.complete,
            account=view.account_of(self.books),
        )

    # -- the rhythm

    def catch_up(self) -> None:
        """Produce the hour that is there from the start."""
        self._phase = "producing an hour of past"
        while not self._turn(talking=True):
            pass

    def talk(self) -> None:
        """Let traffic flow for a while, and on while news of the story are due."""
        since = time.monotonic()
        while True:
            rate = self._options.rate
            fast = f"{view.PACE}, {rate:g} records/s"
            self._phase = fast if now_ms() - self._pace.at_ms > 1_000 else "caught up: at the pace of the clock"
            self._turn(talking=True)
            due = self.story is not None and self.story.is_news_due(self._pace.played_s)
            if self._is_time_over() or (time.monotonic() - since >= TALK_S and not due):
                return

    def listen(self, patience_s: float, everything: bool, leads: bool = False) -> bool:
        """Fall silent and compare; return whether the account and the windows asked for came in time.

        With `leads` also until what one shard had to tell another has come there.
        """
        self._phase = "silence: comparing with the books"
        self._pump.flush()
        began, best = time.monotonic(), 0
        while time.monotonic() - began < patience_s:
            self._turn(talking=False)
            if not self._at_rest() or not self.board.settled(self.books):
                continue
            windows = self.board.published_since_settled(leads)
            if len(windows) > best:
                best = len(windows)
                self._compare(full=LONG_WINDOW in windows)
            if "1h" in windows and (LONG_WINDOW in windows or not everything):
                return True
        return best > 0

    def _compare(self, full: bool) -> None:
        for line in compare(self.board, self.books, view.MAIN):
            if line.state != "waiting":
                self._lines[line.key] = line
        if not full or self._compare_s > COMPARE_S:
            self._compare_s *= 0.7
            if any(line.state == "equal" for line in self._lines.values()):
                self._found_true()
            return
        began = time.monotonic()
        lines = compare(self.board, self.books)
        self._compare_s = time.monotonic() - began
        done = [line for line in lines if line.state != "waiting"]
        self.wrong = [line for line in done if line.state == "wrong"]
        self.compared = len(done)
        self._found_true()
        self._checked = (
            f"{len(done) - len(self.wrong):,} of {len(done):,} readings equal the books "
            f"at {time.strftime('%H:%M:%S')}; first true numbers after {self.first_s:.1f} s."
        )
        self._draw()

    def _found_true(self) -> None:
        if self.first_s is None:
            self.first_s = time.monotonic() - self._begun
            self._checked = f"First true numbers after {self.first_s:.1f} s."

    def why_not(self) -> Iterator[str]:
        """Say what kept the numbers from being compared, as far as it can be seen from here."""
        yield from view.plain(self.scene())
        yield from (f"not settled: {line}" for line in self.board.unsettled(self.books)[:20])
        if self.words:
            yield f"last words of the worker:\n{self.words}"

    def _is_time_over(self) -> bool:
        """Say whether the time is over; a story that is to be checked is told to its end."""
        if self._options.run_s is None or time.monotonic() - self._begun < self._options.run_s:
            return False
        told = self.story is None or self.story.is_decided(self._pace.played_s)
        return told or not self._options.check

    def run(self) -> None:
        """Play until the time is over."""
        self.catch_up()
        if not self.listen(FIRST_PATIENCE_S, everything=False) and not self.board.seq:
            # as a supervisor would; what it was doing is told at the end
            self.restarts.append(self._stage.restart())
            self.listen(FIRST_PATIENCE_S, everything=False)
        self.played_from_s = time.monotonic() - self._begun
        self._pace.start(now_ms())
        while not self._is_time_over():
            self.talk()
            if not self._is_time_over():
                self.listen(PATIENCE_S, everything=True)
        self._compare_s = 0.0
        self.compared, self.wrong = 0, []
        self.listen(LAST_PATIENCE_S, everything=True, leads=True)
