"""RudderStack: page views, forms, chats and mails, by the spec that it shares with Segment."""

from __future__ import annotations

from typing import Final

from stream.sources.preset import Preset
from stream.sources.presets import segment
from stream.sources.wire.wire import Shape

PRESET: Final = Preset(
    name="rudderstack",
    title="RudderStack: page and track events as its Kafka destination writes them, or a batch that was posted",
    kinds=("page_view", "form", "chatbot", "email"),
    options=segment.Options,
    mapping=segment.mapping,
    shape=Shape(unwrap=("in:batch",), each="."),
    named=("event", "type"),
    facts=(
        "rudderstack.com/docs/event-spec/standard-events: calls and fields, the same as of Segment's spec",
        "github.com/rudderlabs/rudder-transformer, src/v0/destinations/kafka/transform.js: a record is one event",
        "segment.com/docs/connections/spec/live-chat, /email: names of the chats and mails, which RudderStack has not",
    ),
    unconfirmed="that context.sessionId stands in events of all its SDKs",
    notes=(
        "visitor_id is anonymousId, and only without one userId: a server's event without anonymousId meets no visit.",
        "A property or trait that is named like a field of the contract is that field.",
    ),
    needs_key=True,
    example_options={
        "forms": {"Request A Demo": {"form_id": "demo", "form_type": "demo"}},
        "chats": {"Bot Lead": {"action": "lead_captured"}},
    },
    example=(
        {
            "type": "page", "channel": "web", "messageId": "m-1", "anonymousId": "a-1", "userId": "", "name": "Pricing",
            "originalTimestamp": "2026-03-01T09:30:00.120Z", "sentAt": "2026-03-01T09:30:00.125Z",
            "receivedAt": "2026-03-01T09:30:00.300Z", "timestamp": "2026-03-01T09:30:00.295Z",
            "properties": {
                "path": "/pricing", "url": "https://acme.example/pricing?utm_source=google&utm_medium=cpc&gclid=x1",
                "referrer": "$direct", "initial_referrer": "$direct", "search": "?utm_source=google",
            },
            "context": {
                "sessionId": 1772357400120, "sessionStart": True, "userAgent": "Mozilla/5.0 (X11; Linux x86_64)",
                "page": {"path": "/pricing", "url": "https://acme.example/pricing?utm_source=google&gclid=x1"},
            },
        },
        {
            "batch": [
                {
                    "type": "track", "event": "Request A Demo", "messageId": "m-2", "anonymousId": "a-1",
                    "userId": "u-1", "originalTimestamp": "2026-03-01T09:31:00Z",
                    "context": {
                        "page": {"path": "/demo", "url": "https://acme.example/demo"},
                        "traits": {"email": "jo@acme.example"},
                    },
                },
                {
                    "type": "track", "event": "Bot Lead", "messageId": "m-3", "anonymousId": "a-1",
                    "originalTimestamp": "2026-03-01T09:32:00Z", "properties": {"conversation_id": "c-1"},
                },
            ],
        },
        {
            "type": "track", "event": "Email Opened", "messageId": "m-4", "userId": "u-1",
            "originalTimestamp": "2026-03-01T10:00:00Z", "properties": {"email_id": "18vzF7u3z"},
            "context": {"traits": {"email": "jo@acme.example"}},
        },
    ),
)  # fmt: skip
