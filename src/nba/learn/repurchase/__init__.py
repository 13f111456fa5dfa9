"""When customers are due to buy a product again: gaps, what they are a mixture of, and clocks."""
