"""leadpulse: lead-generation metrics from Kafka topics, exact in rolling windows, live in Prometheus.

The flow, and the room of each part of it:

    page_view  form  chatbot      email        ad
         \\      |      /            |          |
    batches of bytes, one Faust agent a topic             worker/transport, kafka/fetch
    bytes → events, or rejects                            adapters/, contract/
    timing, route, known ids, classify                    ingest/, state/known_ids
    events → rows of facts → changes of cells             stages/visitors, stages/emails, stages/ads
    the flow of a shard on one screen                     engine/shard
    what changed, packed, once a commit                   changes/deltas
    ─────── one transaction: rows, deltas, rejects, position (worker/shard, kafka/state_log) ───────
    cells → windows → readings                            rollup/, windows/
    /metrics, the live page, the metrics topic            serve/, worker/rollup_shard

`catalog` says which metrics there are, `replay` is the same flow over files, `render` writes what is made of contract
and catalog, `settings` alone reads the environment, `reference` is an account of its own, `demo` makes traffic.
`kernels` holds the hot functions, each behind one pure signature.
Imports point one way, and no two rooms import each other: kernels, contract ← changes, state
← catalog, ingest, stages, windows ← engine, rollup ← serve, kafka ← replay, render, worker ← cli.
"""
