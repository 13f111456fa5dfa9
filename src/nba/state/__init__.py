"""Live facts in SQLite."""
