"""Run: start one worker process and stay until it is told to stop.

In:  settings, the groups, and the centre.
Out: exit code 0 after SIGTERM, SIGHUP or SIGINT, 70 after a fail-stop; a StartError when it cannot start.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Iterable
from typing import TYPE_CHECKING, NoReturn

import faust

from stream.kafka import refusals, security, verify
from stream.kafka.clock import BrokerClock
from stream.kafka.layout import Layout, TopicGroup
from stream.serve.views import Exporter
from stream.worker.app import build_app
from stream.worker.guards import preflight, quiet
from stream.worker.guards.failstop import is_told_to_stop, leave, speak, told_to_stop
from stream.worker.ports import EncodeReading, MakeFold, MakeRollup

if TYPE_CHECKING:
    from stream.settings.fields import Settings
    from stream.worker.mapping import Intake

log = logging.getLogger("leadpulse.worker")


def run(
    settings: Settings,
    *,
    groups: Iterable[TopicGroup],
    make_fold: MakeFold,
    make_rollup: MakeRollup,
    encode_reading: EncodeReading,
    exporter: Exporter | None = None,
    clock: BrokerClock | None = None,
    reset: bool = False,
    intake: Intake | None = None,
) -> NoReturn:
    """Check, build, start; returns never."""
    leave_at_signals()
    quiet.install()
    link = security.link(settings)
    layout = Layout(settings.topic_prefix, groups, settings.generation)
    counts = preflight.check(settings, link, layout, reset=reset)
    names = verify.names(layout, settings.group_id, settings.instance_id)
    speak(lambda error: refusals.told(error, link, names))
    loop = fast_loop()
    app = build_app(
        settings,
        link=link,
        layout=layout.running(counts),
        whole=layout,
        counts=counts,
        make_fold=make_fold,
        make_rollup=make_rollup,
        encode_reading=encode_reading,
        exporter=exporter,
        clock=clock,
        reset=reset,
        intake=intake,
    )
    tame_collector()
    worker = Worker(app, loop=loop, quiet=True, override_logging=False, redirect_stdouts=False)
    worker.spinner = None  # it would write control characters into a log
    try:
        worker.execute_from_commandline()
    finally:
        if is_told_to_stop():
            leave()  # whatever a library raised on its way out
    raise SystemExit(0)


class Worker(faust.Worker):  # type: ignore[misc]
    """Faust's worker, which from the first signal on ends with 0 and in time."""

    def _install_signal_handlers_unix(self) -> None:
        super()._install_signal_handlers_unix()
        if _hangs_up():
            self.loop.add_signal_handler(signal.SIGHUP, self._on_sigterm)

    def _schedule_shutdown(self, signal: signal.Signals) -> None:
        told_to_stop()
        super()._schedule_shutdown(signal)

    def _shutdown_loop(self) -> None:
        leave_at_signals()  # closing the loop takes its handlers away, and a second signal would kill
        super()._shutdown_loop()


def leave_at_signals() -> None:
    """End with 0 at a signal, as long as no loop takes them: nothing has begun, or everything has ended."""
    for number in (signal.SIGTERM, signal.SIGINT, *([signal.SIGHUP] if _hangs_up() else [])):
        signal.signal(number, lambda *_: leave())


def _hangs_up() -> bool:
    """Say whether a terminal that closes ends this process; it does not where `nohup` asked for that."""
    return signal.getsignal(signal.SIGHUP) != signal.SIG_IGN


def fast_loop() -> asyncio.AbstractEventLoop:
    """Use uvloop where it is installed, for this thread and the consumer's."""
    try:
        import uvloop
    except ImportError:
        log.info("uvloop is not installed; asyncio's own loop is used")
    else:
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop


def tame_collector() -> None:
    """Keep the garbage collector from walking all state again and again: 5 to 20 % of the whole otherwise."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(400_000, 20, 100)
