"""Page server: the live page with made-up readings, to look at it without Kafka.

In:  a port, a scenario (`python -m tests.e2e.page_server 9464 drop`).
Out: the page as a worker serves it, with three hours of history, until Ctrl-C.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from itertools import chain

from stream.catalog import BY_NAME, version
from stream.contract.alert import Verdict
from stream.judge.settings import Settings as Sites
from stream.serve.figures import overview
from stream.serve.http import HttpService
from stream.serve.live import LivePage
from stream.serve.sections import entries
from stream.serve.telemetry import Telemetry
from stream.serve.views import AlertsView, JudgedFigure, LetterView, RollupView, ShardView, WorkerView
from stream.settings.fields import Settings
from tests.e2e import made_past
from tests.fabric import readings

HOUR_MS = 3_600_000
SHOWN = frozenset(metric.name for metric in (*overview(), *chain.from_iterable(entries().values())))
SITES = ("shop",)
SILENT = ("restoring", "elsewhere")  # nothing is published here
EMPTY = ("nothing", *SILENT)
SHARDS = tuple(
    ShardView(group, n, "running", caught_up=True) for group in ("visitors", "emails", "ads") for n in range(4)
)
RUNNING = WorkerView(SHARDS, owns_rollup=True, rebalances=1, ready=True)
RESTORING = WorkerView(
    tuple(ShardView(s.group, s.shard, "restoring" if s.shard > 1 else "running") for s in SHARDS), False, 1, False
)
ELSEWHERE = WorkerView(SHARDS, owns_rollup=False, rebalances=2, ready=True)

#: scenario → (how the worker is, what is wrong with figures of the last minutes)
SCENARIOS = {
    "fine": (RUNNING, {}),
    "drop": (RUNNING, {"visit_to_lead_ratio": 0.42, "deliverability_ratio": 0.6, "cost_per_lead": 1.9}),
    "lagging": (RUNNING, {}),
    "young": (RUNNING, {}),
    "nothing": (RUNNING, {}),
    "restoring": (RESTORING, {}),
    "elsewhere": (ELSEWHERE, {}),
}


def judged(sites: tuple[str, ...], *, drops: bool) -> Iterator[JudgedFigure]:
    """Give verdicts such as the judge has on some of the figures."""
    ratio = Verdict("drop", 0.061, 0.055, 690) if drops else Verdict("too_little", 0.061, 0.055, 69_000)
    mails = Verdict("drop" if drops else "ok", 0.97, 0.93, 120, 4)
    for site in sites:
        for window, hours in (("1h", 1), ("6h", 6), ("24h", 24)):
            yield JudgedFigure("visit_to_lead_ratio", site, "", "", window, ratio)
            yield JudgedFigure("visitors", site, "", "", window, Verdict("ok", 410 * hours, 226 * hours, 64))
            for bot in ("greeter", "advisor"):
                yield JudgedFigure("chat_conversion_ratio", site, "bot", bot, window, Verdict("ok", 0.21, 0.18, 300, 4))
        yield JudgedFigure("deliverability_ratio", site, "purpose", "newsletter", "6h", mails)
        for currency in ("EUR", "USD"):
            yield JudgedFigure("cost_per_lead", site, "currency,cost", f"{currency},media", "24h", Verdict("young"))


class PageServer:
    """Run the page; `publish` shows a new second."""

    def __init__(self, scenario: str = "fine", *, sites: tuple[str, ...] = SITES, http: str = "127.0.0.1:0",
                 token: str | None = None, history_h: float = 14.0, zone: str = "Europe/Berlin",
                 weeks: bool = False) -> None:  # fmt: skip
        """Take `weeks` for six weeks of a past, beside what the page saw itself."""
        self.scenario, self.sites = scenario, sites
        self._zone, self._weeks = Sites(default_zone=zone), weeks
        self.worker, self.factors = SCENARIOS[scenario]
        self.telemetry = Telemetry(version())
        self.live = LivePage(self.telemetry)
        self.http = HttpService(
            Settings(http=http, http_token=token), self.telemetry, BY_NAME, pages=self.live.routes()
        )
        self.telemetry.show_worker(self.worker)
        self._history_h = history_h

    def publish(self, at_ms: int, wrong: bool = True, *, whole: bool = True) -> None:
        """Show the readings of a moment; those of all entries, if it is whole."""
        lagging = self.scenario == "lagging"
        since_ms = int(time.time() * 1_000) - (240_000 if self.scenario == "young" else 400 * 24 * HOUR_MS)
        found = readings(
            at_ms, self.sites, factors=self.factors if wrong else {}, complete=not lagging,
            unread=184_223 if lagging else 0, since_ms=since_ms, names=None if whole else SHOWN,
        )  # fmt: skip
        if self.scenario == "nothing":
            found = [each for each in found if each.metric in ("complete", "conservation_error")]
        self.telemetry.show_judged(tuple(judged(self.sites, drops=bool(self.factors and wrong))))
        self.telemetry.show_rollup(RollupView(tuple(found), at_ms, at_ms))

    def remember(self) -> None:
        """Give the page a past."""
        if self.scenario in EMPTY:
            return
        now_ms = int(time.time() * 1_000)
        if self._weeks:
            self.telemetry.show_past(made_past.past(now_ms, self.sites))
        self.alert(now_ms)
        self.telemetry.show_letters((LetterView("form", 2, 1_204, now_ms - 90_000, "form", "shop", "missing_field",
                                                "data.form_id"),))  # fmt: skip
        young = self.scenario == "young"
        past = range(200, 0, -2) if young else range(int(self._history_h * 3_600), 0, -150)
        for ago_s in past:
            self.publish(now_ms - ago_s * 1_000, wrong=ago_s < 600, whole=False)
            self.live.look(now_ms)

    @staticmethod
    def now_ms() -> int:
        """Give the time that figures are of."""
        return int(time.time() * 1_000)

    def alert(self, now_ms: int, *, over: bool = False) -> None:
        """Let what is wrong fire, or be over."""
        records = []
        if self.factors:
            records.append(made_past.drop(now_ms, state="resolved" if over else "firing"))
        records.append(made_past.drop(now_ms, state="resolved", ago_min=3_000, alert="bounce_rise", severity="ticket",
                            metric="bounce_ratio", by="channel", value="email"))  # fmt: skip
        self.telemetry.show_alerts(AlertsView(tuple(records), self.sites, self._zone, now_ms))

    @contextlib.contextmanager
    def running(self, every_s: float = 1.0) -> Iterator[PageServer]:
        """Serve, and publish each second, until the block ends."""
        stop = threading.Event()

        def go_on() -> None:
            while not stop.wait(every_s):
                publish_now()

        def publish_now() -> None:
            if self.scenario not in SILENT:
                lag_ms = HOUR_MS // 2 if self.scenario == "lagging" else 0
                self.publish(int(time.time() * 1_000) - lag_ms)

        self.remember()
        publish_now()
        self.live.start()
        self.http.start()
        self.url = self.http.url
        publisher = threading.Thread(target=go_on, daemon=True)
        publisher.start()
        self.pause = stop.set
        try:
            yield self
        finally:
            stop.set()
            publisher.join()
            self.live.stop()
            self.http.stop()


if __name__ == "__main__":
    port, chosen = (*sys.argv[1:], "9464", "fine")[:2] if len(sys.argv) < 3 else sys.argv[1:3]
    with PageServer(chosen, http=f"127.0.0.1:{port}").running() as server:
        print(server.url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
