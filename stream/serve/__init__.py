"""Serve: what a worker shows each second: gauges, the live page and its model, over HTTP."""
