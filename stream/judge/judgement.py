"""Judgement: what a rule says of some series at some moments.

In:  nothing.  Out: one type, which every rule gives and verdicts and spells read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stream.judge.history import Bools, Floats


@dataclass(slots=True)
class Judgement:
    """Arrays of series × moments, of one window.

    `holds` is what an alert begins with, `stays` what keeps one firing; `made` says where a look could be made at all:
    elsewhere it is neither yes nor no. `figure` is successes or a count, `over` trials (or what was expected of a
    count); `usual` and `limit` are of their ratio, or of the count. `weeks` tells how many former weeks are known.
    """

    figure: Floats
    over: Floats
    usual: Floats
    limit: Floats
    holds: Bools
    stays: Bools
    made: Bools
    marked: Bools
    needed: Floats
    enough: Floats  # what is held against `needed`: trials, or the expected count
    weeks: Floats

    def marked_out(self, marked: Bools) -> Judgement:
        """Take out what the calendar marks: it is looked at, and nothing holds."""
        if marked.any():
            self.marked = marked
            self.holds, self.stays, self.made = self.holds & ~marked, self.stays & ~marked, self.made | marked
        return self


def nowhere(like: Floats) -> Bools:
    """Give False of the shape of an array."""
    return np.zeros(like.shape, np.bool_)
