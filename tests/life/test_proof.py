"""Every story through the judge, four runs each: what `make alerts-proof` holds with more of them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.life import bars, feed, proof
from tests.life.letters import LETTERS
from tests.life.proof import QUICK, Line
from tests.life.score import spells
from tests.life.site import Site
from tests.life.stories import STORIES, Right
from tests.life.storm import heard, storm

RUNS = 4
VOLUMES = (200, 1_000)


@pytest.mark.parametrize("story", STORIES)
def test_a_story_holds_its_bars(story: str) -> None:
    missed = [words for volume in VOLUMES for words in proof.missed(proof.live(story, volume, RUNS), QUICK)]
    assert missed == []


@pytest.mark.parametrize("letter", LETTERS)
def test_a_story_of_mailings_holds_its_bars(letter: str) -> None:
    assert proof.missed(proof.post(letter, 5_000, RUNS), QUICK) == []


def test_a_judge_who_pages_falsely_or_finds_nothing_misses_the_bars() -> None:
    assert proof.missed(Line("quiet_shop", 200, pages=0.31, tickets=0.0), QUICK)
    assert proof.missed(Line("quiet_shop", 200, pages=0.0, tickets=0.41), QUICK)
    assert proof.missed(Line("form_dead", 200, 0.0, 0.0, found=0.5, hours=1.0), QUICK)
    assert proof.missed(Line("form_dead", 200, 0.0, 0.0, found=1.0, hours=6.1), QUICK)
    assert proof.missed(Line("mail_quiet", 5_000, 0.0, tickets=0.61), QUICK)
    assert not proof.missed(Line("form_dead", bars.VOLUMES[1], 0.1, 0.15, found=0.85, hours=3.0))


def test_one_dead_form_is_one_page_and_two_lists_at_most() -> None:
    told = heard(storm(seed=1, runs=1, rates=0.0))
    assert told.pages == 1
    assert told.lists <= 2


def test_counting_that_is_lost_is_one_page() -> None:
    assert heard(storm(seed=1, runs=1, visits=0.0)).pages == 1


def test_eight_sites_at_once_are_one_page_each_until_many_sites_stands_and_then_one() -> None:
    records = [record for record in storm(seed=1, runs=8, visits=0.35) if record.severity == "page"]
    (many,) = {record.key for record in records if record.alert == "many_sites"}
    begun = next(record.at for record in records if record.key == many)
    told = {record.key for record in records if record.state == "firing" and not record.held}
    assert len(told) <= 4
    assert all(record.at < begun for record in records if record.key in told - {many} and not record.held
               and record.state == "firing")  # fmt: skip


@pytest.mark.parametrize("story", ["form_dead", "holiday_marked", "new_site_broken"])
def test_looks_one_by_one_tell_what_a_week_at_once_does(story: str) -> None:
    site, right = Site("shop", 200, 1), Right()
    STORIES[story](site, right)
    shown = feed.shown_of_site(site, np.random.default_rng(3))
    at_once = feed.told(shown, feed.settings_of(site))
    days = feed.told(shown, feed.settings_of(site), length=145)
    assert days == at_once
    assert spells(at_once) or story == "holiday_marked"


def test_one_look_at_a_time_tells_what_a_day_at_once_does() -> None:
    site, right = Site("shop", 1_000, 1), Right()
    STORIES["tracking_lost"](site, right)
    shown = feed.shown_of_site(site, np.random.default_rng(3))
    settings = feed.settings_of(site)
    two_days = 2 * 144
    assert feed.told(shown, settings, length=1, looks=two_days) == feed.told(
        shown, settings, length=144, looks=two_days
    )
