"""Windows: changes of series in panes into sums of windows: rolling levels, exact, and sliding ones."""
