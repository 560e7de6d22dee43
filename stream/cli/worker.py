"""`leadpulse worker`: run one worker until it is told to stop.

In:  settings.
Out: exit 0 after SIGTERM or Ctrl-C with everything committed; 70 when it gave up and must be started again.
"""

from __future__ import annotations

import signal

import click

from stream.cli.options import with_settings
from stream.settings.fields import Settings


@click.command()
@with_settings(
    "brokers",
    "topic_prefix",
    "group_id",
    "instance_id",
    "http",
    "delivery",
    "commit_interval",
    "lateness",
    "start",
    "partitioner",
    "clock",
    "consent",
    "log_level",
    "log_format",
)
@click.option(
    "--reset", is_flag=True, help="Begin anew, with empty topics of leadpulse; lists those that hold something."
)
def worker(settings: Settings, reset: bool) -> None:
    """Run a worker: read the source topics, keep the windows, serve /metrics, publish the results.

    Start as many as you like, up to the number of partitions; they share the work and take over from each
    other. Run them under a supervisor (systemd, compose, Kubernetes) that starts them again: on any doubt
    about what was written a worker stops with exit code 70, and the next one goes on from the last commit.
    The topics must exist: `leadpulse topics create`.

    \b
    Examples:
      leadpulse worker
      LEADPULSE_BROKERS=kafka-1:9093 LEADPULSE_TLS=true leadpulse worker --instance-id worker-1
      leadpulse worker --http 0.0.0.0:9464 --set http_token_file=/run/secrets/token
      leadpulse worker --start 2026-03-01T00:00:00Z --clock events
    """
    from stream.worker.guards.failstop import leave

    for number in (signal.SIGTERM, signal.SIGINT):  # the imports take a second, and nothing has begun
        signal.signal(number, lambda *_: leave())
    from stream.worker.main import run

    run(settings, reset=reset)
