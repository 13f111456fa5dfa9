"""The HTTP API: a thin caller of the library that computes nothing of its own."""
