"""The embedded database and broker, which let telecare run from a bare checkout.

    async with embedded_database(data_dir) as database, embedded_broker(data_dir) as broker:
        ...  # database.url, broker.port, broker.gateway_url

Both are the real engines, with their durability on, as children that do not outlive us; two processes
cannot use the same data directory at once. Start them from the main thread. Everything that can go wrong is
an EmbeddedError, whose message is for people.
"""

from runtime.embedded_broker import EmbeddedBroker, embedded_broker, gateway_url
from runtime.embedded_database import EmbeddedDatabase, database_url, embedded_database
from runtime.embedded_process import EmbeddedError

__all__ = [
    "EmbeddedBroker",
    "EmbeddedDatabase",
    "EmbeddedError",
    "database_url",
    "embedded_broker",
    "embedded_database",
    "gateway_url",
]
