"""What is learned of how customers answer messages."""
