"""What every test run says first: which broker it will use, and what will be skipped and why.

LEADPULSE_REQUIRE=kafka,prometheus,chromium turns the lack of one of them from a skip into a failure (as in CI).
LEADPULSE_SHARED names the folder of the public data sets, if it is not beside the checkout.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parents[1]
REQUIRED = frozenset(filter(None, os.environ.get("LEADPULSE_REQUIRE", "").split(",")))
KNOWN = {"kafka", "prometheus", "chromium"}

# Deadlines of single examples measure the machine and not the code.
hypothesis.settings.register_profile("leadpulse", deadline=None, print_blob=True)
hypothesis.settings.load_profile("leadpulse")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a requirement that nobody checks."""
    if unknown := REQUIRED - KNOWN:
        raise pytest.UsageError(f"LEADPULSE_REQUIRE: {', '.join(sorted(unknown))}? known: {', '.join(sorted(KNOWN))}")


def pytest_report_header() -> list[str]:
    """Say what this machine has."""
    promtool = shutil.which("promtool")
    data = Path(os.environ.get("LEADPULSE_SHARED") or ROOT.parent / "shared") / "data"
    return [
        f"broker: {_broker()}",
        f"promtool: {promtool or 'not installed; tests of it are skipped (apt-get install prometheus)'}",
        f"chromium: {shutil.which('chromium') or 'not installed; tests of the live page are skipped'}",
        f"real data: {'found' if data.is_dir() else 'not beside this checkout; its tests are skipped'}",
        f"required: {', '.join(sorted(REQUIRED)) or 'nothing (in CI LEADPULSE_REQUIRE=kafka,prometheus,chromium)'}",
    ]


def _broker() -> str:
    docker = shutil.which("docker")
    if docker and subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0:
        return "Apache Kafka in Docker (testcontainers)"
    if shutil.which("java"):
        if shutil.which("mvn") or list((ROOT / ".cache" / "kafka" / "lib").glob("kafka_2.13-*.jar")):
            return "Apache Kafka from Maven Central, on this machine's Java"
        return "embedded: there is Java, but no Maven to fetch Kafka; tests that need transactions are skipped"
    return "embedded, without transactions; tests that need them are skipped (install Docker, or Java and Maven)"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs promtool where there is none, unless it is required."""
    if item.get_closest_marker("prometheus") and shutil.which("promtool") is None:
        if "prometheus" in REQUIRED:
            pytest.fail("LEADPULSE_REQUIRE names prometheus, and promtool is not installed")
        pytest.skip("promtool is not installed (apt-get install prometheus)")
