"""Loads that are poison, watched by many, long, or much to restore.

In:  the ground; whether the long form is wanted.
Out: outcomes.
"""

from __future__ import annotations

import re
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Final

from kafka import KafkaProducer

from tests.bench.usage import memory_mb
from tests.chaos.ground import Field, Ground
from tests.chaos.outcome import Outcome
from tests.contracts.poison import corpus
from tests.integration import counted

_RESTORED: Final = re.compile(r"([\d,]+) records of state restored in ([0-9.]+) s")
_FILLED: Final = 80_000
#: What opening the logs of all shards takes, beside another scenario on the same two cores.
_OPENED_S: Final = 2
_LARGEST: Final = 900_000  # the broker takes no larger ones


def poison_among(ground: Ground, long: bool) -> Outcome:
    """Send every record of the corpus that a broker takes, one in ten of the load: each ends where the corpus says."""
    rounds = 100 if long else 1
    taken = [one for one in corpus() if one[2] is None or len(one[2]) < _LARGEST]
    with ground.field(optional=True, LEADPULSE_LEADS="on") as field:  # the corpus is of all kinds
        worker = field.workers[0]
        field.wait_owned()
        before = _dead(field)
        load = field.load(9 * len(taken) * rounds)
        producer = KafkaProducer(bootstrap_servers=field.site.broker.bootstrap, acks="all")
        for _ in range(rounds):
            for _, kind, value, _ in taken:
                producer.send(f"{field.site.prefix}{kind}", key=b"k", value=value)
        producer.flush(60)
        producer.close()
        field.sent += len(taken) * rounds
        rto_s = field.right_again(load)
        wrong = [] if not worker.exits else [f"the worker ended: {worker.exits}"]
        judged = Counter(reason for _, _, _, reason in taken if reason is not None)
        wrong += [
            f"{_dead(field)[reason] - before[reason]} dead letters for {reason}, at least {n * rounds} were sent"
            for reason, n in judged.items()
            if _dead(field)[reason] - before[reason] < n * rounds
        ]
        gauges = field.shown()
        if gauges.get("leadpulse_conservation_error") != 0:
            wrong.append(f"conservation error {gauges.get('leadpulse_conservation_error')}")
        return Outcome(wrong, len(taken) * rounds, rto_s, 30)


def nothing_but_poison(ground: Ground, long: bool) -> Outcome:
    """Let a backlog of nothing but poison be worked off."""
    count = 6_000_000 if long else 200_000
    with ground.field(workers=0) as field:
        producer = KafkaProducer(
            bootstrap_servers=field.site.broker.bootstrap, acks="all", linger_ms=50, batch_size=512 << 10
        )
        for number in range(count):
            producer.send(f"{field.site.prefix}page_view", key=b"%d" % (number % 1_000), value=b'{"no":"event"}')
        producer.flush(300)
        producer.close()
        field.engine.worker()
        began: float | None = None
        until = time.monotonic() + 120 + count / 5_000
        ended = 0.0
        while ended < count and time.monotonic() < until:
            ended = sum(n for n in _dead(field).values())
            if began is None and " ready: " in field.workers[0].log():
                began = time.monotonic()
            time.sleep(0.1)
        rate = 0.0 if began is None else ended / (time.monotonic() - began)
        letters = sum(1 for _ in counted.records(field.site.broker.bootstrap, field.site.layout.dead_letter))
        wrong = [] if ended == letters == count else [f"{ended:.0f} accounted for, {letters} dead letters of {count}"]
        wrong += [] if rate >= 10_000 else [f"{rate:.0f} records a second"]
        wrong += [f"the worker ended: {field.workers[0].exits}"] if field.workers[0].exits else []
        return Outcome(wrong, count)


def _dead(field: Field) -> Counter[str]:
    out: Counter[str] = Counter()
    for name, value in field.shown().items():
        if name.startswith("leadpulse_events_total") and 'outcome="dead_lettered"' in name:
            found = re.search(r'reason="([^"]*)"', name)
            out[found[1] if found else ""] += int(value)
    return out


