"""Errors: every exception that leadpulse itself raises on purpose.

In:  what happened, where it happened, and what to do about it.
Out: one message of at most three lines, and the exit code that goes with it.

Bad input is data and never an exception (it becomes a reject). What is not in this tree is a bug.
"""

from __future__ import annotations

EXIT_FAILED = 1
EXIT_USAGE = 2  # settings and command lines: nothing was started
#: The way out of every state that cannot go on; a command in backticks is one that a person may run as it stands.
REBUILD = "stop all workers, run `leadpulse topics rebuild`, start them again"
EXIT_FAIL_STOP = 70  # EX_SOFTWARE: a worker that gave up; a supervisor starts it again


class LeadpulseError(Exception):
    """Say what happened, where, and what to do.

    >>> print(LeadpulseError("The port is taken.", where="127.0.0.1:9464", do="Choose another port."))
    The port is taken.
      where: 127.0.0.1:9464
      do:    Choose another port.
    """

    exit_code = EXIT_FAILED

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.do = do

    def __str__(self) -> str:
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.do:
            lines.append(f"  do:    {self.do}")
        return "\n".join(lines)


class SettingsError(LeadpulseError):
    """A setting is wrong, unknown, or does not go with another one."""

    exit_code = EXIT_USAGE

    def __init__(self, what: str, *, where: str = "", do: str = "", fields: tuple[str, ...] = ()) -> None:
        super().__init__(what, where=where, do=do)
        self.fields = fields


class UsageError(LeadpulseError):
    """A command was called with arguments that make no sense together."""

    exit_code = EXIT_USAGE


class InputError(LeadpulseError):
    """A file cannot be read or written, or does not hold what was asked for."""


class StartError(LeadpulseError):
    """Something that a start needs is missing: broker, topics, port, rights."""


class BrokerError(StartError):
    """The broker does not answer, refuses, or cannot do what delivery needs."""


class TopicError(StartError):
    """A topic is missing, or has a partition count or configuration that would lose data."""


class CatalogError(LeadpulseError):
    """An entry of the metric catalog breaks a rule; the message names the entry."""


class DriftError(LeadpulseError):
    """A rendered file differs from what the code would render now."""


class CheckError(LeadpulseError):
    """A check found something wrong; the findings are already printed."""
