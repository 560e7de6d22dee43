"""Replay: the same flow over files, at one moment or at every step of time."""
