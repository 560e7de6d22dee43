"""The lines that a worker writes about itself."""

from __future__ import annotations

from stream.engine.groups import GROUPS
from stream.kafka.layout import Layout
from stream.serve.views import RollupView, ShardView, WorkerView
from stream.settings.fields import Settings
from stream.worker import told


def view(records: int, lag: int, letters: int = 0, silent_s: float | None = None) -> WorkerView:
    shards = (
        ShardView("ads", 0, "running", records=records, lag_records={"ad": lag, "reroute": 1}, dead_letters=letters),
        ShardView("rollup", 0, "restoring", records=99_999),
    )
    return WorkerView(shards, owns_rollup=True, rebalances=1, ready=False, silent_s=silent_s)


def test_the_line_of_a_minute_says_what_was_done_and_how_things_are():
    line = told.minute_line(view(1_000, 0), view(7_000, 4, letters=3), 60.0, RollupView((), 0, 0))
    assert line == ("6,000 records (100/s); lag 5; 3 dead letters; 1 of 2 shards run; 0 readings, not complete")


def test_shards_that_went_elsewhere_took_their_counts_along():
    assert told.minute_line(view(9_000, 0), view(10, 0), 60.0, None).startswith("0 records (0/s)")


def test_an_outage_is_in_the_line_as_long_as_it_lasts():
    assert told.minute_line(view(0, 0), view(0, 0, silent_s=42.0), 60.0, None).endswith(
        "no broker has answered for 42 s"
    )


def test_the_line_of_the_start_says_where_and_what():
    layout = Layout("x.", [GROUPS["emails"], GROUPS["ads"]])
    line = told.start_line(Settings(brokers=("k:1",), allow_plaintext=True), layout, {"ads": 3, "rollup": 1}, "1.2")
    assert line == (
        "leadpulse 1.2 starts: brokers k:1; group x.leadpulse; topics x.email, x.ad, x.cost, x.signal; "
        "shards ads 3; delivery exactly_once"
    )
