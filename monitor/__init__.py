"""One person at a time: a pure fold over the log that says what it found, and why."""
