"""Browser: a real Chromium for tests of the live page, and axe, which looks for what shuts people out.

In:  nothing; LEADPULSE_REQUIRE=chromium makes the lack of one a failure in place of a skip.
Out: a browser; axe's source, fetched once by npm into .cache.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

try:
    from playwright.sync_api import expect, sync_playwright
except ImportError:  # then `chromium` says so
    expect = sync_playwright = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["axe_source", "chromium", "expect", "lack", "violations"]

AXE = "axe-core@4.14.1"
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "axe"
FLAGS = (
    "--no-sandbox",  # root in a container has no user namespaces
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def lack(what: str) -> NoReturn:
    """Skip, or fail where a browser is required."""
    if "chromium" in os.environ.get("LEADPULSE_REQUIRE", "").split(","):
        pytest.fail(f"LEADPULSE_REQUIRE names chromium, but {what}")
    pytest.skip(what)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium, or another one that is found."""
    if sync_playwright is None:
        lack("playwright is not installed (pip install playwright)")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        lack("there is no Chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def axe_source() -> str:
    """Give axe's source."""
    script = CACHE / "node_modules" / "axe-core" / "axe.min.js"
    if not script.is_file():
        if shutil.which("npm") is None:
            lack("there is no npm to fetch axe with")
        CACHE.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--prefix", str(CACHE), "--no-save", "--no-audit", "--no-fund", "--silent", AXE]
        if subprocess.run(command, check=False, timeout=180).returncode:
            lack("npm could not fetch axe-core")
    return script.read_text()


def violations(page: Any) -> list[str]:
    """Let axe look at a page as it is now: each violation with the first element that has it."""
    page.evaluate(axe_source())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {each['nodes'][0]['html']} ({each['nodes'][0]['failureSummary']})"
        for each in found["violations"]
    ]
