"""Page view: a page was seen.

In:  one envelope a record of the topic `page_view`.
Out: its types and keys; no rule, since no field of it depends on another but path on url.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Struct

from stream.contract.common import Common, Envelope, example, rows_of_visitors, visitors_of
from stream.contract.fields import Id, Millis, Name, Text, says
from stream.contract.kind import Kind


class Page(Struct, gc=False):
    """The page that was seen: path or url is required."""

    path: Annotated[
        Text,
        says(
            "Which page; kept for reference, since figures by page are by group and content_id",
            "/pricing",
            instead="url",
        ),
    ]
    url: Annotated[
        Text | None,
        says(
            "Tells the site's own referrers; its utm_* and click ids are read where campaign and click_ids are absent",
            "https://shop.example/pricing?utm_source=news",
        ),
    ] = None
    group: Annotated[
        Text | None, says("Figures by kind of page: pricing, cart, blog, landing, product, docs, …", "pricing")
    ] = None
    content_id: Annotated[Name | None, says("Figures by content and landing page", "plans")] = None
    content_type: Annotated[Text | None, says("download: the page view is one of an ungated file", "download")] = None
    offer_id: Annotated[Name | None, says("Who saw an offer", "ebook-7")] = None


class PageViewData(Common, gc=False, kw_only=True):
    """A page was seen."""

    visitor_id: Annotated[Id, says("Pseudonymous id of the person; never an address", "v-81f3")]
    page: Page
    engagement_ms: Annotated[
        Millis | None, says("Time in the foreground: 10 s in a session make it engaged", 12_500)
    ] = None


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
            "engagement_ms": 12_500,
        },
    ),
)
