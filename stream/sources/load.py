"""Load: sources by what a setting or a command names: files of TOML, folders of them, objects of Python, presets.

In:  paths, `module:object`, or the name of a preset.
Out: sources; or one SettingsError with every mistake of a definition.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from stream.errors import SettingsError
from stream.sources import presets
from stream.sources.definition import KEYS, Definition, Mistake, mistakes_of, near, refuse
from stream.sources.fields import Fields
from stream.sources.options import filled
from stream.sources.preset import Preset
from stream.sources.source import Source

FIELDS: Final = "fields"
#: What a definition may have beside the keys of every source and the options of its preset.
_TABLES: Final = ("test",)
#: The site of a preset that is tried without a definition.
EXAMPLE_SITE: Final = "example"


def load(said: Iterable[str]) -> list[Source]:
    """Read all sources that are named, each by a path or `module:object`; two of one name are an error."""
    found = [source for each in said for source in _of(each)]
    seen: dict[str, Source] = {}
    for source in found:
        other = seen.setdefault(source.name, source)
        if other is not source:
            raise SettingsError(
                f"Two sources are named {source.name}.",
                where=f"{other.origin}; {source.origin}",
                do="Write a name of its own into one of them: events are known by the name of their source.",
            )
        if not source.definition.topics:
            refuse(source.origin, [Mistake("topics", "there is none.", 'Write topics = ["name.of.it"].')])
    return found


def named(said: str, among: Iterable[str] = ()) -> Source:
    """Give one source for a command: by file, `module:object`, its name among those that are set, or a preset's."""
    if ":" in said or Path(said).exists():
        found = _of(said)
        if len(found) != 1:
            raise SettingsError(f"{said} has {len(found)} sources.", where=said, do="Name one file.")
        return found[0]
    known = {source.name: source for source in load(among)}
    if said in known:
        return known[said]
    if said in presets.names():
        return usual(presets.preset(said))
    do = near(said, {*known, *presets.names()})
    raise SettingsError(f"There is no source and no file {said}.", where=said, do=do)


def usual(preset: Preset) -> Source:
    """Give a preset as it is without a definition, for a site that stands for one."""
    table = {"preset": preset.name, "site": EXAMPLE_SITE, **(preset.example_options or {})}
    return of_table({key: value for key, value in table.items() if value is not None}, f"preset {preset.name}", Path())


def _of(said: str) -> list[Source]:
    path = Path(said)
    if path.is_dir():
        files = sorted(path.glob("*.toml"))
        if not files:
            raise SettingsError("The folder of sources has no .toml file.", where=said, do="Write one into it.")
        return [_of_file(file) for file in files]
    if path.suffix == ".toml" or ":" not in said:
        return [_of_file(path)]
    return [_of_object(said)]


def _of_file(path: Path) -> Source:
    origin = f"file {path}"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        do = "LEADPULSE_SOURCES names files, folders, or module:object."
        raise SettingsError(f"The definition cannot be read: {error.strerror}.", where=origin, do=do) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        do = 'Write lines such as preset = "segment".'
        raise SettingsError(f"The definition is not TOML: {error}.", where=origin, do=do) from None
    return of_table(table, origin, path.parent)


def of_table(table: Mapping[str, Any], origin: str, folder: Path) -> Source:
    """Make a source of a table; raises SettingsError with all that is wrong with it."""
    values = dict(table)
    tests = values.pop("test", [])
    said = values.get("preset")
    if said != FIELDS and said not in presets.names():
        known = [*presets.names(), FIELDS]
        what = f"there is no preset {said}." if said is not None else "it is missing."
        refuse(origin, [Mistake("preset", what, near(str(said), known) if said else f"There are {', '.join(known)}.")])
    own = {key: values.pop(key) for key in KEYS if key in values}
    definition, mistakes = filled(Definition, {"name": said, **own})
    if definition is None:
        # what every source has cannot be read: the rest is checked as if nothing was said of it
        source, more = _made(str(said), values, Definition(name=str(said), site=EXAMPLE_SITE))
        refuse(origin, [*mistakes, *more])
    definition = _in(definition, folder)
    source, more = _made(str(said), values, definition)
    preset = None if said == FIELDS else presets.preset(str(said))
    mistakes = more + mistakes_of(
        definition,
        names_site=preset is not None and preset.names_site,
        format=definition.format or (preset.shape.format if preset is not None else "json"),
        columns=definition.columns or (preset.shape.columns if preset is not None else ()),
    )
    refuse(origin, mistakes)
    assert source is not None
    source.tests, source.origin = tests, origin
    return source


def _made(said: str, values: dict[str, Any], definition: Definition) -> tuple[Source | None, list[Mistake]]:
    own = dict(values)
    return _by_fields(own, definition) if said == FIELDS else _by_preset(said, own, definition)


def _by_fields(values: dict[str, Any], definition: Definition) -> tuple[Source, list[Mistake]]:
    fields = Fields(values.pop("event", None), definition)
    wrong = [Mistake(key, f"there is no option {key}.", near(key, [*KEYS, "event", "test"])) for key in values]
    source = Source("fields")
    source.definition, source.read, source.reads = definition, fields.mapping(), frozenset(fields.reads)
    source._named, source.kinds = tuple(dict.fromkeys(fields.named)), tuple(fields.kinds)
    return source, [*wrong, *fields.mistakes]


def _by_preset(name: str, values: dict[str, Any], definition: Definition) -> tuple[Source | None, list[Mistake]]:
    preset = presets.preset(name)
    options, mistakes = filled(preset.options, values)
    # a key of every source may have been meant, too
    known = [*KEYS, *_TABLES, *preset.options.__struct_fields__]
    strangers = values.keys() - set(known)
    mistakes = [
        wrong._replace(do=near(wrong.where, known)) if wrong.where in strangers else wrong for wrong in mistakes
    ]
    return (None if options is None else Source.of_preset(preset, definition, options)), mistakes


def _in(definition: Definition, folder: Path) -> Definition:
    values = {name: getattr(definition, name) for name in KEYS}
    return Definition(**values, folder=folder)


def _of_object(said: str) -> Source:
    module, _, name = said.rpartition(":")
    origin = f"object {said}"
    if "" not in sys.path and "." not in sys.path:
        sys.path.insert(0, "")  # as `python -m` has it: modules beside the place where the command was given
    try:
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        do = "Write module:object, both importable from here (or by PYTHONPATH)."
        raise SettingsError(f"{said} cannot be imported: {error}.", where=origin, do=do) from None
    except Exception as error:
        what = f"{said} cannot be imported: {type(error).__name__}: {error}."
        raise SettingsError(what, where=origin, do="Correct the module; importing it must do nothing.") from None
    if not isinstance(found, Source):
        what = f"{said} is no source but a {type(found).__name__}."
        raise SettingsError(what, where=origin, do='Write source = Source("name", topics=[…], site="…") there.')
    mistakes: list[Mistake] = []
    if found.read is None:
        mistakes.append(Mistake("event", "it has no mapping.", "Decorate one by @source.event."))
    shape = found.shape
    names_site = True  # events may say their site by themselves; one that does not is missing_field
    mistakes += mistakes_of(found.definition, names_site=names_site, format=shape.format, columns=shape.columns)
    refuse(origin, mistakes)
    found.origin = origin
    return found
