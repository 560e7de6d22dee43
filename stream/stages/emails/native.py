"""Native: messages with one recipient, folded by the compiled core where there is one.

In:  the grid, the module of the core.
Out: the core's part of the fold of messages.

What the core must know of the rules it is told here: they stand in Python, and in no other place.
"""

from __future__ import annotations

from typing import Any

from stream.changes import cells
from stream.changes.panes import Grid
from stream.identity.ids import Namer
from stream.identity.native import naming
from stream.stages.emails import copy, mailed

_BITS = (
    "sent", "delivered", "bounced", "dropped", "opened", "clicked", "replied", "unsubscribed", "complained",
    "machine_opened", "machine_clicked", "opened_in_time", "clicked_in_time", "replied_in_time",
)  # fmt: skip


def mails_core(core: Any, grid: Grid, memory_ms: int, most_names: int, namer: Namer | None = None) -> Any:
    """Make the core's part of a fold; copies are over after `memory_ms`, and `most_names` of labels are remembered.

    Where people are followed, `namer` names them, and only what the core itself decoded is folded by it.

    `fold(messages, emails, accumulator)` folds (time, name, data) gathered by message into the rows of an `Emails`, and
    gives the messages that are left over.
    """
    bits = {name: getattr(cells, name.upper()) for name in _BITS} | {"left": copy.LEFT, "sign": copy.SIGN}
    rules = {
        "bits": bits,
        "memory_ms": memory_ms,
        "open_in_time_ms": copy.OPEN_IN_TIME_MS,
        "click_in_time_ms": copy.CLICK_IN_TIME_MS,
        "reply_in_time_ms": copy.REPLY_IN_TIME_MS,
        "most_clicks": copy.MOST_CLICKS,
        "most_names": most_names,
        "words": copy.WORDS,
        "words_a_second": copy.WORDS_A_SECOND,
        "follows": namer is not None,
        "welcome": mailed.WELCOME,
        "naming": naming(namer),
    }
    return core.MailsCore((grid.pane_ms, grid.origin_ms), rules)
