"""Groups: the one list, and what must hold of it."""

from __future__ import annotations

import pytest

from stream.contract.kinds import KINDS
from stream.engine.groups import GROUPS, Group, absent, by_name, chosen, following
from stream.engine.options import FoldOptions
from stream.engine.shard import ShardFold
from stream.stages.stage import Shared, Stage
from tests.unit.engine import telling


def _nothing(shared: Shared, options: FoldOptions) -> Stage:
    raise AssertionError("not built")


def test_every_kind_that_installations_must_have_is_in_one_group() -> None:
    named = [kind for group in GROUPS.values() for kind in group.kinds]
    assert sorted(kind for kind in named if not KINDS[kind].optional) == sorted(
        name for name, kind in KINDS.items() if not kind.optional
    )
    assert len(named) == len(set(named))
    assert [group.name for group in GROUPS.values()] == list(GROUPS)


@pytest.mark.parametrize("name", GROUPS)
def test_a_shard_builds_the_one_stage_of_its_group(name: str) -> None:
    fold = ShardFold(name, 0, 1, FoldOptions(leads=1))
    assert type(fold.stage).__name__.lower() == name
    assert fold.kinds == GROUPS[name].kinds


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([Group("a", ("form",), _nothing), Group("a", ("ad",), _nothing)], "two groups are named a"),
        ([Group("a", ("form",), _nothing), Group("b", ("form",), _nothing)], "form is in two groups, a and b"),
        ([Group("a", (), _nothing)], "nothing comes into the group a"),
        (
            [Group("a", (), _nothing, fed_by=("b",)), Group("b", ("ad",), _nothing)],
            "fed by b, which does not come before",
        ),
        ([Group("a", ("ad",), _nothing, fed_by=("a",))], "fed by a, which does not come before"),
    ],
)
def test_groups_that_do_not_go_together_are_refused(groups: list[Group], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        by_name(groups)


def test_kinds_of_groups_that_do_not_run_are_named() -> None:
    groups = by_name([Group("a", ("form", "ad"), _nothing, optional=True), Group("b", ("email",), _nothing)])
    assert absent({"a": 1, "b": 2, "rollup": 1}, groups) == ()
    assert absent({"b": 2, "rollup": 1}, groups) == ("form", "ad")


def test_whether_people_are_followed_is_chosen() -> None:
    assert set(chosen("off", telling.GROUPS)) == {"mails"}
    assert [group.optional for group in chosen("auto", telling.GROUPS).values()] == [False, True]
    assert [group.optional for group in chosen("on", telling.GROUPS).values()] == [False, False]


def test_who_follows_and_who_tells_is_known_by_the_groups_that_run() -> None:
    followed = following(FoldOptions(), {"mails": 3, "leads": 2, "rollup": 1}, telling.GROUPS)
    assert (followed.leads, followed.told_by) == (2, {"mails": 3, "leads": 2})
    assert following(followed, {"mails": 3, "rollup": 1}, telling.GROUPS).leads == 0
