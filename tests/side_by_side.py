"""Side by side: which tests stay together, and in what order they begin, where processes share a run (`-n 2`).

In:  the items that were collected.
Out: their order; the scope of each. What has one scope runs in one process, in order.

The tests of a file stay together, for they share what is costly to set up. Those of the broker set up all by themselves
and go one by one, and first: they wait more than they work, and what comes last should be short.
"""

from __future__ import annotations

from pathlib import PurePosixPath

#: what takes minutes, longest first
LONG = ("test_alerts.py", "test_engine.py", "test_exactly_once.py", "test_take_over.py", "test_backfill.py")
BROKER = PurePosixPath("tests/integration")
#: its broker with certificates is its own
TOGETHER = {"test_secured.py"}


def scope(nodeid: str) -> str:
    """Name what a test stays together with.

    >>> scope("tests/e2e/test_alerts.py::test_a_drop_is_told"), scope("tests/integration/test_start.py::test_it[a::b]")
    ('tests/e2e/test_alerts.py', 'tests/integration/test_start.py::test_it[a::b]')
    """
    path = _path(nodeid)
    return nodeid if path.parent == BROKER and path.name not in TOGETHER else str(path)


def place(nodeid: str) -> int:
    """Give the place of a test in the order: the long ones, the others with a broker, browsers and servers, the rest.

    >>> [place(f"tests/{name}.py::test_it") for name in ("e2e/test_alerts", "integration/test_start", "unit/test_logs")]
    [0, 5, 7]
    """
    path = _path(nodeid)
    if path.name in LONG and path.parent.name in ("integration", "e2e"):
        return LONG.index(path.name)
    return len(LONG) + (0 if path.parent == BROKER else 1 if path.parent.name == "e2e" else 2)


def scheduler(config: object, log: object) -> object:
    """Make pytest-xdist's scheduler of these scopes, in this order."""
    from xdist.scheduler import LoadScopeScheduling

    class ByScope(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return scope(nodeid)

    config.option.loadscopereorder = False  # type: ignore[attr-defined] # else the scope of most tests comes first
    return ByScope(config, log)


def _path(nodeid: str) -> PurePosixPath:
    return PurePosixPath(nodeid.partition("::")[0])
