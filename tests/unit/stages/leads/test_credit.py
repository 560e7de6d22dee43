"""Credit by example: the path of a moment, and what each model makes of it."""

from __future__ import annotations

import pytest

from stream.stages.leads.credit import credit, path, split
from stream.stages.leads.view import Touch, Where

HOUR, DAY = 3_600_000, 86_400_000
NOW = 1_790_035_200_000
BRAND: Where = ("paid_search", "brand", "77")
NEWS: Where = ("email", "news", "")
DIRECT: Where = ("direct", "", "")


def touches(*told: tuple[float, Where]) -> tuple[Touch, ...]:
    """Touches by how many days ago they were."""
    return tuple((NOW - round(days * DAY), *where) for days, where in told)


@pytest.mark.parametrize(("before_ms", "counts"), [(-1, False), (0, True), (90 * DAY - 1, True), (90 * DAY, False)])
def test_a_path_reaches_back_ninety_days_and_ends_at_its_moment(before_ms: int, counts: bool) -> None:
    touch: Touch = (NOW - before_ms, *BRAND)
    assert path([touch], NOW) == ((touch,) if counts else ())


def test_of_more_than_fifty_touches_the_newest_count() -> None:
    many = [(NOW - 80 * DAY + n, *BRAND) for n in range(70)]
    assert path(many, NOW) == tuple(many[20:])


def test_nobody_has_the_credit_where_there_is_no_touch() -> None:
    assert set(map(str, credit((), NOW).values())) == {str({("unknown", "", ""): 1_000_000})}


def test_the_models_side_by_side() -> None:
    way = touches((21, BRAND), (14, NEWS), (7, NEWS), (0, DIRECT))
    assert credit(way, NOW) == {
        "first": {BRAND: 1_000_000},
        "last": {DIRECT: 1_000_000},
        "last_non_direct": {NEWS: 1_000_000},
        "linear": {BRAND: 250_000, NEWS: 500_000, DIRECT: 250_000},
        "position": {BRAND: 400_000, NEWS: 200_000, DIRECT: 400_000},
        # one half a week: 1 : 2 : 4 : 8
        "time_decay": {BRAND: 66_666, NEWS: 400_000, DIRECT: 533_334},
    }


def test_of_two_touches_position_gives_half_each() -> None:
    assert credit(touches((2, BRAND), (1, NEWS)), NOW)["position"] == {BRAND: 500_000, NEWS: 500_000}


def test_where_all_are_direct_the_last_has_it() -> None:
    way = touches((2, DIRECT), (1, ("direct", "qr", "")))
    assert credit(way, NOW)["last_non_direct"] == {("direct", "qr", ""): 1_000_000}


def test_time_fades_by_whole_hours() -> None:
    almost, whole = 59 * 60_000, HOUR
    same = credit(((NOW - almost, *BRAND), (NOW, *NEWS)), NOW)["time_decay"]
    less = credit(((NOW - whole, *BRAND), (NOW, *NEWS)), NOW)["time_decay"]
    assert same[BRAND] == 500_000
    assert less[BRAND] == 498_968


def test_an_amount_is_split_to_the_last_millionth() -> None:
    third = {BRAND: 333_333, NEWS: 333_333, DIRECT: 333_334}
    assert split(10, third) == {DIRECT: 3, NEWS: 3, BRAND: 4}
    assert split(-10, third) == {DIRECT: -4, NEWS: -3, BRAND: -3}
    assert split(0, third) == {DIRECT: 0, NEWS: 0, BRAND: 0}
