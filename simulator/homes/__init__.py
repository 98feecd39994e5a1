"""Homes that live: a seeded, plausible life for every person of a people file, as their devices would tell it.

The same seed tells the same life, to the message. Ordinary life raises no alarms; mishaps are planted on
request. Nobody in here is real.
"""
