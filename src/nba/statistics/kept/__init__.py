"""Pair counts kept on disk, with what they came from, so that changes can be added."""
