"""Visits: how many key events of a source could meet the visit that they belong to.

In:  envelopes, as they pass by.
Out: a sentence a kind, where some name no visitor beside the account.

A server tells of a form without the id of the browser: such a submit is somebody's, but of no visit, so that it has no
channel, and its visitor is another one than that of the pages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec


class _Data(msgspec.Struct):
    visitor_id: Any = None
    user_id: Any = None


class _Envelope(msgspec.Struct):
    type: Any = None
    data: _Data | None = None


_read = msgspec.json.Decoder(_Envelope).decode


class Visits:
    """Counts events that name a browser."""

    def __init__(self) -> None:
        self._all: Counter[str] = Counter()
        self._without: Counter[str] = Counter()

    def seen(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Look at lines, and pass them on."""
        for line in lines:
            try:
                event = _read(line)
            except msgspec.MsgspecError:
                pass
            else:
                if event.type in ("page_view", "form", "chatbot") and event.data is not None:
                    self._all[event.type] += 1
                    visitor = event.data.visitor_id
                    self._without[event.type] += visitor in (None, "") or visitor == event.data.user_id
            yield line

    def told(self) -> Iterator[str]:
        """Say which share of events names no browser."""
        for kind, n in sorted(self._without.items()):
            if n:
                share = n / self._all[kind]
                yield f"{share:.0%} of {kind} events ({n}) have no id of the browser: they cannot meet their visit"
