"""`leadpulse demo`: everything on one machine, in memory.

In:  how long, how fast.
Out: a live view until Ctrl-C; nothing is left behind.
"""

from __future__ import annotations

import click

from stream.errors import CheckError, StartError, UsageError
from stream.settings.values import duration_ms


@click.command()
@click.option("--for", "length", metavar="DURATION", help="Stop after this long; default: at Ctrl-C.")
@click.option(
    "--rate",
    type=click.FloatRange(1, 10_000),
    default=400.0,
    show_default=True,
    help="Records a second, in fast motion.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same traffic.")
@click.option("--sites", type=click.IntRange(1, 20), default=1, show_default=True, help="Number of sites.")
@click.option("--history", metavar="DURATION", default="6h", show_default=True, help="Past that is played.")
@click.option("--no-story", is_flag=True, help="Let nothing break.")
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    default=9464,
    show_default=True,
    help="Port of the page and /metrics; a free one if it is taken.",
)
@click.option(
    "--source",
    type=click.Choice(["segment"]),
    help="Visits and mails come by a topic of their own, as calls of Segment's, and are mapped.",
)
@click.option(
    "--check", is_flag=True, help="With --for: fail unless every reading equals the books and the story holds."
)
def demo(
    length: str | None,
    rate: float,
    seed: int,
    sites: int,
    history: str,
    port: int,
    source: str | None,
    check: bool,
    no_story: bool,
) -> None:
    """Show it at work: broker, traffic, worker, and the metrics live beside the simulator's books.

    Everything runs on this machine and in memory; Ctrl-C ends it and leaves nothing behind. First true
    numbers come within 30 seconds. Settings are not read: the demo has its own broker and topics.

    \b
    Examples:
      leadpulse demo
      leadpulse demo --rate 200 --sites 3
      leadpulse demo --for 150s --check
      leadpulse demo --source segment
    """
    from stream.demo.broker import BrokerUnavailable
    from stream.demo.demo import run
    from stream.demo.play import DemoOptions
    from stream.demo.stage import StageFailed

    options = DemoOptions(
        run_s=None if length is None else _seconds(length, "--for"),
        check=check,
        rate=rate,
        seed=seed,
        sites=sites,
        history_ms=round(_seconds(history, "--history") * 1_000),
        metrics_port=port,
        source=source or "",
        story=not no_story,
    )
    try:
        code = run(options)
    except BrokerUnavailable as error:
        raise StartError(f"The demo's broker cannot be had: {error}.", do="pip install 'leadpulse[demo]'") from error
    except StageFailed as error:
        raise StartError(f"The demo ended: {error}", do="Run it again with --debug.") from error
    if code:
        raise CheckError(
            "The readings were not found equal to the books, or the story did not hold.", do="See the lines above."
        )


def _seconds(text: str, flag: str) -> float:
    try:
        return duration_ms(text) / 1_000
    except ValueError as error:
        raise UsageError(f"{error}.", where=flag) from None
