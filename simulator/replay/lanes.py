"""Which of the gateway's lanes hears a message, and which none does: that one is never stored, in either world."""

from paho.mqtt.client import topic_matches_sub

from gateway.service import TOPICS
from schema.readings import Lane
from simulator.capture.lines import Line

LARGEST = 8_000_000
"""The broker's max_payload, less its header: a larger message closes the connection that publishes it."""


def lane_of(line: Line) -> Lane | None:
    """Return the lane that the broker gives the message to; None where nobody hears it."""
    if len(line.payload) > LARGEST:
        return None
    for lane, filters in TOPICS.items():
        if any(topic_matches_sub(each, line.topic) for each in filters):
            return lane
    return None


def why_unheard(line: Line) -> str:
    """Say why nobody hears the message."""
    if len(line.payload) > LARGEST:
        return f"a message of more than {LARGEST} bytes is nothing that the broker takes"
    return "the gateway listens to no such topic"
