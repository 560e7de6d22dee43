"""Leads: one person over devices, addresses and records, from the first visit to the last refund."""
