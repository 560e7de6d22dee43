"""Alerting: the file in which people say what they want of alerts, and what of it is in force."""
