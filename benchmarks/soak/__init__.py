"""`python -m benchmarks.soak`: the whole service lives a believable life for an hour, and no process may grow."""
