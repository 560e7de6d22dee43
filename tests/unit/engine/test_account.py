"""The account: each record is booked once, in the one place where it ended."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from stream.changes.accumulator import Accumulator
from stream.changes.panes import Grid
from stream.contract.kinds import KINDS
from stream.contract.rejects import Reject
from stream.engine.account import Account
from stream.engine.commit import Letter
from stream.ingest.columns import Columns
from stream.stages.stage import Refused
from stream.state.labels import Labels
from tests.laws.sums import taken

GRID = Grid(pane_ms=1_000)


def batch(*rows: tuple[str, int, int], kind: str = "form") -> Columns:
    """Make a batch of (site, time, arrival)."""
    sites = [site for site, _, _ in rows]
    named = list(dict.fromkeys(sites))
    return Columns(
        kind, [KINDS[kind].struct] * len(rows), list(range(len(rows))), [""] * len(rows), sites, named,
        np.array([named.index(site) for site in sites]), np.array([time for _, time, _ in rows]),
        np.array([arrival for _, _, arrival in rows]), [(n, row[2], None, b"", ()) for n, row in enumerate(rows)], kind,
    )  # fmt: skip


class Books:
    """An account, and the cells that it wrote."""

    def __init__(self) -> None:
        self.accumulator = Accumulator()
        sites = Labels("site", lambda label, value: "other" if value == "s9" else str(value))
        self.account = Account(self.accumulator, sites, GRID, self.letter)

    @staticmethod
    def letter(reject: Reject, batch: Columns) -> Letter:
        return reject.reason.encode(), batch.source.encode(), []

    def cells(self) -> Counter[tuple[object, ...]]:
        return Counter({(*cell, pane): n for cell, pane, n in taken(self.accumulator)})


ROWS = (("s1", 1_500, 5_000), ("s1", 2_500, 5_999), ("s2", 1_500, 6_000))


def test_what_goes_on_to_the_stage_is_counted_when_the_account_closes() -> None:
    books = Books()
    books.account.take(batch(*ROWS))
    assert books.account.outcomes == {}
    books.account.close((), {})
    assert books.account.outcomes == {"form/counted": 3}
    assert books.cells() == {
        ("counted", "s1", "form", 5): 2, ("counted", "s2", "form", 6): 1,
        ("traffic", "s1", "form", "human", 1): 1, ("traffic", "s1", "form", "human", 2): 1,
        ("traffic", "s2", "form", "human", 1): 1,
    }  # fmt: skip
    assert books.account.figures.newest_ms == {"form": 2_500}
    assert books.account.figures.oldest_ms == 1_500
    books.account.close((), {})
    assert books.account.outcomes == {"form/counted": 3}, "closed once"


def test_what_the_stage_refuses_is_filtered_and_at_no_time_counted() -> None:
    books = Books()
    books.account.take(batch(*ROWS))
    books.account.take(batch(*ROWS[:1], kind="chatbot"))
    books.account.close([Refused("form", "s1", 5_999, "flood"), Refused("form", "s2", 6_000, "flood")], {})
    assert books.account.outcomes == {"form/counted": 1, "form/filtered/flood": 2, "chatbot/counted": 1}
    cells = books.cells()
    assert cells["counted", "s1", "form", 5] == cells["refused", "s1", "form", 5] == 1
    assert cells["refused", "s2", "form", 6] == 1
    assert ("counted", "s2", "form", 6) not in cells
    assert sum(n for cell, n in cells.items() if cell[0] == "traffic") == 4, "they are traffic of people all the same"


@pytest.mark.parametrize(
    ("reason", "shown"),
    [("bot", 2), ("no_consent", 0)],  # who did not consent is in no figure but the account
)
def test_what_is_filtered_is_traffic_of_its_class(reason: str, shown: int) -> None:
    books = Books()
    books.account.filter(batch(*ROWS[:2]), [reason] * 2)
    assert books.account.outcomes == {f"form/filtered/{reason}": 2}
    cells = books.cells()
    assert sum(n for cell, n in cells.items() if cell[0] == "traffic" and cell[3] == reason) == shown
    assert cells["refused", "s1", "form", 5] == 2


def test_repeats_are_duplicates_and_refused() -> None:
    books = Books()
    books.account.repeat(batch(*ROWS))
    assert books.account.outcomes == {"form/duplicate": 3}
    assert books.cells() == {("refused", "s1", "form", 5): 2, ("refused", "s2", "form", 6): 1}


def test_rejects_are_buried_with_their_reason_and_their_letters_given_once() -> None:
    books = Books()
    books.account.reject(batch(*ROWS), [Reject(2, "not_json"), Reject(0, "too_late", "time", "s9")])
    assert books.account.outcomes == {"form/dead_lettered/not_json": 1, "form/dead_lettered/too_late": 1}
    assert books.cells() == {("refused", "unknown", "form", 6): 1, ("refused", "other", "form", 5): 1}
    assert books.account.letters() == [(b"not_json", b"form", []), (b"too_late", b"form", [])]
    assert books.account.letters() == []


def test_what_is_forwarded_is_accepted_by_whoever_counts_it() -> None:
    books = Books()
    books.account.accept(batch(*ROWS), forwarded=1, clock_ahead=2)
    assert books.account.outcomes == {"form/rerouted": 1, "form/accepted": 2, "form/clock_ahead": 2}


def test_the_newest_and_the_oldest_event_stay_whatever_comes_later() -> None:
    books = Books()
    assert books.account.newest_ms == 0
    for time_ms in (5_000, 3_000, 4_000):
        books.account.take(batch(("s1", time_ms, 9_000)))
    books.account.take(batch(("s1", 6_000, 9_000), kind="chatbot"))
    assert books.account.figures.newest_ms == {"form": 5_000, "chatbot": 6_000}
    assert (books.account.newest_ms, books.account.figures.oldest_ms) == (6_000, 3_000)


def test_an_account_is_written_only_when_it_changed_and_comes_back_whole() -> None:
    books, again = Books(), Books()
    books.account.take(batch(*ROWS))
    books.account.close((), {})
    ((key, value),) = books.account.changes()
    assert key == b"c"
    assert books.account.changes() == []
    again.account.load(key, value)
    assert again.account.figures == books.account.figures
    assert again.account.changes() == []
    again.account.repeat(batch(*ROWS))
    assert len(again.account.changes()) == 1
