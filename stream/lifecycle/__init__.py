"""Lifecycle: the rules by which people become leads, pass through stages and gather points."""
