"""Hosts: by which names a service without a token may be asked.

In:  the Host header of a request, and the names that this service answers to.
Out: whether it is well formed, and whether it is one of ours.

A web page of a stranger can send a browser to us by a name of its own that resolves to our address (DNS rebinding).
Such a name has a dot and is not ours; an address, or a name that only this network knows, cannot be had that way.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from collections.abc import Iterable
from typing import Final

from stream.settings.values import is_loopback

_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}\.?", re.ASCII)
_HEADER: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:]+)(?::([0-9]{1,5}))?", re.ASCII)
_LONGEST: Final = 253


def host_of(header: str) -> str | None:
    """Give the host that a Host header names, in lower case and without the dot at its end; None if it is malformed.

    >>> host_of("LocalHost:9464"), host_of("[::1]:9464"), host_of("a..b"), host_of("a:b"), host_of("u@a")
    ('localhost', '::1', None, None, None)
    """
    found = _HEADER.fullmatch(header.lower())
    if found is None or int(found[2] or 0) > 65_535:
        return None
    host: str = found[1]
    if host.startswith("["):
        return host[1:-1] if _is_address(host[1:-1]) else None
    if not _NAME.fullmatch(host) or len(host) > _LONGEST:
        return None
    return host.removesuffix(".")


class Hosts:
    """The names that are answered."""

    def __init__(self, local_only: bool, named: Iterable[str] = ()) -> None:
        """Take `local_only` where only this machine can connect: then only names of the loopback are right."""
        self._local_only = local_only
        self._named = {name.lower().removesuffix(".") for name in named}
        if not local_only:
            self._named.add(socket.gethostname().lower())
            # it may ask a server of names, which may take its time
            threading.Thread(target=self._learn, name="host-name", daemon=True).start()

    def _learn(self) -> None:
        self._named.add(socket.getfqdn().lower())

    def answers(self, host: str) -> bool:
        """Say whether a well-formed host is one of ours."""
        if self._local_only:
            return is_loopback(host)
        return "." not in host or host in self._named or _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
