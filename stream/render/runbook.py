"""Runbook: what to do about each alert, written from the same texts as the alerts.

In:  the texts of all alerts, and of figures that nothing judges.
Out: deploy/RUNBOOK.md, and the same as the page that workers serve; one heading an alert, to which its runbook_url
leads, then one a figure.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Final

from stream.render import rules
from stream.render.alerts.notes import notes
from stream.render.alerts.texts import ALERTMANAGER, PROMETHEUS, WORKER, AlertText

PATH: Final = "deploy/RUNBOOK.md"

_HEAD: Final = f"""\
<!-- {rules.HEAD} -->
# Runbook

One section for each alert; the `runbook_url` of an alert leads to its section. The commands take Prometheus at
`{PROMETHEUS}`, Alertmanager at `{ALERTMANAGER}` and a worker at `{WORKER}`: put your own in their place. Every worker
serves this page at `/runbook`.

**Who judges.** leadpulse itself, ten minutes by ten, from a history of six weeks of its own; Prometheus only reads what
it says. What is usual is what the same hours of the last four weeks held, local to the site's zone. An alert fires when
two looks in a row hold, and stays until the figure is well back.

**How to read a verdict.** `leadpulse_judged_state` is 0 as usual, 1 drop or rise, 2 too little to tell (see
`leadpulse_judged_needed`), 3 young (fewer than two former weeks are known), 4 marked by the calendar, 5 waiting (its
window begins before there is data, or a source of it is behind or silent). `leadpulse_judged_usual` and
`leadpulse_judged_limit` say what is usual and where it would not be. A reading carries the same as `verdict`.

**How to read an alert.** Its text says what is missing against the usual, which side moved (fewer leads, or more
visitors), and what it comes from: channels, campaigns, forms, pages, countries, bots, the largest part first.

**Severity.** A `page` wakes someone: people stay away from a site, no longer become leads, or nothing can be said. A
`ticket` is for the next working day. `info` is shown and told to nobody. `leadpulse alerts show` says what is in force.

**What is held back** (`held` of `leadpulse_alert_firing`): the tickets of a site with a page (`page`), tickets at night
(`quiet`), pages of many sites at once, which become one (`many_sites`). It is shown and told to nobody.

**What you can say.** In the file that `LEADPULSE_ALERTS` names: holidays and promotions in the calendar, which are
neither judged nor an example; severity, or off, of an alert by site and label; limits of your own; quiet hours. Before
you change it, `leadpulse alerts backtest FILE --alerts other.toml` says what would have been told.
"""

_UNRULED: Final = """\
# Figures that nothing judges

No alert fires for these: what is usual for them shows over weeks and months. Look at them on the boards *Leads*,
*Money* and *Trust*.
"""


def render() -> dict[str, str]:
    """Give the runbook, by its path in the checkout."""
    return {PATH: markdown()}


def markdown() -> str:
    """Write the runbook."""
    texts = rules.alerts()
    beside = notes()
    sections = [*map(_section, texts), _UNRULED, _table("figure", beside), *map(_section, beside)]
    return "\n".join([_HEAD, _table("alert", texts), *sections])


def _table(what: str, texts: Iterable[AlertText]) -> str:
    rows = "\n".join(f"| [{text.heading}](#{text.anchor}) | {text.severity} | {text.summary} |" for text in texts)
    return f"| {what} | severity | what it says |\n|---|---|---|\n{rows}\n"


def _section(text: AlertText) -> str:
    looks = "\n".join(
        f"{at}. {_shows(shows)}:\n   ```sh\n   {do}\n   ```" for at, (shows, do) in enumerate(text.look_first, 1)
    )
    silence = f"\n**Silence** while you work on it:\n\n```sh\n{text.silence}\n```\n" if text.silence else ""
    names = f" `{text.known}` on the topic, `{text.name}` in Prometheus." if text.known else ""
    return f"""\
## {text.heading}

{text.summary} Severity: {text.severity}.{names}

**What it means.** {text.meaning}

**What it costs.** {text.cost}

**Look at first**

{looks}
{silence}"""


def _shows(text: str) -> str:
    return text[0].upper() + text[1:]


# -- as a page


def page() -> str:
    """Write the runbook as a page of its own: no script, no style, nothing from elsewhere."""
    texts, beside = rules.alerts(), notes()
    introduction = "".join(f"<p>{_inline(part)}</p>" for part in _paragraphs(_HEAD))
    unjudged = "".join(f"<p>{_inline(part)}</p>" for part in _paragraphs(_UNRULED))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        '<meta name="viewport" content="width=device-width"><title>leadpulse: runbook</title>'
        f"<main><h1>Runbook</h1>{introduction}{_rows(texts)}"
        f"{''.join(map(_article, texts))}<h1>Figures that nothing judges</h1>{unjudged}{_rows(beside)}"
        f"{''.join(map(_article, beside))}</main></html>"
    )


def _paragraphs(text: str) -> list[str]:
    """Take the paragraphs out of a text, without comments and headings."""
    lines = (line for line in text.splitlines() if not line.startswith(("<!--", "# ")))
    return [part.replace("\n", " ").strip() for part in "\n".join(lines).split("\n\n") if part.strip()]


def _inline(text: str) -> str:
    """Write bold, emphasis and code.

    >>> _inline("**a** `b<c` *d*")
    '<strong>a</strong> <code>b&lt;c</code> <em>d</em>'
    """
    parts = re.split(r"(`[^`]+`)", html.escape(text, quote=False))
    for at, part in enumerate(parts):
        if part.startswith("`"):
            parts[at] = f"<code>{part[1:-1]}</code>"
        else:
            bold = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", part)
            parts[at] = re.sub(r"\*(.+?)\*", r"<em>\1</em>", bold)
    return "".join(parts)


def _rows(texts: Iterable[AlertText]) -> str:
    rows = "".join(
        f'<tr><td><a href="#{text.anchor}">{html.escape(text.heading)}</a><td>{text.severity}'
        f"<td>{html.escape(text.summary)}"
        for text in texts
    )
    return f"<table><tr><th>what<th>severity<th>what it says{rows}</table>"


def _article(text: AlertText) -> str:
    looks = "".join(f"<li>{html.escape(_shows(shows))}:<pre>{html.escape(do)}</pre>" for shows, do in text.look_first)
    silence = f"<p><strong>Silence</strong> while you work on it:<pre>{html.escape(text.silence)}</pre>"
    names = f" <code>{text.known}</code> on the topic, <code>{text.name}</code> in Prometheus." if text.known else ""
    return (
        f'<section id="{text.anchor}"><h2>{html.escape(text.heading)}</h2>'
        f"<p>{html.escape(text.summary)} Severity: {text.severity}.{names}"
        f"<p><strong>What it means.</strong> {_inline(text.meaning)}<p><strong>What it costs.</strong>"
        f" {_inline(text.cost)}<p><strong>Look at first</strong><ol>{looks}</ol>"
        f"{silence if text.silence else ''}</section>"
    )
