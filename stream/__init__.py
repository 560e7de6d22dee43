"""leadpulse: lead-generation metrics from Kafka topics, exact in rolling windows, live in Prometheus.

The flow, and where each part of it lives:

    page_view  form  chatbot      email        ad
         \\      |      /            |          |
    worker ─ batches of bytes, one Faust agent a topic       worker/transport, worker/app
         ingest ─ decode, route, known ids, classify         ingest/, tables/known_ids
         stages ─ events into rows of facts;                 stages/visitors, stages/emails, stages/ads
                  rows into changes of cells
         deltas ─ what changed, packed, once a commit        tables/deltas
    ─────── one transaction: rows, deltas, rejects, position (worker/shard, worker/statelog) ───────
         rollup ─ cells into windows, windows into readings  rollup/, tables/levels
    worker ─ /metrics, the metrics topic                     worker/rollup_shard, export/

`catalog` says which metrics there are, `pipeline` is the flow of one shard on one screen, `replay` the same flow
over files, `backfill` a replay that is read at every step of time, `model` holds the nouns, `settings` alone reads
the environment, `demo` makes traffic to look at.
Imports point one way: model ← catalog, ingest, stages, tables ← rollup, export ← pipeline ← replay ← backfill
← worker, demo, cli.
"""
