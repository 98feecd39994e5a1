"""Counts what the broker delivers, from the bytes on the wire: PUBLISH packets, and those sent again (DUP)."""

_PUBLISH = 3


class Deliveries:
    """Fed with what goes from the broker to the gateway, connection by connection."""

    def __init__(self) -> None:
        self.all = 0
        self.again = 0
        self._left: dict[object, bytes] = {}

    def hear(self, connection: object, data: bytes) -> None:
        """Take in more bytes of a connection; packets may come in pieces."""
        data = self._left.pop(connection, b"") + data
        at = 0
        while (end := _end(data, at)) is not None:
            if data[at] >> 4 == _PUBLISH:
                self.all += 1
                self.again += bool(data[at] & 0x08)
            at = end
        self._left[connection] = data[at:]


def _end(data: bytes, at: int) -> int | None:
    """Return where the packet that begins there ends; None where it is not all here."""
    length, shift, next_ = 0, 0, at + 1
    while next_ < len(data):
        byte = data[next_]
        length |= (byte & 0x7F) << shift
        shift, next_ = shift + 7, next_ + 1
        if not byte & 0x80:
            return next_ + length if next_ + length <= len(data) else None
    return None
