"""Kernels: the hot functions, each behind one pure signature over arrays or bytes; the room for a faster body later.

What a kernel means stands as plain, slow Python in `tests/contracts/test_kernels.py`, which any body must agree with;
what it costs is a line of `python -m tests.bench.kernels`. No kernel knows anything else of this package, keeps state,
reads a clock or raises on what it is given.
"""
