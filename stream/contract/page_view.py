"""Page view: a page was seen.

In:  one envelope a record of the topic `page_view`.
Out: its types and keys; no rule, since no field of it depends on another.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from stream.contract.common import Common, Envelope, example, rows_of_visitors, visitors_of
from stream.contract.fields import Count, Percent, PersonId, Text
from stream.contract.kind import Kind


class Page(Struct, gc=False):
    """The page that was seen."""

    path: Annotated[Text, Meta(description="Path of the address, without the query")]
    url: Text | None = None
    title: Text | None = None
    group: Annotated[Text | None, Meta(description="Kind of page: pricing, cart, blog, landing, product, docs, …")] = (
        None
    )
    content_id: Text | None = None
    content_type: Annotated[
        Text | None, Meta(description="An ungated download is a page view of content type download")
    ] = None
    offer_id: Text | None = None


class PageViewData(Common, gc=False, kw_only=True):
    """A page was seen."""

    visitor_id: Annotated[PersonId, Meta(description="Pseudonymous id of the person; never an address")]
    page: Page
    view_id: Text | None = None
    engagement_ms: Count | None = None
    scroll_pct: Percent | None = None


class PageView(Envelope, gc=False, kw_only=True):
    """A page was seen. Topic page_view, key visitor_id."""

    type: Literal["page_view"]
    data: PageViewData


KIND: Final = Kind(
    name="page_view",
    struct=PageView,
    canonical_keys=visitors_of,
    row_keys=rows_of_visitors,
    key_says="visitor_id",
    example=example(
        "page_view",
        1,
        "2025-06-15T09:30:00.250Z",
        {
            "visitor_id": "v-81f3",
            "page": {"path": "/pricing", "group": "pricing", "content_id": "plans"},
            "campaign": {"source": "google", "medium": "cpc", "name": "spring"},
            "geo": {"country": "DE"},
            "device": {"class": "desktop", "browser": "firefox"},
        },
    ),
)
