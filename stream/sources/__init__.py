"""Sources: bring your own topics. What a mapping in Python needs, by one import.

In:  records of anybody's topics.
Out: our events.
"""

from stream.sources.about import About, ignored
from stream.sources.events import Event, ad, chatbot, cost, crm, email, form, page_view, privacy, signal
from stream.sources.hashed import copy_of, domain_of, email_hash, fingerprint, pseudonym
from stream.sources.moments import clock, day, day_end, to_ms, unix, unix_ms, unix_us
from stream.sources.source import Source
from stream.sources.urls import bare_url, click_ids, query, url_host, url_path, utm
from stream.sources.values import by_pattern, first, flag, micros, part, pick, text

__all__ = [
    "About", "Event", "Source", "ad", "bare_url", "by_pattern", "chatbot", "click_ids", "clock", "copy_of", "cost",
    "crm", "day", "day_end", "domain_of", "email", "email_hash", "fingerprint", "first", "flag", "form", "ignored",
    "micros", "page_view", "part", "pick", "privacy", "pseudonym", "query", "signal", "text", "to_ms", "unix",
    "unix_ms", "unix_us", "url_host", "url_path", "utm",
]  # fmt: skip
