"""Settings: the fields, where their values come from, and which of them go together."""
