"""Records: numbers laid side by side in memory, as C lays a struct, so that a hundred thousand people fit.

An instant as an object of Python's own takes 40 bytes, in a record 8; and a record is packed and taken up again as
it lies there. A record's fields are read and written like any others: `presence.life_at = at`. Pure.

Widths follow from the annotations: `Instant`, `Duration` and `int` take 64 bits, `Small` and `Count` 16 and 32,
`bool` 8; another record lies within this one. All are 0 to begin with.
"""

import ctypes
from typing import Annotated, Any, TypeVar, get_args
from zlib import crc32

Small = Annotated[int, ctypes.c_uint16]
"""0 to 65,535: a device's place in its home."""
Count = Annotated[int, ctypes.c_uint32]
"""0 to 4,294,967,295."""

_WIDTHS: dict[Any, Any] = {int: ctypes.c_int64, bool: ctypes.c_bool}


class Record(ctypes.Structure):
    """The base of all records; its size is a multiple of 8 bytes where it holds an instant."""

    __slots__ = ()


RecordT = TypeVar("RecordT", bound=type[Record])


def record(described: RecordT) -> RecordT:
    """Lay out a class of records by its annotations, in their order."""
    described._fields_ = [(name, width(hint)) for name, hint in described.__annotations__.items()]
    return described


def layout(described: type[Record]) -> int:
    """Return a number that a record laid out otherwise would not have: where each field lies, and how it is called."""
    fields = [
        (name, getattr(described, name).offset, getattr(described, name).size) for name in described.__annotations__
    ]
    return crc32(repr(fields).encode())


def width(hint: Any) -> Any:
    """Return the C type of a field with this annotation; TypeError where it has none."""
    if hint in _WIDTHS:
        return _WIDTHS[hint]
    if isinstance(hint, type) and issubclass(hint, ctypes.Structure | ctypes.Array):
        return hint
    if len(get_args(hint)) == 2:
        return get_args(hint)[1]
    raise TypeError(f"a record has no room for {hint!r}")
