"""Reading a row of the log, whatever is in it: one broken entry must not hide the press beside it. Pure."""

import msgspec

from schema.entries import Entry, unpack


def read_row(packed: bytes) -> tuple[list[Entry], str | None]:
    """Return the row's entries that can be read, and what could not be, in words (None: all of it could)."""
    try:
        return unpack(packed), None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _salvage(packed)


def _salvage(packed: bytes) -> tuple[list[Entry], str]:
    try:
        parts = msgspec.msgpack.decode(packed, type=list[msgspec.Raw])
    except msgspec.DecodeError:
        return [], f"its {len(packed)} bytes are no list of entries"
    entries, first = list[Entry](), ""
    for part in parts:
        try:
            entries.append(msgspec.msgpack.decode(part, type=Entry))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            first = first or str(error)
    return entries, f"{len(parts) - len(entries)} of {len(parts)} entries: {first}"
