"""Rows of a shop folded into columns, one row a customer, at an instant."""
