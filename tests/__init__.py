"""Stories of a house, on real parts."""
