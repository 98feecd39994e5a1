"""Which of the gateway's lanes hears a topic: what none hears is never stored, in either world."""

from paho.mqtt.client import topic_matches_sub

from gateway.service import TOPICS
from schema.readings import Lane

UNHEARD = "the gateway listens to no such topic"


def lane_of(topic: str) -> Lane | None:
    """Return the lane that the broker gives the topic's messages to; None where nobody listens."""
    for lane, filters in TOPICS.items():
        if any(topic_matches_sub(each, topic) for each in filters):
            return lane
    return None
