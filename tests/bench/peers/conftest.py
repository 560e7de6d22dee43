"""Programs of engines are for environments of their own: nothing of them can be imported here."""

collect_ignore = ["programs"]
