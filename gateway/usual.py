"""The short way of a message: what nearly all of them are, prepared at once, for half of what the long way costs.

Usual is one reading in our own dialect with nothing to be said against it, by its own believable time and number,
from a device that is fitted. Of it the short way makes just what `gateway.prepare` would (a test takes both ways);
all else it leaves to that, with nothing done. Pure.
"""

import msgspec

from gateway.dialects import own, topics
from gateway.dialects.limits import LARGE
from gateway.message import Message
from gateway.prepare import Candidate, Prepared
from gateway.registry import Directory
from gateway.stamp import NEWEST, OLDEST
from schema.entries import ReadingEntry
from schema.instants import MILLISECOND, parse_instant


def usual(message: Message, directory: Directory) -> Prepared | None:
    """Return what is to be stored of a usual message; None where it may be anything else."""
    address = topics.read(message.topic)
    if message.retained or message.size > LARGE or address is None or address.speech != "own":
        return None
    try:
        item = own.one(message.payload)
        at = parse_instant(item.at) if type(item.at) is str else None
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return None
    received_at = message.received_at
    device = directory.own(address)
    if (
        at is None
        or item.seq is None
        or device is None
        or device.retired
        or not own.is_plain(item)
        or not received_at - OLDEST <= at <= received_at + NEWEST
    ):
        return None
    entry = ReadingEntry(  # by place: names would cost as much again
        device.number, item.kind, item.value or "", at - at % MILLISECOND, received_at, item.seq, item.boot,
        battery=item.battery, signal=item.signal,
    )  # fmt: skip
    return Prepared(message, [Candidate(message, entry)])
