"""The watcher: a process of its own, outside of what it watches, that tells somebody when a call for help gets lost."""
