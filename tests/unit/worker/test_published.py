"""The result topic is written when a reading changes, and always says the same as the gauges."""

from __future__ import annotations

import orjson

from stream.contract.alert import Verdict
from stream.contract.readings import Reading
from stream.contract.results import encode
from stream.worker import published
from stream.worker.published import Published, key_of


def reading(metric, value, *, window="5m", as_of=1, complete=True):
    return Reading(metric, {"site": "s"}, window, value, None, None, value, 0, as_of, as_of, complete, None, as_of, "v")


def values(topic):
    return {key: value for key, value in topic.items() if value is not None}


def test_only_what_changed_is_written():
    out = Published(lambda r: b"%d" % r.value)
    first = [reading("a", 1), reading("b", 2)]
    assert [value for _, value in out.rows(first, None)] == [b"1", b"2"]
    assert {r.metric for r in out.confirm()} == {"a", "b"}
    later = [reading("a", 1, as_of=9), reading("b", 3, as_of=9)]
    assert out.rows(later, None) == [(key_of(later[1]), b"3")]


def test_keys_are_those_of_the_labels_however_many_there_were(monkeypatch):
    monkeypatch.setattr(published, "_MOST_KEYS", 5)
    keys, tables = published.Keys(), [{"site": f"s{at}"} for at in range(4)]
    for turn in range(6):
        for labels in [*tables, {"site": f"t{turn}"}]:  # the last one is of a series that is gone at once
            for metric, window in (("a", "5m"), ("a", None), ("b", "5m")):
                one = Reading(metric, labels, window, 1, None, None, 1, 0, 1, 1, True, None, 1, "v")
                assert keys.of(one) == key_of(one)


def test_a_change_of_standing_is_a_change():
    out = Published(lambda r: b"x")
    out.rows([reading("a", 1, complete=False)], None)
    out.confirm()
    assert len(out.rows([reading("a", 1)], None)) == 1


def test_a_figure_that_ends_before_the_others_is_written_when_its_end_moves():
    out = Published(lambda r: b"%d" % r.as_of_ms)

    def written(seq, early):
        rows = out.rows([reading("whole", 1, as_of=seq), reading("early", 1, as_of=early)], None)
        out.confirm()
        return [value for _, value in rows]

    assert written(10, 5) == [b"10", b"5"]
    assert written(11, 5) == []
    assert written(12, 7) == [b"7"]
    assert written(13, 13) == [b"13"]  # it ends with the others again
    assert written(14, 14) == []
    assert written(15, 14) == [b"14"]


def test_a_series_that_ends_gets_a_tombstone_when_all_are_read_and_stays_while_only_changes_are():
    out = Published(lambda r: b"x")
    short, long = reading("a", 1, window="5m"), reading("a", 1, window="30d")
    out.rows([short, long], None)
    out.confirm()
    assert out.rows([], ("5m", "1h")) == []
    assert out.rows([long], None) == [(key_of(short), None)]
    assert out.confirm() == (long,)


def test_nothing_counts_as_written_before_the_commit_is_confirmed():
    out = Published(lambda r: b"x")
    assert len(out.rows([reading("a", 1)], None)) == 1
    assert len(out.rows([reading("a", 1)], None)) == 1


def test_a_new_owner_removes_what_the_former_one_left_and_nobody_counts_any_more():
    out = Published(lambda r: b"x")
    kept, left = reading("kept", 1), reading("left", 1)
    for one in (kept, left):
        out.found(key_of(one), b"old")
    assert out.rows([kept], ("5m",)) == [(key_of(kept), b"x")]
    out.confirm()
    assert dict(out.rows([kept], None)) == {key_of(left): None}


def test_a_key_names_the_series_whatever_the_order_of_its_labels():
    a = Reading("m", {"x": "1", "a": "2"}, None, 1, None, None, 1, 0, 1, 1, True, None, 1, "v")
    b = Reading("m", {"a": "2", "x": "1"}, None, 1, None, None, 1, 0, 1, 1, True, None, 1, "v")
    assert key_of(a) == key_of(b) == b'["m",{"a":"2","x":"1"},null]'


def test_seq_goes_on_from_what_the_former_owner_published():
    out = Published(lambda r: b"%d" % r.seq)
    out.found(b"k", b'{"seq":40}')
    out.found(b"broken", b"{")
    assert out.rows([reading("a", 1, as_of=7)], None)[0][1] == b"41"
    out.confirm()
    assert out.rows([reading("a", 2, as_of=9)], None)[0][1] == b"43"


def test_seq_stays_as_it_is_when_the_snapshot_is_ahead():
    out = Published(lambda r: b"%d" % r.seq)
    out.found(b"k", b'{"seq":3}')
    assert out.rows([reading("a", 1, as_of=7)], None)[0][1] == b"7"


def drop(at, usual=5.0):
    return Verdict("drop", usual, 4.0, 9, 4, at)


def test_a_verdict_goes_with_its_reading_from_the_look_on_and_stands_until_the_next():
    out = Published(encode)

    def said(verdict=None, windows=None, value=1, looks=True):
        if looks:
            out.judge(lambda one: verdict if one.metric == "a" else None)
        rows = out.rows([reading("a", value), reading("b", 1)], windows)
        out.confirm()
        return [orjson.loads(text).get("verdict", {}).get("at") for _, text in rows]

    assert said(drop("08:10")) == ["08:10", None]
    assert said(drop("08:20")) == [], "it says what it said"
    assert said(drop("08:30", 6.0)) == ["08:30"]
    assert said(value=2, windows=("5m",), looks=False) == ["08:30"], "between looks it stands"
    assert said() == [None], "no longer judged"


def test_verdicts_stand_over_a_take_over():
    before, after = Published(encode), Published(encode)
    before.judge(lambda one: drop("08:10"))
    for key, value in before.rows([reading("a", 1)], None):
        after.found(key, value)
    (row,) = after.rows([reading("a", 1)], None)
    assert orjson.loads(row[1])["verdict"]["at"] == "08:10"
    assert after.confirm()[0].verdict == drop("08:10")
