"""What bought together rests on: ranked partners, and the rungs of a list below them."""
