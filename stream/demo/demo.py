"""Demo: everything on one machine: broker, traffic, worker, and a view that holds leadpulse to the books.

In:  how long, how fast; whether the end decides the exit code.
Out: a live screen or lines, and an exit code.

The rhythm: a past of some hours is produced at once, so that the longer windows have something to say; then
traffic runs in step with the clock and falls silent for some seconds in every fifteen, when leadpulse
publishes all its windows. In the silence every reading is compared with the books (compare.py says why this
is fair).

One thread does it all in turns: send what is due, read what was published, draw. The worker is a process of
its own.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final

from kafka import KafkaConsumer, TopicPartition
from rich.console import Console
from rich.live import Live

from stream.demo import segment, view
from stream.demo.compare import Board, Line, compare
from stream.demo.produce import Pump, now_ms
from stream.demo.stage import Stage
from stream.demo.traffic import Options, Record, Traffic
from stream.reference.account import Key, Reference
from stream.reference.leads.rules import DEFAULT

RESULTS: Final = "leadpulse.metrics"
LONG_WINDOW: Final = "24h"  # one that is published with all others, each fifteen seconds

QUIET_AFTER_S: Final = 11.0  # after a publication of all windows: the next one, at 15 s, then finds silence
PATIENCE_S: Final = 8.0  # a silence that brought nothing ends, so that traffic goes on
FIRST_PATIENCE_S: Final = 40.0
LAST_PATIENCE_S: Final = 40.0
COMPARE_S: Final = 2.0  # a full comparison that takes longer is made less often
DRAW_S: Final = 0.5
REST_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What a person may choose; `run_s` None is until Ctrl-C."""

    run_s: float | None = None
    check: bool = False
    rate: float = 25.0
    seed: int = 1
    sites: int = 1
    history_ms: int = 6 * 3_600_000
    history_rate: float = 0.35
    metrics_port: int = 9464
    source: str = ""  # segment: visits and mails come by a topic of Segment's


