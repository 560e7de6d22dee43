"""Leads' pages of the reference: who is one person, and what became of each, by brute force over all events."""
