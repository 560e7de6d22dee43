"""The file of rules: what is shipped, what a file changes, and what is said of a file that is wrong."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from stream.errors import SettingsError
from stream.lifecycle.read import made, read, shipped, shipped_text

DAY = 86_400_000


def rules(text: str) -> Any:
    return made(tomllib.loads(text), "file my.toml")


def test_the_shipped_rules() -> None:
    shop = shipped()
    assert shop.ladder == ("lead", "iql", "mql", "sql", "trial", "customer")
    assert [stage.name for stage in shop.stages if stage.implied] == ["lead", "mql", "sql"]
    assert (shop.threshold, shop.what_if, shop.thresholds) == (50, (40, 60), (40, 50, 60))
    assert (shop.bands, shop.half_life_days) == ((("hot", 50), ("warm", 20)), 0)
    assert (shop.answer_within_ms, shop.stale_after_ms, shop.forget_after_ms) == (DAY // 24, 30 * DAY, 400 * DAY)
    assert (shop.shared["e"], shop.shared["l"]) == ({"l": 4, "u": 4, "v": 100}, {"e": 8, "u": 8, "v": 100})
    assert shop.shared["u"] == {"e": 8, "l": 4, "v": 100}
    assert (shop.largest, shop.ignore, shop.followers) == (64, (), ())
    assert {rule.name: rule.points for rule in shop.score} == {
        "subscribed": 5, "booked": 25, "cancelled": -5, "opened": 5, "clicked": 10, "replied": 15, "pricing": 10,
        "trial": 25, "silent": -10, "unsubscribed": -25, "cart": 0,
    }  # fmt: skip
    assert all(rule.a_day == 20 for rule in shop.score)
    assert [rule.name for rule in shop.score if rule.once] == ["trial"]
    assert {rule.name: rule.within_ms for rule in shop.score if rule.within_ms} == {"silent": 30 * DAY}


def test_pairs_whose_times_are_followed() -> None:
    shop = shipped()
    assert len(shop.pairs) == 15
    assert shop.timed_pairs == (
        *((("lead", to)) for to in ("iql", "mql", "sql", "trial", "customer")),
        ("iql", "mql"), ("mql", "sql"), ("sql", "trial"), ("sql", "customer"), ("trial", "customer"),
    )  # fmt: skip


def test_a_file_changes_what_it_names_and_nothing_else() -> None:
    own = rules('[score]\nthreshold = 70\n[lead]\nanswer_within = "15m"\n[identity.shared.e]\nl = 2')
    assert (own.threshold, own.what_if, own.answer_within_ms) == (70, (40, 60), 15 * 60_000)
    assert own.shared["e"] == {"l": 2, "u": 4, "v": 100}
    assert (own.stages, own.score) == (shipped().stages, shipped().score)


def test_lists_of_tables_are_replaced_as_a_whole() -> None:
    own = rules('[[score.rule]]\nname = "cart"\nfact = "page:cart"\npoints = 9\n[score.bands]\nA = 30\nB = 60')
    assert [rule.name for rule in own.score] == ["cart"]
    assert own.bands == (("B", 60), ("A", 30))


def test_a_ladder_of_ones_own() -> None:
    bank = rules("".join(f'[[stage]]\nname = "{name}"\n' for name in ("A_SUBMITTED", "A_PARTLY", "A_APPROVED")))
    assert (bank.ladder, bank.first, bank.last) == (
        ("A_SUBMITTED", "A_PARTLY", "A_APPROVED"),
        "A_SUBMITTED",
        "A_APPROVED",
    )
    assert [stage.evidence for stage in bank.stages] == [
        (("lead",), ("crm:A_SUBMITTED",)),
        (("crm:A_PARTLY",),),
        (("won",), ("crm:A_APPROVED",)),
    ]
    assert [stage.implied for stage in bank.stages] == [True, False, False]


def test_what_the_crm_says_of_a_stage_is_always_evidence_of_it() -> None:
    own = rules('[[stage]]\nname = "in"\n[[stage]]\nname = "out"\nevidence = ["won & booked"]')
    assert own.stages[1].evidence == (("won", "booked"), ("crm:out",))


def test_what_is_told_of_a_company_and_what_needs_two_facts_counts_once() -> None:
    fit = '[[score.rule]]\nname = "fit"\nfact = "company:industry=software"\npoints = 5\n'
    both = '[[score.rule]]\nname = "both"\nfact = "pricing & booked"\npoints = 5\n'
    assert [rule.once for rule in rules(fit + both).score] == [True, True]


STAGE = '[[stage]]\nname = "a"\n'
RULE = '[[score.rule]]\nname = "x"\npoints = 1\n'


@pytest.mark.parametrize(
    ("text", "what", "do"),
    [
        ("stages = 1", "stages: there is no such key", "Did you mean stage?"),
        ("[scores]\nthreshold = 1", "scores: there is no such key", "Did you mean score?"),
        ("[score]\ntreshold = 1", "score.treshold: there is no such key", "Did you mean threshold?"),
        ('[score]\nthreshold = "50"', "score.threshold: '50' is no whole number", "1 to 1000000"),
        ("[score]\nthreshold = 0", "score.threshold: 0 is not between 1 and 1000000", "1 to 1000000"),
        ("[score]\nthreshold = true", "score.threshold: True is no whole number", ""),
        ("score = 1", "score: it is not a table", "[score]"),
        ("[score]\nwhat_if = 40", "score.what_if: it is not a list of whole numbers", "what_if = [40, 60]"),
        ("[score]\nwhat_if = [1,2,3,4,5,6,7,8,9,10,11]", "score.what_if: 11 thresholds are too many", "10 at most"),
        ('[score]\nhalf_life = "36h"', "score.half_life: it is not a number of whole days", '"30d"'),
        ("[score]\nhalf_life = 30", "score.half_life: 30 is no time such as 15m, 1h or 30d", ""),
        ("[score.bands]\ncold = 0", "score.bands.cold: it is no name of a band", "Below the lowest"),
        ("[score.bands]\na = 1\nb = 1", "score.bands.b: a begins at 1, too", "of its own"),
        ('[lead]\nstale_after = "8d"', "lead.stale_after: it is none of the windows 7d, 30d and 90d", "one of these"),
        ('[lead]\nanswer_within = "1 year"', "lead.answer_within: '1 year' is no time", '"1m" or more'),
        ('[lead]\nforget_after = "30d"', "lead.forget_after: '30d' is not between 90d and 3650d", '"90d" or more'),
        ('[lead]\nfollowers = ["linkedin"]', "lead.followers: 'linkedin' is not provider/entity", "linkedin/our-page"),
        ("[identity]\nignore = [1]", "identity.ignore: it is not a list of texts", "ignore"),
        ("[identity]\nlargest = 1", "identity.largest: 1 is not between 2 and 10000", ""),
        ("[identity.shared.x]\ne = 1", "identity.shared.x: there is no such key", "Keys here are e, l, u"),
        ("[identity.shared.e]\ne = 1", "identity.shared.e.e: there is no such key", "Keys here are l, u, v"),
        (STAGE, "stage: a ladder has 2 to 20 stages, not 1", "The first is that of a lead"),
        (STAGE + STAGE, "stage 2.name: 'a' is the name of stage 1, too", "Rename one"),
        (STAGE + '[[stage]]\nname = "A"', "stage 2.name: 'A' is the name of stage 1, too", "case makes no difference"),
        ("[[stage]]\n" + STAGE, "stage 1.name: it is missing", 'name = "…"'),
        ('[[stage]]\nname = "a:b"\n' + STAGE, "stage 1.name: 'a:b' is no name of a stage", "Use letters"),
        (STAGE + '[[stage]]\nname = "b"\nevidence = ["form:demos"]', "stage 2.evidence: there is no fact 'form:demos'", "Did you mean form:demo?"),
        (STAGE + '[[stage]]\nname = "b"\nevidence = ["crm:c"]', "stage 2.evidence: there is no fact 'crm:c'", ""),
        (STAGE + '[[stage]]\nname = "b"\nevidence = ["lead &"]', "stage 2.evidence: there is no fact ''", ""),
        (STAGE + '[[stage]]\nname = "b"\nevidence = ["mail:opened"]', "stage 2.evidence: mail:opened alone is no evidence of a stage", "let `score` be"),
        (STAGE + '[[stage]]\nname = "b"\nevidence = ["won & cancelled"]', "stage 2.evidence: cancelled is no evidence of a stage", "points"),
        (STAGE + '[[stage]]\nname = "b"\nimplied = "yes"', "stage 2.implied: 'yes' is neither true nor false", "implied = true"),
        (STAGE + '[[stage]]\nname = "b"\nimplies = true', "stage 2.implies: there is no such key", "Did you mean implied?"),
        (RULE, "score.rule 1.fact: it is missing", 'fact = "…"'),
        (RULE + 'fact = "crm_action:deal_one"', "score.rule 1.fact: there is no fact 'crm_action:deal_one'", "crm_action:deal_"),
        (RULE + 'fact = "company:size=1"', "score.rule 1.fact: there is no fact 'company:size=1'", "company:FIELD=VALUE"),
        (RULE + 'fact = "score"', "score.rule 1.fact: a score has no points of its own", "Name what happened"),
        (RULE + 'fact = "won"\nwithin = "30d"', "score.rule 1.within: only mail:none_opened_in has a time", "Leave it out"),
        (RULE + 'fact = "won"\na_day = 0', "score.rule 1.a_day: 0 is not between 1 and 1000", ""),
        (RULE + 'fact = "won"\n' + RULE + 'fact = "won"', "score.rule 2.name: 'x' is the name of another rule, too", "Rename one"),
        (RULE + 'fact = "won & mail:none_opened_in"', "score.rule 1.fact: mail:none_opened_in goes with no other fact", "two rules"),
        ('[[score.rule]]\nname = "x"\nfact = "won"', "score.rule 1.points: it is missing", "Write a number"),
    ],
)  # fmt: skip
def test_one_message_says_what_where_and_what_to_do(text: str, what: str, do: str) -> None:
    with pytest.raises(SettingsError) as caught:
        rules(text)
    assert caught.value.what.startswith(what)
    assert caught.value.where == "file my.toml"
    assert do in caught.value.do
    assert caught.value.exit_code == 2


def test_a_file_that_is_not_there_or_no_toml(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        read(tmp_path / "none.toml")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("stage = [", encoding="utf-8")
    with pytest.raises(SettingsError, match="is not TOML"):
        read(wrong)


def test_the_hash_is_of_the_rules_and_not_of_the_file(tmp_path: Path) -> None:
    same = tmp_path / "same.toml"
    same.write_text(f"# a remark\n{shipped_text()}", encoding="utf-8")
    assert read(same).hash == rules("").hash == shipped().hash
    more = rules('[lead]\nfollowers = ["linkedin/us"]')
    assert more.hash != shipped().hash
    assert more.score_hash == shipped().score_hash
    assert rules("[score]\nthreshold = 51").score_hash != shipped().score_hash
    assert rules("[score]\nhalf_life = '7d'").score_hash != shipped().score_hash


def test_the_example_of_the_docs_can_be_read() -> None:
    text = Path(__file__).parents[3].joinpath("docs/leads.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    own = rules(example)
    assert own.ladder == ("A_SUBMITTED", "A_ACCEPTED", "A_APPROVED")
    assert [(rule.name, rule.a_day) for rule in own.score] == [("opened", 3)]
