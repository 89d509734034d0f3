"""One module a figure, and what they share."""
