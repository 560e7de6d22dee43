"""Model: the nouns of the flow as plain data: events, records, cells, readings, rejects, times.

In:  nothing but the standard library and msgspec.
Out: types that every other folder may import.
"""
