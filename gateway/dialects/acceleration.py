"""One window of acceleration as our own dialect writes it: rate, range, and base64 of int16 x, y, z triples."""

from base64 import b64decode
from binascii import Error
from math import isfinite

from schema.readings import Samples

LONGEST_SECONDS = 120.0
_TRIPLE = 6


def samples(rate: float | None, span: float | None, encoded: str | None) -> Samples:
    """Return the window; ValueError says what is wrong with it."""
    if rate is None or not (isfinite(rate) and rate > 0):
        raise ValueError("a window of acceleration needs its rate in Hz, above 0")
    if span is None or not (isfinite(span) and span > 0):
        raise ValueError("a window of acceleration needs its range in g, above 0")
    try:
        data = b64decode(encoded or "", validate=True)
    except (Error, ValueError) as error:
        raise ValueError("samples are no base64") from error
    if not data or len(data) % _TRIPLE:
        raise ValueError(f"{len(data)} bytes of samples are no x, y, z triples of int16")
    seconds = len(data) / _TRIPLE / rate
    if seconds > LONGEST_SECONDS:
        raise ValueError(f"a window of {seconds:.0f} s is too long; expected {LONGEST_SECONDS:.0f} s at most")
    return Samples(rate, span, data)