def soaked(ground: Ground, long: bool) -> Outcome:
    """Run at a steady rate: what a process holds (memory, descriptors, threads) stays as it is after the warm-up."""
    seconds, warm_s, rate = (86_400, 600, 2_000) if long else (120, 40, 500)
    with ground.field(workers=1) as field:
        field.wait_owned()
        # caches and series of what comes again and again are full after so many: only then is it a steady load
        field.right_again(field.load(_FILLED, 4_000))
        load, pid = field.load(seconds * rate, rate), field.workers[0].process.pid
        time.sleep(warm_s)
        first = _held(pid)
        while load.runs():
            time.sleep(2)
        last = _held(pid)
        rto_s = field.right_again(load)
        # people, messages and ids that came meanwhile are held on purpose: some 75 bytes an event of this traffic,
        # counted in the heap; and a heap breathes
        limit_mb = 4 * seconds / 3_600 + (seconds - warm_s) * rate * 200 / 1e6 + 16
        wrong = [f"memory went from {first[0]:.0f} to {last[0]:.0f} MB"] if last[0] - first[0] > limit_mb else []
        wrong += [f"descriptors went from {first[1]} to {last[1]}"] if last[1] > first[1] + 4 else []
        wrong += [f"threads went from {first[2]} to {last[2]}"] if last[2] > first[2] + 2 else []
        return Outcome(wrong + field.differences(), 0, rto_s, 30)


def _held(pid: int) -> tuple[float, int, int]:
    process = Path(f"/proc/{pid}")
    return memory_mb(pid, "VmRSS"), len(list((process / "fd").iterdir())), len(list((process / "task").iterdir()))


def restored(ground: Ground, long: bool) -> Outcome:
    """Let a worker take over what another one left."""
    with ground.field(workers=1) as field:
        field.wait_owned()
        field.right_again(field.load(3_000_000 if long else 240_000), 1_200)
        codes = field.site.stop()
        field.engine.ports.clear()
        worker = field.engine.worker()
        began = time.monotonic()
        while not field.shown() and time.monotonic() - began < 300:
            time.sleep(0.2)
        rto_s = time.monotonic() - began
        found = [(int(rows.replace(",", "")), float(s)) for rows, s in _RESTORED.findall(worker.log())]
        rows, longest_s = sum(rows for rows, _ in found), sum(s for _, s in found)
        wrong = [f"the worker that left ended with {codes}"] if codes != [0] else []
        if longest_s > _OPENED_S + 10 * rows / 1e6:
            wrong.append(f"{rows} rows were restored in {longest_s:.1f} s")
        return Outcome(wrong + field.differences(), rows, rto_s, 60)


def watched(ground: Ground, long: bool) -> Outcome:
    """Let 20 scrapers ask each second while events come."""
    seconds = 3_600 if long else 15
    took: list[float] = []
    failed: list[str] = []
    with ground.field(workers=1) as field:
        field.wait_owned()
        load = field.load(1_000 * (seconds + 4), 1_000)
        time.sleep(3)
        url, until = f"http://127.0.0.1:{field.engine.ports[0]}/metrics", time.monotonic() + seconds

        def scrape(number: int) -> None:
            time.sleep(number / 20)
            while time.monotonic() < until:
                began = time.monotonic()
                try:
                    urllib.request.urlopen(url, timeout=10).read()
                except OSError as error:
                    failed.append(repr(error))
                took.append(time.monotonic() - began)
                time.sleep(max(0.0, 1 - took[-1]))

        scrapers = [threading.Thread(target=scrape, args=(number,)) for number in range(20)]
        for scraper in scrapers:
            scraper.start()
        for scraper in scrapers:
            scraper.join()
        slow_s = sorted(took)[int(len(took) * 0.99) - 1]
        wrong = [f"one scrape in a hundred takes {slow_s * 1000:.0f} ms"] if slow_s > 0.25 else []
        wrong += [f"{len(failed)} scrapes failed, as {failed[0]}"] if failed else []
        rto_s = field.right_again(load)
        return Outcome(wrong + field.differences(), len(took), rto_s, 30)
