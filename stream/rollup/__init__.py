"""Rollup: changes of cells of all shards into windows, windows into readings."""