class Play:
    """One demo while it runs."""

    def __init__(
        self,
        options: DemoOptions,
        stage: Stage,
        show: Callable[[view.Scene], None],
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self._options, self._stage, self._show, self._is_over = options, stage, show, is_over
        self.books, self.board = Reference(rules=DEFAULT), Board()
        begun = now_ms()
        traffic = Traffic(
            Options(
                seed=options.seed,
                sites=options.sites,
                start_ms=begun - options.history_ms,
                live_ms=begun,
                rate=options.rate,
                history_rate=options.history_rate,
                leads=True,
                rhythm=False,  # a demo at night shall be as lively as one by day
            )
        )
        client = {"bootstrap_servers": stage.broker, "enable_idempotence": False}
        self._pump = Pump(traffic, client, "", self.books.tell, _dress if options.source else None)
        self._consumer = KafkaConsumer(bootstrap_servers=stage.broker, auto_offset_reset="earliest")
        self._results = TopicPartition(RESULTS, 0)
        self._consumer.assign([self._results])
        self._consumer.seek(self._results, 0)
        self._lines: dict[Key, Line] = {}
        self._phase = "starting the worker"
        self._checked = "Nothing compared yet."
        self._drawn = 0.0
        self._read_at = 0.0
        self._full_at: float | None = None
        self._compare_s = 0.0
        self.first_s: float | None = None
        self.wrong: list[Line] = []
        self.compared = 0
        self.restarts: list[str] = []  # what each worker was doing that published nothing
        self.words = ""  # what the worker had logged at the end
        self._begun = time.monotonic()

    def close(self) -> None:
        """Close the connections."""
        self._pump.close()
        self._consumer.close()

    # -- one turn

    def _turn(self, talking: bool) -> bool:
        """Send, read and draw once; return whether the traffic is up to the clock."""
        if self._is_over():  # the exception of a signal is lost where it falls into a finalizer
            raise KeyboardInterrupt
        self._stage.check()
        behind = self._pump.advance(now_ms(), most=1_000) if talking else False
        if not talking:
            self._pump.settle()
        full_before = self.board.edges.get((LONG_WINDOW, 0))
        for records in self._consumer.poll(timeout_ms=0 if behind else 50).values():
            for record in records:
                self.board.take(record.key, record.value)
            self._read_at = time.monotonic()
        if self.board.edges.get((LONG_WINDOW, 0)) != full_before:
            self._full_at = time.monotonic()
        if time.monotonic() - self._drawn >= DRAW_S:
            self._draw()
        return not behind

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
                self._lines[key] = Line(key, "waiting", seen, line.expected if line else None)
        self._show(self.scene())

    def scene(self) -> view.Scene:
        """Give what is to be seen now."""
        return view.Scene(
            phase=self._phase,
            broker=self._stage.broker,
            metrics_url=self._stage.metrics_url,
            lines=[self._lines.get(key) or Line(key, "waiting", None, None) for key in view.MAIN],
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
        """Produce the past."""
        self._phase = "producing some hours of past"
        while not self._turn(talking=True):
            pass

    def talk(self, deadline: float | None) -> None:
        """Let traffic flow until the next publication of all windows is near."""
        self._phase = f"traffic at {self._options.rate:g} records a second"
        since = time.monotonic()
        while deadline is None or time.monotonic() < deadline:
            self._turn(talking=True)
            base = self._full_at if self._full_at is not None and self._full_at > since - QUIET_AFTER_S else since
            if time.monotonic() >= max(base + QUIET_AFTER_S, since + 3):
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
            if self.first_s is None and any(line.state == "equal" for line in self._lines.values()):
                self.first_s = time.monotonic() - self._begun
                self._checked = f"First true numbers after {self.first_s:.1f} s."
            return
        began = time.monotonic()
        lines = compare(self.board, self.books)
        self._compare_s = time.monotonic() - began
        done = [line for line in lines if line.state != "waiting"]
        self.wrong = [line for line in done if line.state == "wrong"]
        self.compared = len(done)
        if self.first_s is None:
            self.first_s = time.monotonic() - self._begun
        self._checked = (
            f"{len(done) - len(self.wrong):,} of {len(done):,} readings equal the books "
            f"at {time.strftime('%H:%M:%S')}; first true numbers after {self.first_s:.1f} s."
        )
        self._draw()

    def why_not(self) -> Iterator[str]:
        """Say what kept the numbers from being compared, as far as it can be seen from here."""
        yield from view.plain(self.scene())
        yield from (f"not settled: {line}" for line in self.board.unsettled(self.books)[:20])
        if self.words:
            yield f"last words of the worker:\n{self.words}"

    def run(self) -> None:
        """Play until the time is over."""
        options = self._options
        deadline = None if options.run_s is None else self._begun + options.run_s
        self.catch_up()
        if not self.listen(FIRST_PATIENCE_S, everything=False) and not self.board.seq:
            # as a supervisor would; what it was doing is told at the end
            self.restarts.append(self._stage.restart())
            self.listen(FIRST_PATIENCE_S, everything=False)
        while deadline is None or time.monotonic() < deadline:
            self.talk(deadline)
            if deadline is None or time.monotonic() < deadline:
                self.listen(PATIENCE_S, everything=True)
        self._compare_s = 0.0
        self.compared, self.wrong = 0, []
        self.listen(LAST_PATIENCE_S, everything=True, leads=True)


def _dress(record: Record) -> tuple[str, bytes] | None:
    call = segment.dressed(record.kind, record.value)
    return None if call is None else (segment.TOPIC, call)


def run(options: DemoOptions, out: Console | None = None) -> int:
    """Run the demo; 1 says that numbers never came, or (with `check`) that some were wrong at the end."""
    console = out or Console()
    live = console.is_terminal
    with _signals_as_interrupt() as asked:
        try:
            with (
                _shown(console, live) as show,
                Stage(metrics_port=options.metrics_port, source=options.source) as stage,
            ):
                play = Play(options, stage, show, asked.is_set)
                try:
                    play.run()
                except KeyboardInterrupt:
                    pass
                finally:
                    play.words = stage.last_words()
                    play.close()
        except KeyboardInterrupt:
            return 0
    return verdict(play, options, console)


def verdict(play: Play, options: DemoOptions, console: Console) -> int:
    """Say how it went."""
    for words in play.restarts:
        console.print("The worker published nothing and was started again. It was doing this:")
        console.print(words, markup=False, highlight=False, soft_wrap=True)
    for line in play.wrong[:20]:
        console.print(f"wrong: {line.key}: leadpulse {line.seen}, books {line.expected}", markup=False, highlight=False)
    if options.run_s is None:
        console.print("Stopped; nothing is left behind.")
        return 0
    if play.first_s is None:
        console.print("No number was found equal to the books in that time.")
        for words in play.why_not():
            console.print(words, markup=False, highlight=False, soft_wrap=True)
        return 1
    equal = play.compared - len(play.wrong)
    console.print(
        f"First true numbers after {play.first_s:.1f} s; "
        f"at the end {equal:,} of {play.compared:,} readings equal the books.",
        soft_wrap=True,
    )
    return int(options.check and (bool(play.wrong) or not play.compared))


@contextmanager
def _shown(console: Console, live: bool) -> Iterator[Callable[[view.Scene], None]]:
    if live:
        with Live(console=console, auto_refresh=False, screen=False) as screen:
            yield lambda scene: screen.update(view.screen(scene, console.height), refresh=True)
        return
    last: list[str] = []

    def lines(scene: view.Scene) -> None:
        said = f"{scene.phase}{scene.checked}"
        if [said] == last:  # lines are for logs: once a change of phase, and not twice a second
            return
        last[:] = [said]
        for line in view.plain(scene):
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    console.print(view.MEMORY_NOTE)
    yield lines


@contextmanager
def _signals_as_interrupt() -> Iterator[threading.Event]:
    """Let SIGTERM and a closed terminal end the demo as Ctrl-C does, so that its children end too."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        asked.set()
        raise KeyboardInterrupt

    asked = threading.Event()
    # SIGINT too: a shell starts what it puts in the background with it ignored
    names = [signal.SIGINT, signal.SIGTERM] + ([signal.SIGHUP] if sys.platform != "win32" else [])
    before = {name: signal.signal(name, interrupt) for name in names}
    try:
        yield asked
    finally:
        for name, old in before.items():
            signal.signal(name, old)
