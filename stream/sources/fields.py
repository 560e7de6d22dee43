"""Fields: events by dotted paths, for records that need no more than that; the preset `fields`.

In:  the [[event]] tables of a definition: a kind, when it is one, and a path for each field of it.
Out: a mapping; or all that is wrong with the tables.

What a target is decides how its value is read: a URL given for `page.path` becomes its path, one given for `campaign`
its UTM parameters, an address given for `email_hash` its HMAC. There are no functions, and no conditions but equality.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from stream.contract.expected import say
from stream.contract.kinds import KINDS, KindName, is_kind
from stream.contract.table import Field, data_of
from stream.sources.about import About
from stream.sources.definition import Definition, Mistake, near
from stream.sources.events import Event
from stream.sources.faults import Fault, Unfit
from stream.sources.hashed import domain_of, email_hash, fingerprint
from stream.sources.moments import clock, day, day_end, unix, unix_ms, unix_us
from stream.sources.paths import Getter, getter
from stream.sources.preset import Mapping
from stream.sources.urls import bare_url, click_ids, url_path, utm
from stream.sources.values import MONEY, flag, micros

Convert = Callable[[Any], Any]
Table = dict[str, Any]

TIME_UNITS: Final[dict[str, Convert]] = {"s": unix, "ms": unix_ms, "us": unix_us}
#: What an [[event]] table may say beside the fields of its kind.
OWN: Final = (
    "kind", "when", "id", "time", "time_unit", "recordedtime", "set", "map", "money_unit", "period",
)  # fmt: skip
_MONEY: Final = ("cost_micros", "amount_micros")
_WHOLE_OBJECT: Final[dict[str, Convert]] = {"campaign": utm, "click_ids": click_ids}
_BY_TARGET: Final[dict[str, Convert]] = {
    "page.path": url_path,
    "page.url": bare_url,
    "page_path": url_path,
    "link_path": url_path,
    "referrer.url": bare_url,
    "email_hash": email_hash,
    "recipient_domain": lambda value: domain_of(value) or value,
}


class _Untranslated(Exception):
    """A value that no `map` of its target has."""


class Fields:
    """The tables of a definition, checked; `mistakes` has what is wrong with them."""

    def __init__(self, tables: Any, definition: Definition) -> None:
        self.mistakes: list[Mistake] = []
        self.kinds: list[KindName] = []
        self.reads: set[str] = set()
        self.named: list[str] = []
        self._zone, self._privacy = definition.zone, definition.privacy
        self._rules: list[_Rule] = []
        if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
            do = 'Write [[event]] with kind = "page_view" and a path for each field.'
            self.mistakes.append(Mistake("event", "there is none.", do))
            return
        for at, table in enumerate(tables, 1):
            self._table(table, f"event {at}")

    def mapping(self) -> Mapping:
        """Make the mapping; what no table takes is unmapped."""
        rules = self._rules

        def read(item: Any, about: About) -> Iterator[Event]:
            for rule in rules:
                if rule.takes(item):
                    try:
                        yield rule.event(item)
                    except _Untranslated:
                        return
                    return

        return read

    def _wrong(self, where: str, what: str, do: str = "") -> None:
        self.mistakes.append(Mistake(where, what, do))

    def _table(self, table: Table, at: str) -> None:
        kind = table.get("kind")
        if not is_kind(kind):
            self._wrong(f"{at}: kind", f"{kind!r} is no kind.", near(str(kind), KINDS))
            return
        if kind == "privacy" and not self._privacy:
            self._wrong(f"{at}: kind", "orders of people must be meant.", "Write privacy = true in the definition.")
        self.kinds.append(kind)
        rule = _Rule(kind)
        self._when(rule, table.get("when", {}), at)
        self._id(rule, table, at)
        rule.time = self._time(table, at)
        if "recordedtime" in table:
            rule.recordedtime = self._timed(table["recordedtime"], table.get("time_unit"), f"{at}: recordedtime")
        money = table.get("money_unit")
        if money is not None and money not in MONEY:
            self._wrong(f"{at}: money_unit", f"{money!r} is no unit.", near(str(money), MONEY))
            money = None
        translations = _flat(table.get("map", {}), tables=True)
        self._targets(rule, table, translations, money, at)
        self._period(rule, table, at)
        self._constants(rule, table.get("set", {}), at)
        for target, found in translations.items():
            if target not in {each for each, _, _ in rule.targets}:
                self._wrong(f"{at}: map.{target}", "no field is read for it.", f'Write {target} = "path" too.')
            elif not isinstance(found, dict):
                self._wrong(f"{at}: map.{target}", "it is no table of values.")
        self._required(rule, at)
        self._rules.append(rule)

    def _getter(self, path: Any, where: str) -> Getter:
        if not isinstance(path, str):
            self._wrong(where, "it is no path: a text.")
            return lambda _: None
        try:
            found = getter(path)
        except Unfit as error:
            self._wrong(where, f"{error}.")
            return lambda _: None
        self.reads.add(path.partition(".")[0].partition("[")[0])
        return found

    def _when(self, rule: _Rule, when: Any, at: str) -> None:
        if not isinstance(when, dict):
            self._wrong(f"{at}: when", "it is no table of paths and values.")
            return
        for path, value in _flat(when).items():
            self.named.append(path)
            wanted = tuple(value) if isinstance(value, list) else (value,)
            if any(isinstance(each, dict | list) for each in wanted):
                self._wrong(f"{at}: when.{path}", "a value is a text, a number, true or false, or a list of those.")
                continue
            rule.when.append((self._getter(path, f"{at}: when.{path}"), frozenset((type(v), v) for v in wanted)))

    def _id(self, rule: _Rule, table: Table, at: str) -> None:
        said = table.get("id")
        if isinstance(said, list) and said:
            rule.ids, rule.prints = [self._getter(path, f"{at}: id") for path in said], True
        elif isinstance(said, str):
            rule.ids = [self._getter(said, f"{at}: id")]
        else:
            do = (
                "Write the path of what stays the same when a record comes again, or a list of them: their fingerprint."
            )
            self._wrong(f"{at}: id", "it is missing.", do)

    def _time(self, table: Table, at: str) -> Getter:
        if "time" not in table:
            self._wrong(f"{at}: time", "it is missing.", "Write the path of when it happened.")
            return lambda _: None
        return self._timed(table["time"], table.get("time_unit"), f"{at}: time")

    def _timed(self, path: Any, unit: Any, where: str) -> Getter:
        get, zone = self._getter(path, where), self._zone
        if unit is None:
            return lambda item: clock(get(item), zone)
        if unit not in TIME_UNITS:
            self._wrong(where.replace("time", "time_unit"), f"{unit!r} is no unit.", near(str(unit), TIME_UNITS))
            return lambda _: None
        read = TIME_UNITS[unit]
        return lambda item: read(get(item))

    def _targets(self, rule: _Rule, table: Table, translations: dict[str, Any], money: Any, at: str) -> None:
        said = {name: value for name, value in table.items() if name not in OWN}
        known = data_of(rule.kind)
        for target, path in _flat(said).items():
            where = f"{at}: {target}"
            field = _field(known, target)
            if field is None:
                self._wrong(where, f"{rule.kind} has no field {target}.", near(target, [*_targets(known), *OWN]))
                continue
            if field.fields and target not in _WHOLE_OBJECT:
                self._wrong(where, f"it has fields: {', '.join(f'{target}.{each.name}' for each in field.fields)}.")
                continue
            if target in _MONEY and money is None:
                self._wrong(f"{at}: money_unit", f"{target} needs it.", "Write unit, cent or micro: what it is in.")
            get, convert = self._getter(path, where), _conversion(target, field, self._zone, table, money)
            translation = translations.get(target)
            rule.targets.append((target, get, _translated(convert, translation)))

    def _period(self, rule: _Rule, table: Table, at: str) -> None:
        if "period" not in table:
            return
        if rule.kind not in ("ad", "cost"):
            self._wrong(f"{at}: period", f"{rule.kind} has no period.")
            return
        get, zone = self._getter(table["period"], f"{at}: period"), self._zone
        rule.targets += [
            ("period_start", get, lambda value: day(value, zone)),
            ("period_end", get, lambda value: day_end(value, zone)),
        ]

    def _constants(self, rule: _Rule, said: Any, at: str) -> None:
        known = data_of(rule.kind)
        for target, value in _flat(said).items():
            field = _field(known, target)
            if field is None:
                self._wrong(f"{at}: set.{target}", f"{rule.kind} has no field {target}.", near(target, _targets(known)))
            elif field.values and field.stray != "itself" and value not in field.values:
                do = near(str(value), field.values)
                self._wrong(f"{at}: set.{target}", f"{value!r} is not {say(field)}.", do)
            else:
                rule.constants.append((target, value))

    def _required(self, rule: _Rule, at: str) -> None:
        said = {target for target, _, _ in rule.targets} | {target for target, _ in rule.constants}
        tops = {target.partition(".")[0] for target in said}
        for field in data_of(rule.kind).fields:
            if field.required and field.name != "site_id" and field.name not in tops:
                self._wrong(f"{at}: {field.name}", f"{rule.kind} needs it.", f"Expected: {say(field)}.")


class _Rule:
    """One table, ready to be used."""

    def __init__(self, kind: KindName) -> None:
        self.kind = kind
        self.when: list[tuple[Getter, frozenset[tuple[type, Any]]]] = []
        self.ids: list[Getter] = []
        self.prints = False
        self.time: Getter = lambda _: None
        self.recordedtime: Getter | None = None
        self.targets: list[tuple[str, Getter, Convert]] = []
        self.constants: list[tuple[str, Any]] = []

    def takes(self, item: Any) -> bool:
        """Tell whether an item is such an event."""
        for get, wanted in self.when:
            value = get(item)
            if value.__class__ in (dict, list) or (value.__class__, value) not in wanted:
                return False
        return True

    def event(self, item: Any) -> Event:
        """Read an item; a value that cannot be converted is a fault of its field."""
        parts = [get(item) for get in self.ids]
        id: Any = (None if all(part is None for part in parts) else fingerprint(*parts)) if self.prints else parts[0]
        try:
            time = self.time(item)
        except Unfit:
            raise Fault("bad_time", "time") from None
        recordedtime = None
        if self.recordedtime is not None:
            try:
                recordedtime = self.recordedtime(item)
            except Unfit:
                raise Fault("bad_time", "recordedtime") from None
        data: dict[str, Any] = {}
        for target, get, convert in self.targets:
            value = get(item)
            if value is None or value == "":
                continue
            try:
                value = convert(value)
            except Unfit:
                raise Fault("wrong_type", target) from None
            if value is not None:
                _put(data, target, value)
        for target, value in self.constants:
            _put(data, target, value)
        return Event(self.kind, str(id) if id.__class__ is int else id, time, recordedtime, data)


def _put(data: Table, target: str, value: Any) -> None:
    name, dot, inner = target.partition(".")
    if not dot:
        # a whole object gives way to a field of it that was said by itself
        data[name] = {**value, **data[name]} if value.__class__ is dict and name in data else value
        return
    data[name] = {**data.get(name, {}), inner: value}


def _conversion(target: str, field: Field, zone: str, table: Table, money: Any) -> Convert:
    if target in _WHOLE_OBJECT:
        return _WHOLE_OBJECT[target]
    if target in _BY_TARGET:
        return _BY_TARGET[target]
    if target in _MONEY and money is not None:
        return lambda value: micros(value, money)
    if field.reads == "time":
        unit = table.get("time_unit")
        read = TIME_UNITS.get(unit) if isinstance(unit, str) else None
        return read or (lambda value: clock(value, zone))
    if field.reads in ("millionths", "whole", "floor", "number"):
        return _number
    if field.reads == "flag":
        return flag
    if field.reads == "list":
        return lambda value: value if value.__class__ is list else [value]
    if field.reads in ("id", "name", "message_id"):
        # a number is its decimal text, and what is written as it is read takes the fast lane of decoding
        return lambda value: str(value) if value.__class__ is int else value
    return lambda value: value


def _number(value: Any) -> Any:
    """Read a number that a table or an API wrote as text."""
    if value.__class__ is not str:
        return value
    try:
        return int(value)
    except ValueError:
        try:
            number = float(value)
        except ValueError:
            raise Unfit("a number") from None
        return int(number) if number.is_integer() else number


def _translated(convert: Convert, table: Any) -> Convert:
    if not isinstance(table, dict):
        return convert

    def translate(value: Any) -> Any:
        found = table.get(value if value.__class__ is str else str(value).lower())
        if found is None:
            raise _Untranslated
        return found

    return translate


def _field(known: Field, target: str) -> Field | None:
    name, dot, inner = target.partition(".")
    found = known.named.get(name)
    return found if found is None or not dot else found.named.get(inner)


def _targets(known: Field) -> list[str]:
    """List every field by its path inside the data."""
    inner = [f"{field.name}.{each.name}" for field in known.fields for each in field.fields]
    return [*(field.name for field in known.fields if not field.fields), *_WHOLE_OBJECT, *inner]


def _flat(said: Any, at: str = "", *, tables: bool = False) -> dict[str, Any]:
    """Give what stands in a table by dotted path: values, or with `tables` the innermost tables.

    >>> _flat({"a": {"b": 1}}), _flat({"a": {"b": {"X": "x"}}}, tables=True)
    ({'a.b': 1}, {'a.b': {'X': 'x'}})
    """
    found: dict[str, Any] = {}
    for name, value in said.items() if isinstance(said, dict) else ():
        inner = isinstance(value, dict) and (not tables or any(isinstance(each, dict) for each in value.values()))
        found |= _flat(value, f"{at}{name}.", tables=tables) if inner else {f"{at}{name}": value}
    return found
