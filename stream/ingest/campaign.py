"""Campaign: the parameters of a link (utm_…, click ids) as they come, from fields and from the page's address.

In:  campaign fields, click ids, the URL of a page.
Out: decoded texts; what the query of a URL says; the ad platform of a click id.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final
from urllib.parse import unquote_plus

#: What the click id of a platform's ads is called, and the platform; the first that is there counts.
AD_CLICKS: Final = (
    ("gclid", "google"),
    ("gbraid", "google"),
    ("wbraid", "google"),
    ("msclkid", "bing"),
    ("li_fat_id", "linkedin"),
    ("ttclid", "tiktok"),
    ("twclid", "twitter"),
    ("fbclid", "facebook"),
)
#: Parameter of a URL → what it is called here.
PARAMETERS: Final = {
    "utm_source": "source",
    "utm_medium": "medium",
    "utm_campaign": "name",
    "utm_id": "id",
    "utm_term": "term",
    "utm_content": "content",
    **{name: name for name, _ in AD_CLICKS},
}

#: Finds whether a URL has any of them, before anybody takes it apart.
TAGGED: Final = re.compile(f"[?&](?:{'|'.join(PARAMETERS)})=", re.IGNORECASE).search


class Tags:
    """What the query of a URL says, as it was written: campaign parameters and click ids."""

    __slots__ = tuple(PARAMETERS.values())

    source: str | None
    medium: str | None
    name: str | None
    id: str | None

    def __init__(self) -> None:
        for name in self.__slots__:
            setattr(self, name, None)


def tags_of(url: str) -> Tags:
    """Read a URL's query, not its fragment; names in any case, of two the first.

    >>> tags = tags_of("/x?UTM_Source=a&utm_medium=cpc&utm_medium=email&gclid=1#utm_campaign=z")
    >>> tags.source, tags.medium, tags.name, clicked_of(tags)
    ('a', 'cpc', None, 'google')
    """
    tags = Tags()
    for part in url.partition("#")[0].partition("?")[2].split("&"):
        name, _, value = part.partition("=")
        known = PARAMETERS.get(name.lower())
        if known is not None and getattr(tags, known) is None:
            setattr(tags, known, value)
    return tags


def decoded(value: str | None) -> str:
    """Give a parameter as it was meant: `+` and %xx decoded once, NFC, stripped.

    A %xx that is none stays; bytes that are no UTF-8 become U+FFFD. Whoever writes the query down as it is and
    whoever decodes it first mean the same; a `+` that was one is lost, as it is in any form.

    >>> decoded("spring+sale"), decoded("spring%2520sale"), decoded("100%"), decoded("%ff"), decoded(" a ")
    ('spring sale', 'spring%20sale', '100%', '\\ufffd', 'a')
    """
    if not value:
        return ""
    if "%" in value or "+" in value:
        value = unquote_plus(value)
    return unicodedata.normalize("NFC", value).strip()


def has_text(campaign: Any) -> bool:
    """Say whether any campaign field holds more than white space."""
    for text in (campaign.medium, campaign.source, campaign.name, campaign.id, campaign.term, campaign.content):
        if text and not text.isspace():
            return True
    return False


def campaign_of(data: Any) -> tuple[str, str]:
    """Give name and id of an event's campaign, "" for what is not said; a campaign without a name is called by its id.

    What a page view does not say itself is read from the URL of its page.
    """
    campaign, url = data.campaign, None
    if campaign is None or not has_text(campaign):
        campaign, page = None, getattr(data, "page", None)
        url = None if page is None else page.url
        if url is not None and "?" in url and TAGGED(url) is not None:
            campaign = tags_of(url)
    if campaign is None:
        return "", ""
    id = decoded(campaign.id)
    return decoded(campaign.name) or id, id


def campaign_id_of(data: Any) -> str:
    """Give the id of an event's campaign, as `campaign_of` does; few campaigns have one, so that is asked first."""
    campaign = data.campaign
    if campaign is None or not campaign.id:
        page = getattr(data, "page", None)
        if page is None or page.url is None or "?" not in page.url:
            return ""
        if campaign is not None and (campaign.source or campaign.medium or campaign.name) and has_text(campaign):
            return ""
    return campaign_of(data)[1]


def clicked_of(clicks: Any) -> str:
    """Give the platform of the first click id that is there, "" without one."""
    for name, platform in AD_CLICKS:
        if getattr(clicks, name):
            return platform
    return ""
