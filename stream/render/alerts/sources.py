"""Sources: which event kinds a figure is made of, read off the cells that it counts.

In:  an entry of the catalog.
Out: the kinds without which it says nothing, as the label `sources`.
"""

from __future__ import annotations

from typing import Final

from stream import catalog
from stream.catalog import Metric
from stream.errors import CatalogError

PEOPLE: Final = ("page_view", "form", "chatbot")

#: Beginning of a cell's kind → kinds of events that make it; the longest beginning that fits decides.
_MADE_OF: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        ("visit", "person", "channel_", "campaign_", "country_", "landing_", "social_", "convert", "content_",
         "newcomer", "lead", "offer_", "session", "bounce", "step_", "chat_form_person"),
        PEOPLE,
    ),
    **dict.fromkeys(("view", "content_view"), ("page_view",)),
    **dict.fromkeys(("form_", "submit", "first_submitter", "field_"), ("form",)),
    **dict.fromkeys(("conversation", "chat_", "order_", "appointment_"), ("chatbot",)),
    "email": ("email",),
    "ad_": ("ad",),
    # by arrival: these say how well the sources do and need none of them
    **dict.fromkeys(("counted", "refused", "traffic"), ()),
}  # fmt: skip


def sources_of(metric: Metric) -> tuple[str, ...]:
    """Give the kinds that an entry needs, in the order of the flow."""
    found: set[str] = set()
    for _, count in metric.numerator + metric.denominator:
        for cell in catalog.COUNTS[count].cells:
            fitting = [start for start in _MADE_OF if cell.startswith(start)]
            if not fitting:
                raise CatalogError(
                    f"No source is known for cells of kind {cell}.",
                    where=f"stream/catalog, {metric.name}",
                    do="Add the kind to _MADE_OF in stream/render/alerts/sources.py.",
                )
            found.update(_MADE_OF[max(fitting, key=len)])
    return tuple(kind for kind in (*PEOPLE, "email", "ad") if kind in found)


def label_of(kinds: tuple[str, ...]) -> str:
    """Write kinds as one label value.

    >>> label_of(("page_view", "form"))
    'page_view,form'
    """
    return ",".join(kinds)
