"""What every test run says first: which broker it will use, and what will be skipped and why.

LEADPULSE_REQUIRE=kafka,prometheus,chromium turns the lack of one of them from a skip into a failure (as in CI).
LEADPULSE_SHARED names the folder of the public data sets, if it is not beside the checkout.
LEADPULSE_TEST_EXAMPLES=quick, full or thorough says how many examples are tried (tests/examples.py).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from stream.kernels import native
from tests import examples, side_by_side
from tests.integration import shared

ROOT = Path(__file__).resolve().parents[1]
REQUIRED = frozenset(filter(None, os.environ.get("LEADPULSE_REQUIRE", "").split(",")))
KNOWN = {"kafka", "prometheus", "chromium", "native"}
_BEGAN = pytest.StashKey[bool]()

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
    if not _side_by_side(config) and shared.RUN not in os.environ:  # else it is part of a run: of the fault suite
        shared.begin()
        config.stash[_BEGAN] = True


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the brokers that the tests of the run have shared, unless whoever began the run still needs them."""
    if config.stash.get(_BEGAN, False):
        shared.end()


def _side_by_side(config: pytest.Config) -> bool:
    """Tell whether this is one of several processes that share the tests of a run."""
    return hasattr(config, "workerinput")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the tests that take longest, where processes share the run; one alone keeps the usual order."""
    if _side_by_side(config):
        items.sort(key=lambda item: side_by_side.place(item.nodeid))


@pytest.hookimpl(optionalhook=True)  # it is pytest-xdist's
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Keep together what shares a costly set-up."""
    return side_by_side.scheduler(config, log)


def pytest_report_header() -> list[str]:
    """Say what this machine has."""
    promtool = shutil.which("promtool")
    data = Path(os.environ.get("LEADPULSE_SHARED") or ROOT.parent / "shared") / "data"
    return [
        f"broker: {_broker()}",
        f"promtool: {promtool or 'not installed; tests of it are skipped (apt-get install prometheus)'}",
        f"chromium: {shutil.which('chromium') or 'not installed; tests of the live page are skipped'}",
        f"compiled core: {native.found()[1] or ('found' if native.found()[0] else 'off')}",
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
    """Skip what needs promtool or the compiled core where there is none, unless it is required."""
    if item.get_closest_marker("prometheus") and shutil.which("promtool") is None:
        if "prometheus" in REQUIRED:
            pytest.fail("LEADPULSE_REQUIRE names prometheus, and promtool is not installed")
        pytest.skip("promtool is not installed (apt-get install prometheus)")
    if item.get_closest_marker("native"):
        core, said = native.found()
        if core is None:
            said = said or "LEADPULSE_NATIVE is off"
            if "native" in REQUIRED:
                pytest.fail(f"LEADPULSE_REQUIRE names native, and {said}")
            pytest.skip(said)
