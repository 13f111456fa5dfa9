"""Which orders count and what of them, decided where they are: tables in, cells out."""
