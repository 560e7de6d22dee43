"""Referrers: what kind of place a visit came from, by the name or the host of its source.

In:  a utm_source, or the host of a referrer; facts from `referrers.toml`, and names of one's own.
Out: its kind (search, shopping, social, video, assistant, mail) or nothing; the name of a search engine; whether
     people only come back from there, after they paid or signed in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Final

from stream.ingest.hosts import SECOND_LEVEL, covered, names_above

#: What a name of one's own may be beside a kind of place; `referral` takes it out of every list.
IGNORED: Final = "ignored"

#: A first label says something only before a name of its own: login.bank.example, but not login.example.
_LABELS_WITH_FIRST: Final = 3


@dataclass(frozen=True, slots=True)
class Referrers:
    """The tables of `referrers.toml`, names in lower case; `own` outranks them all."""

    category: dict[str, str]
    engine: dict[str, str]
    host: dict[str, str]
    ignored: frozenset[str]
    first: frozenset[str]
    pages: dict[str, tuple[str, ...]]
    engines: frozenset[str]
    own: Mapping[str, str] = field(default_factory=dict)

    def with_own(self, own: Mapping[str, Iterable[str]]) -> Referrers:
        """Give the same tables with names of one's own: kind → hosts, or names of sources."""
        return replace(self, own={**self.own, **{name: kind for kind, names in own.items() for name in names}})

    def category_of_source(self, source: str) -> str | None:
        """Give the category of a utm_source: that of the name, or of the host that it is.

        >>> [referrers().category_of_source(name) for name in ("facebook", "l.facebook.com", "www.google.de", "x")]
        ['social', 'social', 'search', None]
        """
        host = source.removeprefix("www.")
        if (own := self._own(host)) is not None:
            return self._category(own)
        found = self.category.get(source)
        if found is None and "." in source:
            found = "search" if self.engine_of_host(host) is not None else self.category_of_host(host)
        return found

    def category_of_host(self, host: str) -> str | None:
        """Give the category of a referrer's host: its own or, search apart, that of a domain above it.

        A page of mail.yahoo.com is no search, but de-de.facebook.com is as social as facebook.com.
        """
        if (own := self._own(host)) is not None:
            return self._category(own)
        for name in names_above(host):
            found = self.category.get(name) or self.host.get(name)
            if found is not None:
                return None if found == "search" and name != host else self._category(found)
        return None

    def beyond(self, source: str) -> str | None:
        """Say which kind that Google has no group for a source or host is: assistant, mail or None.

        >>> [referrers().beyond(name) for name in ("chatgpt.com", "mail.google.com", "mail.firm.example", "bing.com")]
        ['assistant', 'mail', 'mail', None]
        """
        host = source.removeprefix("www.")
        own = self._own(host)
        if own is None:
            own = next((self.host[name] for name in names_above(host) if name in self.host), None)
            if own is None and host.count(".") > 1 and host.startswith(("mail.", "webmail.")):
                own = "mail"
        return own if own in ("assistant", "mail") else None

    def is_ignored(self, host: str) -> bool:
        """Say whether people only come back from a host, after they paid or signed in.

        >>> [referrers().is_ignored(host) for host in ("pay.klarna.com", "login.bank.example", "login.example")]
        [True, True, False]
        """
        if (own := self._own(host)) is not None:
            return own == IGNORED
        labels = host.split(".")
        return covered(host, self.ignored) or (len(labels) >= _LABELS_WITH_FIRST and labels[0] in self.first)

    def pages_of(self, host: str) -> tuple[str, ...]:
        """Give the paths of a host, a source otherwise, that are for paying or signing in.

        >>> referrers().pages_of("de-de.facebook.com"), referrers().pages_of("shop.example")
        (('/dialog/oauth', '/login', '/login.php'), ())
        """
        if self._own(host) is not None:
            return ()
        return next((self.pages[name] for name in names_above(host) if name in self.pages), ())

    def engine_of_host(self, host: str) -> str | None:
        """Give the search engine that a referrer's host belongs to, or None.

        >>> hosts = "google.co.uk", "de.search.yahoo.com", "mail.google.com"
        >>> [referrers().engine_of_host(host) for host in hosts]
        ['google', 'yahoo', None]
        """
        if (own := self._own(host)) is not None:
            return host if own == "search" else None
        labels = host.split(".")
        candidates = [host, "*." + ".".join(labels[1:]), ".".join(labels[:-1]) + ".*"]
        if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in SECOND_LEVEL:
            candidates.append(".".join(labels[:-2]) + ".*")
        return next((self.engine[name] for name in candidates if name in self.engine), None)

    def engine_of_source(self, source: str) -> str:
        """Give the name of the engine behind a source or host: the engine's if known, else the source itself.

        >>> names = "bing", "www.google.de", "msn.com", "intranet"
        >>> [referrers().engine_of_source(name) for name in names]
        ['bing', 'google', 'msn', 'intranet']
        """
        if source in self.engines:
            return source
        return self.engine_of_host(source.removeprefix("www.")) or source.removesuffix(".com")

    def _own(self, host: str) -> str | None:
        own = self.own
        return next((own[name] for name in names_above(host) if name in own), None) if own else None

    @staticmethod
    def _category(kind: str) -> str | None:
        """Give the kinds that Google's rules ask for."""
        return kind if kind in ("search", "shopping", "social", "video") else None


@cache
def referrers() -> Referrers:
    """Read the tables, once a process."""
    tables = tomllib.loads(files(__package__).joinpath("referrers.toml").read_text("utf-8"))
    engine = _by_name(tables["engine"])
    return Referrers(
        category=_by_name(tables["category"]),
        engine=engine,
        host=_by_name(tables["host"]),
        ignored=frozenset((*_names(tables["ignored"]["payment"]), *_names(tables["ignored"]["sign_in"]))),
        first=frozenset(_names(tables["ignored"]["first"])),
        pages={host: tuple(expand(paths)) for host, paths in tables["page"].items()},
        engines=frozenset(engine.values()),
    )


def is_on(url: str, pages: Iterable[str]) -> bool:
    """Say whether a URL's path is, ends in or goes on from one of the paths.

    >>> is_on("https://www.facebook.com/v19.0/dialog/oauth?client_id=1", ["/dialog/oauth"])
    True
    """
    path = url.partition("://")[2].partition("?")[0].partition("#")[0].partition("/")[2]
    return any(f"{page}/" in f"/{path}/" for page in pages)


def _names(groups: Mapping[str, str]) -> Iterator[str]:
    return (name for text in groups.values() for name in expand(text))


def _by_name(table: Mapping[str, str | Mapping[str, str]]) -> dict[str, str]:
    """Turn kind → names around; names may be in groups by where they are from."""
    return {
        name: kind for kind, said in table.items() for name in (expand(said) if isinstance(said, str) else _names(said))
    }


def expand(text: str) -> Iterator[str]:
    """Give the names that a compact list stands for.

    >>> list(expand("amazon~, {de|fr}.a.com"))
    ['amazon', 'amazon.com', 'de.a.com', 'fr.a.com']
    """
    for entry in text.split(","):
        name = entry.strip()
        if not name:
            continue
        if name.startswith("{"):
            firsts, rest = name[1:].split("}", 1)
            yield from (first + rest for first in firsts.split("|"))
        elif name.endswith("~"):
            yield name[:-1]
            yield name[:-1] + ".com"
        else:
            yield name
