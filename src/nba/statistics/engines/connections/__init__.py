"""Engines that run SQL: how each is reached, and what it holds while it is counted from."""
