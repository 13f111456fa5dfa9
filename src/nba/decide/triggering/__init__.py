"""What opens messages: orders, intents, dates, habits and standing."""
