"""Experiments: what is tried on whom, how many it takes, what came of it, and what to do then."""
