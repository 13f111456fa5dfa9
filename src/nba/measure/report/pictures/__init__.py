"""The pictures of a report, one a file: each has `draw(source)`, which gives a `Picture`."""
