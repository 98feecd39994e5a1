"""Is the broker there, and does it let us in? One TCP connection and one MQTT CONNECT, nothing published."""

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from telecare.checkup import Line

_TURNS = 50


class _Broker(NamedTuple):
    """Where a broker is, and as whom to come."""

    host: str
    port: int
    user: str
    password: str
    tls: bool


def broker_checked(url: str, seconds: float = 5.0) -> Line:
    """Connect as the gateway would, under a name of our own, wait so long for an answer, and leave again."""
    broker = _parsed(url)
    if broker is None:
        return _wrong("TELECARE_MQTT_URL is no MQTT address", "expected mqtt://user:password@host:port")
    place = f"{broker.host}:{broker.port}"
    answer = _answer(broker, seconds)
    if answer is None:
        return _wrong(f"{place} takes connections and does not answer as a broker", "check TELECARE_MQTT_URL")
    if isinstance(answer, OSError):
        reason = answer.strerror or str(answer)
        return _wrong(f"{place} cannot be reached ({reason.lower()})", "start it, or check TELECARE_MQTT_URL")
    if answer.is_failure:
        reason = str(answer).lower()
        return _wrong(f"{place} does not let us in ({reason})", "check user and password in TELECARE_MQTT_URL")
    return Line("ok", "broker", f"{place} answers and lets us in")


def _wrong(what: str, to_do: str) -> Line:
    return Line("wrong", "broker", what, to_do)


def _parsed(url: str) -> _Broker | None:
    parts = urlsplit(url)
    tls = parts.scheme == "mqtts"
    try:
        port = parts.port or (8883 if tls else 1883)
    except ValueError:  # no number
        return None
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
        return None
    return _Broker(parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""), tls)


def _answer(broker: _Broker, seconds: float) -> ReasonCode | OSError | None:
    """Return the broker's answer to CONNECT, the error of the connection, or None where no answer came."""
    answers: list[ReasonCode] = []
    client = Client(CallbackAPIVersion.VERSION2, client_id="telecare-doctor", protocol=MQTTProtocolVersion.MQTTv311)
    client.on_connect = lambda _client, _data, _flags, reason, _properties: answers.append(reason)
    client.connect_timeout = seconds
    if broker.tls:
        client.tls_set()
    if broker.user:
        client.username_pw_set(broker.user, broker.password)
    try:
        client.connect(broker.host, broker.port)
    except OSError as error:
        return error
    for _ in range(_TURNS):
        if answers or client.loop(seconds / _TURNS) != MQTTErrorCode.MQTT_ERR_SUCCESS:
            break
    client.disconnect()
    return answers[0] if answers else None
