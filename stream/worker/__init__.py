"""Worker: the shell. Kafka and Faust are known here (and in the demo) and nowhere else.

In:  source topics, settings.
Out: state logs, deltas, readings, dead letters; every commit all or nothing.

    run.py         start one worker process               preflight.py   what must hold before
    app.py         joins everything                       security.py    how clients reach the broker
    transport.py   Faust's consumer, in whole batches     lean.py        record batches as plain tuples
    assignor.py    who gets which shard                   layout.py      topics and groups
    owner.py       opens, keeps and closes shards         inbox.py       what is not folded yet
    shard.py       fold, commit rhythm, quiesce           statelog.py    fence, read, write all or nothing
    takeover.py    where a new owner goes on, or refuses  position.py    the position record
    rollup_shard.py  adds up and publishes                published.py   what the result topic says now
    reader.py      reading outside the group              centre.py      types towards fold and exporter
    topics.py, topic_plan.py   create and check topics    watchdog.py, failstop.py, quiet.py
"""
