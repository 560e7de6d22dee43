"""Bots: which user agents are programs, by the list of the package `crawler-user-agents`.

In:  user agent strings.
Out: bot or not; on email events, machine or not.

The package tries some 1,500 patterns on each string, a quarter of a millisecond. Nearly all of them are plain
words, so a string is first cut into pieces of four characters, and only the words that share their rarest
piece with it are looked for; the few real patterns stay one regular expression. The answer is the package's
own, four times as fast.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Final

from crawleruseragents import CRAWLER_USER_AGENTS_DATA

#: A user agent is read up to here: real ones are shorter, and a longer one must buy neither time nor memory.
MAX_CHARACTERS: Final = 512

#: Proxies of mail programs that fetch an image when somebody opens the message; on the list of crawlers or not.
_MAIL_PROXIES: Final = re.compile(
    r"GoogleImageProxy|YahooMailProxy|FastmailUA|Shortwave Image Fetcher|ProtonMail|"
    r"(?:image|img|mail)[ _-]?proxy",
    re.IGNORECASE,
)
#: Proxies of that name which no mail program has.
_OTHER_PROXIES: Final = re.compile(r"Slack-ImgProxy|imgproxy/|StartpagePrivateImageProxy", re.IGNORECASE)
#: What opens and follows before anybody has seen the message, and is not on the list of crawlers.
_SCANNERS: Final = re.compile(
    r"barracuda|proofpoint|mimecast|messagelabs|symantec|trend ?micro|forcepoint|fireeye|trellix|cloudmark|"
    r"safe ?links|bitdefender|sophos|ironport|zscaler|spamassassin|mailscanner|vade ?secure|hornetsecurity|"
    r"microsoft office existence discovery|linkcheck|url ?scan|prefetch|headlesschrome|phantomjs|puppeteer|"
    r"\bbot\b|crawler|spider|scanner",
    re.IGNORECASE,
)
#: The whole user agent of Apple's privacy proxy, which fetches every image soon after delivery.
_PREFETCHES: Final = "Mozilla/5.0"

_PIECE: Final = 4
_PLAIN: Final = re.compile(r"(?:[\w \-/:;,!@#%&=~\"'<>]|\\[^\w])+")
_ESCAPED: Final = re.compile(r"\\(.)")


@lru_cache(maxsize=32_768)
def is_listed(user_agent: str) -> bool:
    """Say whether the list matches a user agent of at most `MAX_CHARACTERS`; the cache answers in 0.05 µs."""
    return _matcher()(user_agent)


def is_machine(machine: bool | None, user_agent: str | None, traffic_class: str | None = None) -> bool:
    """Say whether a machine opened or clicked a message, and not a person.

    The provider's word stands, true or false; then a `traffic.class`; then the user agent of a scanner or a
    prefetcher says so. Image proxies fetch when a person opens: that is a person.

    >>> is_machine(None, "(via ggpht.com GoogleImageProxy)"), is_machine(None, "curl/8.5.0"), is_machine(False, "curl")
    (False, True, False)
    """
    if machine is not None:
        return machine
    if traffic_class is not None:
        return traffic_class == "bot"
    return is_scanner(user_agent[:MAX_CHARACTERS]) if user_agent else False


@lru_cache(maxsize=32_768)
def is_scanner(user_agent: str) -> bool:
    """Say whether a user agent of at most `MAX_CHARACTERS` on an email event is a scanner or a prefetcher."""
    if _MAIL_PROXIES.search(user_agent) and not _OTHER_PROXIES.search(user_agent):
        return False
    return user_agent.strip() == _PREFETCHES or _SCANNERS.search(user_agent) is not None or is_listed(user_agent)


@cache
def _matcher() -> Callable[[str], bool]:
    """Build the search from the package's list, once a process."""
    patterns = [entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA]
    words = [_ESCAPED.sub(r"\1", pattern) for pattern in patterns if _PLAIN.fullmatch(pattern)]
    long = [word for word in words if len(word) >= _PIECE]
    rest = [pattern for pattern in patterns if not _PLAIN.fullmatch(pattern)]
    rest += [re.escape(word) for word in words if len(word) < _PIECE]
    others = re.compile("|".join(rest)).search
    frequency = Counter(piece for word in long for piece in _pieces(word))
    words_by_piece: dict[str, list[str]] = {}
    for word in long:
        rarest = min(_pieces(word), key=lambda piece: (frequency[piece], piece))
        words_by_piece.setdefault(rarest, []).append(word)

    def search(text: str) -> bool:
        shared = words_by_piece.keys() & _pieces(text)
        if any(word in text for piece in shared for word in words_by_piece[piece]):
            return True
        return others(text) is not None

    return search


def _pieces(text: str) -> set[str]:
    return {text[i : i + _PIECE] for i in range(len(text) - _PIECE + 1)}
