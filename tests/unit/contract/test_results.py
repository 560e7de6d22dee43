"""Results: a reading as it stands on the topic and in a replay."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.contract.alert import Verdict
from stream.contract.readings import Reading
from stream.contract.results import encode, row

LABELS = {"site": "s1"}
START, END = 1_772_236_800_000, 1_772_323_200_005


@pytest.mark.parametrize(
    ("reading", "text"),
    [
        # a ratio: unrounded, with its parts
        (
            Reading(
                "visit_to_lead_ratio", LABELS, "24h", 61 / 993, 61, 993, 993, START, END, END, True, START, 7, "v1"
            ),
            (
                '{"metric":"visit_to_lead_ratio","labels":{"site":"s1"},"window":"24h","value":0.06143001007049345,'
                '"numerator":61,"denominator":993,"n":993,"window_start":"2026-02-28T00:00:00.000Z",'
                '"window_end":"2026-03-01T00:00:00.005Z","as_of":"2026-03-01T00:00:00.005Z","complete":true,'
                '"data_since":"2026-02-28T00:00:00.000Z","seq":7,"catalog_version":"v1"}'
            ),
        ),
        # nothing to divide by: the value is null, and the record is there
        (
            Reading("visit_to_lead_ratio", LABELS, "24h", None, 0, 0, 0, START, END, END, False, None, 8, "v1"),
            (
                '{"metric":"visit_to_lead_ratio","labels":{"site":"s1"},"window":"24h","value":null,'
                '"numerator":0,"denominator":0,"n":0,"window_start":"2026-02-28T00:00:00.000Z",'
                '"window_end":"2026-03-01T00:00:00.005Z","as_of":"2026-03-01T00:00:00.005Z","complete":false,'
                '"data_since":null,"seq":8,"catalog_version":"v1"}'
            ),
        ),
        # a total: no window
        (
            Reading("events_total", {}, None, 5, None, None, None, None, None, END, True, START, 9, "v1"),
            (
                '{"metric":"events_total","labels":{},"window":null,"value":5,"numerator":null,"denominator":null,'
                '"n":null,"window_start":null,"window_end":null,"as_of":"2026-03-01T00:00:00.005Z","complete":true,'
                '"data_since":"2026-02-28T00:00:00.000Z","seq":9,"catalog_version":"v1"}'
            ),
        ),
        # a cohort says how mature it is; what stands has no start
        (
            Reading(
                "lead_quality_ratio", LABELS, "now", 0.5, 1, 2, 2, None, END, END, True, START, 9, "v1", maturity=0.93
            ),
            (
                '{"metric":"lead_quality_ratio","labels":{"site":"s1"},"window":"now","value":0.5,"numerator":1,'
                '"denominator":2,"n":2,"window_start":null,"window_end":"2026-03-01T00:00:00.005Z",'
                '"as_of":"2026-03-01T00:00:00.005Z","complete":true,"data_since":"2026-02-28T00:00:00.000Z",'
                '"seq":9,"catalog_version":"v1","maturity":0.93}'
            ),
        ),
        # a measurement: of the moment at which it was observed
        (
            Reading(
                "keyword_rank", LABELS, "now", 3, None, None, 3, None, END, START, True, None, 9, "v1", restated=False
            ),
            (
                '{"metric":"keyword_rank","labels":{"site":"s1"},"window":"now","value":3,"numerator":null,'
                '"denominator":null,"n":3,"window_start":null,"window_end":"2026-03-01T00:00:00.005Z",'
                '"as_of":"2026-02-28T00:00:00.000Z","complete":true,"data_since":null,"seq":9,'
                '"catalog_version":"v1","restated":false}'
            ),
        ),
        # judged: what the verdict does not say is left out
        (
            Reading(
                "visitors",
                LABELS,
                "1h",
                3,
                None,
                None,
                3,
                START,
                END,
                END,
                True,
                START,
                9,
                "v1",
                verdict=Verdict("too_little", usual=4.5, needed=17, weeks=4, at="2026-03-01T00:00:00Z"),
            ),
            (
                '{"metric":"visitors","labels":{"site":"s1"},"window":"1h","value":3,"numerator":null,'
                '"denominator":null,"n":3,"window_start":"2026-02-28T00:00:00.000Z",'
                '"window_end":"2026-03-01T00:00:00.005Z","as_of":"2026-03-01T00:00:00.005Z","complete":true,'
                '"data_since":"2026-02-28T00:00:00.000Z","seq":9,"catalog_version":"v1",'
                '"verdict":{"state":"too_little","usual":4.5,"needed":17,"weeks":4,"at":"2026-03-01T00:00:00Z"}}'
            ),
        ),
    ],
    ids=["ratio", "ratio of nothing", "total", "mature", "measurement", "judged"],
)
def test_a_reading_is_written_as(reading: Reading, text: str) -> None:
    assert encode(reading).decode() == text


NUMBERS = st.none() | st.integers(-(2**53), 2**63 - 1) | st.floats(allow_nan=False)
TIMES = st.none() | st.integers(0, 2**41)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


READINGS = st.builds(
    Reading,
    *(TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=3), st.none() | TEXTS, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    *(TIMES, TIMES, st.integers(0, 2**41), st.booleans(), TIMES, st.integers(0, 2**40), TEXTS),
    *(st.none() | st.floats(0, 1), st.none() | st.booleans()),
)


@given(READINGS)
def test_a_reading_is_written_as_its_table_is(reading: Reading) -> None:
    assert encode(reading) == orjson.dumps(row(reading))
