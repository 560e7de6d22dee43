"""Oracle: which records count, by a program of its own; what they come to is the reference's to say.

In:  every record of the source topics, as read back from a broker.
Out: where each of them ends, and the events that count.

It shares nothing with `stream`, nor with the simulator: plain json, one look at everything. It knows as much of the
contract as test traffic needs, and no more: where visits come from is told by `utm_medium` or a referrer out of the
short tables in `judge.py`, bots by the word `bot` in their user agent, and a record that comes twice comes with the
same content.
"""

from tests.oracle.judge import Judged, Judgement, Raw, judge

__all__ = ["Judged", "Judgement", "Raw", "judge"]
