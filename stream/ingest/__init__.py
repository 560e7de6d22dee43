"""Ingest: what happens to a batch before it counts: decoded, timed, routed, classified, its channel and country."""
