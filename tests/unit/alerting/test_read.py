"""The file of alerts: what it says, and for each thing that can be wrong one message with its line."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from stream.alerting.followed import Followed
from stream.alerting.in_force import in_force
from stream.alerting.read import Alerts, parsed, read
from stream.errors import SettingsError
from stream.judge.settings import AlertRule, CalendarEntry, Limit, Quiet, Settings

TODAY = date(2026, 11, 29)
local = datetime.fromisoformat

WHOLE = """[sites]
shop = "Europe/Berlin"
default = "America/New_York"
[[calendar]]
sites = ["shop"]
from = 2026-12-24T12:00:00
to = 2026-12-26
kind = "holiday"
yearly = true
name = "Christmas"
[[calendar]]
sites = ["*"]
metrics = ["visitors"]
from = 2026-12-01
to = 2026-12-02T06:00:00
kind = "promotion"
[[rule]]
alert = "bounce_rise"
severity = "off"
[[rule]]
alert = "bounce_rise"
sites = ["shop"]
labels = { channel = "direct" }
z = 4
part = 0.8
[[limit]]
metric = "visit_to_lead_ratio"
window = "24h"
below = 0.02
least = 500
severity = "page"
[quiet]
tickets = "18:00-08:00"
"""


def said(text: str) -> Alerts:
    return parsed(text, "file alerts.toml", TODAY)


def test_everything_that_the_file_says_is_what_the_judge_goes_by() -> None:
    assert said(WHOLE).settings == Settings(
        zones={"shop": "Europe/Berlin"},
        default_zone="America/New_York",
        calendar=(
            CalendarEntry(("shop",), local("2026-12-24T12"), local("2026-12-27"), "holiday", (), True, "Christmas"),
            CalendarEntry(("*",), local("2026-12-01"), local("2026-12-02T06"), "promotion", ("visitors",)),
        ),
        rules=(
            AlertRule("bounce_rise", severity="off"),
            AlertRule("bounce_rise", ("shop",), (("channel", "direct"),), None, 4.0, 0.8),
        ),
        limits=(Limit("visit_to_lead_ratio", "24h", 0.02, None, 500.0, "page"),),
        quiet=Quiet(18 * 60, 8 * 60),
    )
    assert said("").settings == Settings()


DAY = '[[calendar]]\nsites = ["a"]\n'
RULE = '[[rule]]\nalert = "bounce_rise"\n'
LIMIT = '[[limit]]\nmetric = "visitors"\nwindow = "24h"\nbelow = 5\n'


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("[sites]\nshop = 'Europe/Berlim'", 2, "no zone 'Europe/Berlim'"),
        ("[sites]\nshop = 'Europe'", 2, "no zone 'Europe'"),
        ("[sites]\nshop = '../etc/passwd'", 2, "no zone"),
        ("[sites]\nshop = 1", 2, "sites.shop: 1 is no text"),
        ("[site]\nshop = 'UTC'", 1, "site: there is no such key"),
        ("sites = 1", 1, "it is not a table"),
        ("calendar = 1", 1, "it is not a list of tables"),
        ("[[calendar]]\nfrom = 2026-12-24\nto = 2026-12-25", 1, "calendar 1.sites: it is not a list of texts"),
        (DAY.replace('"a"', '"a", "*"'), 2, "name sites, or all of them"),
        (DAY + "to = 2026-12-25", 1, "calendar 1.from: it is missing"),
        (DAY + "from = 2026-12-24\nto = '2026-12-25'", 4, "'2026-12-25' is no date"),
        (DAY + "from = 2026-12-24\nto = 12:00:00", 4, "is no date"),
        (DAY + "from = 2026-12-24T00:00:00Z\nto = 2026-12-25", 3, "2026-12-24T00:00:00+00:00 has a zone"),
        (DAY + "from = 2026-12-25\nto = 2026-12-24", 4, "2026-12-24 is before 2026-12-25"),
        (DAY + "from = 2026-12-25T10:00:00\nto = 2026-12-25T10:00:00", 4, "is before"),
        (DAY + "from = 2025-01-01\nto = 2026-12-24", 4, "longer than a year"),
        (DAY + "from = 2026-12-24\nto = 2026-12-25\nkind = 'hollyday'", 5, "no kind 'hollyday'"),
        (DAY + "from = 2026-12-24\nto = 2026-12-25\nyearly = 'yes'", 5, "'yes' is neither true nor false"),
        (DAY + "from = 2026-12-24\nto = 2026-12-25\nmetrics = ['visitor']", 5, "no metric 'visitor'"),
        (DAY + "from = 2026-12-24\nto = 2026-12-25\nsite = 'a'", 5, "calendar 1.site: there is no such key"),
        ("[[rule]]\nalert = 'bounce_rises'\nseverity = 'off'", 2, "no alert 'bounce_rises'"),
        ("[[rule]]\nseverity = 'off'", 1, "rule 1.alert: it is missing"),
        (RULE, 1, "it changes nothing"),
        (RULE + "severity = 'critical'", 3, "no severity 'critical'"),
        (RULE + "z = '3'", 3, "'3' is no number"),
        (RULE + "z = 30", 3, "30 is not between 1 and 10"),
        (RULE + "z = nan", 3, "nan is not between"),
        (RULE + "z = true", 3, "True is no number"),
        (RULE + "part = 85", 3, "85 is not between 0.05 and 0.99"),
        (RULE + "z = 3\nlabels = { chanel = 'direct' }", 4, "no label of the alert bounce_rise 'chanel'"),
        ("[[rule]]\nalert = 'visitors_drop'\npart = 0.5\nlabels = { channel = 'direct' }", 4, "tells no labels apart"),
        ("[[rule]]\nalert = 'visitors_drop'\nz = 3", 3, "visitors_drop is judged without it"),
        ("[[rule]]\nalert = 'source_silent'\npart = 0.5", 3, "source_silent is judged without it"),
        ("[[limit]]\nmetric = 'visitor'\nwindow = '24h'\nbelow = 1", 2, "no metric that history keeps 'visitor'"),
        (LIMIT.replace("24h", "5m"), 3, "no window of visitors that history keeps '5m'"),
        (LIMIT + "least = -1", 5, "-1 is not between 0"),
        (LIMIT + "labels = { channel = 'direct' }", 5, "tells no labels apart"),
        (LIMIT + "above = 4", 5, "every value is outside"),
        (LIMIT.replace("below = 5", ""), 1, "it has no limit"),
        (LIMIT + "severity = 'off'", 5, "no severity 'off'"),
        ("[quiet]\ntickets = '18-8'", 2, "'18-8' is no time of the day"),
        ("[quiet]\ntickets = '24:00-08:00'", 2, "is no time of the day"),
        ("[quiet]\ntickets = '08:00-08:00'", 2, "is no time at all"),
        ("[quiet]\npages = '18:00-08:00'", 2, "quiet.pages: there is no such key"),
    ],
)
def test_what_is_wrong_is_one_message_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(SettingsError) as error:
        said(f"{text}\n")
    assert what in error.value.what
    assert error.value.where == f"file alerts.toml, line {line}"
    assert error.value.do
    assert error.value.fields == ("alerts",)


def test_what_is_no_toml_says_where(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"not TOML: .*line 2"):
        said("[sites]\nshop = \n")
    path = tmp_path / "alerts.toml"
    path.write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="not TOML"):
        read(path, TODAY)
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        read(tmp_path / "none.toml", TODAY)


def day(first: str, last: str, sites: str = "a", yearly: bool = False, metrics: str = "") -> str:
    listed = f"metrics = [{metrics}]\n" if metrics else ""
    return (
        f'[[calendar]]\nsites = ["{sites}"]\nfrom = {first}\nto = {last}\n{listed}{"yearly = true" if yearly else ""}\n'
    )


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (day("2026-12-24", "2026-12-26"), day("2026-12-26", "2026-12-27"), True),
        (day("2026-12-24", "2026-12-26"), day("2026-12-27", "2026-12-28"), False),
        (day("2026-12-24", "2026-12-26"), day("2026-12-26", "2026-12-27", "b"), False),
        (day("2026-12-24", "2026-12-26"), day("2026-12-26", "2026-12-27", "*"), True),
        (day("2026-12-24", "2026-12-26", metrics="'visitors'"), day("2026-12-26", "2026-12-27"), True),
        (day("2026-12-24", "2026-12-26", metrics="'visitors'"), day("2026-12-26", "2026-12-27", metrics="'leads'"), False),
        # yearly ones meet others in the years of these, and each other in all
        (day("2020-12-24", "2020-12-26", yearly=True), day("2026-12-26", "2026-12-27"), True),
        (day("2020-12-30", "2021-01-02", yearly=True), day("2026-01-01", "2026-01-01"), True),
        (day("2020-12-24", "2020-12-26", yearly=True), day("2024-12-26", "2024-12-28", yearly=True), True),
        (day("2024-02-29", "2024-02-29", yearly=True), day("2027-03-01", "2027-03-01"), True),
        (day("2020-12-24", "2020-12-26", yearly=True), day("2026-11-26", "2026-11-28"), False),
    ],
)  # fmt: skip
def test_entries_of_the_same_figures_must_not_overlap(one: str, other: str, overlap: bool) -> None:
    for first, second in ((one, other), (other, one)):
        if not overlap:
            assert len(said(first + second).settings.calendar) == 2
            continue
        with pytest.raises(SettingsError, match=r"calendar 2.from: it overlaps calendar 1 \(line 1\)"):
            said(first + second)


def test_an_entry_that_is_long_past_is_told_and_harms_nothing() -> None:
    alerts = said(
        day("2026-09-01", "2026-09-02") + day("2026-11-01", "2026-11-02") + day("2020-01-01", "2020-01-01", yearly=True)
    )
    assert len(alerts.notices) == 1
    assert "line 1: calendar 1 ended on 2026-09-02 and marks nothing any more" in alerts.notices[0]


# -- followed


def test_a_file_is_read_again_when_it_changes_and_the_last_good_one_stays() -> None:
    text = "[sites]\na = 'UTC'\n"
    file = Followed(said(text), text)
    assert file.look(text, TODAY) is None

    wrong = file.look("[sites]\na = 'Nowhere'\n", TODAY)
    assert wrong is not None
    assert wrong.level == "error"
    assert "no zone 'Nowhere'" in wrong.text
    assert "line 2" in wrong.text
    assert file.alerts.settings.zones == {"a": "UTC"}
    assert file.look("[sites]\na = 'Nowhere'\n", TODAY) is None, "it is said once"

    right = file.look("[sites]\na = 'Europe/Paris'\n", TODAY)
    assert right is not None
    assert right.level == "info"
    assert file.alerts.settings.zones == {"a": "Europe/Paris"}


def test_a_file_that_is_gone_is_said_once_and_what_it_said_stays() -> None:
    file = Followed(said(WHOLE), WHOLE)
    first = file.missed("No such file")
    assert first is not None
    assert "before is in force" in first.text
    assert file.missed("No such file") is None
    assert file.look(WHOLE, TODAY) is None
    assert file.missed("No such file") is not None
    assert file.alerts == said(WHOLE)


# -- in force

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def test_what_is_in_force_says_why() -> None:
    told = in_force(said(WHOLE), NOW)
    alerts = {row["alert"]: row for row in told["alerts"]}
    assert alerts["bounce_rise"]["severity"] == "off"
    assert alerts["bounce_rise"]["from"] == {"severity": "line 17", "z": "default", "part": "default"}
    assert alerts["bounce_rise"]["apart"] == [
        {"sites": ["shop"], "labels": {"channel": "direct"}, "z": 4.0, "part": {"1h": 0.8, "24h": 0.8}, "from": "line 20"}
    ]  # fmt: skip
    assert alerts["visitors_drop"]["severity"] == "page"
    assert set(alerts["visitors_drop"]["from"].values()) == {"default"}
    assert [(row["state"], row["begin"], row["from"]) for row in told["calendar"]] == [
        ("now", "2026-12-01T00:00:00", "line 11"),
        ("next", "2026-12-24T12:00:00", "line 4"),
    ]
    assert told["limits"][0]["from"] == "line 26"
    assert told["quiet"] == {"tickets": "18:00-08:00", "from": "line 33"}
    assert [(row["site"], row["zone"], row["from"]) for row in told["sites"]] == [
        ("shop", "Europe/Berlin", "line 2"),
        ("default", "America/New_York", "line 3"),
    ]


@pytest.mark.parametrize(
    ("now", "state", "begin"),
    [
        (datetime(2026, 12, 24, 10, 59, tzinfo=UTC), "next", "2026-12-24T12:00:00"),  # 11:59 in Berlin
        (datetime(2026, 12, 24, 11, 0, tzinfo=UTC), "now", "2026-12-24T12:00:00"),
        (datetime(2026, 12, 26, 23, 0, tzinfo=UTC), "next", "2027-12-24T12:00:00"),  # midnight in Berlin
    ],
)
def test_calendar_entries_are_local_to_the_site(now: datetime, state: str, begin: str) -> None:
    rows = in_force(said(WHOLE), now)["calendar"]
    assert [(row["state"], row["begin"]) for row in rows if row["name"] == "Christmas"] == [(state, begin)]


def test_the_last_rule_for_all_counts_of_each_word() -> None:
    told = in_force(said(RULE + "z = 4\nseverity = 'page'\n" + RULE + "severity = 'info'\n"), NOW)
    row = next(row for row in told["alerts"] if row["alert"] == "bounce_rise")
    assert (row["z"], row["severity"]) == (4.0, "info")
    assert row["from"] == {"severity": "line 5", "z": "line 1", "part": "default"}
