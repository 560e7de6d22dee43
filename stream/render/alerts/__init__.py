"""Alerts: what is rendered for Prometheus and Alertmanager from the catalog; `stream.render.rules` is the way in."""
