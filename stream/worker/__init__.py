"""Worker: the shell. Kafka and Faust are known here (and in the demo) and nowhere else.

In:  source topics, settings.
Out: state logs, deltas, readings, dead letters; every commit all or nothing.

    main.py        settings, centre and shell joined      run.py        start one worker process
    app.py         Faust, shards and exporter joined      transport.py  Faust's consumer, in whole batches
    assignor.py    who gets which shard                   owner.py      opens, keeps and closes shards
    shard.py       fold, commit rhythm, quiesce           inbox.py      what is not folded yet
    outputs.py     what a commit writes, in which order   position.py   how far each source is read
    takeover.py    where a new owner goes on, or refuses  ports.py      types towards fold and rollup
    rollup_shard.py  adds up and publishes                published.py  what the result topic says now
    rounds.py      when it does so                        loading.py    rows of a log into their tables
    guards/        preflight, fail-stop, watchdog, quiet
"""
