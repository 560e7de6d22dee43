"""View: what the demo shows, as a live screen or as plain lines.

In:  a Scene: comparisons of the main metrics, the standing of the account, where to look.
Out: a rich renderable, or lines of text for output that is no terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from stream.demo.compare import Line
from stream.demo.world import SITES
from stream.reference.account import Key, Reference
from stream.reference.events import series


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
    _key("form_completion_ratio", "1h", form="demo-form"),
    _key("conversations", "1h", bot="helper-bot"),
    _key("email_open_ratio", "1h", **_MAIL),
    _key("valid_event_ratio", "1h", kind="page_view"),
    _key("lead_quality_ratio", "24h"),
    _key("open_leads", "now", age="1d", stage="lead"),
    _key("customer_acquisition_cost", "30d", currency="EUR"),
)

_FRAME_LINES: Final = 19  # what is drawn around the metrics

_SIGN: Final = {"equal": "=", "wrong": "≠", "waiting": "…"}
_STYLE: Final = {"equal": "green", "wrong": "bold red", "waiting": "dim"}


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is shown at one moment."""

    phase: str
    broker: str
    metrics_url: str
    lines: Sequence[Line]
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


def _figures(line: Line) -> tuple[str, str]:
    """Write both sides of a line, a ratio with what it was divided from."""
    sides = []
    for side in (line.seen, line.expected):
        if side is None:
            sides.append("")
        elif side.denominator is None or line.key[0].endswith("_seconds"):
            sides.append(number(side.value))
        else:
            sides.append(f"{number(side.value)}  ({number(side.numerator)}/{number(side.denominator)})")
    return sides[0], sides[1]


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


def hints(scene: Scene) -> tuple[str, ...]:
    """Say what to try next."""
    return (
        f"curl -s {scene.metrics_url} | grep leadpulse_visit_to_lead_ratio",
        f"leadpulse topics list --brokers {scene.broker}",
        f"leadpulse dead-letter list --brokers {scene.broker}",
        "leadpulse metrics            # every metric with its formula",
    )


def screen(scene: Scene, height: int) -> RenderableType:
    """Draw the live view; on a low terminal the last metrics of the list are left out."""
    table = Table(expand=True, pad_edge=False, header_style="bold")
    for title, justify in (("metric", "left"), ("labels", "left"), ("window", "right")):
        table.add_column(title, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for title in ("leadpulse", "books"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("", justify="center", width=1)
    for line in scene.lines[: max(4, height - _FRAME_LINES)]:
        ours, books = _figures(line)
        sign = Text(_SIGN[line.state], style=_STYLE[line.state])
        table.add_row(line.key[0], _labels(line), line.key[2], ours, books, sign)
    account = "  ".join(f"{name} {_told(value)}" for name, value in scene.account.items())
    head = Text.assemble(
        ("leadpulse demo  ", "bold"),
        (f"{scene.phase}\n", "cyan"),
        f"site {SITES[0]}   broker {scene.broker}   {scene.metrics_url}\n",
        (since_note(scene), "yellow"),
    )
    foot = Text.assemble(
        f"records: produced {scene.produced:,}, accounted for {scene.accounted:,}   {account}\n",
        (f"{scene.checked}\n", "bold"),
        ("= equal   ≠ wrong   … moving (compared when the traffic pauses)\n", "dim"),
        (f"{MEMORY_NOTE}\n", "yellow"),
        ("Try, in another terminal:\n", ""),
        ("\n".join(f"  {hint}" for hint in hints(scene)), "dim"),
    )
    return Group(head, table, Panel(foot, padding=(0, 1)))


def _told(value: object) -> str:
    if isinstance(value, dict):
        return f"{sum(value.values()):,}"
    return f"{value:,}"


def plain(scene: Scene) -> Iterator[str]:
    """Write the same as lines."""
    complete = str(scene.complete).lower()
    yield f"# {scene.phase}; as of {scene.as_of or 'never'}; complete {complete}; {since_note(scene)}"
    for line in scene.lines:
        ours, books = _figures(line)
        name = " ".join(part for part in (line.key[0], _labels(line), line.key[2]) if part)
        yield f"{_SIGN[line.state]} {name}: leadpulse {ours or 'nothing'}, books {books or 'not asked'}"
    yield f"# records: produced {scene.produced}, accounted for {scene.accounted}; {scene.checked}"


def account_of(books: Reference) -> dict[str, object]:
    """Give the account for the screen."""
    return {name: value for name, value in books.account().items() if name != "accepted"}
