"""Alerts file: settings of alerts of a running worker, read again when the file changes.

In:  the path of the file that LEADPULSE_ALERTS names; None for none.
Out: what is in force; a line in the log when that changes, or when what is new is wrong.
"""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from stream.alerting.followed import Followed, Said
from stream.alerting.read import Alerts, parsed, unreadable
from stream.judge.settings import Settings

log = logging.getLogger("leadpulse.alerts")

#: A file is looked at so often; it is a few kilobytes.
LOOK_S: Final = 5.0


class AlertsFile:
    """What is in force of alerts, for all of a worker."""

    def __init__(self, path: Path | None) -> None:
        """Read the file; raises SettingsError where it is wrong, as any start does."""
        self._path = path
        if path is None:
            self._followed = Followed(Alerts())
            return
        try:
            text = path.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError as error:
            raise unreadable(path, error.strerror or str(error)) from None
        alerts = parsed(text, f"file {path}", _today())
        for notice in alerts.notices:
            log.warning("%s: %s", alerts.origin, notice)
        self._followed = Followed(alerts, text)

    @property
    def settings(self) -> Settings:
        """Give what is in force: the same object until it changes."""
        return self._followed.alerts.settings

    def look(self) -> None:
        """Read the file again, and say what came of it."""
        if self._path is None:
            return
        try:
            text = self._path.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError as error:
            _say(self._followed.missed(error.strerror or str(error)))
        else:
            _say(self._followed.look(text, _today()))


def _say(said: Said | None) -> None:
    if said is not None:
        log.log(logging.getLevelNamesMapping()[said.level.upper()], "%s", said.text)


def _today() -> date:
    return datetime.now(UTC).date()
