"""Release: write down what this release promises of its entries, for the policies of the next one.

In:  the catalog.  Out: released.toml beside this file.
"""

from __future__ import annotations

from stream.catalog import METRICS, TOTALS, released

if __name__ == "__main__":
    released.PATH.write_text(released.text((*METRICS, *TOTALS)), encoding="utf-8")
