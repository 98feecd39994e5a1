"""Columns as PostgreSQL array literals, for unnest: what a batch is passed in.

A list given to psycopg is written item by item, each quoted as if it could hold anything. Numbers, truth values
and our own vocabulary need no quoting, and are most of a batch: joined like this they cost a tenth.
"""

from collections.abc import Iterable, Sequence


def numbers(column: Iterable[float]) -> str:
    """Write whole or floating numbers."""
    return "{" + ",".join(map(repr, column)) + "}"


def numbers_or_null(column: Iterable[float | None]) -> str:
    """Write numbers of which some are missing."""
    return "{" + ",".join(["NULL" if each is None else repr(each) for each in column]) + "}"


def truths(column: Iterable[bool]) -> str:
    """Write truth values."""
    return "{" + ",".join(["t" if each else "f" for each in column]) + "}"


def words(column: Sequence[str]) -> str:
    """Write words of `schema.readings.VALUES`, which are small letters and underscores."""
    return "{" + ",".join(column) + "}"


def bytes_or_null(column: Iterable[bytes | None]) -> str:
    """Write byte strings of which some are missing."""
    return "{" + ",".join(["NULL" if each is None else f'"\\\\x{each.hex()}"' for each in column]) + "}"
