"""Settings have an effect: each one is read by some code besides the settings themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stream.settings.fields import Settings
from stream.settings.load import FIELDS, SECRET_FILES

STREAM = Path(__file__).resolve().parents[2] / "stream"
CODE = "\n".join(
    path.read_text(encoding="utf-8") for path in STREAM.rglob("*.py") if not path.name.startswith("settings")
)
#: field → the properties through which code reads it
THROUGH = {
    "http": ("http_host", "http_port"),
    "http_token": ("token",),
    "http_scrape_token": ("scrape_token",),
    "sasl_password": ("password",),
    "tls": ("tls_enabled",),
    "start": ("start", "start_ms"),
    "referrers": ("referrer_names",),
    "leads_rules": ("rules",),
    "email_hash_key": ("hash_key",),
}


@pytest.mark.parametrize("name", [name for name in FIELDS if name not in SECRET_FILES])
def test_a_setting_is_read_somewhere(name: str) -> None:
    suffixed = [prop for prop in dir(Settings) if re.fullmatch(rf"{name}_(s|ms|bytes)", prop)]
    names = [*THROUGH.get(name, (name,)), *suffixed]
    assert any(re.search(rf"(settings|options)\.{prop}\b", CODE) for prop in names), f"nobody reads {names}"
