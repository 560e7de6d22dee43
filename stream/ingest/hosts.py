"""Hosts: the name of the place that an address is of, and which names belong together.

In:  URLs, bare hosts, app addresses.
Out: hosts in lower case; the names that cover one; whether two are of one site.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from functools import lru_cache
from typing import Final

#: Labels before a country's own that are part of its suffix: example.co.uk, example.com.br.
SECOND_LEVEL: Final = frozenset({"ac", "co", "com", "edu", "go", "gob", "gov", "ne", "net", "or", "org"})

_LONGEST_HOST: Final = 300  # 253 by the rules of the domain name system, and some room for a port and a user


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


def spellings(host: str) -> tuple[str, ...]:
    """Give a host as people write it and as browsers send it: letters beyond ASCII in the form `xn--…`.

    >>> spellings("m\u00fcller.example"), spellings("shop.example")
    (('müller.example', 'xn--mller-kva.example'), ('shop.example',))
    """
    if host.isascii():
        return (host,)
    try:
        return host, host.encode("idna").decode("ascii")
    except UnicodeError:  # a label that no domain can have
        return (host,)


def names_above(host: str) -> Iterator[str]:
    """Give a host and the domains above it, the nearest first, down to two labels.

    >>> list(names_above("a.b.example")), list(names_above("localhost"))
    (['a.b.example', 'b.example'], ['localhost'])
    """
    yield host
    while "." in (host := host.partition(".")[2]):
        yield host


def covered(host: str, names: Container[str]) -> bool:
    """Say whether a host is one of the names or a sub-domain of one.

    >>> covered("pay.shop.example", {"shop.example"}), covered("myshop.example", {"shop.example"})
    (True, False)
    """
    return any(name in names for name in names_above(host))


def same_site(host: str, other: str) -> bool:
    """Say whether two hosts are of one site: the same registered domain, guessed without a suffix list.

    >>> same_site("blog.shop.co.uk", "shop.co.uk"), same_site("a.co.uk", "b.co.uk")
    (True, False)
    """
    return host == other or _registered(host) == _registered(other)


def _registered(host: str) -> str:
    labels = host.split(".")
    if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in SECOND_LEVEL:
        return ".".join(labels[-3:])
    return ".".join(labels[-2:])
