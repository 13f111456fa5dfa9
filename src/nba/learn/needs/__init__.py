"""Which types of product come to be needed after which, and when."""
