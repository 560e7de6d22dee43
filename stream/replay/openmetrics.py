"""OpenMetrics: the readings of many moments as one text, as promtool takes it for the past of a Prometheus.

In:  snapshots of readings, in order of time.
Out: OpenMetrics text 1.0 with a timestamp on each sample; the same series as on a worker's /metrics page.

The format wants all samples of a metric together, and they come moment by moment. They are kept by metric as numbers
(12 bytes a sample), in a temporary file as soon as they are many.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import IO, Final

from stream.errors import InputError
from stream.serve.prometheus import AS_OF, QUANTILE, Entry, Exposition, Family, Sample, Snapshot, escape

#: So many samples are kept in memory: 24 MB.
_MOST_HELD: Final = 2_000_000
#: Bits for the line of a metric, in what says to which moment and line a value belongs.
_LINE_BITS: Final = 8
_LINE_MASK: Final = (1 << _LINE_BITS) - 1


class _Metric:
    """One set of labels; a summary has several lines a moment."""

    __slots__ = ("at", "lines", "pieces", "values")

    def __init__(self) -> None:
        self.lines: list[str] = []  # each up to the value
        self.at = array("I")
        self.values = array("d")
        self.pieces: list[tuple[int, int]] = []  # (where, how many samples) in the file


class _Kept:
    """A family's head, and its metrics as they first appeared."""

    __slots__ = ("head", "metrics")

    def __init__(self, family: Family) -> None:
        # the name of a counter's family is without the ending that its samples have
        name = family.name.removesuffix("_total") if family.kind == "counter" else family.name
        self.head = f"# TYPE {name} {family.kind}\n# HELP {name} {escape(family.help)}\n"
        self.metrics: dict[object, _Metric] = {}


class History:
    """Samples by metric, until all are known. Use it as a context: it may own a temporary file."""

    def __init__(self, entries: Mapping[str, Entry], *, as_of: bool = True, most_held: int = _MOST_HELD) -> None:
        """Keep what `entries` describe; `as_of` adds the moment itself as a series, as a worker does."""
        self._exposition = Exposition(entries)
        self._as_of = as_of
        self._times_ms: list[int] = []
        self._families: dict[str, _Kept] = {}
        self._places: dict[str, tuple[_Metric, int]] = {}
        self._held, self._most_held = 0, most_held
        self._file: IO[bytes] | None = None
        self._end = 0

    def __enter__(self) -> History:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def steps(self) -> int:
        """Number of moments."""
        return len(self._times_ms)

    @property
    def series(self) -> int:
        """Number of series."""
        return len(self._places)

    @property
    def first_ms(self) -> int | None:
        """Give the first moment."""
        return self._times_ms[0] if self._times_ms else None

    @property
    def last_ms(self) -> int | None:
        """Give the last moment."""
        return self._times_ms[-1] if self._times_ms else None

    def add(self, snapshot: Snapshot) -> None:
        """Add the readings of a moment; moments rise."""
        step = len(self._times_ms) << _LINE_BITS
        self._times_ms.append(snapshot.as_of_ms)
        places = self._places
        for family in self._exposition.families(snapshot):
            if family.name == AS_OF and not self._as_of:
                continue
            for sample in family.samples:
                metric, line = places.get(sample.text) or self._place(family, sample)
                metric.at.append(step | line)
                metric.values.append(sample.value)
            self._held += len(family.samples)
        if self._held >= self._most_held:
            self._put_away()

    def cut_after(self, moment_ms: int) -> None:
        """Leave out the moments after this one."""
        while self._times_ms and self._times_ms[-1] > moment_ms:
            self._times_ms.pop()

    def write(self, out: IO[bytes]) -> int:
        """Write all of it; give the number of samples."""
        stamps = [f" {at_ms // 1_000 if at_ms % 1_000 == 0 else at_ms / 1_000!r}\n" for at_ms in self._times_ms]
        written = 0
        for _, family in sorted(self._families.items()):
            head = family.head.encode()
            for metric in family.metrics.values():
                for at, values in self._pieces(metric):
                    lines = self._lines(metric, at, values, stamps)
                    if lines:
                        out.write(head + "".join(lines).encode())
                        head = b""
                        written += len(lines)
        out.write(b"# EOF\n")
        out.flush()
        return written

    def _place(self, family: Family, sample: Sample) -> tuple[_Metric, int]:
        """Find out to which metric a series belongs: quantiles, sum and count are one."""
        kept = self._families.get(family.name)
        if kept is None:
            kept = self._families[family.name] = _Kept(family)
        labels = sample.labels
        if family.kind == "summary":
            labels = tuple(pair for pair in labels if pair[0] != QUANTILE)
        metric = kept.metrics.get(labels)
        if metric is None:
            metric = kept.metrics[labels] = _Metric()
        place = self._places[sample.text] = metric, len(metric.lines)
        if len(metric.lines) > _LINE_MASK:
            raise ValueError(f"{family.name} has more than {_LINE_MASK + 1} lines a metric")
        metric.lines.append(sample.text)
        return place

    @staticmethod
    def _lines(metric: _Metric, at: array[int], values: array[float], stamps: list[str]) -> list[str]:
        texts, end = metric.lines, len(stamps) << _LINE_BITS
        return [
            f"{texts[n & _LINE_MASK]}{value!r}{stamps[n >> _LINE_BITS]}"
            for n, value in zip(at, values, strict=True)
            if n < end
        ]

    def _put_away(self) -> None:
        """Move what is held to the file."""
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="leadpulse-")  # noqa: SIM115  # closed by __exit__
            file = self._file
            file.seek(self._end)
            for family in self._families.values():
                for metric in family.metrics.values():
                    if metric.at:
                        metric.pieces.append((self._end, len(metric.at)))
                        self._end += file.write(metric.at.tobytes()) + file.write(metric.values.tobytes())
                        metric.at, metric.values = array("I"), array("d")
            file.flush()
        except OSError as error:
            raise InputError(
                f"A temporary file cannot be written: {error.strerror or error}.",
                where=tempfile.gettempdir(),
                do="Make room there, or set TMPDIR to a folder that has it.",
            ) from error
        self._held = 0

    def _pieces(self, metric: _Metric) -> Iterator[tuple[array[int], array[float]]]:
        for where, count in metric.pieces:
            assert self._file is not None
            self._file.seek(where)
            at, values = array("I"), array("d")
            at.fromfile(self._file, count)
            values.fromfile(self._file, count)
            yield at, values
        if metric.at:
            yield metric.at, metric.values
