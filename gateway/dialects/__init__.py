"""One payload dialect a file, each pure: (topic, bytes) to readings, or refusals with a reason."""
