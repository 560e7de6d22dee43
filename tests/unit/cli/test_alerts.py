"""`leadpulse alerts show` as a person calls it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from stream.__main__ import run
from stream.judge.plan import LIMIT, alert_names
from tests.unit.alerting.test_read import WHOLE


def test_all_alerts_are_shown_with_where_they_come_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "alerts.toml"
    path.write_text(WHOLE)
    assert run(["alerts", "show", "--alerts", str(path)]) == 0
    out = capsys.readouterr().out
    assert f"file      file {path}" in out
    assert "severity line 17, z default, part default" in out
    assert "shop, channel=direct" in out
    assert "Christmas" in out
    assert "visit_to_lead_ratio 24h below 0.02 on 500 or more" in out
    assert "18:00-08:00 for tickets (line 33)" in out


def test_without_a_file_everything_is_as_it_is_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["alerts", "show", "--format", "json"]) == 0
    told = orjson.loads(capsys.readouterr().out)
    assert [row["alert"] for row in told["alerts"]] == [name for name in alert_names() if name != LIMIT]
    assert {origin for row in told["alerts"] for origin in row["from"].values()} == {"default"}
    assert told["file"] is None


@pytest.mark.parametrize("command", [["alerts", "show"], ["settings"], ["worker"]])
def test_a_wrong_file_is_one_message_for_every_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "alerts.toml"
    path.write_text("[sites]\nshop = 'Nowhere'\n")
    monkeypatch.setenv("LEADPULSE_ALERTS", str(path))
    assert run(command) == 2
    err = capsys.readouterr().err
    assert "there is no zone 'Nowhere'" in err
    assert f"{path}, line 2" in err
