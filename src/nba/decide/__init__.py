"""Which message: stage, candidates, rules, value and choice, on columns for N customers."""
