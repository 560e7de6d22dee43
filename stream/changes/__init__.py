"""Changes: what a fold changes, from the single cell to the packed record of one commit. In panes; no state, no I/O."""
