"""Stages: events into rows of facts, rows into what they contribute to the counts. Pure; no clock, no I/O."""
