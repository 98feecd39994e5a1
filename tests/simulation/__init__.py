"""Deterministic simulation: a seed makes a world, and the real engines live in it on a time that jumps.

`python -m tests.simulation 0-199` runs seeds; `docs/guarantees.md` says what that proves and how one is replayed.
"""
