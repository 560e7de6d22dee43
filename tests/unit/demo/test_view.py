"""The demo's screen: what it says of a comparison, on a terminal of any height and without one."""

from __future__ import annotations

import io
import socket

import pytest
from rich.console import Console

from stream.demo import view
from stream.demo.compare import Line, Seen, State
from stream.demo.stage import port_or_free
from stream.reference.account import Expected

RATIO = view.MAIN[0]


def scene(*lines: Line) -> view.Scene:
    return view.Scene(
        phase="silence", broker="127.0.0.1:1", metrics_url="http://127.0.0.1:2/metrics", lines=lines, produced=10,
        accounted=9, checked="checked", as_of="2026-01-01T00:00:00.000Z", data_since="2025-12-31T18:00:00.000Z",
        complete=True, account={"counted": 8, "filtered": {"bot": 1}},
    )  # fmt: skip


def line(state: State, seen: Seen | None, expected: Expected | None) -> Line:
    return Line(RATIO, state, seen, expected)


SEEN = Seen(0.06, 6, 100, 100, 0, 1, 7)


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (
            line("equal", SEEN, Expected(0.06, 6, 100)),
            "= visit_to_lead_ratio 1h: leadpulse 0.0600  (6/100), books 0.0600",
        ),
        (line("wrong", None, Expected(0.06, 6, 100)), "≠ visit_to_lead_ratio 1h: leadpulse nothing, books 0.0600"),
        (line("waiting", SEEN, None), "… visit_to_lead_ratio 1h: leadpulse 0.0600  (6/100), books not asked"),
        (line("equal", Seen(None, 0, 0, 0, 0, 1, 7), Expected(None, 0, 0)), "leadpulse -  (0/0), books -  (0/0)"),
    ],
)
def test_a_line_says_both_figures_and_what_they_were_divided_from(shown: Line, words: str) -> None:
    assert words in "\n".join(view.plain(scene(shown)))


@pytest.mark.parametrize("height", [10, 24, 60])
def test_the_screen_fits_the_terminal_and_says_what_must_be_known(height: int) -> None:
    out = io.StringIO()
    lines = [Line(key, "equal", SEEN, Expected(0.06, 6, 100)) for key in view.MAIN]
    Console(file=out, width=120, height=height).print(view.screen(scene(*lines), height))
    said = out.getvalue()
    assert said.count("\n") <= max(height, 24)
    for words in (
        "in memory",
        "data_since 2025-12-31T18:00:00.000Z",
        "http://127.0.0.1:2/metrics",
        "visit_to_lead_ratio",
    ):
        assert words in said


def test_a_port_in_use_is_not_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert port_or_free(port) != port
    assert port_or_free(port) == port
