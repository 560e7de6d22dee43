"""What the judge says of a card: of one figure, or of several that the card adds up."""

from __future__ import annotations

import pytest

from stream.catalog import BY_NAME
from stream.contract.alert import Verdict as Said
from stream.serve.figures import ALL_SITES, Figure
from stream.serve.verdict import Verdict, by_metric, verdict_of
from stream.serve.views import JudgedFigure

CHATS, COSTS, VISITORS = (BY_NAME[name] for name in ("chat_conversion_ratio", "cost_per_lead", "visitors"))
OK, DROP, YOUNG, LITTLE = (
    Said("ok", 0.2, 0.17, 90), Said("drop", 0.3, 0.26, 60), Said("young", weeks=1), Said("too_little", 0.2, 0.17, 900),
)  # fmt: skip


def bot(name: str, said: Said, site: str = "shop", window: str = "1h") -> JudgedFigure:
    return JudgedFigure("chat_conversion_ratio", site, "bot", name, window, said)


def cost(currency: str, said: Said) -> JudgedFigure:
    return JudgedFigure("cost_per_lead", "shop", "currency,cost", f"{currency},media", "24h", said)


@pytest.mark.parametrize(
    ("figures", "site", "expected"),
    [
        ([], "shop", Verdict("none")),
        ([bot("a", OK)], "shop", Verdict("ok", 0.2, 50, 90, limit=0.17)),
        ([bot("a", LITTLE)], "shop", Verdict("too_little", 0.2, 50, 900, limit=0.17)),
        # two bots: the one that is not as usual speaks for both, and no usual value is of their sum
        ([bot("a", OK), bot("b", DROP)], "shop", Verdict("drop", says="b")),
        ([bot("a", YOUNG), bot("b", OK)], "shop", Verdict("ok")),
        ([bot("a", YOUNG), bot("b", LITTLE)], "shop", Verdict("too_little")),
        # of all sites, and of another one
        ([bot("a", OK), bot("a", DROP, "blog")], ALL_SITES, Verdict("drop", says="blog a")),
        ([bot("a", OK), bot("a", DROP, "blog")], "shop", Verdict("ok", 0.2, 50, 90, limit=0.17)),
        # the nearest judged window, by its name
        (
            [bot("a", OK, window="6h"), bot("a", DROP, window="24h")],
            "shop",
            Verdict("ok", 0.2, 50, 90, "6h", limit=0.17),
        ),
    ],
)
def test_a_card_of_chats(figures: list[JudgedFigure], site: str, expected: Verdict) -> None:
    assert verdict_of(CHATS, site, "1h", Figure(0.2, 10, 50), by_metric(figures)) == expected


def test_a_card_of_money_is_of_its_currency() -> None:
    found = by_metric([cost("EUR", OK), cost("USD", DROP)])
    assert verdict_of(COSTS, "shop", "24h", Figure(40.0, 400.0, 10, "EUR"), found).state == "ok"
    assert verdict_of(COSTS, "shop", "24h", Figure(40.0, 400.0, 10, "USD"), found).state == "drop"


def test_of_a_count_the_usual_must_be_large_enough() -> None:
    found = by_metric([JudgedFigure("visitors", "shop", "", "", "1h", Said("too_little", 12.0, 6.6, 64))])
    assert verdict_of(VISITORS, "shop", "1h", Figure(3, 3), found) == Verdict("too_little", 12.0, 12.0, 64, limit=6.6)
