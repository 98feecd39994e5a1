"""Chaos on real parts: real processes, broker and database, killed and cut off, and the tables compared afterwards."""
