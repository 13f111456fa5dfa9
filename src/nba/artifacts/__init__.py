"""Read-only arrays and their manifest: what serving needs and all it loads."""
