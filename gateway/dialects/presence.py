"""The two words by which a hub or a device is said to be there: `online`, `offline`, bare or in an object."""

from typing import Any, Literal

import msgspec

Presence = Literal["online", "offline"]
_WORDS: dict[str, Presence] = {"online": "online", "offline": "offline"}


def presence(payload: bytes) -> Presence | None:
    """Read `online`, `"online"` or `{"state": "online"}`, in any case; None for anything else."""
    if len(payload) > 1024:
        return None
    text = payload.decode("utf-8", "replace").strip()
    if text[:1] in ('"', "{"):
        text = _state(text)
    return _WORDS.get(text.lower())


def _state(text: str) -> str:
    try:
        said: Any = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    if isinstance(said, dict):
        said = said.get("state")
    return said if isinstance(said, str) else ""
