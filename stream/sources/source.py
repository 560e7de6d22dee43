"""Source: somebody's topics, and how their records become events.

In:  a definition, and a mapping: a preset's, one of dotted paths, or a function of the user's own.
Out: what a mapper needs to know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from stream.contract.kinds import KindName
from stream.sources.definition import Definition
from stream.sources.paths import getter
from stream.sources.preset import Mapping, Preset
from stream.sources.wire.wire import Shape

F = TypeVar("F", bound=Mapping)


class Source:
    """One source; in Python it is made with its definition, and `event` decorates its mapping.

    >>> from stream.sources import page_view
    >>> source = Source("acme_views", topics=["acme.views"], site="acme")
    >>> @source.event
    ... def read(record, about):
    ...     yield page_view(id=record["id"], time=record["at"], visitor_id=record["who"], page={"path": record["path"]})
    >>> source
    Source(acme_views: acme.views)
    """

    def __init__(
        self,
        name: str,
        *,
        named: str | Sequence[str] = (),
        options: Any = None,
        privacy: bool = False,
        kinds: Sequence[KindName] = (),
        **said: Any,
    ) -> None:
        """Take what every definition has by its name; `named` is the path of what an item is called.

        `kinds` are those of its events: to be said where there is no topic for one of them, or it is shown as missing.
        """
        for key in ("topics", "unwrap", "columns"):
            if key in said:
                said[key] = (said[key],) if isinstance(said[key], str) else tuple(said[key])
        self.definition = Definition(name=name, privacy=privacy, **said)
        self.preset: Preset | None = None
        self.options, self.kinds = options, tuple(kinds)
        self.read: Mapping | None = None
        self.reads: frozenset[str] | None = None
        self.tests: list[dict[str, Any]] = []
        self.origin = ""
        self._named = (named,) if isinstance(named, str) else tuple(named)

    def event(self, read: F) -> F:
        """Take a function (record, about) → events; it stays as it is, for tests of one's own."""
        self.read = read
        return read

    @classmethod
    def of_preset(cls, preset: Preset, definition: Definition, options: Any) -> Source:
        """Make the source of a preset and what a user says of it."""
        made = cls.__new__(cls)
        made.definition, made.preset, made.options, made.kinds = definition, preset, options, preset.kinds
        made.read, made.reads = preset.mapping(options, definition), preset.shape.reads
        made.tests, made.origin, made._named = [], "", preset.named
        return made

    def __repr__(self) -> str:
        return f"Source({self.name}: {', '.join(self.definition.topics)})"

    @property
    def name(self) -> str:
        """The name of the source, which all of its events say."""
        return self.definition.name

    @property
    def shape(self) -> Shape:
        """How its records look: as the definition says, else as the preset does."""
        said, usual = self.definition, self.preset.shape if self.preset is not None else Shape()
        return Shape(
            format=said.format or usual.format,
            unwrap=usual.unwrap if said.unwrap is None else said.unwrap,
            each=usual.each if said.each is None else said.each,
            columns=said.columns or usual.columns,
            # columns of one's own may have other names than the mapping knows
            reads=None if said.columns else self.reads,
        )

    def naming(self) -> Callable[[Any, Any], Any]:
        """Make what gives the name of an item, of the item itself or else of what stands around it."""
        paths = [getter(path) for path in self._named]

        def name_of(item: Any, outer: Any) -> Any:
            for get in paths:
                found = get(item)
                if found is None and outer is not None:
                    found = get(outer)
                if found is not None and found != "":
                    return found
            return None

        return name_of
