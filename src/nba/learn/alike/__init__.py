"""What is alike: in words, in attributes, in who looks and who buys."""
