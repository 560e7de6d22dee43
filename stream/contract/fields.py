"""Fields: the types of single fields of an event, with their limits.

In:  what the contract says of ids, texts, times, numbers and codes.
Out: annotated types; the parser checks them in C, and the JSON Schemas repeat them.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta

from stream.contract.times import TIME_PATTERN

INT_LIMIT: Final = 1 << 53  # beyond it a JSON number is not exact everywhere
TEXT_MAX: Final = 4_096
ID_MAX: Final = 256
SITE_MAX: Final = 64  # a site is a label of every metric

#: An address: something before an @, and a name with a dot after it.
ADDRESS: Final = r"[^@\s]+@[^@\s]+\.[^@\s]+"

# What the JSON Schemas say beyond the parser; `contract/rules.py` checks it after parsing. Said by what must
# not be found, since an anchored pattern ends before a last line feed in some languages and not in others.
_NO_CONTROL: Final[dict[str, Any]] = {"not": {"pattern": r"[\u0000-\u001f]"}}
_NO_PERSON: Final[dict[str, Any]] = {"not": {"pattern": rf"[\u0000-\u001f]|{ADDRESS}"}}

Text = Annotated[str, Meta(max_length=TEXT_MAX)]
Id = Annotated[str, Meta(min_length=1, max_length=ID_MAX, extra_json_schema=_NO_CONTROL)]
PersonId = Annotated[str, Meta(min_length=1, max_length=ID_MAX, extra_json_schema=_NO_PERSON)]
Site = Annotated[str, Meta(min_length=1, max_length=SITE_MAX, extra_json_schema=_NO_CONTROL)]
# times stay text here: a batch of them is read at once by `ingest/timing.py`
Time = Annotated[str, Meta(max_length=TEXT_MAX, extra_json_schema={"format": "date-time", "pattern": TIME_PATTERN})]
Whole = Annotated[int, Meta(gt=-INT_LIMIT, lt=INT_LIMIT)]
Count = Annotated[int, Meta(ge=0, lt=INT_LIMIT)]
Amount = Annotated[float, Meta(gt=-INT_LIMIT, lt=INT_LIMIT)]
Seconds = Annotated[float, Meta(ge=0, lt=INT_LIMIT)]
Percent = Annotated[float, Meta(ge=0, le=100)]
# the lengths are checked first and in C; Python's `$` alone would let a line feed pass
EmailHash = Annotated[str, Meta(min_length=64, max_length=64, pattern="^[0-9a-f]{64}$")]
Currency = Annotated[str, Meta(min_length=3, max_length=3, pattern="^[A-Z]{3}$")]
# any text: what is no country is dropped from the event (`ingest/countries.py`), and no visit is lost for it
Country = Annotated[str, Meta(max_length=TEXT_MAX)]
