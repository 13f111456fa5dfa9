"""How customers are told apart, one rule of thumb a file."""
