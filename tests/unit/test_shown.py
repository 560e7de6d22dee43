"""Nothing that a producer wrote makes a terminal, a log or a reader do anything."""

from __future__ import annotations

import io
import json
import logging
import unicodedata

import click
import pytest
from click.testing import CliRunner

from stream import logs
from stream.cli import dead_letter as command
from stream.cli.check import check
from stream.cli.dead_letter import dead_letter
from stream.contract.dead_letter import DeadLetter
from stream.shown import json_plain, plain

#: Commands to terminals, C1, bidirectional overrides, what has no width, line and paragraph separators.
EVIL = "s\x1b]0;pwned\x07\x1b[2J\x9b31m\u202e\u2066\u200b\u200d\ufeff\u2028\u2029\xad\u061c\r\n\t\b\x7f\u3164\U000e0041"


def is_harmless(text: str, keep: str = "") -> bool:
    return all(c in keep or unicodedata.category(c) not in {"Cc", "Cf", "Zl", "Zp", "Cs", "Co"} for c in text)


@pytest.mark.parametrize(
    "character", [*EVIL, *map(chr, (*range(32), *range(0x7F, 0xA0), 0x180E, 0x2060, 0xFFF9, 0xE000))]
)
def test_what_is_not_simply_seen_is_escaped(character: str) -> None:
    if character in "s]0;pwned[2J31m":
        assert plain(character) == character
        return
    assert is_harmless(plain(character))
    assert plain(character).startswith("\\")
    assert json.loads(json_plain({"a": character})) == {"a": character}
    assert is_harmless(json_plain({"a": character}))


@pytest.mark.parametrize("text", ["", "shop", "Käse für 5 €", "日本語", "a\\b", "é", "😀"])
def test_what_is_seen_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


@pytest.fixture
def letter(monkeypatch: pytest.MonkeyPatch) -> DeadLetter:
    evil = EVIL.encode()
    found = DeadLetter(
        topic=EVIL, partition=0, offset=1, timestamp_ms=0, kind=EVIL, reason=EVIL, path=EVIL, site=EVIL, key=evil,
        value=evil + b"\xff", value_bytes=len(evil) + 1, headers=((EVIL, evil), (EVIL, None)), headers_left_out=1,
    )  # fmt: skip
    monkeypatch.setattr("stream.kafka.dead_letters.newest", lambda *_: [(EVIL, found)])
    monkeypatch.setattr("stream.kafka.dead_letters.named", lambda *_: found)
    return found


@pytest.mark.parametrize("arguments", [["list"], ["list", "--format", "ndjson"], ["show", "form-0-1"]])
def test_a_dead_letter_is_shown_without_a_control_character(letter: DeadLetter, arguments: list[str]) -> None:
    ended = CliRunner().invoke(dead_letter, arguments)
    assert ended.exit_code == 0, ended.output
    assert "pwned" in ended.stdout
    assert is_harmless(ended.stdout, keep="\n")
    assert is_harmless(ended.stderr, keep="\n")
    names = ("letter", "reason", "path", "site")
    if "ndjson" in arguments:
        assert [json.loads(ended.stdout)[name] for name in names] == [EVIL] * 4
    else:
        lines = len(ended.stdout.splitlines())
        assert lines == (1 if arguments[0] == "list" else 10), "no field begins a line of its own"


@pytest.mark.parametrize("terminal", [True, False])
def test_raw_bytes_go_to_files_and_pipes_only(
    letter: DeadLetter, terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Out(io.BytesIO):
        def isatty(self) -> bool:
            return terminal

    out = Out()
    monkeypatch.setattr(click, "get_binary_stream", lambda name: out)
    command._write_raw(letter.value or b"")
    if terminal:
        assert out.getvalue() == b""
        assert is_harmless(capsys.readouterr().out, keep="\n")
    else:
        assert out.getvalue() == letter.value


@pytest.mark.parametrize("form", ["text", "ndjson"])
def test_check_shows_findings_without_a_control_character(form: str, tmp_path: object) -> None:
    data = {"site_id": EVIL, EVIL: EVIL, "visitor_id": "v", "page": {"path": EVIL, EVIL: 1}}
    lines = [
        {"type": "page_view", "id": "1", "source": "s", "specversion": "1.0", "time": EVIL, "data": data},
        {"type": EVIL, "id": EVIL},
        {"type": "form", "id": "1", "source": "s", "specversion": "1.0", "time": "2025-01-01T00:00:00Z", "data": data},
    ]
    ended = CliRunner().invoke(check, ["-", "--format", form], input="\n".join(map(json.dumps, lines)))
    assert is_harmless(ended.output, keep="\n")
    assert ended.output.count("\n") < 30


def test_a_log_line_obeys_nothing_that_came_with_a_record(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        logs.set_up("info", "console")
        logging.getLogger("leadpulse.worker").warning("a header %s was read", EVIL)
        try:
            raise ValueError(EVIL)
        except ValueError:
            logging.getLogger("leadpulse.worker").exception("it failed")
        logs.logger("leadpulse.page").info("page_opened", site=EVIL)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    text = capsys.readouterr().err
    assert text.count("pwned") >= 3
    assert is_harmless(text, keep="\n\t")
