"""Feeds: what other tools fetch by a plain address, the same for everybody."""
