"""Judging: the constants by which figures are judged, read by the rules in Prometheus and by the live page alike.

In:  nothing.  Out: widths of intervals, effects, floors.
"""

from __future__ import annotations

from typing import Final

#: Width of the interval in standard deviations: one false page in 740 looks at a side, before all margins.
Z: Final = 3
#: Trials that a baseline rests on, at least.
LEAST_TRIALS: Final = 200
#: Successes below which a rise is no rise: as many as a drop needs to be expected before it can fire.
LEAST_SUCCESSES: Final = 11
#: The drop that the needed sample size is worked out for: half is lost.
EFFECT: Final = 0.5
#: Window → part of the usual value below which a drop counts. Rules know no window below an hour.
PARTS: Final = {"5m": 0.85, "1h": 0.85, "6h": 0.9, "24h": 0.9}
#: The same for longer windows.
PART_LONG: Final = 0.9
#: A volume is down when it is so many standard deviations and more than half below the same hours.
SIGMAS: Final = 4
VOLUME_PART: Final = 0.5
#: Leads that a cost rests on, at least, and the rise that counts.
LEAST_LEADS: Final = 30
COST_FACTOR: Final = 1.5
