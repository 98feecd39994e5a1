"""From an alarm to a human who says 'I have it'."""
