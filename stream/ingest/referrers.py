"""Sources: what kind of site a visit came from, by the name or the host of its source.

In:  a utm_source, or the host of a referrer; facts from `referrers.toml`.
Out: its category (search, shopping, social, video, assistant) or nothing; the name of a search engine.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

#: Labels before a country's own that are part of its suffix: example.co.uk, example.com.br.
_SECOND_LEVEL: Final = frozenset({"ac", "co", "com", "edu", "go", "gob", "gov", "ne", "net", "or", "org"})

_LONGEST_HOST: Final = 300  # 253 by the rules of the domain name system, and some room for a port and a user


@dataclass(frozen=True, slots=True)
class Sources:
    """The tables of `referrers.toml`, names in lower case."""

    category: dict[str, str]
    engine: dict[str, str]
    host: dict[str, str]

    def category_of_host(self, host: str) -> str | None:
        """Give the category of a referrer's host: its own or, search apart, that of a domain above it.

        A page of mail.yahoo.com is no search, but de-de.facebook.com is as social as facebook.com.
        """
        found = self.category.get(host) or self.host.get(host)
        parent = host
        while found is None and "." in (parent := parent.partition(".")[2]):
            found = self.category.get(parent) or self.host.get(parent)
            if found == "search":
                return None
        return found

    def is_assistant(self, source: str) -> bool:
        """Say whether a utm_source is an AI assistant: some set it on every link, and no medium."""
        return self.host.get(source) == "assistant"

    def engine_of_host(self, host: str) -> str | None:
        """Give the search engine that a referrer's host belongs to, or None.

        >>> hosts = "google.co.uk", "de.search.yahoo.com", "mail.google.com"
        >>> [sources().engine_of_host(host) for host in hosts]
        ['google', 'yahoo', None]
        """
        labels = host.split(".")
        candidates = [host, "*." + ".".join(labels[1:]), ".".join(labels[:-1]) + ".*"]
        if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL:
            candidates.append(".".join(labels[:-2]) + ".*")
        return next((self.engine[name] for name in candidates if name in self.engine), None)

    def engine_of_source(self, source: str) -> str:
        """Give the name of the engine behind a source or host: the engine's if known, else the source itself.

        >>> names = "bing", "www.google.de", "msn.com", "intranet"
        >>> [sources().engine_of_source(name) for name in names]
        ['bing', 'google', 'msn', 'intranet']
        """
        if source in self.engine.values():
            return source
        return self.engine_of_host(source.removeprefix("www.")) or source.removesuffix(".com")


@cache
def sources() -> Sources:
    """Read the tables, once a process."""
    tables = tomllib.loads(files(__package__).joinpath("referrers.toml").read_text("utf-8"))
    return Sources(
        category={name: category for category, text in tables["category"].items() for name in expand(text)},
        engine={name: engine for engine, text in tables["engine"].items() for name in expand(text)},
        host={name: kind for kind, text in tables["host"].items() for name in expand(text)},
    )


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


def host_of(url: str) -> str:
    """Give the host of a URL, or of a bare host, in lower case and without `www.` and port; "" without one.

    >>> host_of("https://User@WWW.Shop.example:8443/a?b=//c"), host_of("shop.example"), host_of("/only/path")
    ('shop.example', 'shop.example', '')
    """
    # paths differ from event to event, authorities hardly: only they are worth a cache
    if url.startswith("https://"):
        start = 8
    elif (start := url.find("://", 0, 32) + 3) == 2:
        start = 2 if url.startswith("//") else 0
    end = url.find("/", start)
    if end < 0 or end - start > _LONGEST_HOST:
        end = start + _LONGEST_HOST
    return _host(url[start:end])


@lru_cache(maxsize=16_384)
def _host(authority: str) -> str:
    for mark in "?#\\":
        authority = authority.partition(mark)[0]
    host = authority.rpartition("@")[2].lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].rstrip(".").removeprefix("www.")


def same_site(host: str, other: str) -> bool:
    """Say whether two hosts are of one site: the same registered domain, guessed without a suffix list.

    >>> same_site("blog.shop.co.uk", "shop.co.uk"), same_site("a.co.uk", "b.co.uk")
    (True, False)
    """
    return host == other or _registered(host) == _registered(other)


def _registered(host: str) -> str:
    labels = host.split(".")
    if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL:
        return ".".join(labels[-3:])
    return ".".join(labels[-2:])
