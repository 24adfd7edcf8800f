"""Our fields and handler in a collection that somebody else runs: checked, planned, added, filled, taken out again."""
