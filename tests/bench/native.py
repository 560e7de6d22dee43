"""Native: how many of the records that there are go the way of the compiled core, by data set and by preset of sources.

Run:  python -m tests.bench.native [--why]
Out:  a row a data set and kind: records, and the share that the core takes; with --why what the rest was handed back for.

The data sets are the public ones beside the checkout, made events as the contract tests make them, and the examples of
each preset, mapped. Where the data sets are not there the presets and the mix are shown.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator

import orjson
import pytest

from stream.contract.records import Record
from stream.contract.times import parse_ms
from stream.engine.groups import GROUPS
from stream.engine.options import FoldOptions
from stream.engine.shard import ShardFold
from stream.kernels import native
from stream.sources import presets
from stream.sources.load import usual
from stream.sources.mapper import Mapper
from tests.bench.mix import Mix, Options
from tests.realdata import kag, olist, snowplow, vendor_email

GROUP_OF = {kind: name for name, group in GROUPS.items() for kind in group.kinds}
NOW_MS = 1_772_400_000_000
MIX = 20_000

#: (kind, value, when it arrived)
Arrived = tuple[str, bytes, int]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.native")
    parser.add_argument("--why", action="store_true", help="say what records are handed back for")
    args = parser.parse_args()
    core, said = native.found()
    if core is None:
        parser.exit(1, f"{said or 'LEADPULSE_NATIVE is off'}\n")
    print(f"{'records of':<28}{'kind':<12}{'records':>9}{'native':>9}")
    for name, make in data_sets():
        show(name, make, why=args.why)


def show(name: str, make: Callable[[], Iterable[Arrived]], *, why: bool) -> None:
    """Print the rows of one data set."""
    try:
        taken, odds = share(make())
    except pytest.skip.Exception:
        print(f"{name:<28}not beside this checkout")
        return
    for kind, (records, native_ones) in taken.items():
        print(f"{name:<28}{kind:<12}{records:>9,}{native_ones / records:>9.1%}")
        for (of, reason, path), n in odds.most_common():
            if why and of == kind:
                print(f"{'':<28}  {n:>6,} {reason} {path}")


def share(arrived: Iterable[Arrived]) -> tuple[dict[str, tuple[int, int]], Counter[tuple[str, str, str]]]:
    """Give records and those that the core takes, by kind, and what the others are handed back for."""
    by_kind: defaultdict[str, list[Record]] = defaultdict(list)
    for nth, (kind, value, arrival_ms) in enumerate(arrived):
        by_kind[kind].append((nth, arrival_ms, None, value, ()))
    taken: dict[str, tuple[int, int]] = {}
    odds: Counter[tuple[str, str, str]] = Counter()
    for kind, records in by_kind.items():
        if kind not in native.chosen("on").KINDS:
            taken[kind] = len(records), 0
            continue
        fold = ShardFold(GROUP_OF[kind], 0, 1, FoldOptions(native="on"))
        fold.fold([(kind, records)])
        assert fold.natively.core is not None
        seen = fold.natively.core.seen[kind]
        taken[kind] = seen[0], seen[1]
        for of, reason, path, n in fold.natively.core.core.odds():
            odds[of, reason, path] += n
    return taken, odds


def data_sets() -> Iterator[tuple[str, Callable[[], Iterable[Arrived]]]]:
    """Name every data set, each with what makes its records."""
    yield "mix", lambda: ((kind, value, at) for kind, _, value, at in Mix(Options(events=MIX, visitors=MIX // 5)))
    yield "snowplow web", lambda: _lines(snowplow.page_view_lines(recorded=True))
    yield "olist leads", lambda: _lines(olist.lines())
    yield "olist leads, on platforms", lambda: _lines(olist.lines(on_platform=True))
    yield "kag ads, single", lambda: _lines(kag.lines())
    yield "kag ads, totals", lambda: _lines(kag.lines(totals=True))
    for file in vendor_email.ADAPTERS:
        yield file.removesuffix("_data"), lambda file=file: _translated(file)  # type: ignore[misc]
    for name in presets.names():
        yield f"preset {name}", lambda name=name: _mapped(name)  # type: ignore[misc]


def _lines(lines: Iterable[bytes]) -> Iterator[Arrived]:
    for line in lines:
        said = orjson.loads(line)
        yield said["type"], line, parse_ms(said.get("recordedtime") or said["time"]) or 0


def _translated(file: str) -> Iterator[Arrived]:
    return _lines(orjson.dumps(made) for made in vendor_email.translated(file) if isinstance(made, dict))


def _mapped(name: str) -> Iterator[Arrived]:
    preset = presets.preset(name)
    records: list[Record] = [(at, NOW_MS, None, value, ()) for at, value in enumerate(preset.examples())]
    for event in Mapper(usual(preset), b"k" * 32).map(records, "topic").events:
        yield event.kind, event.value, parse_ms(orjson.loads(event.value)["time"]) or 0


if __name__ == "__main__":
    main()
