"""Guards: what ends or silences a process that cannot keep its promise: preflight, fail-stop, watchdog, log limits."""
