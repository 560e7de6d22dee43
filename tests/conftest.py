"""What every test run says first: which broker it will use, and what will be skipped and why.

LEADPULSE_REQUIRE=kafka,prometheus,chromium turns the lack of one of them from a skip into a failure (as in CI).
LEADPULSE_SHARED names the folder of the public data sets, if it is not beside the checkout.
LEADPULSE_TEST_EXAMPLES=quick, full or thorough says how many examples are tried (tests/examples.py).

Side by side (`-n 2 --dist loadgroup`, as `make test` does) the tests of a file stay together and in order, because they
share what is costly to set up; tests of the broker alone go one by one, and first: they wait more than they work.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import examples
from tests.integration import shared

ROOT = Path(__file__).resolve().parents[1]
REQUIRED = frozenset(filter(None, os.environ.get("LEADPULSE_REQUIRE", "").split(",")))
KNOWN = {"kafka", "prometheus", "chromium"}

if examples.CHOSEN in examples.PROFILES:
    examples.load()


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a requirement that nobody checks and a profile that nobody knows; begin the run."""
    if unknown := REQUIRED - KNOWN:
        raise pytest.UsageError(f"LEADPULSE_REQUIRE: {', '.join(sorted(unknown))}? known: {', '.join(sorted(KNOWN))}")
    if examples.CHOSEN not in examples.PROFILES:
        raise pytest.UsageError(
            f"LEADPULSE_TEST_EXAMPLES: {examples.CHOSEN}? known: {', '.join(sorted(examples.PROFILES))}"
        )
    if not _side_by_side(config):
        shared.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the brokers that the tests of the run have shared."""
    if not _side_by_side(config):
        shared.end()


def _side_by_side(config: pytest.Config) -> bool:
    """Tell whether this is one of several processes that share the tests of a run."""
    return hasattr(config, "workerinput")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups last of all
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Say which tests stay together where they run side by side, and begin with those that take longest."""
    if not _side_by_side(config):
        return
    for item in items:
        if not alone(item.path):
            item.add_marker(pytest.mark.xdist_group(item.path.relative_to(ROOT).as_posix()))
    items.sort(key=lambda item: FIRST.get(item.path.name, len(FIRST) + (item.path.parent.name != "integration")))


#: what takes minutes, longest first; then comes what needs a broker, then the rest
FIRST = {"test_alerts.py": 0, "test_engine.py": 1, "test_exactly_once.py": 2, "test_backfill.py": 3}


def alone(path: Path) -> bool:
    """Tell whether each test of a file sets up what it needs by itself."""
    return path.parent.name == "integration" and path.name != "test_secured.py"


def pytest_report_header() -> list[str]:
    """Say what this machine has."""
    promtool = shutil.which("promtool")
    data = Path(os.environ.get("LEADPULSE_SHARED") or ROOT.parent / "shared") / "data"
    return [
        f"broker: {_broker()}",
        f"promtool: {promtool or 'not installed; tests of it are skipped (apt-get install prometheus)'}",
        f"chromium: {shutil.which('chromium') or 'not installed; tests of the live page are skipped'}",
        f"real data: {'found' if data.is_dir() else 'not beside this checkout; its tests are skipped'}",
        f"examples: {examples.CHOSEN} (LEADPULSE_TEST_EXAMPLES={'|'.join(examples.PROFILES)})",
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
