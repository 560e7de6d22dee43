"""Settings referrers: names of hosts, and the file that says what hosts of one's own are.

In:  names as a person writes them; the path of a TOML file.
Out: host names in lower case; names by kind; or an error that says what, where and what to do.

The file has a list for each kind: `search = ["search.firm.example"]`. It outranks the shipped lists. A name covers
its sub-domains; one without a dot is a source (utm_source).
"""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from stream.errors import SettingsError

#: Kinds of places that a file may name; `ignored` says nothing of where somebody came from, `referral` is none of all.
KINDS: Final = ("search", "shopping", "social", "video", "assistant", "mail", "ignored", "referral")

_HOST: Final = re.compile(r"[\w-]+(\.[\w-]+)+|localhost")
_NAME: Final = re.compile(r"[\w-]+([. +][\w-]+)*")
_LONGEST: Final = 253


def host_name(text: str) -> str:
    """Give a host name as hosts are compared: in lower case, without `www.`.

    >>> host_name("WWW.Shop.example")
    'shop.example'
    """
    name = text.strip().lower().removeprefix("www.")
    if name.startswith("*."):
        raise ValueError(f"{text!r}: leave out *., a name covers its sub-domains")
    if "/" in name or ":" in name:
        raise ValueError(f"{text!r} is an address: give the host alone, such as shop.example")
    if not _HOST.fullmatch(name) or len(name) > _LONGEST:
        raise ValueError(f"{text!r} is not a host name such as shop.example")
    return name


def read_referrers(path: Path) -> dict[str, tuple[str, ...]]:
    """Read the file of one's own hosts: names by kind."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _error(f"The file of referrers cannot be read: {error.strerror}.", path, "Check the path.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        do = 'Write lines such as social = ["forum.example"].'
        raise _error(f"The file of referrers is not TOML: {error}.", path, do) from None
    names: dict[str, tuple[str, ...]] = {}
    kind_of: dict[str, str] = {}
    for kind, listed in table.items():
        names[kind] = _checked(kind, listed, path)
        for name in names[kind]:
            if kind_of.setdefault(name, kind) != kind:
                do = "Keep one of the two."
                raise _error(f"{name!r} stands under {kind_of[name]} and under {kind}.", path, do)
    return names


def _checked(kind: str, listed: Any, path: Path) -> tuple[str, ...]:
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, n=1, cutoff=0.6)
        do = (f"Did you mean {near[0]}? " if near else "") + f"Kinds are {', '.join(KINDS)}."
        raise _error(f"There is no kind {kind!r} of referrers.", path, do)
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise _error(f"{kind} is not a list of names.", path, f'Write it as {kind} = ["forum.example"].')
    out = []
    for text in listed:
        name = text.strip().lower().removeprefix("www.")
        if not _NAME.fullmatch(name) or len(name) > _LONGEST:
            do = "Give a host (forum.example, com.example.app) or the name of a source."
            raise _error(f"{kind}: {text!r} is neither a host nor a source.", path, do)
        out.append(name)
    return tuple(out)


def _error(what: str, path: Path, do: str) -> SettingsError:
    return SettingsError(what, where=f"file {path}", do=do, fields=("referrers",))
