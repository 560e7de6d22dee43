"""The model of the live page: figures from readings, their history, and the truth about how things are."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from stream.catalog import METRICS
from stream.contract.alert import Verdict
from stream.contract.kinds import KINDS
from stream.contract.readings import Reading
from stream.serve.figures import ALL_SITES, Figure, Key, figures, overview
from stream.serve.history import CAPACITY, FIRST_STEP_MS, SERIES_LIMIT, History, Ring
from stream.serve.page_model import Health, Publication, View, model, publication, settled, state_of
from stream.serve.views import JudgedFigure
from tests.fabric import readings

HOUR_MS = 3_600_000
NOW_MS = 1_772_323_200_000
RUNNING = Health(shards=12, restored=12, owns_rollup=True, ready=True)


def reading(metric, labels, value, top=None, bottom=None, window="1h"):
    return Reading(metric, labels, window, value, top, bottom, bottom, 0, 1, 1, True, 0, 1, "v")


def lead_ratio(site, top, bottom, window="1h"):
    return reading("visit_to_lead_ratio", {"site": site}, top / bottom if bottom else None, top, bottom, window)


# -- figures


@pytest.mark.parametrize(
    ("given", "key", "expected"),
    [
        # a ratio of one site is as it is
        ([lead_ratio("s1", 61, 993)], ("s1", "visit_to_lead_ratio"), (61 / 993, 61, 993)),
        # of several it is divided after adding up
        ([lead_ratio("s1", 1, 10), lead_ratio("s2", 30, 90)], (ALL_SITES, "visit_to_lead_ratio"), (0.31, 31, 100)),
        # nothing to divide by
        ([lead_ratio("s1", 0, 0)], ("s1", "visit_to_lead_ratio"), (None, 0, 0)),
        # labels below the site are added up
        ([reading("leads", {"site": "s1", "capture_method": m}, n) for m, n in (("form", 4), ("chatbot", 3))],
         ("s1", "leads"), (7, 7, None)),
        ([reading("click_through_ratio", {"site": "s1", "platform": p, "campaign": c}, 1, k, n)
          for p, c, k, n in (("google", "a", 3, 100), ("google", "b", 1, 300), ("meta", "a", 16, 600))],
         ("s1", "click_through_ratio"), (0.02, 20, 1_000)),
        # money is not added over currencies: the one with the most spend stands for the site
        ([reading("cost_per_lead", {"site": "s1", "currency": c, "cost": "media"}, 0, s, 10)
          for c, s in (("EUR", 500.0), ("USD", 90.0))], ("s1", "cost_per_lead"), (50.0, 500.0, 10)),
    ],
    ids=["one site", "two sites", "no visitors", "counts", "platforms and campaigns", "currencies"],
)  # fmt: skip
def test_figures_are_added_up_before_they_are_divided(given, key, expected):
    site, metric = key
    found = figures(given)[Key(site, "1h", metric)]
    assert (found.value, found.numerator, found.denominator) == expected


def test_the_median_of_one_site_is_shown_and_the_mean_of_several():
    def steps(site, median):
        labels = {"site": site, "from": "first_view", "to": "lead"}
        return [reading("funnel_step_seconds", {**labels, "quantile": q}, v, 900.0, 10)
                for q, v in (("0.5", median), ("0.9", 400.0))]  # fmt: skip

    alone = figures(steps("s1", 60.0))[Key("s1", "1h", "funnel_step_seconds")]
    assert (alone.value, alone.high, alone.measure) == (60.0, 400.0, "median")
    both = figures([*steps("s1", 60.0), *steps("s2", 80.0)])[Key(ALL_SITES, "1h", "funnel_step_seconds")]
    assert (both.value, both.high, both.measure) == (90.0, None, "mean")


def test_every_metric_of_tier_main_has_a_card_even_one_that_the_page_never_heard_of():
    assert {metric.name for metric in overview()} == {metric.name for metric in METRICS if metric.tier == "main"}


# -- history


def filled(points: int, step_ms: int = FIRST_STEP_MS, span_ms: int = 24 * HOUR_MS) -> Ring:
    ring = Ring(span_ms)
    for at in range(points):
        ring.add(at * step_ms, Figure(float(at), 1, 2))
    return ring


@pytest.mark.parametrize("points", [1, CAPACITY - 1, CAPACITY + 1, 5 * CAPACITY, 200 * CAPACITY])
def test_a_ring_is_bounded_and_covers_everything_until_its_span_is_reached(points):
    ring = filled(points)
    assert len(ring) <= CAPACITY
    covered_ms, seen_ms = ring.at_ms[-1] - ring.at_ms[0], (points - 1) * FIRST_STEP_MS
    assert covered_ms >= min(seen_ms - ring.step_ms, 24 * HOUR_MS)
    assert list(ring.at_ms) == sorted(set(ring.at_ms))


def test_a_ring_passes_over_points_that_come_too_soon():
    ring = filled(100, step_ms=FIRST_STEP_MS // 4)
    assert len(ring) == 25


def test_another_currency_is_another_line():
    history, key = History(), Key("s1", "24h", "cost_per_lead")
    history.take(0, {key: Figure(40.0, 400.0, 10, "EUR")})
    history.take(HOUR_MS, {key: Figure(44.0, 440.0, 10, "USD")})
    assert history.points(key) == ([HOUR_MS], [44.0])


def test_a_move_of_the_figures_leaves_a_gap():
    history, key = History(), Key("s1", "1h", "visitors")
    history.take(0, {key: Figure(10, 10)})
    history.interrupt()
    history.take(HOUR_MS, {key: Figure(12, 12)})
    assert history.points(key)[1] == [10, None, 12]


def test_figures_beyond_the_limit_have_no_history():
    history = History()
    history.take(0, {Key(f"s{n}", "1h", "visitors"): Figure(1) for n in range(SERIES_LIMIT + 5)})
    assert len(history) == SERIES_LIMIT
    assert history.points(Key(f"s{SERIES_LIMIT + 1}", "1h", "visitors")) == ([], [])


# -- the model


def shown(**more) -> Publication:
    return publication(readings(NOW_MS, **more), NOW_MS, NOW_MS)


#: Of each other kind as many records are unread as its place in the list.
OTHERS_UNREAD = sum(range(len(KINDS)))


@pytest.mark.parametrize(
    ("publication", "health", "age_ms", "state", "says"),
    [
        (None, Health(), 0, "starting", "joining its group"),
        (None, Health(12, 5), 0, "restoring", "5 of 12 shards"),
        (None, Health(12, 12, owns_rollup=True), 0, "restoring", "taking over"),
        (None, Health(12, 12, ready=True), 0, "restoring", "what another one publishes"),
        (shown(), Health(12, 5, owns_rollup=True), 0, "restoring", "5 of 12"),
        (shown(complete=False, unread=700), RUNNING, 0, "catching_up", f"{700 + OTHERS_UNREAD} records"),
        (shown(), RUNNING, 11_000, "stalled", "Nothing was published for 11 s"),
        (Publication(complete=True, taken_ms=NOW_MS), RUNNING, 0, "no_data", "Waiting for the first event"),
        (replace(shown(), heard=False), RUNNING, 0, "stalled", "was not heard of yet"),
        (shown(), RUNNING, 0, "live", "read to their end"),
    ],
)
def test_the_state_is_the_truth(publication, health, age_ms, state, says):
    found, text = state_of(publication, health, NOW_MS + age_ms)
    assert found == state
    assert says in text


def table(publication, site="shop", window="1h"):
    return model(publication, View(site, window), RUNNING, NOW_MS)


def test_a_model_is_plain_json_and_small():
    text = json.dumps(table(shown()))
    assert len(text) < 11_000
    assert "NaN" not in text


def test_cards_show_counts_and_the_next_longer_window_where_theirs_is_missing():
    cards = {card["metric"]: card for card in table(shown(), window="5m")["cards"]}
    assert cards["visit_to_lead_ratio"]["counts"].endswith("visitors")
    assert (cards["click_through_ratio"]["window"], cards["click_through_ratio"]["other_window"]) == ("1h", True)
    assert cards["cost_per_lead"]["window"] == "24h"
    assert cards["leads"]["parts"]


def judged(site="shop", **said) -> JudgedFigure:
    return JudgedFigure("visit_to_lead_ratio", site, "", "", "1h", Verdict(**said))


@pytest.mark.parametrize(
    ("figures", "site", "window", "state", "says"),
    [
        # the card of one site, in the judged window, in one that is not, and of all sites
        ([judged(state="ok", usual=0.05, needed=843)], "shop", "1h", "ok", "usual 5.00 %"),
        ([judged(state="ok", usual=0.05, needed=843)], "shop", "5m", "ok", "usual 5.00 % (1h)"),
        ([judged(state="drop", usual=0.05)], ALL_SITES, "1h", "drop", "usual 5.00 %"),
        ([judged(state="ok"), judged("b", state="drop", usual=0.1)], ALL_SITES, "1h", "drop", "b"),
        ([judged(state="ok"), judged("b", state="young")], ALL_SITES, "1h", "ok", ""),
        ([judged(state="waiting", says="its sources are behind")], "shop", "1h", "waiting", "its sources are behind"),
        ([judged(state="young", weeks=1)], "shop", "1h", "young", "two former weeks at this hour are needed"),
        ([judged(state="marked", says="Christmas")], "shop", "1h", "marked", "Christmas"),
        ([], "shop", "1h", "", ""),
        ([judged("b", state="drop")], "shop", "1h", "", ""),
    ],
)
def test_a_card_says_what_the_judge_says(figures, site, window, state, says):
    both = publication(readings(NOW_MS, ("shop", "b")), NOW_MS, NOW_MS, figures)
    card = next(card for card in table(both, site, window)["cards"] if card["metric"] == "visit_to_lead_ratio")
    assert (card["state"], card["detail"]) == (state, says)


def test_too_little_says_how_much_there_is_and_is_needed():
    said = publication(readings(NOW_MS), NOW_MS, NOW_MS, [judged(state="too_little", usual=0.05, needed=84_300)])
    card = next(card for card in table(said)["cards"] if card["metric"] == "visit_to_lead_ratio")
    assert card["detail"] == f"{card['denominator']:,} of 84,300 needed; usual 5.00 %"


def test_a_worker_without_figures_does_not_claim_that_there_are_none():
    cards = table(None)["cards"]
    assert {card["state"] for card in cards} == {"unknown"}
    assert {card["detail"] for card in cards} == {""}


def test_a_window_that_data_does_not_fill_is_told():
    young = publication(readings(NOW_MS, since_ms=NOW_MS - 600_000), NOW_MS, NOW_MS)
    assert table(young, window="24h")["cover"] == "Data covers 10 min of these 24h."
    assert table(young, window="5m")["cover"] == ""


def test_the_account_adds_up():
    trust = table(shown())["trust"]
    assert trust["accepted"] == sum(outcome["n"] for outcome in trust["outcomes"])
    assert [outcome["outcome"] for outcome in trust["outcomes"]] == [
        "counted",
        "duplicate",
        "filtered",
        "dead_lettered",
    ]
    assert trust["outcomes"][3]["reasons"][0][0] == "too late"
    lost = [r if r.metric != "conservation_error" else reading(r.metric, {}, 3, window=None) for r in readings(NOW_MS)]
    broken = table(publication(lost, NOW_MS, NOW_MS))["trust"]
    assert (broken["error"], broken["accepted"]) == (3, trust["accepted"] + 3)


def test_mixed_ad_reports_are_added_up_over_sites():
    told = [r for r in readings(NOW_MS) if r.metric != "mixed_granularity"]
    told += [reading("mixed_granularity", {"site": site}, n, window=None) for site, n in (("a", 2), ("b", 3))]
    assert table(publication(told, NOW_MS, NOW_MS))["trust"]["mixed_granularity"] == 5


def test_sources_tell_fresh_from_quiet_behind_and_missing():
    def changed(**values):
        out = []
        for each in readings(NOW_MS, complete="behind" not in values):
            if each.metric == "source_missing" and each.labels["kind"] == "ad":
                out.append(reading(each.metric, each.labels, values.get("missing", 0), window=None))
            elif each.metric == "source_lag_seconds":
                out.append(reading(each.metric, each.labels, values.get("lag_s", 0.5), window=None))
            else:
                out.append(each)
        return {s["kind"]: s["state"] for s in table(publication(out, NOW_MS, NOW_MS))["sources"]}

    assert set(changed().values()) == {"fresh"}
    assert set(changed(lag_s=500).values()) == {"quiet"}
    assert changed(missing=1)["ad"] == "missing"
    assert changed(behind=True)["form"] == "behind"


def test_sites_and_windows_that_do_not_exist_are_put_right():
    two = publication(readings(NOW_MS, ("a", "b")), NOW_MS, NOW_MS)
    assert settled(two, View("gone", "3y")) == (ALL_SITES, "1h")
    assert table(two)["sites"] == [ALL_SITES, "a", "b"]
    assert table(shown())["sites"] == ["shop"]
