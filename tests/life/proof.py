"""Proof: every story through the product's own judge, held against the bars.

Run:  python -m tests.life.proof [--runs N] [--volumes N …] [--only STORY …] [--quick] [--seed N]
Out:  a line a story and volume, and exit code 1 when a bar is missed.

`--quick` is what CI runs: four runs at two volumes, bars at twice the figure and 0.1 more.
"""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from stream.judge.settings import Settings
from stream.judge.told import moment_ms
from tests.life import bars, feed
from tests.life.bars import Found
from tests.life.clock import BEGIN_MS, BIN_MS, DAY, END, FIRST, HOUR, WEEK
from tests.life.letters import LETTERS, Answer
from tests.life.mailing import Mailing
from tests.life.score import GRACE_H, score, spells
from tests.life.site import Site
from tests.life.stories import STORIES, Right

SEED: Final = 1


class Slack(NamedTuple):
    """How much more than its bar a run of few may have: chance is larger."""

    times: float = 1.0
    more: float = 0.0

    def of(self, bar: float) -> float:
        """Widen a bar of what is false."""
        return bar * self.times + self.more


QUICK: Final = Slack(2.0, 0.1)


class Line(NamedTuple):
    """What came of one story at one volume."""

    story: str
    volume: float
    pages: float  # false ones a site-week
    tickets: float
    found: float | None = None  # share of incidents
    hours: float | None = None  # median until told
    again: float = 0.0  # further messages an incident

    def __str__(self) -> str:
        found = "" if self.found is None else f"found {self.found:4.0%} {self.hours:5.1f} h, again {self.again:.1f}"
        return f"{self.story:20}{self.volume:7.0f}  pages {self.pages:.2f}  tickets {self.tickets:.2f}  {found}"


def _random(seed: int, name: str, volume: float, *more: int) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode()), int(volume), *more])


def live(name: str, volume: float, runs: int, seed: int = SEED) -> Line:
    """Live one story of a site."""
    site, right = Site("shop", volume, runs), Right()
    STORIES[name](site, right)
    records = feed.told(feed.shown_of_site(site, _random(seed, name, volume)), feed.settings_of(site))
    begin = max(FIRST, site.start + DAY)
    scored = score(spells(records), right, [feed.site_name(run) for run in range(runs)], begin)
    weeks = runs * (END - begin) / WEEK
    found = scored.found_h
    return Line(
        name, volume, scored.false_pages / weeks, scored.false_tickets / weeks,
        float(np.mean(np.isfinite(found))) if found else None,
        float(np.median(found)) if found else None,
        scored.again / max(1, len(found)),
    )  # fmt: skip


def post(name: str, size: float, runs: int, seed: int = SEED) -> Line:
    """Live one story of mailings."""
    right = Answer()

    def mailings() -> Iterator[Mailing]:  # one at a time: a large one has a million messages
        for run in range(runs):
            mailing = Mailing(_random(seed, name, size, run), size)
            right.incidents, right.allowed = [], []
            LETTERS[name](mailing, right)
            yield mailing

    false = 0
    starts: dict[str, list[float]] = {feed.site_name(run): [] for run in range(runs)}
    for record in feed.told(feed.shown_of_mailings(mailings()), Settings()):
        begun, at = ((moment_ms(text) - BEGIN_MS) / BIN_MS for text in (record.since, record.at))
        if record.state == "firing" and begun not in starts[record.site]:
            starts[record.site].append(begun)
            allowed = [*right.allowed, *((begin, end) for begin, end, _ in right.incidents)]
            false += at > FIRST and not any(a <= at - 1 < b + GRACE_H * HOUR for a, b in allowed)
            starts[record.site][-1] = begun
    found = [
        min([(begun - begin) / HOUR for begun in begins if begin < begun <= end], default=np.inf)
        for begins in starts.values()
        for begin, end, _ in right.incidents
    ]
    within = [within for _ in starts for _, _, within in right.incidents]
    found = [hours if hours <= most else np.inf for hours, most in zip(found, within, strict=True)]
    return Line(
        name, size, 0.0, false / runs / ((END - FIRST) / WEEK),
        float(np.mean(np.isfinite(found))) if found else None,
        float(np.median(found)) if found else None,
    )  # fmt: skip


def missed(line: Line, slack: Slack = Slack()) -> list[str]:
    """Say which bars a line misses."""
    volume = int(line.volume)
    letter = line.story in LETTERS
    pages = 0.0 if letter else slack.of(bars.PAGES_OF.get((line.story, volume), bars.PAGES))
    tickets = slack.of(bars.LETTERS if letter else bars.TICKETS)
    out = []
    if line.pages > pages:
        out.append(f"{line.pages:.2f} false pages a site-week, {pages:.2f} allowed")
    if line.tickets > tickets:
        out.append(f"{line.tickets:.2f} false tickets a week, {tickets:.2f} allowed")
    bar = bars.FOUND_LETTERS.get(line.story) if letter else bars.FOUND.get(line.story, {}).get(volume)
    if bar is not None and line.found is not None and volume in bars.SIZES_OF.get(line.story, (volume,)):
        out += _not_found(line, bar, slack)
    return [f"{line.story} at {volume}: {words}" for words in out]


def _not_found(line: Line, bar: Found, slack: Slack) -> Iterator[str]:
    share = 1 - slack.of(1 - bar.share)
    if (line.found or 0.0) < share:
        yield f"found {line.found:.0%}, {share:.0%} wanted"
    elif (line.hours or 0.0) > bar.hours * slack.times:
        yield f"found after {line.hours:.1f} h, {bar.hours * slack.times:.1f} wanted"


def run(stories: Sequence[str], volumes: Sequence[float], sizes: Sequence[float], runs: int, seed: int = SEED
        ) -> Iterator[Line]:  # fmt: skip
    """Live stories at volumes, and those of mailings at sizes."""
    for name in stories:
        for volume in volumes if name in STORIES else sizes:
            yield live(name, volume, runs, seed) if name in STORIES else post(name, volume, runs, seed)


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description="False alerts and time to detect, by stories of sites and mailings.")
    parser.add_argument("--runs", type=int)
    parser.add_argument("--volumes", type=float, nargs="+")
    parser.add_argument("--only", nargs="+", choices=[*STORIES, *LETTERS])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    volumes = options.volumes or ((200, 1_000) if options.quick else bars.VOLUMES)
    sizes = (5_000,) if options.quick else bars.SIZES
    slack = QUICK if options.quick else Slack()
    lines, faults = [], []
    begun = time.process_time()
    for line in run(options.only or [*STORIES, *LETTERS], volumes, sizes, options.runs or (4 if options.quick else 24),
                    options.seed):  # fmt: skip
        lines.append(line)
        wrong = missed(line, slack)
        faults += wrong
        print(line, *(f"  MISSED: {words.partition(': ')[2]}" for words in wrong), flush=True)
    for volume in volumes:
        pages = [line.pages for line in lines if line.volume == volume and line.story in STORIES]
        mean = float(np.mean(pages)) if pages else 0.0
        print(f"mean of false pages at {volume:.0f}: {mean:.3f}")
        if mean > slack.of(bars.MEAN_PAGES):
            faults.append(f"at {volume:.0f} the mean of false pages is {mean:.3f}")
    print(f"{time.process_time() - begun:.0f} s of CPU", *faults, sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
