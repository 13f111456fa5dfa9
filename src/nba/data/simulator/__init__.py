"""A seeded shop with planted truth: its catalogue, customers, orders and messages."""
