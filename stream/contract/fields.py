"""Fields: the types of single fields of an event, with their limits.

In:  what the contract says of ids, texts, times, numbers and codes.
Out: annotated types. The parser checks them in C and takes only what needs no change; `adapters/liberal.py` reads
     what it refuses, by what each type says of itself in `extra`.

`reads` names the way in which a value is read. A `strict` field is one that figures rest on: a value that it cannot
take refuses the event. Every other field decorates: such a value is dropped, and the event counts.
"""

from __future__ import annotations

from abc import ABC
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from msgspec import Meta

from stream.contract.codes import COUNTRIES, CURRENCIES

INT_LIMIT: Final = 1 << 53  # beyond it a JSON number is not exact everywhere
TEXT_MAX: Final = 4_096
ID_MAX: Final = 256
SITE_MAX: Final = 64  # a site is a label of every metric

#: Letters, digits and their marks beyond ASCII, as escapes that every dialect of regular expressions reads: without
#: the punctuation and the pictures that lie between them.
_BEYOND: Final = (
    r"\u00c0-\u1fff\u2c00-\u2dff\u3005-\u3007\u3041-\ud7ff"
    r"\uf900-\ufdff\ufe70-\ufefc\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uffdc"
)
#: A byte of such a letter, as an address bar writes it.
_BYTE: Final = "%[89A-Fa-f][0-9A-Fa-f]"
_LABEL: Final = rf"(?:[A-Za-z0-9{_BEYOND}-]|{_BYTE})+"
#: The dot, and what keyboards of East Asia write in its place: names of hosts may have either.
_DOT: Final = r"[.\u3002\uff0e\uff61]"
#: An address: letters and digits before an @, written as such or as in an address bar, and a name with a dot after it.
#: To find one it is enough to see the last of the characters before the @; to look for all of them takes as many
#: steps as the square of a long text.
ADDRESS: Final = rf"[A-Za-z0-9._%+{_BEYOND}-](@|%40){_LABEL}({_DOT}{_LABEL})*{_DOT}(?:[A-Za-z{_BEYOND}]|{_BYTE}){{2,}}"
#: Fields of the data in which something of that form is no address: RFC 5322 gives message ids the same form, and
#: crawlers name their owner's in the user agent.
MAY_LOOK_LIKE_ONE: Final = frozenset({"message_id", "user_agent"})

#: A number with parts is kept in millionths, and sums of them are 64 bits wide: this leaves room for millions.
PARTS: Final = 1_000_000
MOST: Final = 10**12
_WHOLE: Final = Decimal("0.000001")
_EXACT: Final = Context(prec=64, rounding=ROUND_HALF_EVEN)


def says(description: str, example: Any = None, **extra: Any) -> Meta:
    """Say what a field is used for and what a value of it looks like.

    >>> says("utm_source", "google").examples
    ['google']
    """
    return Meta(description=description, examples=None if example is None else [example], extra=extra or None)


def millionths(number: int | Decimal) -> int:
    """Give a number in millionths, rounded half to even; raises ValueError from 10^12 on.

    >>> millionths(Decimal("19.99")), millionths(-2), millionths(Decimal("0.0000005"))
    (19990000, -2000000, 0)
    """
    if not -MOST < number < MOST:
        raise ValueError("Number out of range")
    if isinstance(number, int):
        return number * PARTS
    return int(number.quantize(_WHOLE, context=_EXACT).scaleb(6, _EXACT))


if TYPE_CHECKING:
    Millionths = int
else:

    class _Millionths(ABC):  # noqa: B024  # stands for an int that the parser does not read as one
        """A number with parts, kept as a whole number of millionths."""

    _Millionths.register(int)
    Millionths = _Millionths


def hook(kind: type[Any], value: Any) -> Any:
    """Read what the parser has no type of its own for: numbers in millionths."""
    if kind is Millionths and isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return millionths(value)
    raise TypeError("Expected a number")


Text = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX, extra={"reads": "text"})]
#: A name given by somebody's system, which may be a number there; nothing counts by it but a label.
Name = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX, extra={"reads": "name"})]
Id = Annotated[str, Meta(min_length=1, max_length=ID_MAX, extra={"reads": "id", "strict": True})]
Site = Annotated[str, Meta(min_length=1, max_length=SITE_MAX, extra={"reads": "id", "strict": True})]
#: Lower case, whatever was sent.
Domain = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX, extra={"reads": "text", "lower": True})]
Platform = Annotated[str, Meta(min_length=1, max_length=ID_MAX, extra={"reads": "id", "strict": True, "lower": True})]
#: Without the pair of angle brackets that a mail's header has around it.
MessageId = Annotated[str, Meta(min_length=1, max_length=ID_MAX, extra={"reads": "message_id", "strict": True})]
# times stay text here: a batch of them is read at once by `ingest/timing.py`
Time = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX, extra={"reads": "time", "strict": True})]
Whole = Annotated[int, Meta(gt=-INT_LIMIT, lt=INT_LIMIT, extra={"reads": "whole", "strict": True})]
Revision = Annotated[int, Meta(ge=0, lt=INT_LIMIT, extra={"reads": "whole", "strict": True})]
Count = Annotated[Millionths, Meta(extra={"reads": "millionths", "strict": True})]
Amount = Annotated[Millionths, Meta(extra={"reads": "millionths"})]
Millis = Annotated[int, Meta(ge=0, lt=INT_LIMIT, extra={"reads": "floor"})]
Seconds = Annotated[float, Meta(ge=0, lt=INT_LIMIT, extra={"reads": "number"})]
Flag = Annotated[bool, Meta(extra={"reads": "flag"})]
#: Whatever is said but true is a refusal.
Agreement = Annotated[bool, Meta(extra={"reads": "agreement"})]
# the lengths are checked first and in C; Python's `$` alone would let a line feed pass
EmailHash = Annotated[
    str, Meta(min_length=64, max_length=64, pattern="^[0-9a-f]{64}$", extra={"reads": "hash", "strict": True})
]

if TYPE_CHECKING:
    Country = str
    Currency = str
else:
    # literals are a look-up in C that hands out one shared string, and no event pays the 0.6 µs of a regular
    # expression
    Country = Annotated[Literal[COUNTRIES], Meta(extra={"reads": "country"})]
    Currency = Annotated[Literal[CURRENCIES], Meta(extra={"reads": "currency"})]
