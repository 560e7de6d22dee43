"""View: what the demo shows, as a live screen or as plain lines.

In:  a Scene: comparisons of the main metrics, the standing of the account, where to look.
Out: a rich renderable, or lines of text for output that is no terminal.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from stream.demo.compare import Line, Seen
from stream.demo.pace import NOTE
from stream.demo.story import Standing
from stream.demo.world import MAIN_FORM, SITES
from stream.reference.account import Key, Reference
from stream.reference.events import series
from stream.reference.money import Expected


def _key(metric: str, window: str, **labels: str) -> Key:
    return metric, series(metric, site=SITES[0], **labels)[1], window


_MAIL: Final = {"campaign": "newsletter-10", "purpose": "engagement", "variant": "a"}
_AD: Final = {
    "platform": "google", "campaign": "g-brand", "channel_type": "search", "audience_type": "", "variant": "",
}  # fmt: skip

#: What is on the screen: the first site's main metrics.
MAIN: Final[tuple[Key, ...]] = (
    _key("visit_to_lead_ratio", "1h"),
    _key("visitors", "5m"),
    _key("visitors", "1h"),
    _key("leads", "1h", capture_method="form"),
    _key("leads", "1h", capture_method="chatbot"),
    _key("chat_conversion_ratio", "1h", bot="helper-bot"),
    _key("click_through_ratio", "1h", **_AD),
    _key("cost_per_lead", "24h", currency="EUR", cost="media"),
    _key("deliverability_ratio", "1h", **_MAIL),
    _key("funnel_step_seconds", "1h", quantile="0.5", **{"from": "first_view", "to": "lead"}),
    _key("stage_leads", "24h", stage="sql"),
    _key("stage_leads", "24h", stage="customer"),
    _key("speed_to_lead_seconds", "24h", quantile="0.5"),
    _key("band_leads", "now", band="hot"),
    _key("attributed_leads", "24h", channel="paid_search", model="linear"),
    _key("visit_to_lead_ratio", "24h"),
    _key("visitors", "30d"),
    _key("page_views", "1h"),
    _key("sessions", "1h"),
    _key("channel_visit_to_lead_ratio", "1h", channel="paid_search"),
    _key("bounce_ratio", "1h", channel="direct"),
    _key("form_completion_ratio", "1h", form=MAIN_FORM),
    _key("conversations", "1h", bot="helper-bot"),
    _key("email_open_ratio", "1h", **_MAIL),
    _key("valid_event_ratio", "1h", kind="page_view"),
    _key("lead_quality_ratio", "24h"),
    _key("open_leads", "now", age="1d", stage="lead"),
    _key("customer_acquisition_cost", "30d", currency="EUR"),
)

#: What is drawn around the metrics.
_FRAME_LINES: Final = 15
#: Below so many columns labels stand with the name, and the books' side says nothing of what it was divided from.
_WIDE: Final = 110
_ALERT_LINES: Final = 3
PACE: Final = NOTE

_SIGN: Final = {"equal": "=", "wrong": "≠", "waiting": "…"}
_STYLE: Final = {"equal": "green", "wrong": "bold red", "waiting": "dim"}


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is shown at one moment; `behind_ms` is how far what is played lies back, None before it is."""

    phase: str
    chapter: str  # of the story
    behind_ms: int | None
    page_url: str
    lines: Sequence[Line]
    alerts: Sequence[Standing]
    produced: int
    accounted: int
    checked: str  # what the last full comparison found
    as_of: str
    data_since: str
    complete: bool
    account: dict[str, object]


def number(value: int | float | None) -> str:
    """Write a figure for people.

    >>> number(1234), number(0.061428), number(None)
    ('1,234', '0.0614', '-')
    """
    if value is None:
        return "-"
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.4f}" if abs(value) < 10 else f"{value:,.1f}"


def _side(line: Line, side: Seen | Expected | None) -> str:
    """Write a side of a line, a ratio with what it was divided from."""
    if side is None:
        return ""
    if side.denominator is None or line.key[0].endswith("_seconds"):
        return number(side.value)
    return f"{number(side.value)}  ({number(side.numerator)}/{number(side.denominator)})"


#: Labels whose values speak for themselves.
_PLAIN: Final = frozenset({"channel_type", "purpose", "platform", "variant", "cost"})


def _labels(line: Line) -> str:
    shown = [(name, value) for name, value in line.key[1] if name != "site" and value != "unknown"]
    return " ".join(value if name in _PLAIN else f"{name}={value}" for name, value in shown)


MEMORY_NOTE: Final = "Everything here is in memory, broker included; Ctrl-C leaves nothing behind."


def since_note(scene: Scene) -> str:
    """Say what a long window really covers."""
    if not scene.data_since:
        return "No readings yet."
    return f"data_since {scene.data_since}: a 30d window covers what happened since then, and no more."


