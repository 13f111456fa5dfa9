"""What a customer will buy next: again, by a hazard, and for the first time, by those like them."""
