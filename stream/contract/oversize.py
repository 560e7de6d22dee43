"""Oversize: what is left of a record that is too large to be kept whole while it waits to be counted.

In:  the beginning of its value, and how long it was.
Out: an empty value that says so, which ends in the dead letters as `too_large`.

A batch of a megabyte may unpack to gigabytes. Where a record is certain to be refused for its size, only what its dead
letter will hold is carried along.
"""

from __future__ import annotations

from typing import Final, Self

#: No setting lets a larger value be decoded.
VALUE_MOST: Final = 10 << 20
#: More than any producer means; a name and a value of one byte each take 200 bytes once they are read.
HEADERS_MOST: Final = 10_000


class Cut(bytes):
    """A value without its content.

    `head` is the beginning, `whole_bytes` the full length, `headers_left_out` counts headers that were passed over.
    `unread` says that nothing of the record was read, because the batch around it unpacks to too much.
    """

    head: bytes
    whole_bytes: int
    headers_left_out: int
    unread: bool

    def __new__(cls, head: bytes, whole_bytes: int, headers_left_out: int = 0, *, unread: bool = False) -> Self:
        """Make an empty value that knows what it stands for."""
        made = super().__new__(cls)
        made.head, made.whole_bytes, made.headers_left_out, made.unread = head, whole_bytes, headers_left_out, unread
        return made


#: Stands for each value of a batch that was not unpacked.
UNREAD: Final = Cut(b"", 0, unread=True)
