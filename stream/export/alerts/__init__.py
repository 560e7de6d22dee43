"""Alerts: what is rendered for Prometheus and Alertmanager from the catalog; `stream.export.rules` is the way in."""
