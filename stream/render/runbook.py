"""Runbook: what to do about each alert, written from the same texts as the alerts.

In:  the texts of all alerts, and of figures that no rule judges.
Out: deploy/RUNBOOK.md; one heading an alert, to which its runbook_url leads, then one a figure.
"""

from __future__ import annotations

from typing import Final

from stream.render import rules
from stream.render.alerts.notes import notes
from stream.render.alerts.texts import ALERTMANAGER, PROMETHEUS, WORKER, AlertText

PATH: Final = "deploy/RUNBOOK.md"

_HEAD: Final = f"""\
<!-- {rules.HEAD} -->
# Runbook

One section for each alert; the `runbook_url` of an alert leads to its section. The commands take Prometheus at
`{PROMETHEUS}`, Alertmanager at `{ALERTMANAGER}` and a worker at `{WORKER}`: put your own in their place.

**How ratios are judged.** A ratio drops when the upper end of its interval (Wilson, three standard deviations)
lies below a part of its usual value: 0.85 of it over an hour, 0.9 over six hours and a day. Usual is what the same
hours of the last four weeks held together; with fewer than 200 trials in them, the last seven days. So a night is
compared with nights, and chance alone hardly ever wakes anyone. Figures that harm by rising are judged the other way
round. The series `leadpulse:ratio:state` says 1 (drop), 0 (ok) or -1 (not enough data: `leadpulse:trials:sum` of
`leadpulse:trials:needed`).

**What holds alerts back.** While shards are not caught up, or a source is silent or behind, the ratios that need it
do not page, and after a silence not before it has left their window. In Alertmanager a worker that is down
silences everything else, a silent source what needs it, and the 1 h window the longer ones of the same figure.

**Severity.** `critical` wakes someone, `warning` is for today, `info` for this week.
"""

_UNRULED: Final = """\
# Figures without a rule

No alert fires for these: what is usual for them shows over weeks and months. Look at them on the boards *Leads*,
*Money* and *Trust*.
"""


def render() -> dict[str, str]:
    """Give the runbook, by its path in the checkout."""
    texts = rules.alerts()
    beside = notes()
    sections = [*map(_section, texts), _UNRULED, _table("figure", beside), *map(_section, beside)]
    return {PATH: "\n".join([_HEAD, _table("alert", texts), *sections])}


def _table(what: str, texts: list[AlertText]) -> str:
    rows = "\n".join(f"| [{text.name}](#{text.name.lower()}) | {text.severity} | {text.summary} |" for text in texts)
    return f"| {what} | severity | what it says |\n|---|---|---|\n{rows}\n"


def _section(text: AlertText) -> str:
    looks = "\n".join(
        f"{at}. {_shows(shows)}:\n   ```sh\n   {do}\n   ```" for at, (shows, do) in enumerate(text.look_first, 1)
    )
    silence = f"\n**Silence** while you work on it:\n\n```sh\n{text.silence}\n```\n" if text.silence else ""
    return f"""\
## {text.name}

{text.summary} Severity: {text.severity}.

**What it means.** {text.meaning}

**What it costs.** {text.cost}

**Look at first**

{looks}
{silence}"""


def _shows(text: str) -> str:
    return text[0].upper() + text[1:]
