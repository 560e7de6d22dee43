"""AsyncAPI: one document of all topics that outsiders produce to or consume from.

In:  the kinds and their schemas' names.
Out: an AsyncAPI 3.0 document whose payloads are the schema files beside it.
"""

from __future__ import annotations

from typing import Any, Final

from stream.contract.kinds import KINDS

#: A new optional field raises the second number, anything else the first.
CONTRACT_VERSION: Final = "2.1.0"

_SCHEMA_FORMAT: Final = "application/schema+json;version=2020-12"
_BINDING_VERSION: Final = "0.5.0"

_RESULTS: Final[dict[str, dict[str, str]]] = {
    "metrics": {
        "address": "leadpulse.metrics",
        "schema": "reading",
        "title": "Readings",
        "description": "Every metric as it changes. Compacted; read with isolation.level=read_committed.",
        "key": "metric, labels and window",
    },
    "dead_letter": {
        "address": "leadpulse.dead_letter",
        "schema": "dead_letter",
        "title": "Dead letters",
        "description": "Records that could not be counted, with reason and original bytes.",
        "key": "topic-partition-offset",
    },
}


def document() -> dict[str, Any]:
    """Make the document."""
    channels: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for kind in KINDS.values():
        summary = (kind.struct.__doc__ or "").partition(" Topic ")[0]
        channels[kind.name] = _channel(kind.name, kind.name, kind.name, summary)
        messages[kind.name] = _message(kind.name, kind.name, summary, kind.key_says, "application/cloudevents+json")
        messages[kind.name]["examples"] = [{"name": "typical", "payload": kind.example}]
        operations[f"receive_{kind.name}"] = _operation("receive", kind.name)
    for name, result in _RESULTS.items():
        channels[name] = _channel(name, result["address"], result["title"], result["description"])
        messages[name] = _message(name, result["schema"], result["description"], result["key"], "application/json")
        operations[f"send_{name}"] = _operation("send", name)
    messages["dead_letter"]["headers"] = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("reason", "path", "kind")},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "leadpulse",
            "version": CONTRACT_VERSION,
            "description": "Events that leadpulse counts, and what it publishes. "
            "Every name of a topic may carry a prefix (LEADPULSE_TOPIC_PREFIX).",
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "localhost:9092",
                "protocol": "kafka",
                "description": "The cluster that LEADPULSE_BROKERS names.",
            }
        },
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _channel(name: str, address: str, title: str, description: str) -> dict[str, Any]:
    return {
        "address": address,
        "title": title,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }


def _message(name: str, schema: str, summary: str, key: str, content_type: str) -> dict[str, Any]:
    return {
        "name": name,
        "summary": summary,
        "contentType": content_type,
        "payload": {"schemaFormat": _SCHEMA_FORMAT, "schema": {"$ref": f"./{schema}.schema.json"}},
        "bindings": {"kafka": {"key": {"type": "string", "description": key}, "bindingVersion": _BINDING_VERSION}},
    }


def _operation(action: str, name: str) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
    }
