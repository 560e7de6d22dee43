"""Kafka: clients and administration: how topics are laid out, made, read and written. Knows no metric."""
