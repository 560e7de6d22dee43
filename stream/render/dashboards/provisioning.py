"""Provisioning: the files by which Grafana finds its data source and its dashboards at the start.

In:  nothing.
Out: YAML by path below the provisioning folder.
"""

from __future__ import annotations

from typing import Final

from stream.render.yaml import Node, document

HEAD: Final = "Rendered by `leadpulse render`; change stream/render/dashboards."
DATASOURCE_UID: Final = "leadpulse-prometheus"


def texts() -> dict[str, str]:
    """Give the files."""
    sources: dict[str, Node] = {
        "apiVersion": 1,
        "datasources": [
            {
                "name": "Prometheus",
                "uid": DATASOURCE_UID,
                "type": "prometheus",
                "access": "proxy",
                "url": "$LEADPULSE_PROMETHEUS_URL",
                "isDefault": True,
                "editable": False,
                "jsonData": {"httpMethod": "POST", "timeInterval": "15s", "manageAlerts": False},
            }
        ],
    }
    folders: dict[str, Node] = {
        "apiVersion": 1,
        "providers": [
            {
                "name": "leadpulse",
                "folder": "leadpulse",
                "type": "file",
                "disableDeletion": True,
                "allowUiUpdates": False,
                "updateIntervalSeconds": 30,
                "options": {"path": "/var/lib/grafana/dashboards", "foldersFromFilesStructure": False},
            }
        ],
    }
    return {
        "datasources/leadpulse.yaml": document(sources, HEAD),
        "dashboards/leadpulse.yaml": document(folders, HEAD),
    }
