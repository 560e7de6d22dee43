"""Rejects: what is wrong with a record, said without repeating any of it.

In:  a record that cannot be counted.
Out: its place in the batch, a reason from the closed list, and the path of the field.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

Reason = Literal[
    "not_json",
    "too_large",
    "too_deep",
    "missing_field",
    "wrong_type",
    "out_of_range",
    "unknown_kind",
    "bad_time",
    "too_late",
    "personal_data",
    "wrong_topic",
    "mapping",
    "unknown_schema",
    "crash",
]

#: Every reason there is, in the order in which a record is looked at.
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

#: Site of a record that does not say one, or not readably.
UNKNOWN_SITE: Final = "unknown"


class Reject(msgspec.Struct, frozen=True, gc=False):
    """One record that ends in the dead letters.

    `index` is its place in the batch, `path` the field at fault ("data.page.path"; "" is the record as a
    whole). `site` is the one it names, for the account of its site, else "unknown".
    """

    index: int
    reason: Reason
    path: str = ""
    site: str = UNKNOWN_SITE
