"""Trust: what speaks for or against the figures; the account of all records and the state of the sources.

In:  the counts.  Out: the entries of this area, in the order in which they are listed.
"""

from __future__ import annotations

from typing import Final

from stream.catalog.entry import count, ratio, total
from stream.catalog.words import TRAFFIC, Alert, Chart, Look, Metric

METRICS: Final[tuple[Metric, ...]] = (
    ratio(
        "valid_event_ratio",
        "site kind",
        TRAFFIC,
        ("counted", "accepted"),
        "Share of accepted records that were counted; by arrival.",
        area="trust",
        direction="drop",
        formula="counted / accepted, by arrival",
        alert=Alert("More records are not counted than usual."),
        look=Look(places=(Chart("Where records ended", "kind", title="Counted of accepted"),)),
    ),
    count(
        "traffic_events",
        "site kind class",
        TRAFFIC,
        "Valid events by class of traffic: people's beside those of bots, of ourselves and of tests.",
        area="trust",
        look=Look(
            places=(Chart("Where records ended", "class", title="Traffic of people, bots, ourselves and tests"),)
        ),
    ),
)


#: What the account of all shards says; no windows.
TOTALS: Final[tuple[Metric, ...]] = (
    total("events_total", "total", "kind outcome reason", "Accepted records by where they ended."),
    total("conservation_error", "gauge", "", "Accepted less counted, duplicate, filtered and dead-lettered; 0."),
    total("source_items_total", "total", "source outcome", "Items of topics of others by what became of them."),
    total("source_events_total", "total", "source kind", "Events that were made of them."),
    total("source_unmapped_total", "total", "source event", "Items that no mapping took, by their names: the largest."),
    total("source_redacted_total", "total", "source", "Events in which an address was found and became its hash."),
    total("source_newest_event_timestamp_seconds", "gauge", "kind", "Time of the newest event of a source.", "seconds"),
    total("source_lag_seconds", "gauge", "kind", "How far the newest event of a source lies behind now.", "seconds"),
    total("source_lag_records", "gauge", "kind", "Records of a source not yet read."),
    total("source_missing", "gauge", "kind", "1 where the topic of a source does not exist."),
    total("complete", "gauge", "", "1 while all shards but those of leads are restored and caught up."),
    total("leads_complete", "gauge", "", "1 while those of leads are, too, and have taken in what others told them."),
    total("leads_behind", "gauge", "", "Ids of leads that are still counted by the rules before the last start; 0."),
    total("data_since_timestamp_seconds", "gauge", "", "The first event that could have been seen.", "seconds"),
    total("dedupe_horizon_seconds", "gauge", "", "How far back an event's id is known for certain.", "seconds"),
    total("clock_ahead_total", "total", "kind", "Events whose clock ran ahead of their arrival; corrected."),
    total("fields_ignored_total", "total", "kind field", "Fields of counted records that could not be used."),
    total(
        "unjoined_recipients_total",
        "total",
        "",
        "Email events whose lead_id and email_hash were not joined: their message had 1,000 such pairs.",
    ),
    total("ignored_ids_total", "total", "field", "Ids of counted events that name nobody, as guest or undefined do."),
    total("lead_facts_dropped_total", "total", "", "Facts of leads for which there was no room: over 512 of an id."),
    total("rerouted_total", "total", "kind", "Records forwarded to the shard of their key."),
    total(
        "mixed_granularity",
        "gauge",
        "site",
        "Campaigns and actions whose reports overlap within 90 days: in two grains, or in single events and totals.",
    ),
    total("labels_folded_total", "total", "label", "Label values folded into `(other)`."),
    total("catalog_info", "gauge", "version", "Version of this catalog."),
)
