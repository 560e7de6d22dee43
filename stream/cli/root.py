"""The root of the command line: names the commands and imports one only when it is called.

In:  the first argument.
Out: that command. `leadpulse --help` imports none of them, so it answers at once.
"""

from __future__ import annotations

import importlib
from typing import Any

import click

# name -> (module, attribute, one line for --help), in the order a new user needs them
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": (
        "stream.cli.demo",
        "demo",
        "See it work: broker, traffic, worker and live view in one process tree.",
    ),
    "replay": ("stream.cli.replay", "replay", "Metrics from files of events, without Kafka."),
    "check": (
        "stream.cli.check",
        "check",
        "Say line by line what is wrong with events before they are produced.",
    ),
    "sources": ("stream.cli.sources", "sources", "Presets of vendors, and what a definition makes of records."),
    "topics": ("stream.cli.topics", "topics", "Create, verify, list or rebuild the topics on your Kafka."),
    "worker": ("stream.cli.worker", "worker", "Run a worker; start as many as there are partitions."),
    "status": ("stream.cli.status", "status", "Say how workers, shards and figures are, and what is wrong."),
    "explain": (
        "stream.cli.explain",
        "explain",
        "Say what is known of a visitor, a lead or a message, and what it counts for.",
    ),
    "erase": ("stream.cli.erase", "erase", "Have everything forgotten that is known of a person."),
    "simulate": (
        "stream.cli.simulate",
        "simulate",
        "Produce believable traffic, with books of what it must add up to.",
    ),
    "metrics": ("stream.cli.metrics", "metrics", "List the metrics: formula, labels, windows."),
    "alerts": ("stream.cli.alerts", "alerts", "Say which alerts are in force, how each is judged, and why."),
    "history": ("stream.cli.history", "history", "Show what is known of the last six weeks, and fill in what is not."),
    "settings": ("stream.cli.settings", "settings", "Show each setting, its value and where it came from."),
    "dead-letter": ("stream.cli.dead_letter", "dead_letter", "List and inspect rejected events."),
    "render": ("stream.cli.render", "render", "Write schemas and reference from the code, or check them."),
}

_debug = False


def debugging() -> bool:
    """Say whether --debug was given."""
    return _debug


def _set_debug(_context: click.Context, _option: click.Parameter, value: bool) -> None:
    global _debug
    _debug = _debug or value


def _debug_option() -> click.Option:
    return click.Option(
        ["--debug"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_set_debug,
        help="Show the stack trace of an error.",
    )


class LazyGroup(click.Group):
    """Import a command's module when the command is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        for each in (command, *(command.commands.values() if isinstance(command, click.Group) else ())):
            if not any("--debug" in p.opts for p in each.params):
                each.params.append(_debug_option())
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])


def _version(context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"leadpulse {version('leadpulse')}")
        context.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    no_args_is_help=True,
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def root(**_: Any) -> None:
    """Exact rolling lead-generation metrics from Kafka topics, live in Prometheus.

    \b
    Start here:
      leadpulse demo                          everything on this machine, nothing to install
      leadpulse check events.ndjson           are my events right?
      leadpulse replay events.ndjson          what do the metrics say about them?

    \b
    With a Kafka:
      export LEADPULSE_BROKERS=kafka-1:9093 LEADPULSE_TLS=true
      leadpulse topics create --partitions 12
      leadpulse worker                        then open http://127.0.0.1:9464/metrics

    Settings are LEADPULSE_* variables, a TOML file (--config or LEADPULSE_CONFIG), or flags; `leadpulse
    settings` lists them all. `leadpulse COMMAND --help` has examples.
    """


root.params.append(_debug_option())
