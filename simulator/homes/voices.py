"""How a device says something: topic and payload, in our own dialect or as its Zigbee2MQTT hub would.

A voice counts its device's readings (`seq`), knows its battery and says what it last said when it is only
showing that it lives. `boot` must grow with every start of a simulation, or its numbers would be old ones.
"""

from typing import Any

from schema.instants import DAY, Instant, iso
from schema.people import Device
from schema.readings import LIFE_KINDS
from simulator.homes.habits import drawn
from simulator.homes.traces import Said

HEARTBEAT = "heartbeat"
Payload = dict[str, Any]

_TRUE_WHEN = {
    "door": ("contact", "closed"),
    "motion": ("occupancy", "detected"),
    "bed": ("presence", "in"),
    "chair": ("presence", "in"),
    "moisture": ("water_leak", "wet"),
    "water": ("water_leak", "alarm"),
    "smoke": ("smoke", "alarm"),
    "gas": ("gas", "alarm"),
}
"""Zigbee2MQTT's field for each kind of ours, and the value at which it is true."""


class Voice:
    """One device's way of saying things; `say` is asked in order of time."""

    def __init__(self, home: str, device: Device, seed: int, begins: Instant, boot: int) -> None:
        self._home = home
        self._device = device
        self._begins = begins
        self._boot = boot
        self._seq = 0
        self._draw = drawn(seed, home, device.id, "voice")
        self._full = self._draw.uniform(0.6, 1.0)
        self._signal = self._draw.randint(-80, -45)
        self._last: Payload = {}

    def say(self, said: Said, at: Instant) -> tuple[str, Payload]:
        """Return (topic, payload) of what is said, told with the time `at`."""
        self._seq += 1
        if self._device.dialect == "zigbee2mqtt":
            return self._zigbee2mqtt(said, at)
        return self._own(said, at)

    def _own(self, said: Said, at: Instant) -> tuple[str, Payload]:
        alive = said.value == HEARTBEAT
        kind, value = ("heartbeat", "alive") if alive else (self._device.kind, said.value)
        payload = {"seq": self._seq, "boot": self._boot, "at": iso(at), "kind": kind, "value": value}
        lane = "urgent" if kind in LIFE_KINDS else "homes"
        if alive:
            payload |= {"battery": self._battery(said.at), "signal": self._signal + self._draw.randint(-3, 3)}
        return f"{lane}/{self._home}/{self._device.id}", payload

    def _zigbee2mqtt(self, said: Said, at: Instant) -> tuple[str, Payload]:
        """Zigbee2MQTT sends a device's whole state with each message; an action only with its own."""
        state = zigbee2mqtt_state(self._device.kind, said.value)
        self._last |= {key: value for key, value in state.items() if key != "action"}
        payload = {
            **self._last,
            **state,
            "battery": round(self._battery(said.at) * 100),
            "linkquality": self._draw.randint(40, 180),
            "last_seen": iso(at),
        }
        return f"homes/{self._home}/zigbee2mqtt/{self._device.address or self._device.id}", payload

    def _battery(self, at: Instant) -> float:
        """Three hundred days from full to flat, more or less."""
        return round(max(self._full - (at - self._begins) / (300 * DAY), 0.05), 3)


def zigbee2mqtt_state(kind: str, value: str) -> Payload:
    """Return what Zigbee2MQTT says of a value; nothing for a heartbeat, or what its devices cannot say."""
    if kind == "button":
        return {"action": "emergency"} if value == "pressed" else {}
    if kind not in _TRUE_WHEN or value == HEARTBEAT:
        return {}
    field, true_when = _TRUE_WHEN[kind]
    return {field: value == true_when}
