"""Render: what is written into the repository from contract and catalog: schemas, rules, dashboards, documents."""
