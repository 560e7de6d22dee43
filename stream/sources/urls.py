"""Urls: what is read off the address of a page.

In:  an address, whole or from its path on; None passes through.
Out: its path, host, campaign and click ids. What stands behind `?` and `#` goes no further than that: tokens and
     addresses of people live there.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote_plus

from msgspec import structs

from stream.contract.common import ClickIds
from stream.sources.faults import Unfit

_UTM: Final = {
    "utm_source": "source", "utm_medium": "medium", "utm_campaign": "name", "utm_id": "id", "utm_term": "term",
    "utm_content": "content",
}  # fmt: skip
_CLICKS: Final = {field.encode_name: field.encode_name for field in structs.fields(ClickIds)}
_QUERY_MOST: Final = 8_192
_PART_MOST: Final = 1_000


def bare_url(url: Any) -> str | None:
    """Take query and fragment off.

    >>> bare_url("https://acme.example/a?token=1#b")
    'https://acme.example/a'
    """
    text = _text(url)
    return None if text is None else text.partition("#")[0].partition("?")[0] or None


def url_path(url: Any) -> str | None:
    """Give the path alone.

    >>> url_path("https://acme.example/a?b=1"), url_path("https://acme.example"), url_path("/c#d")
    ('/a', '/', '/c')
    """
    text = bare_url(url)
    if text is None:
        return None
    _, found, behind = text.partition("://")
    if not found:
        return text
    return "/" + behind.partition("/")[2]


def url_host(url: Any) -> str | None:
    """Give the host, in lower case; None for an address without one.

    >>> url_host("https://user@WWW.Acme.example:8443/a"), url_host("/a")
    ('www.acme.example', None)
    """
    text = bare_url(url)
    if text is None or "://" not in text:
        return None
    host = text.partition("://")[2].partition("/")[0].rpartition("@")[2].lower()
    return (host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]) or None


def utm(url: Any) -> dict[str, str] | None:
    """Read the campaign of an address, for the field `campaign`; None where there is none.

    >>> utm("/?utm_source=news&utm_campaign=spring+sale"), utm("/")
    ({'source': 'news', 'name': 'spring sale'}, None)
    """
    text = _text(url)
    return _parameters(text, _UTM) if text is not None and "utm_" in text.lower() else None


def click_ids(url: Any) -> dict[str, str] | None:
    """Read the click ids of ad platforms off an address, for the field `click_ids`; None where there is none.

    >>> click_ids("/?a=1&gclid=x1"), click_ids("/?a=1")
    ({'gclid': 'x1'}, None)
    """
    text = _text(url)
    # most addresses have none, and this is cheaper than taking them apart
    return _parameters(text, _CLICKS) if text is not None and ("id=" in text or "ID=" in text) else None


def query(url: Any, name: str) -> str | None:
    """Give one parameter of an address.

    >>> query("/search?q=red+shoes", "q"), query("/search", "q")
    ('red shoes', None)
    """
    text = _text(url)
    found = None if text is None else _parameters(text, {name.lower(): name})
    return None if found is None else found[name]


def _parameters(url: str, wanted: dict[str, str]) -> dict[str, str] | None:
    """Read the wanted parameters only: urllib's parser reads all of them, and takes three times as long."""
    found: dict[str, str] = {}
    for part in url.partition("?")[2][:_QUERY_MOST].partition("#")[0].split("&"):
        name, _, value = part.partition("=")
        if value and (means := wanted.get(name.lower())) is not None and means not in found:
            found[means] = (unquote_plus(value) if "%" in value or "+" in value else value)[:_PART_MOST]
    return found or None


def _text(url: Any) -> str | None:
    if url is None or url == "":
        return None
    if url.__class__ is not str:
        raise Unfit("an address is a text")
    return str(url)
