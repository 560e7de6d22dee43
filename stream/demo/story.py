"""Story: what the demo tells: its main form breaks, leadpulse says so and names it, it is mended, and it is over.

In:  records of `leadpulse.alerts` and readings, with the moment at which they came.
Out: which form is out and when; what stands now; whether all came about, and in time.

Seconds are those of fast motion since playing began: on a machine that keeps up, those of the clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from stream.demo.pace import Pace
from stream.demo.visits import Outage
from stream.demo.world import MAIN_FORM, SITES

BREAKS_S: Final = 30.0
MENDED_S: Final = 60.0
#: An hour of what is played is half a minute: red within 35 s of the break, over within 70 s of the mending.
RED_WITHIN_S: Final = 35.0
OVER_WITHIN_S: Final = 70.0
#: How long a demo must be for all of it, and how much must be played in fast motion.
LEAST_RUN_S: Final = 150.0
LEAST_PLAYED_MS: Final = 5 * 3_600_000
#: About when news of it are due, so that nothing shall hold them up: seconds after the break and after the mending.
NEWS_S: Final = (12.0, 34.0)

METRIC: Final = "visit_to_lead_ratio"
ALERT: Final = "visit_to_lead_drop"
WINDOW: Final = "1h"


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert that fires."""

    alert: str
    severity: str
    held: str
    text: str


@dataclass(slots=True)
class Alerts:
    """What fires, by the topic; and what pages there were."""

    firing: dict[bytes, Standing] = field(default_factory=dict)
    paged: dict[str, None] = field(default_factory=dict)

    def take(self, key: bytes | None, value: bytes | None) -> dict[str, Any] | None:
        """Take a record of `leadpulse.alerts`; give what it says, None where it says nothing."""
        if key is None or value is None:
            self.firing.pop(key or b"", None)
            return None
        said: dict[str, Any] = orjson.loads(value)
        if said["state"] != "firing":
            self.firing.pop(key, None)
            return said
        self.firing[key] = Standing(said["alert"], said["severity"], said["held"], said["text"])
        if said["severity"] == "page" and not said["held"]:
            self.paged[said["alert"]] = None
        return said

    def told(self) -> list[Standing]:
        """List what somebody is told of, pages first."""
        some = [one for one in self.firing.values() if not one.held and one.severity in ("page", "ticket")]
        return sorted(some, key=lambda one: (one.severity, one.alert))


@dataclass(slots=True)
class Story:
    """The break of the main form, and what leadpulse says of it: moments are None until then."""

    form: str = MAIN_FORM
    site: str = SITES[0]
    red_s: float | None = None  # the reading is red, which the page shows
    fired_s: float | None = None
    named_s: float | None = None
    over_s: float | None = None
    text: str = ""

    def outage(self, pace: Pace) -> Outage:
        """Say when the form is out, by the clock of the traffic."""
        return Outage(self.form, pace.after(BREAKS_S), pace.after(MENDED_S))

    def take_alert(self, said: dict[str, Any], now_s: float) -> None:
        """Take what a record of `leadpulse.alerts` says."""
        if said["alert"] != ALERT or said["site"] != self.site or now_s < BREAKS_S:
            return
        if said["state"] == "resolved":
            if self.fired_s is not None:
                self.over_s = self.over_s or now_s
            return
        self.fired_s = self.fired_s or now_s
        if self.named_s is None and any((part["by"], part["value"]) == ("form", self.form) for part in said["parts"]):
            self.named_s, self.text = now_s, said["text"]

    def take_reading(self, said: dict[str, Any], now_s: float) -> None:
        """Take a reading of the site's conversion over the last hour."""
        if (said.get("verdict") or {}).get("state") == "drop" and now_s >= BREAKS_S:
            self.red_s = self.red_s or now_s

    def is_news_due(self, now_s: float) -> bool:
        """Say whether something is about to be told."""
        return any(since + NEWS_S[0] <= now_s < since + NEWS_S[1] for since in (BREAKS_S, MENDED_S))

    def is_decided(self, now_s: float) -> bool:
        """Say whether all has come about, or can no more in time."""
        return self.over_s is not None or now_s > MENDED_S + OVER_WITHIN_S

    def chapter(self, now_s: float) -> str:
        """Say where the story is."""
        if now_s < BREAKS_S:
            return f"in {BREAKS_S - now_s:.0f} s the form {self.form} will break"
        if now_s < MENDED_S:
            return f"the form {self.form} has been broken for {now_s - BREAKS_S:.0f} s: nobody can send it"
        if self.over_s is None:
            return f"the form {self.form} was mended {now_s - MENDED_S:.0f} s ago"
        return f"the form {self.form} was broken for {MENDED_S - BREAKS_S:.0f} s; leadpulse said so, and it is over"

    def faults(self) -> list[str]:
        """Say what did not come about, or too late; nothing if the story holds."""
        out = []
        for moment, since, within, what in (
            (self.red_s, BREAKS_S, RED_WITHIN_S, "the figure was not shown as a drop"),
            (self.fired_s, BREAKS_S, RED_WITHIN_S, "the alert did not fire"),
            (self.named_s, BREAKS_S, RED_WITHIN_S, f"the alert did not name the form {self.form}"),
            (self.over_s, MENDED_S, OVER_WITHIN_S, "the alert was not over"),
        ):
            event = "break" if since == BREAKS_S else "mending"
            if moment is None:
                out.append(f"{what} after the {event}")
            elif moment > since + within:
                out.append(f"{what} within {within:.0f} s of the {event}: it took {moment - since:.1f} s")
        return out

    def summary(self) -> str:
        """Say how long it took."""

        def after(moment: float | None, since: float) -> str:
            return "never" if moment is None else f"{moment - since:.1f} s"

        return (
            f"The form {self.form} broke {BREAKS_S:.0f} s after that. Red after {after(self.red_s, BREAKS_S)}, "
            f"alert after {after(self.fired_s, BREAKS_S)}, the form named after {after(self.named_s, BREAKS_S)}; "
            f"over {after(self.over_s, MENDED_S)} after it was mended."
        )
