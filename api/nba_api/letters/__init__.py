"""Letters: the rendered mail, or text, of the message that a customer should get."""
