"""Statistics in, artifacts out: pure functions, seeded."""
