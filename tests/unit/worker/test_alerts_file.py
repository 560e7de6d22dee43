"""The file of alerts of a running worker: read again when it changes; what was right last stays, and all is said."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from stream.errors import SettingsError
from stream.judge.settings import Settings
from stream.worker.alerts_file import AlertsFile

BERLIN = '[sites]\nshop = "Europe/Berlin"\n'


def test_what_is_in_force_is_the_same_until_the_file_changes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "leadpulse.alerts")
    path = tmp_path / "alerts.toml"
    path.write_text(BERLIN)
    file = AlertsFile(path)
    first = file.settings
    assert first.zone("shop") == "Europe/Berlin"
    file.look()
    assert file.settings is first
    path.write_text(BERLIN.replace("Berlin", "Lisbon"))
    file.look()
    assert file.settings.zone("shop") == "Europe/Lisbon"
    assert "read again" in caplog.text


@pytest.mark.parametrize("wrong", [BERLIN.replace("Berlin", "Atlantis"), "[sites", None])
def test_what_was_right_last_stays_and_is_said_once(
    wrong: str | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "alerts.toml"
    path.write_text(BERLIN)
    file = AlertsFile(path)
    if wrong is None:
        path.unlink()
    else:
        path.write_text(wrong)
    file.look()
    file.look()
    assert file.settings.zone("shop") == "Europe/Berlin"
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert str(path) in caplog.text


def test_a_wrong_file_is_refused_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "alerts.toml"
    with pytest.raises(SettingsError, match="cannot be read"):
        AlertsFile(path)
    assert AlertsFile(None).settings == Settings()
