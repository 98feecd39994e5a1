"""Captures: recordings of real homes written down as the MQTT messages our own devices would have sent.

A capture is the one shape in which a recording is replayed. It is sorted by time and keeps what the
sensors said, chatter and all: cleaning is the gateway's and the rules' work, and what they are tried on.
"""
