"""Reader: a plain aiokafka consumer that parses every record with orjson, to compare the worker with.

Run:  python -m tests.bench.reader BOOTSTRAP RECORDS TOPIC…      (as a process of its own)
Out:  one line of JSON: records, bytes, seconds, CPU seconds, peak memory.

It does nothing with what it reads: no state, no commits, no group. CPU counts from the first fetch on.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.bench import usage


async def read(bootstrap: str, records: int, topics: Sequence[str]) -> dict[str, float]:
    """Read so many records from the beginning of topics."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", check_crcs=True)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, p) for topic in topics for p in await _partitions(consumer, topic)])
        began, used = time.monotonic(), usage.own_cpu_s()
        done = size = 0
        loads = orjson.loads
        while done < records:
            for rows in (await consumer.getmany(timeout_ms=1_000)).values():
                for row in rows:
                    loads(row.value)
                    size += len(row.value)
                done += len(rows)
        return {
            "records": done,
            "bytes": size,
            "seconds": time.monotonic() - began,
            "cpu_s": usage.own_cpu_s() - used,
            "peak_mb": usage.memory_mb(os.getpid()),
        }
    finally:
        await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    """Learn the partitions of a topic."""
    await consumer._client.add_topic(topic)
    for _ in range(100):
        if found := consumer.partitions_for_topic(topic):
            return set(found)
        await asyncio.sleep(0.1)
    raise RuntimeError(f"the broker does not tell the partitions of {topic}")


if __name__ == "__main__":
    result = asyncio.run(read(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
    print(orjson.dumps(result).decode())
