"""Table: every scenario of the fault suite, once.

In:  nothing.
Out: scenarios in the order in which they are shown. Those of the letters K to A are what must hold of a running
     installation; those of F are faults that were met in trials, one row each.

A row that names tests runs them; to give a row to another test, write its node id here.
"""

from __future__ import annotations

from typing import Final

from tests.chaos import simulated
from tests.chaos.live import brokers, loads, workers
from tests.chaos.outcome import Scenario

_TAKE_OVER: Final = "tests/integration/test_take_over.py"
_ENGINE: Final = "tests/integration/test_engine.py"
_START: Final = "tests/integration/test_start.py"
_HTTP: Final = "tests/unit/serve/test_http.py"
_HOSTILE: Final = "tests/contracts/test_hostile.py"
_OWN_LOGS: Final = "tests/integration/test_own_logs.py"
_NEIGHBOURS: Final = "tests/integration/test_neighbours.py"
_CLOCKS: Final = "tests/integration/test_clocks.py"
_LAG: Final = "tests/integration/test_lag.py"
_BOUNDS: Final = "tests/unit/rollup/test_bounds.py"
_STOP: Final = "tests/integration/test_stop.py"
_GUARDS: Final = "tests/unit/worker/test_worker_guards.py"

SCENARIOS: Final[tuple[Scenario, ...]] = (
    # workers
    Scenario("K1", "a random worker is killed under load, again and again", "exact; right again within 30 s",
             workers.killed),
    Scenario("K2", "a process ends before and after each request that it makes, one run for each", "exact",
             simulated.every_step),
    Scenario("K3", "a random worker is told to stop under load", "exit 0 within 20 s; exact", workers.stopped),
    Scenario("K4", "a worker is killed while it restores, twice", "exact",
             nodes=(f"{_TAKE_OVER}::test_a_kill_during_a_restore_leaves_a_whole_state",), injected=2),
    # brokers
    Scenario("B1", "the broker is stopped and killed, and comes back", "exact, without a hand; within 30 s",
             brokers.restarted),
    Scenario("B2", "the broker is away for a minute (long: 30)", "memory grows by 64 MiB at most; exact", brokers.away),
    Scenario("N1", "connections to the broker are cut and hang half open", "exact; within 60 s", brokers.hard_to_reach),
    # ownership
    Scenario("Z1", "a worker sleeps past its session and wakes up", "nothing of the stale owner is applied; exact",
             workers.frozen),
    Scenario("R1", "a worker joins or leaves each 5 s", "exact; within 60 s", workers.moving),
    Scenario("O1", "the group's committed offsets are moved", "they are never believed; exact",
             nodes=(f"{_TAKE_OVER}::test_committed_group_offsets_are_never_believed",), injected=3),
    Scenario("O2", "a source topic is made anew, or retention passes the position", "refused by the name of the topic",
             nodes=(f"{_TAKE_OVER}::test_a_recreated_source_topic_is_refused_by_name",
                    f"{_TAKE_OVER}::test_records_deleted_before_they_were_counted_are_refused_by_name",
                    f"{_TAKE_OVER}::test_retention_that_took_only_counted_records_is_accepted_with_a_warning"),
             injected=3),
    Scenario("D1", "the event loop of a worker never comes back", "its watchdog ends it with the stacks; exact",
             workers.standing_still),
    # records
    Scenario("P1", "one record in ten is poison", "no restart; each is a dead letter with its reason",
             loads.poison_among),
    Scenario("P2", "a backlog of nothing but poison", "at least 10,000 a second; each is a dead letter",
             loads.nothing_but_poison),
    Scenario("L1", "records come in any order, within lateness and beyond", "exact; what is beyond is `too_late`",
             nodes=("tests/laws/test_folds_law.py", "tests/laws/test_known_ids_law.py"), injected=1),
    Scenario("L2", "a partition is idle, another one behind", "nothing is late for it; `complete` is 0 until it caught up",
             nodes=("tests/unit/rollup/test_standing.py", "tests/unit/engine/test_retention.py"), injected=1),
    Scenario("U1", "records come several times, adjacent and apart, across crashes", "exact",
             nodes=("tests/laws/test_protocol_law.py::test_state_reference_topic_and_gauges_agree_after_any_faults",),
             injected=60),
    Scenario("C1", "clocks of producers and workers are wrong", "the state is the same",
             nodes=("tests/unit/ingest/test_timing.py", f"{_CLOCKS}"), injected=1),
    Scenario("W1", "producers place records by two partitioners", "exact; what was rerouted is counted",
             nodes=(f"{_ENGINE}::test_producers_with_two_partitioners_are_rerouted_and_counted_once",), injected=12_000),
    Scenario("E1", "fields come, go and change their type; state of a former version", "counted or a dead letter; readable",
             nodes=("tests/unit/state/test_keys.py", "tests/contracts/test_adapters.py"), injected=1),
    Scenario("H1", "records that no producer should send", "classified; nothing crashes",
             nodes=(_HOSTILE, "tests/integration/test_hostile_records.py"), injected=300),
    Scenario("H2", "as many campaigns and paths as one likes", "readings stay within their limit; totals exact",
             nodes=("tests/unit/rollup/test_budget.py", "tests/unit/state/test_labels.py"), injected=1),
    # bounds
    Scenario("M1", "a steady load (two minutes; long: a day)", "memory, descriptors and threads stay as they are",
             loads.soaked),
    Scenario("M2", "people and ids expire", "rows and log return to where they were",
             nodes=("tests/laws/test_bounds_law.py",
                    "tests/laws/test_known_ids_law.py::test_expiry_forgets_whole_hours_and_nothing_else"), injected=1),
    Scenario("M3", "a worker takes over what another one left", "at most 10 s for a million rows", loads.restored),
    Scenario("G1", "20 scrapers ask each second", "99 of 100 are answered within 250 ms; exact", loads.watched),
    # security
    Scenario("X1", "wrong or missing credentials on every route", "401, and nothing told",
             nodes=(f"{_HTTP}::test_without_the_token_every_route_says_401_and_nothing_else",
                    f"{_HTTP}::test_a_login_that_is_no_login_changes_nothing"), injected=1),
    Scenario("X2", "a broker in plain text off this machine, without a permit", "refuses to start",
             nodes=(f"{_START}::test_plain_text_to_another_machine_needs_a_permit",), injected=1),
    # proofs
    Scenario("Y1", "shards, rollup and group in a simulation, any faults at any step (10,000 seeds; long: 5 million)",
             "four witnesses agree", simulated.any_faults, aside=True),
    Scenario("Y2", "batches are cut, repeated and turned round", "the state is the same",
             nodes=("tests/laws/test_folds_law.py",), injected=1),
    Scenario("A1", "alerts in their faults", "each fires and clears in time", nodes=("tests/e2e/test_alerts.py",),
             injected=4),
    # met in trials
    Scenario("F1", "a log of our own lost its beginning, was emptied or made anew", "exact, or refused by name",
             nodes=(f"{_OWN_LOGS}::test_a_log_that_lost_its_front_is_refused_by_name_before_anything_is_published",
                    f"{_OWN_LOGS}::test_a_log_that_is_emptied_or_made_anew_beneath_its_owner_is_noticed_with_the_next_commit"),
             injected=2),
    Scenario("F2", "`--reset` after one log was made anew", "all that is not empty is listed; a new life adds nothing",
             nodes=(f"{_OWN_LOGS}::test_a_reset_lists_all_that_is_not_empty_and_writes_nothing_and_then_begins_anew_as_a_whole",),
             injected=1),
    Scenario("F3", "the partitioner changes under a state", "refused by the name of the setting",
             nodes=(f"{_OWN_LOGS}::test_a_partitioner_cannot_change_under_a_state_and_the_way_back_works",), injected=1),
    Scenario("F4", "a topic with times of producers is written once more", "counted once",
             nodes=(f"{_LAG}::test_a_topic_written_once_more_with_its_old_times_counts_once",), injected=1),
    Scenario("F5", "label limits and allow-lists change", "no named series shows a wrong number",
             nodes=("tests/unit/rollup/test_resettled.py",), injected=7),
    Scenario("F6", "clocks of all workers go ahead and come back", "windows stand; said; right within two minutes",
             nodes=(f"{_CLOCKS}::test_windows_stand_whatever_the_clocks_of_workers_say",), injected=1),
    Scenario("F7", "clocks of all workers stand ahead", "windows stand",
             nodes=(f"{_CLOCKS}::test_windows_stand_whatever_the_clocks_of_workers_say",), injected=1),
    Scenario("F8", "a producer leaves a transaction open", "a lag after 15 s; afterwards exact",
             nodes=(f"{_LAG}::test_what_waits_behind_an_open_transaction_is_a_lag_and_short_ones_change_nothing",),
             injected=1),
    Scenario("F9", "totals of a period are restated again and again", "what is kept grows with figures alone",
             nodes=(f"{_BOUNDS}::test_todays_totals_may_be_restated_each_hour_of_many_campaigns",), injected=1),
    Scenario("F10", "a record says any time", "no write fails for it; nothing vanishes before it is read",
             nodes=(f"{_CLOCKS}::test_no_time_of_a_record_stops_a_shard_and_own_topics_get_the_brokers_time",), injected=1),
    Scenario("F11", "a record at the very limit of the broker, on a wrong partition", "counted or a dead letter",
             nodes=("tests/integration/test_oversized_records.py",), injected=1),
    Scenario("F12", "long labels of any script, high limits", "every record fits what topics take",
             nodes=(_BOUNDS,), injected=1),
    Scenario("F13", "topics take less than is written", "refused at the start, by setting and value",
             nodes=(f"{_NEIGHBOURS}::test_a_topic_that_takes_too_little_is_refused_at_the_start_by_setting_and_value",),
             injected=1),
    Scenario("F14", "as many made-up currencies as there can be", "readings stay within their limit",
             nodes=(f"{_BOUNDS}::test_currencies_are_bounded_and_a_code_that_is_no_currency_is_a_dead_letter",), injected=1),
    Scenario("F15", "a batch that unpacks to a million records or to one that is huge", "accounted for within 2 GiB",
             nodes=("tests/integration/test_oversized_records.py", "tests/unit/kafka/test_pieces.py"), injected=1),
    Scenario("F16", "two workers that must not run at the same time", "the second is told why, the first goes on",
             nodes=(f"{_NEIGHBOURS}::test_the_second_is_told_the_setting_and_the_first_goes_on_without_a_restart",
                    f"{_NEIGHBOURS}::test_of_two_with_other_settings_that_start_at_the_same_moment_one_goes_on"),
             injected=2),
    Scenario("F17", "a worker is told to stop in the midst of a rebalance", "exit 0",
             nodes=(f"{_STOP}::test_workers_that_come_and_go_under_load_all_end_with_0",), injected=1),
    Scenario("F18", "nobody reads the log of a worker", "it goes on, or ends with 70",
             nodes=(f"{_GUARDS}::test_a_worker_ends_with_70_although_nobody_reads_its_log",
                    f"{_STOP}::test_a_worker_counts_although_nobody_reads_its_log"), injected=2),
    Scenario("F19", "strangers hold unfinished requests open", "others are answered within 3 s",
             nodes=(f"{_HTTP}::test_what_strangers_hold_open_keeps_nobody_from_an_answer",
                    f"{_HTTP}::test_when_all_places_are_taken_the_oldest_that_asks_for_nothing_gives_way"), injected=2),
    Scenario("F20", "a Host header with a foreign name", "refused",
             nodes=(f"{_HTTP}::test_beyond_loopback_without_a_token_only_names_of_this_network_are_answered",), injected=1),
    Scenario("F21", "control characters in records", "none reaches a terminal",
             nodes=("tests/unit/test_shown.py",), injected=1),
    Scenario("F22", "a hundred thousand values of every label", "readings stay within their limit",
             nodes=(_BOUNDS,), injected=1),
    Scenario("F23", "a backlog is worked off", "`complete` comes with the last window",
             nodes=(f"{_LAG}::test_complete_comes_with_figures_of_all_windows_that_are_whole",), injected=1),
)  # fmt: skip

BY_ID: Final = {scenario.id: scenario for scenario in SCENARIOS}
