"""Side by side: which tests stay together, and in what order they begin, where processes share a run (`-n 2`).

In:  the items that were collected.
Out: their order; the scope of each. What has one scope runs in one process, in order.

The tests of a file stay together, for they share what is costly to set up. Those of the broker set up all by themselves
and go one by one, and first: they wait more than they work, and what comes last should be short.
"""

from __future__ import annotations

from pathlib import PurePosixPath

#: Alerts take longest, one after the other, and judge by seconds: beside them runs what waits. What computes for
#: minutes comes when they are through, and early enough that it is not the last.
FIRST = ("test_alerts.py", "test_take_over.py", "test_privacy.py", "test_exactly_once.py", "test_at_least_once.py",
         "test_start.py", "test_commands.py", "test_page.py", "test_engine.py")  # fmt: skip
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
    """Give the place of a test in the order: those that come first, others with a broker or a browser, the rest.

    >>> [place(f"tests/{name}.py::test_it") for name in ("e2e/test_alerts", "integration/test_start", "unit/test_logs")]
    [0, 5, 11]
    """
    path = _path(nodeid)
    if path.parent.name not in ("integration", "e2e"):
        return len(FIRST) + 2
    if path.name in FIRST:
        return FIRST.index(path.name)
    return len(FIRST) + (path.parent != BROKER)


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
