"""The demo's screen: what it says of a comparison, on a terminal of any size and without one."""

from __future__ import annotations

import io
import shlex
import socket
import subprocess
from dataclasses import replace

import pytest
from rich.console import Console

from stream.demo import view
from stream.demo.compare import Line, Seen, State
from stream.demo.stage import port_or_free
from stream.demo.story import Standing
from stream.reference.money import Expected

RATIO = view.MAIN[0]
PAGE = "http://127.0.0.1:2/"
ALERT = Standing("visit_to_lead_drop", "page", "", "Fewer visitors become leads. Missing: form demo-form 76. " * 4)


def scene(*lines: Line) -> view.Scene:
    return view.Scene(
        phase="silence", chapter="the form is broken", behind_ms=5_400_000, page_url=PAGE, lines=lines, alerts=(),
        produced=10, accounted=9, checked="checked", as_of="2026-01-01T00:00:00.000Z",
        data_since="2025-12-31T18:00:00.000Z", complete=True, account={"counted": 8, "filtered": {"bot": 1}},
    )  # fmt: skip


def line(state: State, seen: Seen | None, expected: Expected | None) -> Line:
    return Line(RATIO, state, seen, expected)


def drawn(what: view.Scene, width: int, height: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, height=height).print(view.screen(what, width, height))
    return out.getvalue()


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


@pytest.mark.parametrize("alerts", [(), (ALERT,), (ALERT, replace(ALERT, severity="ticket"))])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (160, 60)])
def test_the_screen_fits_the_terminal_and_its_columns_have_heads(
    width: int, height: int, alerts: tuple[Standing, ...]
) -> None:
    lines = [
        Line(key, "equal", Seen(0.0612, 1_234, 12_345, 12_345, 0, 1, 7), Expected(0.0612, 1_234, 12_345))
        for key in view.MAIN
    ]
    said = drawn(replace(scene(*lines), alerts=alerts), width, height)
    assert said.count("\n") <= height
    head = next(row for row in said.splitlines() if "metric" in row and "leadpulse" in row)
    for word in ("metric", "window", "leadpulse", "books"):
        assert word in head.split()
    assert "0.0612  (1,234/12,345)" in said  # no figure is cut off
    for words in (PAGE, "1 h 30 min behind now", "The form is broken", "checked", "visit_to_lead_ratio"):
        assert words in said


def test_an_alert_is_told_in_words_and_others_by_their_number() -> None:
    said = " ".join(drawn(replace(scene(), alerts=(ALERT, replace(ALERT, severity="ticket"))), 80, 24).split())
    assert "! page visit_to_lead_drop (and 1 more on the page): Fewer visitors become leads." in said
    assert "No alert fires." in drawn(scene(), 80, 24)
    assert "! page visit_to_lead_drop: Fewer visitors" in "\n".join(view.plain(replace(scene(), alerts=(ALERT,))))


def test_the_page_comes_first_and_what_is_kept_in_memory_is_said() -> None:
    out = io.StringIO()
    console = Console(file=out, width=80)
    for part in view.address(PAGE, ""):
        console.print(part)
    said = out.getvalue()
    assert PAGE in said.splitlines()[2]
    for words in ("1 s = 2 min", "breaks", "in memory"):
        assert words in said
    assert any("nothing will break" in str(part) for part in view.address(PAGE, "nothing will break (--no-story)"))


def test_the_command_it_names_runs_whatever_the_path_is() -> None:
    found = subprocess.run([*shlex.split(view.command()), "--version"], env={}, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert "leadpulse" in found.stdout


def test_a_port_in_use_is_not_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert port_or_free(port) != port
    assert port_or_free(port) == port
