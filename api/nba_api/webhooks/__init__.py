"""What e-mail providers report: each verified over the raw bytes, then put into our words."""
