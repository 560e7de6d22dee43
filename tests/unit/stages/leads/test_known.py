"""Known: facts about one id are a set, by their bytes, and bounded."""

from __future__ import annotations

from msgspec import Raw

from stream.identity.facts import Counted, Evidence, Mailed, Visit
from stream.identity.ids import EMAIL, Id
from stream.identity.packed import FACTS, encode_fact
from stream.stages.leads.known import MOST_FACTS, Known
from stream.stages.leads.messages import Moved

SHARED = Id(EMAIL, b"\x01" * 16, 0)
MAIL = encode_fact(Mailed("m1", "opened", 5))
VISIT = encode_fact(Visit("v1", 7, "email", "june"))
FORM = encode_fact(Evidence("v1", 7, "web\x1f1", "form", "email", "june"))


def stored(known: Known) -> Known:
    """Give what comes back from the log."""
    return Known(known.part(), FACTS)


def test_facts_come_back_as_they_were_put() -> None:
    known = Known()
    for fact in (MAIL, VISIT):
        known.add(fact)
    known.add(VISIT, SHARED)
    again = stored(known)
    assert again.every == [MAIL, VISIT, VISIT]
    assert again.decoded() == [Mailed("m1", "opened", 5), Visit("v1", 7, "email", "june")], "each once"
    assert again.has(MAIL)
    assert again.has(VISIT, SHARED)
    assert not again.has(FORM)
    assert not again.changed


def test_what_is_put_behind_others_without_looking_is_the_same_as_what_is_put_among_them() -> None:
    blind, looked = Known(), Known()
    assert looked.facts == {}
    for fact in (MAIL, VISIT, FORM):
        blind.add(fact)
        looked.add(fact)
    assert blind.part() == looked.part()
    assert len(blind) == len(looked) == 3
    assert blind.mentions("v1")
    assert looked.mentions("v1")
    assert not blind.mentions("v2")


def test_whether_somebody_may_be_a_lead_is_known_without_looking_at_all_facts() -> None:
    known = Known()
    known.add(MAIL)
    assert not stored(known).evident
    known.add(FORM)
    assert stored(known).evident
    known.drop(FORM)
    assert not stored(known).evident


def test_a_fact_that_came_by_two_ways_stays_while_one_of_them_holds() -> None:
    known = Known()
    known.add(VISIT)
    known.add(VISIT, SHARED)
    known.drop(VISIT)
    assert known.decoded() == [Visit("v1", 7, "email", "june")]
    known.drop(VISIT, SHARED)
    assert known.empty


def test_over_the_bound_the_oldest_of_what_is_no_evidence_go() -> None:
    known = Known()
    known.add(encode_fact(Evidence("v1", 1, "web\x1f1", "form", "email", "june")))
    known.add(encode_fact(Counted("v1", 1, "web\x1f1", "form", "email", "june")))
    for n in range(MOST_FACTS + 10):
        known.add(encode_fact(Visit("v1", 10 + n, "direct", "")))
    assert known.bound() == 12
    facts = known.decoded()
    assert len(facts) == MOST_FACTS
    assert [type(fact) for fact in facts[:2]] == [Evidence, Counted]
    assert min(fact.start_ms for fact in facts if isinstance(fact, Visit)) == 10 + 12
    assert known.bound() == 0


def test_a_name_is_that_of_the_first_event_that_told_it() -> None:
    known = Known()
    known.name("s1", "ab", 9, "x")
    known.name("s1", "ab", 5, "y")
    known.name("s1", "ab", 7, "z")
    assert (known.site, known.text, known.first) == ("s1", "ab", (5, "y"))


def test_what_comes_from_another_root_is_added() -> None:
    known = Known()
    known.add(MAIL)
    known.take(Moved(SHARED, SHARED, "s1", "ab", 5, "y", [Raw(MAIL), Raw(FORM)], [(SHARED, Raw(VISIT))], FACTS))
    assert known.every == [MAIL, FORM, VISIT]
    assert known.evident
    known.take(Moved(SHARED, SHARED, "s1", "ab", 5, "y", [Raw(MAIL)], [(SHARED, Raw(VISIT))], FACTS))
    assert known.every == [MAIL, FORM, VISIT]


def test_bytes_of_another_version_are_made_anew() -> None:
    """A fact that got a field is still found by what a reader takes back."""
    part = Known().part()
    short = b"\x94\xa1m\xa2m1\xa6opened\x05"  # without the field `nurtures`
    part.n, part.facts = 1, short
    known = Known(part, FACTS - 1)
    assert known.every == [MAIL]
    assert known.changed
