"""Contract: what goes over the wire, in and out: events by kind, records, rejects, readings, dead letters.

In:  nothing but the standard library, msgspec and orjson.
Out: types and codecs that every other room may import.
"""
