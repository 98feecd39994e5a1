"""Replays: a capture played against its own clock, through the real parts or in memory, with the same findings.

One driver (`course`) decides the order of the world; two worlds carry it out. `real` is the gateway, broker,
database and monitor as they run in production; `memory` is the pure half of the same code. Neither has
alerting in it, so nothing is ever sent to anyone.
"""
