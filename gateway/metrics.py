"""What the gateway counts, for Prometheus: `telecare_gateway_*`."""

from prometheus_client import Counter, Gauge, Histogram

RECEIVED = Counter("telecare_gateway_messages_received_total", "Messages from the broker.", ["lane"])
UNPROTECTED = Counter(
    "telecare_gateway_messages_unprotected_total",
    "Messages at QoS 0: lost while the gateway is away.",
    ["lane"],
)
STORED = Counter("telecare_gateway_readings_stored_total", "Readings stored that were new.", ["lane"])
DUPLICATES = Counter("telecare_gateway_readings_known_total", "Readings that were stored already.", ["lane"])
REFUSED = Counter("telecare_gateway_messages_refused_total", "Messages kept as refused, or counted as such.", ["lane"])
PRESSES = Counter("telecare_gateway_unregistered_presses_total", "Calls for help from devices nobody registered.")
COMMIT = Histogram(
    "telecare_gateway_commit_seconds",
    "From taking a batch to its commit.",
    ["lane"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
WAITING = Gauge("telecare_gateway_messages_waiting", "Messages received and not yet stored.", ["lane"])
"""Nothing here decides anything: figures for people."""
