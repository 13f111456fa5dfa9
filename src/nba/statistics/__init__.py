"""Sums over customers, in integers: what every learner is fed."""
