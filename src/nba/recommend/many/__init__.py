"""Lists for many askers at once, from the arrays of a snapshot alone."""
