"""Wire: the bytes of somebody else's record, taken apart into items."""
