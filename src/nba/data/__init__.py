"""Files and frames in; a checked shop folder, an order history and a catalogue out."""
