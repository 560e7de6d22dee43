"""AsyncAPI: one document of all topics that outsiders produce to or consume from.

In:  the kinds, their schemas' names, and examples of what is told of leads and alerts.
Out: an AsyncAPI 3.0 document whose payloads are the schema files beside it.
"""

from __future__ import annotations

import json
from typing import Any, Final

from stream.contract.alert import EXAMPLE as ALERT
from stream.contract.alert import KEY_EXAMPLE as ALERT_KEY
from stream.contract.kinds import KINDS
from stream.contract.lead import EXAMPLE as LEAD
from stream.contract.lead import KEY_EXAMPLE
from stream.contract.lead_event import EXAMPLE as LEAD_EVENT

#: A new optional field raises the second number, anything else the first.
CONTRACT_VERSION: Final = "2.1.0"

_SCHEMA_FORMAT: Final = "application/schema+json;version=2020-12"
_BINDING_VERSION: Final = "0.5.0"

_KEY_OF_LEADS: Final = "the JSON array [site, type of the id, id] of the lead"

#: What is published, by channel; `gone` says what a record without a value is.
RESULTS: Final[dict[str, dict[str, str]]] = {
    "metrics": {
        "address": "leadpulse.metrics",
        "schema": "reading",
        "title": "Readings",
        "description": "Every metric as it changes. Compacted; read with isolation.level=read_committed.",
        "key": "metric, labels and window",
    },
    "alerts": {
        "address": "leadpulse.alerts",
        "schema": "alert",
        "title": "Alerts",
        "description": "Each spell of each alert as it stands: firing, with what is missing and why, or resolved."
        " Compacted; read with isolation.level=read_committed.",
        "key": "the JSON array [site, alert, by, value, since] of the spell",
        "gone": "The spell is older than six weeks, and forgotten.",
    },
    "leads": {
        "address": "leadpulse.leads",
        "schema": "lead",
        "title": "Leads",
        "description": "Each lead as it is now. Compacted; of a key the highest version stands. A key lies in the"
        " partition that Kafka's default partitioner (murmur2) gives it. Read with isolation.level=read_committed.",
        "key": _KEY_OF_LEADS,
        "gone": "No lead goes by this key any more: it was merged, goes by a better id, was given up or forgotten, or"
        " never was one.",
    },
    "lead_events": {
        "address": "leadpulse.lead_events",
        "schema": "lead_event",
        "title": "What happened to leads",
        "description": "Each thing that happened to a lead, once, and withdrawals of what turned out otherwise, in the"
        " order in which it was told. Kept for 90 days; read with isolation.level=read_committed.",
        "key": _KEY_OF_LEADS,
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
    for name, result in RESULTS.items():
        channels[name] = _channel(name, result["address"], result["title"], result["description"])
        messages[name] = _message(name, result["schema"], result["description"], result["key"], "application/json")
        operations[f"send_{name}"] = _operation("send", name)
        if "gone" in result:
            gone = f"{name}_tombstone"
            channels[name]["messages"][gone] = {"$ref": f"#/components/messages/{gone}"}
            messages[gone] = _tombstone(gone, result["gone"], messages[name]["bindings"])
            operations[f"send_{name}"]["messages"].append({"$ref": f"#/channels/{name}/messages/{gone}"})
    messages["dead_letter"]["headers"] = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("reason", "path", "kind")},
    }
    for name, key, example in (
        ("alerts", ALERT_KEY, ALERT), ("leads", KEY_EXAMPLE, LEAD), ("lead_events", KEY_EXAMPLE, LEAD_EVENT),
    ):  # fmt: skip
        messages[name]["examples"] = [{"name": "typical", "payload": example}]
        messages[name]["bindings"]["kafka"]["key"]["examples"] = [json.dumps(key, separators=(",", ":"))]
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


def _tombstone(name: str, summary: str, bindings: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "summary": summary, "payload": {"type": "null"}, "bindings": bindings}


def _operation(action: str, name: str) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
    }
