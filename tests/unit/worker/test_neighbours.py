"""Who may run beside whom, decided by what workers say and whether they are seen to live."""

from __future__ import annotations

import re

import pytest

from stream.errors import SettingsError
from stream.settings.fields import Settings
from stream.settings.load import FIELDS
from stream.worker.neighbours import (
    SHARED,
    Beat,
    Neighbour,
    Said,
    Watch,
    beat,
    beats_of,
    said_by,
    say,
    shared,
    unlike,
)

SETTINGS = {"consent": "count", "lateness": "24h"}
MINE = Said("w1", SETTINGS)


def other(group="g", instance="", said=MINE, member="m1", count=None, left=False):
    seen = None if count is None else Beat(member, count, left)
    return Neighbour(group, member, instance, "/10.0.0.7", said, seen)


def watch():
    return Watch("g", MINE, session_s=10)


LIKE = [other(), other(instance="w2"), other(said=None), other(said=Said("", {"consent": "count"}))]
WRONG = {
    "another consumer group": other(group="h"),
    "LEADPULSE_INSTANCE_ID=w1 is running already": other(instance="w1"),
    "LEADPULSE_CONSENT is require there and count here": other(said=Said("", {"consent": "require"})),
}


@pytest.mark.parametrize("one", [None, *LIKE], ids=str)
def test_workers_that_share_group_and_settings_start_beside_each_other_at_once(one):
    assert watch().clear([one] if one else [], 0.0)


@pytest.mark.parametrize("says", WRONG)
def test_a_worker_that_is_seen_to_live_is_named_as_soon_as_its_beat_moves(says):
    look, one = watch(), WRONG[says]
    assert not look.clear([one._replace(beat=Beat("m1", 7))], 0.0)
    assert not look.clear([one._replace(beat=Beat("m1", 7))], 1.0)
    with pytest.raises(SettingsError, match=says) as told:
        look.clear([one._replace(beat=Beat("m1", 8))], 1.5)
    assert "m1 on 10.0.0.7" in told.value.where


@pytest.mark.parametrize("says", WRONG)
def test_whose_beat_stands_still_or_who_has_left_is_no_more_though_the_broker_lists_it(says):
    still = WRONG[says]._replace(beat=Beat("m1", 7))
    look = watch()
    assert not look.clear([still], 0.0)
    assert look.clear([still], 3.6)
    assert watch().clear([still._replace(beat=Beat("m1", 7, left=True))], 0.0)


@pytest.mark.parametrize("says", WRONG)
def test_who_ran_on_this_machine_and_is_no_process_of_it_any_more_is_not_waited_for(says):
    look = Watch("g", MINE, 10, lambda place: place == "here 7 1")
    assert look.clear([WRONG[says]._replace(beat=Beat("m1", 7, place="here 7 1"))], 0.0)
    assert not look.clear([WRONG[says]._replace(beat=Beat("m1", 7, place="here 8 1"))], 0.0)


@pytest.mark.parametrize("says", WRONG)
def test_who_says_nothing_is_given_its_session_to_vanish(says):
    look, silent = watch(), WRONG[says]
    assert not look.clear([silent], 0.0)
    assert look.clear([], 9.0)
    with pytest.raises(SettingsError, match=says):
        look.clear([silent], 13.0)


def test_a_long_session_is_not_waited_for():
    with pytest.raises(SettingsError):
        Watch("g", MINE, session_s=300).clear([other(group="h")], 20.0)


def test_what_is_said_comes_back_and_an_older_release_says_nothing():
    assert said_by(say(MINE)) == MINE
    assert [said_by(data) for data in (None, b"", b"w1", b"[]")] == [None] * 4


def test_the_newest_beat_of_each_member_counts_and_other_metadata_is_none():
    texts = [beat(Beat("a", 3)), beat(Beat("a", 9)), beat(Beat("b", 1, left=True)), "", None, "by some tool"]
    assert beats_of(texts) == {"a": Beat("a", 9), "b": Beat("b", 1, left=True)}


def test_settings_are_told_apart_and_what_is_long_is_told_by_a_hash():
    known = shared(Settings())
    assert known["partitioner"] == "murmur2"
    assert known["lateness"] == "24h"
    assert shared(Settings(label_limit=5)) == {**known, "label_limit": "5"}
    long = shared(Settings(ignored_referrers=tuple(f"host{n}.example" for n in range(50))))["ignored_referrers"]
    assert len(long) == 16


#: Settings in which workers that run together may differ: where and how they run, not what they count.
OF_EACH = re.compile(
    r"brokers|topic_prefix|group_id|generation|instance_id|session_timeout|allow_plaintext|(tls|sasl|http|log)(_.*)?"
    r"|commit_interval|start|inbox|stall_timeout|alerts|pace|native"
)


def test_workers_follow_people_by_the_same_rules_or_none_of_them_does(tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text("[score]\nthreshold = 70\n")
    auto, on, off, other = (
        shared(Settings(leads=leads, leads_rules=path))
        for leads, path in (("auto", None), ("on", None), ("off", None), ("on", rules))
    )
    assert auto == on, "whether there is a topic for it is the same for all"
    assert "LEADPULSE_LEADS is on there and off here" in str(unlike(on, off, "there"))
    assert "LEADPULSE_LEADS_RULES is not set there" in str(unlike(on, other, "there"))
    assert shared(Settings(leads="off", leads_rules=rules)) == off, "rules of what does not run"


def test_every_setting_is_either_shared_by_all_workers_or_one_that_decides_no_figure():
    by_content = {"referrers", "leads", "leads_rules", "sources", "email_hash_key", "email_hash_key_file"}
    shown = {*SHARED, *by_content}  # files are told by what is in them, a key by its mark
    assert {name for name in FIELDS if not OF_EACH.fullmatch(name)} == shown
