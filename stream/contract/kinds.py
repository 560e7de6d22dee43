"""Kinds: the only list of the kinds of events.

In:  the object of each kind.
Out: all of them by name, in the order of the flow: visits, messages, adverts, and what installations may be without.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeGuard, assert_never, get_args

from stream.contract import ad, chatbot, cost, crm, email, form, page_view, privacy, signal
from stream.contract.kind import Kind, KindName

__all__ = ["KINDS", "Kind", "KindName", "is_kind"]


def _kind(name: KindName) -> Kind:
    # a name without its kind is an error of types, which no table of names would be
    match name:
        case "page_view":
            return page_view.KIND
        case "form":
            return form.KIND
        case "chatbot":
            return chatbot.KIND
        case "email":
            return email.KIND
        case "ad":
            return ad.KIND
        case "crm":
            return crm.KIND
        case "cost":
            return cost.KIND
        case "signal":
            return signal.KIND
        case "privacy":
            return privacy.KIND
        case _:
            assert_never(name)


KINDS: Final[Mapping[KindName, Kind]] = {name: _kind(name) for name in get_args(KindName)}


def is_kind(name: object) -> TypeGuard[KindName]:
    """Tell whether something read from outside is the name of a kind.

    >>> is_kind("form"), is_kind("call"), is_kind(["form"])
    (True, False, False)
    """
    return isinstance(name, str) and name in KINDS
