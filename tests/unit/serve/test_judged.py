"""Judged: what Prometheus sees of verdicts and alerts."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from stream.catalog import BY_NAME
from stream.changes.panes import DAY_MS, MINUTE_MS
from stream.contract import alert
from stream.contract.alert import AlertRecord, Verdict
from stream.judge.alerts import known
from stream.judge.look import Judge
from stream.judge.settings import AlertRule, CalendarEntry, Settings
from stream.judge.state import State
from stream.serve.judged import FIRING, families, figures_of
from stream.serve.prometheus import text_of
from stream.serve.views import AlertsView, JudgedFigure
from tests.unit.judge.made import NOON_MS, reading, remember

DROP = msgspec.convert(alert.EXAMPLE, AlertRecord)
SINCE = int(datetime.fromisoformat(DROP.at).timestamp() * 1_000)
BOUNCE = msgspec.structs.replace(
    DROP, alert="bounce_rise", by="channel", value='e"mail', severity="ticket", held="page", text="More\nleave."
)


def view(*records: AlertRecord, settings: Settings = Settings(), later_ms: int = MINUTE_MS) -> AlertsView:
    return AlertsView(records, ("shop",), settings, SINCE + later_ms)


def firing(shown: AlertsView) -> dict[tuple[str, ...], float]:
    """Give the series of alerts by alert, site, by, value, severity, held."""
    (family,) = (one for one in families(shown, ()) if one.name == FIRING)
    series = [tuple(value for _, value in sample.labels) for sample in family.samples]
    assert len(series) == len(set(series))
    return dict(zip(series, (sample.value for sample in family.samples), strict=True))


def test_each_alert_of_each_site_has_a_series_before_anything_fires() -> None:
    found = firing(view())
    assert set(found.values()) == {0}
    assert {name for name, *_ in found} == set(known())
    assert found["visit_to_lead_drop", "shop", "", "", "page", ""] == 0
    assert found["many_sites", "", "", "", "page", ""] == 0
    assert ("many_sites", "shop", "", "", "page", "") not in found


@pytest.mark.parametrize(("records", "later_ms", "series", "value"), [
    # fires: the series that was there from the start is 1
    ((DROP,), 0, ("visit_to_lead_drop", "shop", "", "", "page", ""), 1),
    # held back: 1 where the reason stands, and 0 where somebody would be told
    ((BOUNCE,), 0, ("bounce_rise", "shop", "channel", 'e"mail', "ticket", "page"), 1),
    ((BOUNCE,), 0, ("bounce_rise", "shop", "channel", 'e"mail', "ticket", ""), 0),
    # over: 0 for a day
    ((msgspec.structs.replace(BOUNCE, state="resolved", held=""),), DAY_MS - 1,
     ("bounce_rise", "shop", "channel", 'e"mail', "ticket", ""), 0),
    ((msgspec.structs.replace(BOUNCE, state="resolved", held=""),), DAY_MS,
     ("bounce_rise", "shop", "channel", 'e"mail', "ticket", ""), None),
    # an older spell of what fires again, in whatever order
    ((DROP, msgspec.structs.replace(DROP, state="resolved", since="2026-11-27T00:00:00Z")), 0,
     ("visit_to_lead_drop", "shop", "", "", "page", ""), 1),
    ((msgspec.structs.replace(DROP, state="resolved", since="2026-11-27T00:00:00Z"), DROP), 0,
     ("visit_to_lead_drop", "shop", "", "", "page", ""), 1),
    # a site that only the topic knows has its series, too
    ((msgspec.structs.replace(DROP, site="blog"),), 0, ("visitors_drop", "blog", "", "", "page", ""), 0),
])  # fmt: skip
def test_an_alert_is_shown_as(
    records: tuple[AlertRecord, ...], later_ms: int, series: tuple[str, ...], value: float | None
) -> None:
    assert firing(view(*records, later_ms=later_ms)).get(series) == value


def test_settings_say_how_an_alert_that_does_not_fire_would_be_told() -> None:
    rules = (AlertRule("bounce_rise", severity="off"), AlertRule("leads_drop", ("shop",), severity="page"))
    found = firing(view(settings=Settings(rules=rules)))
    assert "bounce_rise" not in {name for name, *_ in found}
    assert ("leads_drop", "shop", "", "", "page", "") in found


def test_a_scrape_reads_verdicts_texts_and_the_calendar() -> None:
    begin, end = datetime.fromisoformat("2026-12-24"), datetime.fromisoformat("2026-12-27")
    calendar = (CalendarEntry(("*",), begin, end), CalendarEntry(("blog",), begin, end))
    figures = (
        JudgedFigure("visit_to_lead_ratio", "shop", "", "", "6h", Verdict("drop", 0.05, 0.045, 843)),
        JudgedFigure("bounce_ratio", "shop", "channel", "email", "1h", Verdict("young")),
        JudgedFigure("bounce_ratio", "shop", "channel", "email", "24h", Verdict("none")),
    )
    text = text_of(families(view(BOUNCE, settings=Settings(calendar=calendar)), figures)).decode()
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name != FIRING
    }
    ratio = ("visit_to_lead_ratio", "shop", "", "", "6h")
    assert found == {
        ("leadpulse_judged_state", *ratio): 1,
        ("leadpulse_judged_usual", *ratio): 0.05,
        ("leadpulse_judged_limit", *ratio): 0.045,
        ("leadpulse_judged_needed", *ratio): 843,
        ("leadpulse_judged_state", "bounce_ratio", "shop", "channel", "email", "1h"): 3,
        ("leadpulse_alert_text", "bounce_rise", "shop", "channel", 'e"mail', "More\nleave."): 1,
        ("leadpulse_calendar_entries", "shop"): 1,
    }


def test_a_worker_that_knows_no_alerts_shows_none() -> None:
    assert families(None, ()) == []


def test_verdicts_of_a_look_are_named_as_readings_and_records_name_them() -> None:
    state = State()
    labels = {"platform": "google", "campaign": "june"}
    remember(state.history, "click_through_ratio", "24h", labels, lambda _lag: (500, 100_000))
    beside = [label for label in BY_NAME["click_through_ratio"].labels if label not in (*labels, "site")]
    now = reading("click_through_ratio", "24h", (500, 100_000), **labels, **dict.fromkeys(beside, "x"))  # type: ignore[arg-type]
    looked = Judge().look(state, NOON_MS, [now])
    (figure,) = figures_of(looked.verdicts)
    assert (figure.metric, figure.site, figure.window) == ("click_through_ratio", "shop", "24h")
    assert (figure.by, figure.value) == ("platform,campaign", "google,june")
    assert figure.verdict.state == "ok"
    assert figure.verdict.usual == pytest.approx(0.005)