def address(page_url: str, no_story: str) -> Iterator[RenderableType]:
    """Say where the page is, before anything else, and what is going to be seen on it."""
    yield Panel(
        Text.assemble("Open this page in a browser:   ", (page_url, "bold reverse")),
        padding=(1, 3),
        expand=False,
        border_style="bold",
    )
    yield (
        f"It is up in some ten seconds. Hours are played in fast motion, {PACE}; they end at now, then it goes on at "
        "the pace of the clock."
    )
    if no_story:
        yield f"This time {no_story}."
    else:
        yield "Half a minute after that begins the main form of the company breaks, and is mended another later."
    yield MEMORY_NOTE


def command() -> str:
    """Give what runs leadpulse from any terminal, whatever it has on its path."""
    beside = Path(sys.executable).with_name("leadpulse")
    return shlex.quote(str(beside)) if beside.exists() else f"{shlex.quote(sys.executable)} -m stream"


def hints(metrics_url: str, broker: str) -> tuple[str, ...]:
    """Say what to try, in another terminal."""
    run = command()
    return (
        "Try, in another terminal:",
        f"  curl -s {metrics_url} | grep leadpulse_visit_to_lead_ratio",
        f"  {run} topics list --brokers {broker}",
        f"  {run} dead-letter list --brokers {broker}",
        f"  {run} metrics            # every metric with its formula",
    )


def back(behind_ms: int) -> str:
    """Write how far what is played lies back.

    >>> back(5_400_000), back(59_000)
    ('1 h 30 min behind now', 'now')
    """
    hours, minutes = divmod(behind_ms // 60_000, 60)
    if not hours and not minutes:
        return "now"
    return f"{f'{hours} h ' if hours else ''}{minutes} min behind now"


def screen(scene: Scene, width: int, height: int) -> RenderableType:
    """Draw the live view; on a low terminal the last metrics of the list are left out."""
    wide = width >= _WIDE
    table = Table(expand=True, pad_edge=False, header_style="bold", box=SIMPLE_HEAD, padding=(0, 1))
    table.add_column("metric", no_wrap=True, ratio=1)
    if wide:
        table.add_column("labels", no_wrap=True, ratio=1)
    table.add_column("window", justify="right", no_wrap=True, min_width=6)
    table.add_column("leadpulse", justify="right", no_wrap=True, min_width=9)
    table.add_column("books", justify="right", no_wrap=True, min_width=8)
    table.add_column("", justify="center", width=1)
    for line in scene.lines[: max(4, height - _FRAME_LINES)]:
        sign = Text(_SIGN[line.state], style=_STYLE[line.state])
        metric, labels = line.key[0], _labels(line)
        names = (metric, labels) if wide else (f"{metric} {labels}".strip(),)
        books = _side(line, line.expected) if wide else number(line.expected.value if line.expected else None)
        table.add_row(*names, line.key[2], _side(line, line.seen), books, sign)
    when = "" if scene.behind_ms is None else f"   {back(scene.behind_ms)}"
    head = Text.assemble(
        (f" {scene.page_url} ", "bold reverse"),
        (f"  {scene.phase}{when}\n", "cyan"),
        (f"{scene.chapter[:1].upper()}{scene.chapter[1:]}\n", "bold"),
    )
    account = "  ".join(f"{name} {_told(value)}" for name, value in scene.account.items())
    foot = Text.assemble(
        f"records: produced {scene.produced:,}, accounted for {scene.accounted:,}   {account}\n",
        (f"{scene.checked}\n", "bold"),
        ("= equal   ≠ wrong   … moving (compared when the traffic pauses)   ", "dim"),
        ("Ctrl-C ends it", "yellow"),
    )
    return Group(head, _alert(scene, width), table, foot)


def _alert(scene: Scene, width: int) -> RenderableType:
    """Draw what somebody is told of: the first in words, others by their number."""
    if not scene.alerts:
        return Text("No alert fires.", style="green")
    first, *others = scene.alerts
    more = f"   (and {len(others)} more on the page)" if others else ""
    said = f"! {first.severity} {first.alert}{more}: {first.text}"
    most = _ALERT_LINES * width - 2
    return Text(said if len(said) <= most else f"{said[: most - 1]}…", style="bold red")


def _told(value: object) -> str:
    if isinstance(value, dict):
        return f"{sum(value.values()):,}"
    return f"{value:,}"


def plain(scene: Scene) -> Iterator[str]:
    """Write the same as lines."""
    complete = str(scene.complete).lower()
    when = "" if scene.behind_ms is None else f", {back(scene.behind_ms)}"
    yield f"# {scene.phase}; as of {scene.as_of or 'never'}{when}; complete {complete}; {since_note(scene)}"
    if scene.chapter:
        yield f"# {scene.chapter}"
    yield from (f"! {one.severity} {one.alert}: {one.text}" for one in scene.alerts)
    for line in scene.lines:
        ours, books = _side(line, line.seen), _side(line, line.expected)
        name = " ".join(part for part in (line.key[0], _labels(line), line.key[2]) if part)
        yield f"{_SIGN[line.state]} {name}: leadpulse {ours or 'nothing'}, books {books or 'not asked'}"
    yield f"# records: produced {scene.produced}, accounted for {scene.accounted}; {scene.checked}"


def account_of(books: Reference) -> dict[str, object]:
    """Give the account for the screen."""
    return {name: value for name, value in books.account().items() if name != "accepted"}
