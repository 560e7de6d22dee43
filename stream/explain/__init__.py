"""Explain: why somebody counts, read off the rows that shards keep: what is known, and all that it counts for."""
