"""Where the simulator finds a broker, and how it connects to one."""

import json
import re
import ssl
from hashlib import blake2b
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import aiomqtt

from runtime.settings import Settings

KEEPALIVE_SECONDS = 30
TIMEOUT_SECONDS = 10


class NoBrokerError(Exception):
    """No broker is known, or its URL is none."""


def broker_url(given: str | None, settings: Settings) -> str:
    """Return the URL given, or the one set, or the running demo's; NoBrokerError says what is missing."""
    url = given or settings.mqtt_url or _of_the_demo(settings)
    parts = urlsplit(url)
    try:
        whole = parts.scheme in {"mqtt", "mqtts"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole:
        raise NoBrokerError(f"'{url}' is no MQTT URL; expected for example mqtt://user:password@127.0.0.1:1883")
    return url


def _of_the_demo(settings: Settings) -> str:
    file = settings.data_dir / "demo.json"
    try:
        mqtt = json.loads(file.read_text())["mqtt"]
    except FileNotFoundError:
        raise NoBrokerError(
            f"no broker is known: no demo runs in {settings.data_dir}, TELECARE_MQTT_URL is not set,"
            " and no --mqtt was given"
        ) from None
    user, password = quote(mqtt["user"], safe=""), quote(mqtt["password"], safe="")
    return f"mqtt://{user}:{password}@{mqtt['host']}:{mqtt['port']}"


def connected(mqtt_url: str, name: str, *, will: str | None = None) -> aiomqtt.Client:
    """Return a client for the URL (`mqtt://user:password@host:port`, or `mqtts`), to be entered.

    `will` is the topic that says `offline`, retained, should the connection be lost.
    """
    url = urlsplit(mqtt_url)
    secure: dict[str, Any] = {"tls_context": ssl.create_default_context()} if url.scheme == "mqtts" else {}
    return aiomqtt.Client(
        url.hostname or "127.0.0.1",
        url.port or (8883 if secure else 1883),
        username=unquote(url.username) if url.username else None,
        password=unquote(url.password) if url.password else None,
        identifier=_client_id(name),
        will=aiomqtt.Will(will, "offline", qos=1, retain=True) if will else None,
        keepalive=KEEPALIVE_SECONDS,
        timeout=TIMEOUT_SECONDS,
        **secure,
    )


def _client_id(name: str) -> str:
    """Return a client id for the name: a dot in one closes the connection with NATS."""
    safe = re.sub(r"[^A-Za-z0-9_-]", "-", name)
    return safe if safe == name else f"{safe}-{blake2b(name.encode(), digest_size=3).hexdigest()}"
