"""A device is registered: what it sent in the last 24 hours while nobody knew it becomes readings, late.

Each waiting message is decoded anew as received when it was; its row goes as its readings come, in one
transaction, so that none is counted twice. A call for help among them is history now: its alarm was raised
when it came, as an unregistered press, and is not raised again. What was too long to be kept whole, or went
uncounted past an hour's bound, cannot come back.
"""

from psycopg import AsyncConnection

from gateway.cap import Cap
from gateway.identity import CALLS
from gateway.message import message
from gateway.prepare import Prepared, prepare, read
from gateway.registry import Directory
from gateway.store import Transaction
from schema.instants import DAY, Instant, instant, moment

AT_ONCE = 500

# Waiting messages whose device is now fitted in their home: by id, by address, or as the home's hub.
_WAITING = """
    select id, topic, payload, received_at from rejected_messages waiting
    where waits and received_at > %s and exists (
        select from devices
        where devices.home = waiting.home and retired_at is null
              and (devices.id = waiting.device or devices.address = waiting.device
                   or (devices.kind = 'hub' and waiting.device = 'status')))
    order by id limit %s for update skip locked
"""
_ADOPTED = "delete from rejected_messages where id = any(%s)"
_NOTHING_IN_IT = "update rejected_messages set waits = false where id = any(%s)"
_TOO_LATE = "update rejected_messages set waits = false where waits and received_at <= %s"


async def readopt(connection: AsyncConnection, directory: Directory, now: Instant) -> int:
    """Store what has waited for devices that the directory now knows, AT_ONCE messages at most; return how many."""
    oldest = moment(now - DAY)
    await connection.execute(_TOO_LATE, (oldest,))
    rows = await (await connection.execute(_WAITING, (oldest, AT_ONCE))).fetchall()
    adopted: dict[int, Prepared] = {}
    hopeless: list[int] = []
    for number, topic, payload, received_at in rows:
        came = message(topic, bytes(payload), instant(received_at))
        prepared = prepare(came, read(came), directory)
        if prepared.refusal is not None and prepared.refusal.waits:
            continue  # the directory has not followed yet
        if prepared.candidates:
            prepared.presses = []  # raised when they came
            adopted[number] = prepared
        else:
            hopeless.append(number)
    if adopted:
        knows = directory.knows
        await Transaction(connection, Cap(), knows, untold=CALLS).store(list(adopted.values()))
        await connection.execute(_ADOPTED, (list(adopted),))
    await connection.execute(_NOTHING_IN_IT, (hopeless,))
    return len(adopted)
