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
from stream.kafka.layout import Layout, TopicGroup
from stream.serve.views import Exporter
from stream.worker.app import build_app
from stream.worker.guards import preflight, quiet
from stream.worker.guards.failstop import speak
from stream.worker.ports import EncodeReading, MakeFold, MakeRollup

if TYPE_CHECKING:
    from stream.settings.fields import Settings

log = logging.getLogger("leadpulse.worker")


def run(
    settings: Settings,
    *,
    groups: Iterable[TopicGroup],
    make_fold: MakeFold,
    make_rollup: MakeRollup,
    encode_reading: EncodeReading,
    exporter: Exporter | None = None,
    reset: bool = False,
) -> NoReturn:
    """Check, build, start; returns never."""
    hangs_up = signal.getsignal(signal.SIGHUP) != signal.SIG_IGN  # else nohup has asked for it
    signal.signal(signal.SIGTERM, _leave)  # until the loop takes over
    if hangs_up:
        signal.signal(signal.SIGHUP, _leave)  # a terminal that closes is no reason to lose a commit
    quiet.install()
    link = security.link(settings)
    layout = Layout(settings.topic_prefix, groups, settings.generation)
    counts = preflight.check(settings, link, layout)
    names = verify.names(layout, settings.group_id, settings.instance_id)
    speak(lambda error: refusals.told(error, link, names))
    loop = fast_loop()
    app = build_app(
        settings,
        link=link,
        layout=layout.running(counts),
        counts=counts,
        make_fold=make_fold,
        make_rollup=make_rollup,
        encode_reading=encode_reading,
        exporter=exporter,
        reset=reset,
    )
    tame_collector()
    worker = faust.Worker(app, loop=loop, quiet=True, override_logging=False, redirect_stdouts=False)
    worker.spinner = None  # it would write control characters into a log
    if hangs_up:
        loop.add_signal_handler(signal.SIGHUP, worker._on_sigterm)
    worker.execute_from_commandline()
    raise SystemExit(0)


def _leave(signum: int, frame: object) -> NoReturn:
    raise SystemExit(0)


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
