"""Load: definitions of files, folders and Python, and what is said where one is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from stream.errors import SettingsError
from stream.sources.load import load, named

SEGMENT = 'preset = "segment"\nsite = "acme"\ntopics = ["cdp.web"]\n'


def written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def told(*said: str) -> str:
    with pytest.raises(SettingsError) as error:
        load(said)
    return str(error.value)


def test_a_source_is_called_by_its_preset_unless_it_has_a_name(tmp_path: Path) -> None:
    one = written(tmp_path, "a.toml", SEGMENT)
    two = written(tmp_path, "b.toml", 'name = "acme_app"\n' + SEGMENT)
    assert [source.name for source in load([one, two])] == ["segment", "acme_app"]
    assert [source.name for source in load([str(tmp_path)])] == ["segment", "acme_app"]


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    said = told(written(tmp_path, "a.toml", SEGMENT), written(tmp_path, "b.toml", SEGMENT))
    assert "Two sources are named segment" in said
    assert "a.toml" in said
    assert "b.toml" in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("preset", "is not TOML"),
        ('preset = "segmnt"', "there is no preset segmnt. Did you mean segment?"),
        ('site = "acme"', "preset: it is missing"),
        (SEGMENT + '[froms]\n"A" = {}\n', "froms: there is no option froms. Did you mean forms?"),
        (SEGMENT + '[forms]\n"A" = { from_type = "demo" }\n', "forms.A.from_type: there is no option from_type. Did you mean form_type?"),
        (SEGMENT + '[forms]\n"A" = { form_type = "demos" }\n', "forms.A.form_type: Invalid enum value"),
        ('preset = "segment"\nsite = "acme"\n', "topics: there is none"),
        ('preset = "segment"\ntopics = ["a"]\n', "site: it is missing"),
        (SEGMENT + 'format = "avro"\n', "registry: avro needs it"),
        (SEGMENT + 'format = "csv"\n', "columns: csv needs them"),
        (SEGMENT + 'format = "protobuf"\n', "descriptor: protobuf needs it"),
        (SEGMENT + 'unwrap = ["gzipp"]\n', "unwrap: 'gzipp' is none of gzip"),
        (SEGMENT + 'start = "tomorrow"\n', "start: 'tomorrow' is no time"),
        (SEGMENT + "keep = 7\n", "keep: Expected"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, says: str) -> None:
    assert says in told(written(tmp_path, "a.toml", text))


def test_all_mistakes_of_a_preset_are_said_at_once(tmp_path: Path) -> None:
    said = told(
        written(tmp_path, "a.toml", SEGMENT + 'zone = "Nowhere"\nkeeep = "raw"\n[forms]\n"A" = { action = "sub" }\n')
    )
    assert "3 things are wrong" in said
    assert "keeep: there is no option keeep. Did you mean keep?" in said
    assert "zone: 'Nowhere'" in said
    assert "forms.A.action" in said


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert "cannot be read" in told(str(tmp_path / "absent.toml"))
    assert "has no .toml file" in told(str(tmp_path))


MODULE = """
from stream.sources import Source, page_view
source = Source("acme_views", topics=["acme.views"], site="acme")
bare = Source("bare", topics=["acme.views"], site="acme")
wrong = Source("wrong", topics=["acme.views"], format="xml")
nothing = 7
@source.event
@wrong.event
def read(record, about):
    yield page_view(id=record["id"], time=record["at"], visitor_id="v", page={"path": "/"})
"""


def test_a_source_in_python_is_named_by_its_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "acme_mapping.py", MODULE)
    written(tmp_path, "acme_broken.py", "1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    (source,) = load(["acme_mapping:source"])
    assert source.name == "acme_views"
    assert "has no mapping" in told("acme_mapping:bare")
    assert "there is no format xml" in told("acme_mapping:wrong")
    assert "is no source but a int" in told("acme_mapping:nothing")
    assert "cannot be imported" in told("acme_mapping:absent")
    assert "cannot be imported" in told("acme_absent:source")
    assert "ZeroDivisionError" in told("acme_broken:source")


def test_a_command_names_a_source_by_file_by_name_or_by_preset(tmp_path: Path) -> None:
    file = written(tmp_path, "a.toml", 'name = "web"\n' + SEGMENT)
    assert named(file).name == "web"
    assert named("web", [file]).name == "web"
    assert named("sendgrid").definition.site == "example"
    with pytest.raises(SettingsError, match="no source and no file sendgrd") as error:
        named("sendgrd")
    assert "Did you mean sendgrid?" in str(error.value)
