"""The four statistics as expressions that every SQL engine runs, to the same integers."""
