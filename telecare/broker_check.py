"""Is the broker there, and does it let us in? One TCP connection and one MQTT CONNECT, nothing published."""

from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from telecare.checkup import Line

_TURNS = 50


def broker_checked(url: str, seconds: float = 5.0) -> Line:
    """Connect as the gateway would, under a name of our own, and leave again; an answer is awaited for so many seconds."""
    parts = urlsplit(url)
    host, port = parts.hostname or "localhost", parts.port or (8883 if parts.scheme == "mqtts" else 1883)
    if parts.scheme not in {"mqtt", "mqtts"}:
        return Line("wrong", "broker", f"TELECARE_MQTT_URL is no MQTT address ({parts.scheme or 'no scheme'})",
                    "expected mqtt://user:password@host:port")  # fmt: skip
    answer = _answer(
        host, port, unquote(parts.username or ""), unquote(parts.password or ""), seconds, tls=parts.scheme == "mqtts"
    )
    if answer is None:
        return Line("wrong", "broker", f"{host}:{port} takes connections and does not answer as a broker",
                    "check TELECARE_MQTT_URL")  # fmt: skip
    if isinstance(answer, OSError):
        return Line("wrong", "broker", f"{host}:{port} cannot be reached ({answer.strerror or answer})",
                    "start it, or check TELECARE_MQTT_URL")  # fmt: skip
    if answer.is_failure:
        return Line("wrong", "broker", f"{host}:{port} does not let us in ({str(answer).lower()})",
                    "check user and password in TELECARE_MQTT_URL")  # fmt: skip
    return Line("ok", "broker", f"{host}:{port} answers and lets us in")


def _answer(
    host: str, port: int, user: str, password: str, seconds: float, *, tls: bool
) -> ReasonCode | OSError | None:
    """Return the broker's answer to CONNECT, the error of the connection, or None where no answer came."""
    answers: list[ReasonCode] = []
    client = Client(CallbackAPIVersion.VERSION2, client_id="telecare-doctor", protocol=MQTTProtocolVersion.MQTTv311)
    client.on_connect = lambda _client, _data, _flags, reason, _properties: answers.append(reason)
    client.connect_timeout = seconds
    if tls:
        client.tls_set()
    if user:
        client.username_pw_set(user, password)
    try:
        client.connect(host, port)
    except OSError as error:
        return error
    for _ in range(_TURNS):
        if answers or client.loop(seconds / _TURNS) != MQTTErrorCode.MQTT_ERR_SUCCESS:
            break
    client.disconnect()
    return answers[0] if answers else None
