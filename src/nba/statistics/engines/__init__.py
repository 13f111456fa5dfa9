"""Where the sums are computed."""
