"""Demo: everything on one machine: broker, traffic, worker, and a view that holds leadpulse to the books.

In:  how long, how fast; whether the end decides the exit code.
Out: the page's address, a live screen or lines, and an exit code.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.live import Live

from stream.demo import view
from stream.demo.pace import LEAD_IN_MS, RATE
from stream.demo.play import DemoOptions, Ended, Play
from stream.demo.produce import now_ms
from stream.demo.stage import Stage
from stream.demo.world import site_names

HOUR_MS = 3_600_000


def run(options: DemoOptions, out: Console | None = None) -> int:
    """Run the demo; 1 says that numbers never came, or with `check` that some were wrong or the story did not hold."""
    console, began = out or Console(), time.monotonic()

    def say(what: str) -> None:
        console.print(f"{time.monotonic() - began:5.1f} s  {what}", markup=False, highlight=False, soft_wrap=True)

    with _signals_that_end() as asked:
        try:
            stage = Stage(metrics_port=options.metrics_port, past=past_of(options), say=say, source=options.source)
            for line in view.address(stage.page_url, options.no_story):
                console.print(line, highlight=False, soft_wrap=True)
            with stage:
                for line in view.hints(stage.metrics_url, stage.broker):
                    console.print(line, markup=False, highlight=False, soft_wrap=True)
                with _shown(console) as show:
                    play = Play(options, stage, show, asked.is_set, began)
                    try:
                        play.run()
                    except Ended:
                        pass
                    finally:
                        play.words = stage.last_words()
                        play.close()
        except Ended:
            return 0
    return verdict(play, options, console)


def past_of(options: DemoOptions) -> Iterator[tuple[bytes, bytes | None]]:
    """Draw five weeks of past that end where the traffic begins."""
    from stream.demo.means import table
    from stream.demo.past import rows

    last_hour = (now_ms() - options.history_ms - LEAD_IN_MS) // HOUR_MS
    scale = options.rate / RATE / options.sites
    yield from rows(table(), site_names(options.sites), scale=scale, seed=options.seed, last_hour=last_hour)


def verdict(play: Play, options: DemoOptions, console: Console) -> int:
    """Say how it went."""

    def say(what: str) -> None:
        console.print(what, markup=False, highlight=False, soft_wrap=True)

    for words in play.restarts:
        say("The worker published nothing and was started again. It was doing this:")
        say(words)
    for line in play.wrong[:20]:
        say(f"wrong: {line.key}: leadpulse {line.seen}, books {line.expected}")
    faults = [] if play.story is None or play.played_from_s is None else play.story.faults()
    if play.story is not None and play.story.fired_s is not None:
        say(f"! {play.story.text}" if play.story.text else "! The alert named no form.")
    if options.run_s is None:
        say("Stopped; nothing is left behind.")
        return 0
    if play.first_s is None:
        say("No number was found equal to the books in that time.")
        for words in play.why_not():
            say(words)
        return 1
    equal = play.compared - len(play.wrong)
    say(
        f"First true numbers after {play.first_s:.1f} s; "
        f"at the end {equal:,} of {play.compared:,} readings equal the books."
    )
    if play.story is not None and play.played_from_s is not None:
        say(f"Playing began after {play.played_from_s:.1f} s. {play.story.summary()}")
        for fault in faults:
            say(f"The story did not hold: {fault}.")
    return int(options.check and (bool(play.wrong) or not play.compared or bool(faults)))


@contextmanager
def _shown(console: Console) -> Iterator[Callable[[view.Scene], None]]:
    if console.is_terminal:
        with Live(console=console, auto_refresh=False, screen=False) as live:
            yield lambda scene: live.update(view.screen(scene, console.width, console.height), refresh=True)
        return
    last: list[str] = []

    def lines(scene: view.Scene) -> None:
        said = [scene.phase, scene.checked, *(one.text for one in scene.alerts)]
        if said == last:  # lines are for logs: once a change of phase, and not twice a second
            return
        last[:] = said
        for line in view.plain(scene):
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    yield lines


@contextmanager
def _signals_that_end() -> Iterator[threading.Event]:
    """Let Ctrl-C, SIGTERM and a closed terminal raise Ended, so that the children end too."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        asked.set()
        raise Ended

    asked = threading.Event()
    # SIGINT too: a shell starts what it puts in the background with it ignored
    names = [signal.SIGINT, signal.SIGTERM] + ([signal.SIGHUP] if sys.platform != "win32" else [])
    before = {name: signal.signal(name, interrupt) for name in names}
    try:
        yield asked
    finally:
        for name, old in before.items():
            signal.signal(name, old)
