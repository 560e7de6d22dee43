"""Adapters: bytes of a format into events of the contract, or the faults that keep them from being any."""
