"""The simulator, its books and the tests' oracle are programs of their own: nothing of the engine is in them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SIMULATOR = (
    "world", "visits", "mails", "adverts", "faults", "traffic", "produce", "simulate", "sales", "outside", "prospects",
)  # fmt: skip
REFERENCE = sorted(
    path.relative_to(ROOT / "stream/reference").with_suffix("").as_posix().replace("/", ".")
    for path in (ROOT / "stream/reference").rglob("*.py")
    if path.name != "__init__.py"
)
OWN = {f"stream.demo.{name}" for name in SIMULATOR} | {f"stream.reference.{name}" for name in REFERENCE}
ORACLE = sorted(path.stem for path in (ROOT / "tests/oracle").glob("*.py"))


def imported(path: Path) -> set[str]:
    """Name every module that a file imports, wherever it does."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where they lead"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def outside(names: set[str]) -> set[str]:
    return {name for name in names if name.split(".")[0] not in sys.stdlib_module_names}


@pytest.mark.parametrize("name", SIMULATOR)
def test_the_simulator_imports_itself_and_what_writes_and_sends_bytes(name: str) -> None:
    for used in outside(imported(ROOT / f"stream/demo/{name}.py")):
        its_own = used in OWN or used.rpartition(".")[0] in OWN or used.startswith("stream.demo.")
        assert its_own or used.split(".")[0] in {"orjson", "kafka"}, f"{name} imports {used}"


@pytest.mark.parametrize("name", REFERENCE)
def test_the_reference_needs_nothing_but_the_standard_library(name: str) -> None:
    for used in outside(imported(ROOT / f"stream/reference/{name.replace('.', '/')}.py")):
        assert used.startswith("stream.reference."), f"{name} imports {used}"


@pytest.mark.parametrize("name", ORACLE)
def test_the_oracle_imports_neither_the_engine_nor_the_books(name: str) -> None:
    for used in outside(imported(ROOT / f"tests/oracle/{name}.py")):
        assert used.startswith("tests.oracle."), f"{name} imports {used}"


#: What nobody of the simulator does: sign up for a webinar that has a price, and buy for what an ad was paid.
_PERIOD = {"period_start": "2026-01-01T00:00:00Z", "period_end": "2026-01-02T00:00:00Z", "revision": 1}
_CAMPAIGN = {"name": "june"}
SELDOM: list[tuple[str, dict[str, object]]] = [
    ("form", {"visitor_id": "ann", "action": "submit", "form_id": "f1", "form_type": "webinar", "event_id": "june",
              "value": 20, "currency": "EUR", "offer_id": "o", "campaign": _CAMPAIGN}),
    ("crm", {"lead_id": "l1", "action": "lead_created", "campaign": _CAMPAIGN}),
    ("crm", {"lead_id": "l1", "action": "stage_changed", "to": "sql"}),
    ("crm", {"lead_id": "l1", "action": "stage_changed", "from": "sql", "to": "mql"}),
    ("crm", {"lead_id": "l1", "action": "deal_lost"}),
    ("crm", {"lead_id": "l1", "action": "stage_changed", "to": "sql"}),
    ("crm", {"lead_id": "l1", "action": "attended", "event_id": "june"}),
    ("crm", {"lead_id": "l1", "action": "deal_won", "deal_id": "d1", "value": 9, "currency": "EUR"}),
    ("crm", {"lead_id": "l1", "action": "refund", "deal_id": "d1", "value": 10, "currency": "EUR"}),
    # an address of everybody
    *(("crm", {"lead_id": f"m{n}", "action": "lead_created", "email_hash": "ee" * 32}) for n in range(5)),
    ("ad", {"action": "spend", "platform": "p", "campaign_id": "june", "cost_micros": 1, "currency": "EUR"}),
    ("cost", {"category": "tools", "amount_micros": 1, "currency": "EUR", **_PERIOD}),
    *(("signal", {"name": name, "provider": "p", "entity": "e", "value": 1, "observed_at": "2026-01-01T00:00:00Z"})
      for name in ("social_clicks", "social_shares", "press_releases", "events_held")),
]  # fmt: skip


@pytest.mark.parametrize("module", ["stream.demo.simulate", "tests.oracle"])
def test_nothing_of_the_engine_is_loaded_with_them(module: str) -> None:
    code = f"import sys, {module}; print(*sorted(m for m in sys.modules if m.startswith('stream')))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    allowed = {"stream", "stream.demo", "stream.reference", "stream.reference.leads"} | OWN
    assert set(found.stdout.split()) <= allowed


def test_the_books_read_every_metric_of_the_catalog_in_its_windows_by_its_labels() -> None:
    from stream import catalog
    from stream.demo.traffic import Options, Traffic
    from stream.reference.account import Reference
    from stream.reference.events import Event, Source
    from stream.reference.leads import metrics as of_leads
    from stream.reference.leads.rules import DEFAULT
    from stream.reference.metrics import TIMES, windows_of

    books, at_ms = Reference(rules=DEFAULT), 0
    for record in Traffic(Options(seed=3, length_ms=10 * 3_600_000, rate=0.5, leads=True)):
        books.tell(record.kind, record.truth, record.time_ms)
        at_ms = record.time_ms
    for number, (kind, data) in enumerate(SELDOM):
        paid = Source("paid_search", "june", "", "") if "campaign" in data else None
        at_ms += 1
        books.count(Event(at_ms, f"e{number}", kind, {"site_id": "s1", **data}, paid))
    labels: dict[str, set[tuple[str, ...]]] = {}
    for metric, pairs, _ in books.readings(at_ms + 1):
        labels.setdefault(metric, set()).add(tuple(name for name, _ in pairs))
    for metric in catalog.METRICS:
        by_name = set(metric.labels) | ({"quantile"} if metric.name in {**TIMES, **of_leads.TIMES} else set())
        shown = of_leads.EXPOSED.get(metric.name, metric.name)
        assert labels.get(shown) == {tuple(sorted(by_name))}, metric.name
        windows = of_leads.windows_of(metric.name) or windows_of(metric.name)
        assert sorted(windows) == sorted(metric.windows), metric.name
    assert labels.keys() == {of_leads.EXPOSED.get(one.name, one.name) for one in catalog.METRICS}
