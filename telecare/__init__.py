"""The front door: the telecare command and the all-in-one; wires the rest, decides nothing."""
