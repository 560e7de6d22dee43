"""Options that many commands share: settings as flags, the settings file, and `--set`.

In:  names of settings a command wants as flags.
Out: a decorator that loads all settings, sets up logging and hands the command its Settings first.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from stream import logs
from stream.errors import UsageError
from stream.settings.load import FIELDS, Loaded, env_name, load, text_of

Command = Callable[..., Any]

BROKER_FLAGS = ("brokers", "topic_prefix")


def with_settings(*flags: str, loaded: bool = False) -> Callable[[Command], Command]:
    """Add flags for the named settings, and --config and --set for all others.

    The command gets Settings as its first argument, or Loaded (with origins) where `loaded` is asked for.
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def run(*args: Any, config: Path | None, assignments: tuple[str, ...], **rest: Any) -> Any:
            given = {name: rest.pop(name) for name in flags}
            found = load({**_assigned(assignments), **_without_none(given)}, config)
            logs.set_up(found.settings.log_level, found.settings.log_format)
            return command(found if loaded else found.settings, *args, **rest)

        wrapped: Command = run
        wrapped = click.option(
            "--set",
            "assignments",
            multiple=True,
            metavar="NAME=VALUE",
            help="Any other setting, e.g. --set label_limit=100.",
        )(wrapped)
        wrapped = click.option(
            "--config",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Settings as TOML [LEADPULSE_CONFIG].",
        )(wrapped)
        for name in reversed(flags):
            wrapped = _flag(name)(wrapped)
        return wrapped

    return decorate


def _flag(name: str) -> Callable[[Command], Command]:
    field = FIELDS[name]
    switch = field.annotation is bool
    default = text_of(name, field.default)
    tail = f" [{env_name(name)}; default: {default or 'none'}]"
    kind: dict[str, Any] = {"default": None} if switch else {"metavar": "TEXT"}
    flag = name.replace("_", "-")
    return click.option(
        f"--{flag}/--no-{flag}" if switch else f"--{flag}", name, help=f"{field.description}{tail}", **kind
    )


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _assigned(assignments: tuple[str, ...]) -> dict[str, str]:
    values: dict[str, str] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(
                f"{assignment!r} is not NAME=VALUE.", where="--set", do="For example --set label_limit=100."
            )
        values[name.strip().replace("-", "_")] = value
    return values


__all__ = ["BROKER_FLAGS", "Loaded", "with_settings"]
