"""One rule a file, all of the same shape."""
