"""Intake: records of others, made events and sent on to the shards that count them."""
