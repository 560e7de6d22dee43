"""A bare reader: aiokafka fetches, orjson parses, and nothing is done with it. What no program in Python can go below.

Runs in the project's own environment, from the root of the checkout.
"""

from __future__ import annotations

import asyncio
import json

from tests.bench import usage
from tests.bench.peers.programs.j1 import BROKER, EVENTS, TOPIC
from tests.bench.reader import read

if __name__ == "__main__":
    start_cpu_s = usage.own_cpu_s()
    found = asyncio.run(read(BROKER, EVENTS, [TOPIC]))
    told = {
        "wall_s": found["seconds"],
        "cpu_s": found["cpu_s"],
        "start_cpu_s": start_cpu_s,
        "cells": {},
        "people": None,
    }
    print("RESULT " + json.dumps(told), flush=True)
