"""Dashboards: what is rendered for Grafana from the catalog.

In:  the catalog.
Out: the text of every file below deploy/grafana, by its path in the checkout.

Needs grafana-foundation-sdk, which only a checkout has: nothing that runs imports this package.
"""

from __future__ import annotations

FOLDER = "deploy/grafana"


def render() -> dict[str, str]:
    """Give the text of every file: dashboards, and the provisioning that makes Grafana find them."""
    import stream.render.dashboards.boards as boards
    import stream.render.dashboards.provisioning as provisioning

    return {
        **{f"{FOLDER}/dashboards/{uid}.json": text for uid, text in boards.texts().items()},
        **{f"{FOLDER}/provisioning/{name}": text for name, text in provisioning.texts().items()},
    }
