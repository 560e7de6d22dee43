"""Reference: one independent account of all figures, told what really happened.

It imports nothing of the engine: whoever compares the two compares two programs.
"""
