"""`leadpulse sources`, and `--source` of check and replay: what a definition makes of records, in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stream.cli.root import COMMANDS, root
from tests.unit.cli.test_command_line import run

KEY = ("--set", "email_hash_key=kkkkkkkkkkkkkkkkkkkkkkkk")
CALLS = [
    {"type": "page", "messageId": "1", "anonymousId": "a", "timestamp": "2026-03-01T09:00:00Z", "context": {"page": {"path": "/"}}},
    {"type": "track", "event": "Signed Up", "messageId": "2", "userId": "jo@acme.example", "timestamp": "2026-03-01T09:05:00Z"},
    {"type": "track", "event": "Clicked", "messageId": "3", "anonymousId": "a", "timestamp": "2026-03-01T09:06:00Z"},
]  # fmt: skip


@pytest.fixture
def calls(tmp_path: Path) -> str:
    path = tmp_path / "calls.ndjson"
    path.write_text("".join(json.dumps(call) + "\n" for call in CALLS) + "{\n")
    return str(path)


def told(arguments: list[str], capfd: pytest.CaptureFixture[str], code: int = 0) -> str:
    assert run(arguments) == code
    return "".join(capfd.readouterr())


def test_there_is_a_command_for_each_step() -> None:
    assert "sources" in COMMANDS
    assert set(root.get_command(None, "sources").commands) == {"list", "show", "try", "test"}  # type: ignore[arg-type, union-attr]


def test_presets_are_listed_and_shown_with_what_they_take(capfd: pytest.CaptureFixture[str]) -> None:
    assert "sendgrid" in told(["sources", "list"], capfd)
    text = told(["sources", "show", "segment"], capfd)
    for part in ('preset = "segment"', "forms:", "LEADPULSE_EMAIL_HASH_KEY", "Facts:", "Confirmed."):
        assert part in text
    assert "Did you mean segment?" in told(["sources", "show", "segmnt"], capfd, 1)


def test_a_try_shows_what_is_read_and_what_becomes_of_it(calls: str, capfd: pytest.CaptureFixture[str]) -> None:
    text = told(["sources", "try", "segment", calls], capfd)
    assert "read      context.page.path  /" in text
    assert '"type":"page_view"' in text
    assert "unmapped  Clicked" in text
    assert "(address)" in text
    assert "jo@" not in text


def test_a_check_says_which_share_would_count_and_why_the_rest_not(
    calls: str, capfd: pytest.CaptureFixture[str]
) -> None:
    text = told(["check", *KEY, "--source", "segment", calls], capfd, 1)
    for part in (
        "4 record(s), 4 item(s): 2 mapped (events: form 1, page_view 1), 1 unmapped, 0 ignored, 1 refused",
        "1 refused: not_json; first in record 4", "1 unmapped: Clicked", "50.0% of 4 item(s) would count",
        "100% of form events (1) have no id of the browser",
    ):  # fmt: skip
        assert part in text
    assert "personal_data" in told(["check", "--source", "segment", calls], capfd, 1), "there is no key"


def test_a_replay_maps_the_records_of_a_file(calls: str, capfd: pytest.CaptureFixture[str]) -> None:
    text = told(["replay", *KEY, "--source", "segment", "--window", "24h", "--metric", "page_views", calls], capfd)
    assert "page_views" in text
    assert "counted                  2" in text


def test_tests_of_a_definition_are_run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "page.json").write_text(json.dumps(CALLS[0]))
    path = tmp_path / "a.toml"
    head = 'preset = "segment"\nsite = "acme"\ntopics = ["a"]\n'
    path.write_text(head)
    assert "has no test" in told(["sources", "test", str(path)], capfd, 1)
    good = '[[test]]\nname = "a page"\ninput_file = "page.json"\nexpect = [{ type = "page_view", "data.page.path" = "/" }]\n'
    path.write_text(head + good)
    assert "ok  a page" in told(["sources", "test", str(path)], capfd)
    path.write_text(head + good + good.replace("a page", "another").replace('"/"', '"/x"'))
    text = told(["sources", "test", str(path)], capfd, 1)
    assert "FAILED  another" in text
    assert "data.page.path is '/', not '/x'" in text


def test_check_names_what_is_missing(capfd: pytest.CaptureFixture[str]) -> None:
    assert "Missing argument FILE" in told(["check", "--source", "segment"], capfd, 2)
    assert "is no kind" in told(["check", "--topic", "views", "FILE"], capfd, 2)
    assert "no source and no file segmnt" in told(["check", "--source", "segmnt", "FILE"], capfd, 2)
