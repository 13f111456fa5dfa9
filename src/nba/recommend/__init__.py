"""Which products: slates with reasons, from a snapshot alone."""
