"""State: what a shard remembers by key, as it stands in its log: rows, known ids, label values."""
