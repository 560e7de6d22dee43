"""Identity: ids of people, what is known of them, and how shards tell each other."""
