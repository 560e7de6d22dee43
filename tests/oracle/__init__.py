"""Oracle: what leadpulse must say about a set of records, worked out by a program of its own.

In:  every record of the source topics, as read back from a broker; windows by their edges.
Out: exact integers for counts and for the numerators and denominators of ratios, and the account of all
     records.

It shares nothing with `stream`, nor with the simulator's books: plain json, plain dictionaries, one look at
everything. It knows as much of the contract as test traffic needs, and no more: where visits come from is
told by `utm_medium` or a referrer out of the short tables in `judge.py`, bots by the word `bot` in their
user agent, and a record that comes twice comes with the same content.

    from tests.oracle import Oracle, Raw
    oracle = Oracle([Raw("page_view", 0, 17, 1_767_225_600_000, b"v1", b"{...}"), ...])
    oracle.account["counted"], oracle.counts({"1h": (start_ms, end_ms)})["visitors", (("site", "s1"),), "1h"]
"""

from tests.oracle.count import Counts, Oracle
from tests.oracle.judge import Event, Judged, Raw, judge

__all__ = ["Counts", "Event", "Judged", "Oracle", "Raw", "judge"]
