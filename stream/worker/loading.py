"""Loading: rows of packed batches, put into their tables without a record being made of each.

In:  tables by prefix; batches of a state log.
Out: what is a row lies in its table; all other records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stream.contract.packed import Batch
from stream.state.rows import Rows
from stream.state.table import Logged


def load_packed(tables: Mapping[bytes, Logged], batches: Iterable[Batch]) -> list[tuple[bytes | None, bytes | None]]:
    """Put what is a row, and nothing else, from packed batches into its table; give all other records, in order."""
    others: list[tuple[bytes | None, bytes | None]] = []
    plain = {of.prefix[0]: of.encoded for of in tables.values() if isinstance(of, Rows) and of.plain}
    for batch in batches:
        others += batch.load(plain)
    return others
