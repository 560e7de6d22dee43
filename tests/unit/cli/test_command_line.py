"""The command line: each wrong input is one message and an exit code, and never a stack trace."""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
from pathlib import Path

import pytest

from stream.__main__ import run
from stream.cli.inputs import MOST_LINE_BYTES
from stream.cli.root import COMMANDS, root
from stream.errors import LeadpulseError

EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "web",
    "type": "page_view",
    "time": "2026-03-01T10:00:00Z",
    "data": {"site_id": "s1", "visitor_id": "v1", "page": {"path": "/"}},
}


@pytest.fixture(autouse=True)
def _on_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the settings of who runs the tests; a broker that is not there is given up on soon."""
    monkeypatch.setattr("stream.kafka.topics.CONNECT_MS", 300)
    for name in ("LEADPULSE_CONFIG", "LEADPULSE_BROKERS"):
        monkeypatch.delenv(name, raising=False)


def nothing_is_there(command: str) -> str:
    """Put addresses where nobody listens, and paths that are not there."""
    return command.replace("NOBODY", "127.0.0.1:1").replace("NOFILE", "/nowhere/events.ndjson")


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("nonsense", 2, "No such command 'nonsense'"),
        ("settings --nonsense", 2, "No such option"),
        ("settings --set label_limit", 2, "is not NAME=VALUE"),
        ("settings --set lable_limit=5", 2, "Did you mean label_limit?"),
        ("settings --config NOFILE", 2, "settings file cannot be read"),
        ("worker --delivery never", 2, "'exactly_once' or 'at_least_once'"),
        ("worker --brokers kafka-1:9092", 2, "unencrypted to kafka-1:9092"),
        ("worker --http 0.0.0.0:9464", 2, "no token is set"),
        ("topics create --partitions 0", 2, "0 is not in the range"),
        ("topics verify --brokers NOBODY", 1, "The broker does not answer"),
        ("topics list --brokers nowhere", 2, "is not an address"),
        ("metrics visit_to_leads", 2, "Did you mean visit_to_lead_ratio?"),
        ("metrics --area weather", 2, "Areas: traffic"),
        ("check", 2, "Missing argument"),
        ("check NOFILE", 1, "No such file or directory"),
        ("replay", 2, "Missing argument"),
        ("replay NOFILE", 1, "No such file or directory"),
        ("replay /", 1, "a folder, not a file"),
        ("replay --at 2026-03-01 NOFILE", 2, "a time with its zone"),
        ("replay --window 5 NOFILE", 2, "is not a window"),
        ("replay --metric leadpulse_lead NOFILE", 2, "Did you mean leads?"),
        ("simulate --for soon", 2, "is not a duration"),
        ("simulate --for 1s --brokers NOBODY", 1, "The broker does not answer"),
        ("simulate --for 1s --out NOFILE", 1, "No such file or directory"),
        ("dead-letter list --reason bad", 2, "One of not_json"),
        ("dead-letter list --since ever", 2, "is not a duration"),
        ("dead-letter list --brokers NOBODY", 1, "The broker does not answer"),
        ("explain --lead l1", 2, "Missing option '--site'"),
        ("explain --site shop", 2, "Nobody is named"),
        ("explain --site shop --lead l1 --user u1", 2, "More than one is named"),
        ("explain --site shop --lead ann@example.com", 2, "No event can have this value"),
        ("explain --site shop --visitor v1 --brokers NOBODY", 1, "The broker does not answer"),
        ("erase --site shop --message m1", 2, "No such option"),
        ("erase --site shop", 2, "Nobody is named"),
        ("erase --site shop --email-hash ann", 2, "64 hex digits"),
        ("erase --site shop --lead l1 --brokers NOBODY", 1, "The broker does not answer"),
        ("demo --for soon", 2, "is not a duration"),
        ("render --check --root /nowhere", 1, "missing"),
    ],
)
def test_wrong_input_is_one_message(command: str, code: int, says: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(nothing_is_there(command).split()) == code
    out, err = capfd.readouterr()
    assert says in out + err
    assert "Traceback" not in out + err
    assert len(err.strip().splitlines()) <= 8, err


def test_with_debug_the_stack_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.cli.root._debug", False)
    with pytest.raises(LeadpulseError):
        run(["settings", "--set", "lable_limit=5", "--debug"])


def test_a_bug_tells_its_kind_but_not_what_it_was_working_on(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("canary@example.com")

    monkeypatch.setattr("stream.cli.metrics._table", broken)
    assert run(["metrics"]) == 1
    assert "canary" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_examples(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    text = capfd.readouterr().out
    assert f"leadpulse {command}" in text
    assert "Examples:" in text
    assert "--debug" in text


def test_the_commands_are_those_that_were_promised() -> None:
    promised = (
        "worker status topics replay check simulate demo metrics settings dead-letter render explain erase sources "
        "alerts history"
    )
    assert set(COMMANDS) == set(promised.split())
    topics, letters = root.get_command(None, "topics"), root.get_command(None, "dead-letter")  # type: ignore[arg-type]
    assert set(topics.commands) == {"create", "verify", "list", "rebuild"}  # type: ignore[union-attr]
    assert set(letters.commands) == {"list", "show"}  # type: ignore[union-attr]


def test_settings_show_value_and_origin(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LEADPULSE_COMMIT_INTERVAL", "500ms")
    monkeypatch.setenv("LEADPULSE_HTTP_TOKEN", "canary-canary-canary")
    assert run(["settings", "--set", "label_limit=7"]) == 0
    text = capfd.readouterr().out
    assert re.search(r"commit_interval +500ms +environment LEADPULSE_COMMIT_INTERVAL\n", text)
    assert re.search(r"label_limit +7 +flag --label-limit\n", text)
    assert re.search(r"clock +wall +default\n", text)
    assert re.search(r"http_token +\(hidden\) +environment", text)
    assert "canary" not in text
    assert "paypal.com" in text  # what is shipped is shown


def test_the_settings_file_that_is_printed_can_be_read(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["settings", "--format", "toml", "--set", "lateness=2h", "--set", "labels=campaign=a,b"]) == 0
    config = tmp_path / "leadpulse.toml"
    config.write_text(capfd.readouterr().out)
    assert run(["settings", "--config", str(config), "--format", "json"]) == 0
    shown = json.loads(capfd.readouterr().out)
    assert (shown["lateness"]["value"], shown["labels"]["value"]) == ("2h", "campaign=a,b")
    assert shown["lateness"]["origin"] == f"file {config}"
    assert shown["clock"]["origin"] == "default"


@pytest.mark.parametrize("form", ["plain", "gzip", "stdin"])
def test_check_reads_files_gzip_and_standard_input(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = (json.dumps(EVENT) + "\n{broken\n").encode()
    path = tmp_path / ("events.ndjson.gz" if form == "gzip" else "events.ndjson")
    path.write_bytes(gzip.compress(lines, mtime=0) if form == "gzip" else lines)
    if form == "stdin":
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    assert run(["check", "-" if form == "stdin" else str(path)]) == 1
    out, err = capfd.readouterr()
    assert out.startswith("line 2: error: not_json")
    assert "1 line(s) are right (page_view 1)" in err


def test_a_file_that_is_no_gzip_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "events.ndjson.gz"
    path.write_bytes(gzip.compress(b"x" * 100_000, mtime=0)[:60])
    assert run(["check", str(path)]) == 1
    assert "not whole gzip data" in capfd.readouterr().err


def test_a_line_without_an_end_is_not_held_in_memory(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"x" * (MOST_LINE_BYTES * 2 + 7) + b"\n" + json.dumps(EVENT).encode())
    assert run(["check", "--format", "ndjson", str(path)]) == 1
    finding = json.loads(capfd.readouterr().out)
    assert (finding["line"], finding["reason"]) == (1, "too_large")


def test_replay_prints_readings_and_the_account(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text(json.dumps(EVENT) + "\n" + json.dumps(EVENT) + "\n{broken\n")
    assert run(["replay", "--format", "ndjson", "--window", "90m", "--metric", "visitors", str(path)]) == 0
    out, err = capfd.readouterr()
    reading, account = (json.loads(line) for line in out.splitlines())
    assert (reading["metric"], reading["window"], reading["value"]) == ("visitors", "90m", 1)
    assert reading["as_of"] == "2026-03-01T10:00:00.001Z"
    assert account == {
        "account": {
            "accepted": 3, "counted": 1, "duplicates": 1, "filtered": {}, "dead_lettered": {"not_json": 1},
        }
    }  # fmt: skip
    assert "counted" in err
