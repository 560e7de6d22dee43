"""Touches: how a visit came, by which channel, campaign, engine, domain.

In:  events with campaign parameters, click ids and a referrer, each of which may be missing.
Out: a touch an event: channel, campaign, and the engine or the domain that sent it.

Channels are Google's (`channel.py`). Where Google uses what only its ad platforms know, this is decided here:

- gclid, gbraid, wbraid and msclkid are put on links by Google's and Microsoft's ads and outrank the campaign
  parameters, as GA4 has it. They say that a visit was paid for; on which network only the parameters may say:
  `youtube / cpc` stays paid_video, `display` stays display, everything unclear is paid_search.
- ttclid, li_fat_id and twclid are put on links by ads: paid_social, unless a medium says something else.
- fbclid is put on every link out of Facebook and Instagram, ads or not: alone it makes organic_social.
- A referrer says nothing if it is the site itself (its own domains, the host of the page, a site_id that is a host
  name) or a place that people only come back from (payment, sign-in); nor does `medium=referral` with such a
  source, which is how trackers write a referrer down.

Two kinds of places have no group among the nineteen and may be given one (`channel_sets`): AI assistants, which GA4
calls AI Assistant since May 2026, by their hosts and by its medium `ai-assistant` (channel `ai_assistant`), and web
mail (channel `email`). Without that both are referral, assistants also where they only set utm_source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from stream.ingest.campaign import TAGGED, clicked_of, decoded, has_text, tags_of
from stream.ingest.channel import DISPLAY, NOT_SET, PAID, channel_by_category, fits_whole
from stream.ingest.hosts import covered, host_of, same_site, spellings
from stream.ingest.referrers import IGNORED, is_on, referrers
from stream.state.labels import clean


class Touch(NamedTuple):
    """One contact: channel, campaign ("" without one), engine of an organic search, domain of a referral."""

    channel: str
    campaign: str = ""
    engine: str | None = None
    domain: str | None = None


DIRECT: Final = Touch("direct")
#: Source, medium and name of a campaign, and the platform of a click id.
Tags = tuple[str | None, str | None, str | None, str]

AI_ASSISTANT: Final = "ai_assistant"

#: Sets of places beyond Google's rules → the channel that they get.
SETS: Final = {"ai_assistants": AI_ASSISTANT, "web_mail": "email"}
#: Kind of place → the set that it is in.
_KINDS: Final = {"assistant": "ai_assistants", "mail": "web_mail"}

#: More than any campaign is called; what is longer is worked out each time, and what is cached stays small.
_LONG: Final = 300

#: Of so many options before, as a process has them one after another in tests, the channels are remembered.
_MOST_SHARED: Final = 3

#: As much as a common record says of where its visit came from.
_LONGEST_KEY: Final = 1_024

#: Combinations of parameters that are remembered.
_MOST_TAGGED: Final = 16_384

_SEARCH_ADS: Final = frozenset({"google", "bing"})
_SOCIAL_ADS: Final = frozenset({"linkedin", "tiktok", "twitter"})
#: Mediums that say no more than that there was a link.
_LINK: Final = frozenset({"", "referral", "app", "link"})
#: The medium that GA4 writes for an assistant.
_ASSISTANT_MEDIUM: Final = "ai-assistant"
#: What logs and trackers write where there was no referrer (of about:blank, the part before the colon).
_NOWHERE: Final = frozenset({"-", "about", "null", "undefined", "none", "(none)", "direct", "(direct)", "$direct"})


@dataclass(frozen=True, slots=True)
class ChannelOptions:
    """What one says of one's own sites: domains by site_id, hosts by their kind, and sets switched on.

    `referrers` are names by kind: search, shopping, social, video, assistant, mail, ignored, referral.
    """

    own_domains: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ignored: Sequence[str] = ()
    referrers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sets: Sequence[str] = ()
    #: How far a direct session looks back for the last touch that was none; 0: not at all.
    look_back_ms: int = 0


class Channels:
    """Gives touches; what many events carry alike is worked out once."""

    def __init__(self, options: ChannelOptions = ChannelOptions()) -> None:
        self._own_domains = {site: frozenset(_spelled(domains)) for site, domains in options.own_domains.items()}
        own = {kind: _spelled(names) for kind, names in options.referrers.items()}
        own[IGNORED] = own.get(IGNORED, []) + _spelled(options.ignored)
        self._referrers = referrers().with_own(own)
        self._channels = {kind: SETS[name] for kind, name in _KINDS.items() if name in options.sets}
        self._pages_of = lru_cache(maxsize=4_096)(self._referrers.pages_of)
        self._tagged: dict[Tags, Touch] = {}
        self._by_key: dict[bytes, Touch] = {}
        self.touch_of = lru_cache(maxsize=16_384)(self._touch_of)

    def touches(self, events: Sequence[Any]) -> list[Touch]:
        """Give the touch of each page_view, form or chatbot event.

        Most events carry what others carried before: the rules run once for each combination that is new. What
        a page view lacks in `campaign` and `click_ids` is read from the query of its page.url.
        """
        found: list[Touch] = []
        add, tagged, referred = found.append, self._tagged, self._referred
        are_views = bool(events) and hasattr(events[0].data, "page")
        for event in events:
            data = event.data
            campaign, clicks, referrer = data.campaign, data.click_ids, data.referrer
            clicked = "" if clicks is None else clicked_of(clicks)
            source = medium = name = None
            if campaign is not None:
                source, medium, name = campaign.source, campaign.medium, campaign.name
                if not name or name.isspace():
                    name = campaign.id
                if not (source and medium and name) and not has_text(campaign):
                    campaign = source = medium = name = None
            page = data.page if are_views else None
            if page is not None and (url := page.url) is not None and "?" in url and TAGGED(url) is not None:
                said = tags_of(url)
                clicked = clicked or clicked_of(said)
                if campaign is None:
                    source, medium, name = said.source or None, said.medium or None, said.name or said.id or None
            if source is None and medium is None and name is None and not clicked:
                add(DIRECT if referrer is None else referred(page, referrer, None, None, None, "", data.site_id))
                continue
            tags = source, medium, name, clicked
            touch = tagged.get(tags) or self._touch_of_tags(tags)
            # a referrer says nothing more where the parameters have said what it was
            if referrer is not None and touch.channel in ("direct", "referral"):
                touch = referred(page, referrer, source, medium, name, clicked, data.site_id)
            add(touch)
        return found

    def touch_by(self, key: bytes, event: Callable[[], Any]) -> Touch:
        """Give the touch of an event, which is read only where nobody asked by this key before.

        A key has all of an event that its touch depends on: to read one again costs ten times as much as to remember.
        """
        touch = self._by_key.get(key)
        if touch is None:
            (touch,) = self.touches([event()])
            if len(key) <= _LONGEST_KEY:
                if len(self._by_key) >= _MOST_TAGGED:
                    self._by_key.clear()
                self._by_key[key] = touch
        return touch

    def _touch_of_tags(self, tags: Tags) -> Touch:
        """Give the touch for parameters that are not known yet; what is short is remembered."""
        touch = self._touch_of(*tags)
        if len(self._tagged) < _MOST_TAGGED and sum(len(tag or "") for tag in tags) <= _LONG:
            self._tagged[tags] = touch
        return touch

    def _referred(
        self,
        page: Any,
        referrer: Any,
        source: str | None,
        medium: str | None,
        name: str | None,
        clicked: str,
        site: str,
    ) -> Touch:
        home = page.url if page is not None else None
        url, domain = referrer.url, referrer.domain
        tagged = source is not None or medium is not None or name is not None
        if home and url and not tagged and not clicked:
            # the usual case, one page after another: both addresses are equal up to the first slash of the path
            end = url.find("/", 8) + 1
            if end and home.startswith(url[:end]):
                return DIRECT
        host = host_of(domain or url or "")
        if host and url and (pages := self._pages_of(host)) and is_on(url, pages):
            host = ""
        home = host_of(home) if home and host else ""
        if tagged and len(source or "") + len(medium or "") + len(name or "") > _LONG:
            return self._touch_of(source, medium, name, clicked, host, home, site)
        return self.touch_of(source, medium, name, clicked, host, home, site)

    def _touch_of(
        self,
        source: str | None = None,
        medium: str | None = None,
        campaign: str | None = None,
        clicked: str = "",
        host: str = "",
        home: str = "",
        site: str = "",
    ) -> Touch:
        """Give the touch for campaign parameters as they came, the platform of a click id, and the referrer's host.

        `home` is the host of the page, `site` the site_id: a referrer of either is the site itself.
        """
        s, m, name = _tag(source), _tag(medium), decoded(campaign)
        c = name.lower()
        label = clean(name) if name else ""
        if s in ("direct", "(direct)"):
            s = ""
            if not m and not clicked:
                return Touch("direct", label)
        if host in _NOWHERE or (host and self._is_silent(host, home, site)):
            host = ""
        if m == "referral" and "." in s and self._is_silent(host_of(s), home, site):
            s = m = ""
        if clicked in _SEARCH_ADS:
            paid_medium = m if m in DISPLAY or fits_whole(PAID, m) else "cpc"
            channel = self._channel_of(s or clicked, paid_medium, c)
            return Touch("paid_search" if channel == "paid_other" else channel, label)
        if clicked in _SOCIAL_ADS and not m:
            return Touch("paid_social", label)
        if s or m:
            return self._told(s, m, c, label, host)
        if clicked == "facebook":
            return Touch("organic_social", label)
        if not host:
            return Touch("direct", label)
        beyond = self._channels.get(self._referrers.beyond(host) or "")
        if beyond is not None:
            return Touch(beyond, label)
        if self._referrers.engine_of_host(host) is not None:
            return self._named("organic_search", label, "", host)
        return self._named(
            channel_by_category(host, "referral", c, self._referrers.category_of_host(host)), label, "", host
        )

    def _told(self, source: str, medium: str, campaign: str, label: str, host: str) -> Touch:
        """Give the touch for what parameters say."""
        kind = self._referrers.beyond(source)
        if medium == _ASSISTANT_MEDIUM:
            kind = "assistant"
        if kind is not None and kind in self._channels and (medium in _LINK or medium == _ASSISTANT_MEDIUM):
            return Touch(self._channels[kind], label)
        channel = self._channel_of(source, medium, campaign)
        if channel == "unassigned" and kind == "assistant":
            channel = "referral"
        return self._named(channel, label, source, host)

    def _is_silent(self, host: str, home: str, site: str) -> bool:
        """Say whether a host is the site's own, or one that people only come back from."""
        return (
            (home != "" and same_site(host, home))
            or ("." in site and same_site(host, host_of(site)))
            or covered(host, self._own_domains.get(site, ()))
            or self._referrers.is_ignored(host)
        )

    def _channel_of(self, source: str, medium: str, campaign: str) -> str:
        return channel_by_category(source, medium, campaign, self._referrers.category_of_source(source))

    def _named(self, channel: str, campaign: str, source: str, host: str) -> Touch:
        if channel == "organic_search":
            return Touch(channel, campaign, engine=clean(self._referrers.engine_of_source(source or host)))
        if channel == "referral":
            return Touch(channel, campaign, domain=clean(host or source))
        return Touch(channel, campaign)


_shared: list[tuple[ChannelOptions, Channels]] = []


def shared(options: ChannelOptions) -> Channels:
    """Give what all shards of a process have in common that go by the very same options."""
    for known, channels in _shared:
        if known is options:
            return channels
    channels = Channels(options)
    _shared[:] = [*_shared[-_MOST_SHARED:], (options, channels)]
    return channels


def _spelled(names: Sequence[str]) -> list[str]:
    return [spelling for name in names for spelling in spellings(host_of(name))]


def _tag(value: str | None) -> str:
    text = decoded(value).lower()
    return "" if text in NOT_SET else text
