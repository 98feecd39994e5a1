"""One batch, one transaction: refusals, readings that are new, and the one log row that tells of them.

Promises: a reading that is stored already is not stored again and not told again, whatever order, lane or
number of times it comes in; the same identity with other content is kept as a refusal; nothing new, no log
row. The caller commits, and acknowledges only then.

A batch taken for `all_new` goes in by COPY, for half of what it costs to ask of each row whether it is there; where
one is, the database refuses the batch whole (UniqueViolation), and the caller comes again without that claim.

Rows go in sorted by key and the log's lock is taken last: two lanes can wait for each other, never in a circle.
"""

from collections.abc import Callable, Container, Sequence
from typing import Any, NamedTuple

import msgspec
from psycopg import AsyncConnection, OperationalError

from gateway.arrays import bytes_or_null, numbers, numbers_or_null, truths, words
from gateway.cap import Cap
from gateway.dialects import topics
from gateway.identity import ALWAYS_NEW, CALLS, Undated
from gateway.message import KEPT, Message
from gateway.prepare import Candidate, Prepared, Refusal, clean
from gateway.rows import COPY, copied
from runtime.log import append
from schema.entries import Entry, ReadingEntry, UnregisteredPress, pack
from schema.instants import HOUR, Duration, moment

SAME_IDENTITY = "same identity, other content: a reading of this device, time and sequence number says otherwise"

_BATCH = "select nextval('batches')"

# Parallel arrays in, and out what was not stored already.
# Instants travel as microseconds. `order` is the caller's: sorted by key, so that lanes never lock crosswise.
_READINGS = """
    insert into readings (device, observed_at, boot, seq, kind, value, received_at, batch,
                          retained, clock_doubted, battery, signal, samples)
    select device, 'epoch'::timestamptz + observed_at * interval '1 microsecond', boot, seq, kind, value,
           'epoch'::timestamptz + received_at * interval '1 microsecond', %s,
           retained, clock_doubted, battery, signal, samples
    from unnest(%s::integer[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[],
                %s::boolean[], %s::boolean[], %s::real[], %s::smallint[], %s::bytea[])
      as arrived (device, observed_at, boot, seq, kind, value, received_at,
                  retained, clock_doubted, battery, signal, samples)
    on conflict do nothing
    returning device, (extract(epoch from observed_at) * 1000000)::bigint, boot, seq, kind
"""

# Remembers identities of readings without a believable time; gives back those not remembered since `same_for`.
_UNDATED = """
    insert into undated_readings as known (device, boot, seq, kind, received_at)
    select device, boot, seq, kind, 'epoch'::timestamptz + received_at * interval '1 microsecond'
    from unnest(%s::integer[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[])
      as arrived (device, boot, seq, kind, received_at)
    on conflict (device, boot, seq, kind) do update set received_at = excluded.received_at
    where known.received_at < excluded.received_at - %s * interval '1 microsecond'
    returning device, boot, seq, kind
"""

# Of readings that were stored already, those that are stored otherwise. Undated ones stand where they were received.
_OTHERWISE = """
    select arrived.nth
    from unnest(%s::integer[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::real[],
                %s::smallint[], %s::bytea[], %s::boolean[]) with ordinality
      as arrived (device, observed_at, boot, seq, kind, value, battery, signal, samples, undated, nth)
    left join undated_readings known on arrived.undated
         and (known.device, known.boot, known.seq, known.kind)
           = (arrived.device, arrived.boot, arrived.seq, arrived.kind)
    join readings r on (r.device, r.boot, r.seq, r.kind) = (arrived.device, arrived.boot, arrived.seq, arrived.kind)
         and r.observed_at = case when arrived.undated then date_trunc('milliseconds', known.received_at)
                             else 'epoch'::timestamptz + arrived.observed_at * interval '1 microsecond' end
    where (r.value, r.battery, r.signal, r.samples)
          is distinct from (arrived.value, arrived.battery, arrived.signal, arrived.samples)
"""

# A refusal that we may have kept already, as MQTT says or a lost answer lets fear, is kept once in ten minutes.
_REFUSALS = """
    insert into rejected_messages (received_at, topic, home, device, reason, payload, size, waits)
    select %(received_at)s, %(topic)s, %(home)s, %(device)s, %(reason)s, %(payload)s, %(size)s, %(waits)s
    where not %(perhaps_kept)s or not exists (
        select from rejected_messages
        where home is not distinct from %(home)s and received_at > %(received_at)s - interval '10 minutes'
              and topic = %(topic)s and reason = %(reason)s and payload = %(payload)s)
"""
_COUNTS = """
    insert into rejected_counts (home, hour, messages) values (%s, %s, %s)
    on conflict (home, hour) do update set messages = rejected_counts.messages + excluded.messages
"""

_NAME = 200
"""Letters kept of a name that anybody may have invented: an index holds no more than some 2,700 bytes."""

_READY = "select to_regclass('rejected_messages') is not null"

Key = tuple[int, int, int, int, str]
Name = tuple[int, int, int, str]


class Stored(NamedTuple):
    """What a batch came to."""

    new: tuple[ReadingEntry, ...] = ()
    duplicates: int = 0
    refused: int = 0
    presses: int = 0


class Transaction:
    """What of one batch is under way in one database transaction; `store` once, then the caller commits."""

    def __init__(
        self,
        connection: AsyncConnection,
        cap: Cap,
        known_homes: Callable[[str], bool],
        *,
        again: bool = False,
        all_new: bool = False,
        untold: Container[tuple[str, str]] = (),
    ) -> None:
        self._connection = connection
        self._untold = untold  # (kind, value) that go into the history alone
        self._all_new = all_new  # as far as the caller can tell; UniqueViolation where it is not so
        self._again = again  # the commit before this may have taken effect, and its answer been lost
        self._cap = cap
        self._known_homes = known_homes
        self._batch = 0
        self._refusals: list[tuple[Message, Refusal]] = []
        self._presses: list[UnregisteredPress] = []

    async def store(self, batch: Sequence[Prepared]) -> Stored:
        """Write everything of the batch; psycopg's errors come through."""
        row = await (await self._connection.execute(_BATCH)).fetchone()
        assert row is not None
        self._batch = row[0]
        for prepared in batch:
            self._presses.extend(prepared.presses)
            if prepared.refusal is not None:
                self._refusals.append((prepared.message, prepared.refusal))
        new, duplicates = await self._readings(batch)
        await self._write_refusals()
        told = [entry for entry in new if (entry.kind, entry.value) not in self._untold] if self._untold else new
        entries: list[Entry] = [*self._presses, *told]
        if entries:
            await append(self._connection, "readings", pack(entries), batch=self._batch)
        return Stored(tuple(new), duplicates, len(self._refusals), len(self._presses))

    async def _readings(self, batch: Sequence[Prepared]) -> tuple[list[ReadingEntry], int]:
        """Insert what is new, and return it in the order of arrival with the number of what was not."""
        arrived = [each for prepared in batch for each in prepared.candidates]
        if not arrived:
            return [], 0
        fresh, again = await self._fresh(arrived)
        by_key = self._by_key(fresh)
        stored = await self._insert([by_key[each].entry for each in sorted(by_key)])
        if stored is None:
            new = [each.entry for each in by_key.values()]
        else:
            again += [each for name, each in by_key.items() if name not in stored]
            new = [each.entry for name, each in by_key.items() if name in stored]
        if again:
            await self._compare(again)
        return new, len(arrived) - len(new)

    def _by_key(self, fresh: list[Candidate]) -> dict[Key, Candidate]:
        """Name each by its key; of several under one, the first counts."""
        by_key: dict[Key, Candidate] = {key(each.entry): each for each in fresh}
        if len(by_key) < len(fresh):
            by_key = {}
            for each in fresh:
                first = by_key.setdefault(key(each.entry), each)
                if first is not each and _content(first.entry) != _content(each.entry):
                    self._conflict(each)
        return by_key

    async def _fresh(self, arrived: list[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
        """Divide into what may be new and what, having no time, was stored already."""
        if all(each.undated is None for each in arrived):
            return arrived, []
        firsts: dict[Name, Undated] = {}
        by_span: dict[Duration, dict[Name, int]] = {}
        for candidate in arrived:
            if candidate.undated is not None and candidate.undated[:4] not in firsts:
                firsts[candidate.undated[:4]] = candidate.undated
                by_span.setdefault(candidate.undated.same_for, {})[candidate.undated[:4]] = (
                    candidate.message.received_at
                )
        remembered = set()
        for span, names in sorted(by_span.items()):
            remembered |= names.keys() - await self._remember(span, names)
        fresh: list[Candidate] = []
        again: list[Candidate] = []
        for each in arrived:
            name = each.undated
            known = (
                name is not None
                and name.same_for != ALWAYS_NEW
                and (name[:4] in remembered or firsts[name[:4]] is not name)
            )
            (again if known else fresh).append(each)
        return fresh, again

    async def _remember(self, span: Duration, names: dict[Name, int]) -> set[Name]:
        device, boot, seq, kind, received_at = zip(*((*name, names[name]) for name in sorted(names)), strict=True)
        columns = numbers(device), numbers(boot), numbers(seq), words(kind), numbers(received_at)
        cursor = await self._connection.execute(_UNDATED, (*columns, span))
        return {(row[0], row[1], row[2], row[3]) for row in await cursor.fetchall()}

    async def _insert(self, entries: list[ReadingEntry]) -> set[Key] | None:
        """Insert the entries, sorted by key; return the keys of those that were not there, or None for all."""
        if not entries:
            return None
        if self._all_new:
            async with self._connection.cursor() as cursor, cursor.copy(COPY) as copy:
                await copy.write(copied(entries, self._batch))
            return None
        columns = (
            *_identities(entries),
            words([entry.value for entry in entries]),
            numbers([entry.received_at for entry in entries]),
            truths([entry.retained for entry in entries]),
            truths([entry.clock_doubted for entry in entries]),
            *_levels(entries),
        )
        inserted = await (await self._connection.execute(_READINGS, (self._batch, *columns))).fetchall()
        return None if len(inserted) == len(entries) else set(inserted)

    async def _compare(self, again: list[Candidate]) -> None:
        """Refuse those that say otherwise than what is stored under their identity."""
        entries = [each.entry for each in again]
        columns = (
            *_identities(entries),
            words([entry.value for entry in entries]),
            *_levels(entries),
            truths([entry.clock_doubted for entry in entries]),
        )
        for (nth,) in await (await self._connection.execute(_OTHERWISE, columns)).fetchall():
            self._conflict(again[nth - 1])

    def _conflict(self, arrived: Candidate) -> None:
        """Keep what claims an identity that is taken; a call for help among it is heard all the same."""
        entry, message = arrived.entry, arrived.message
        home, device = _named(message)
        self._refusals.append((message, Refusal(home, device, SAME_IDENTITY)))
        if (entry.kind, entry.value) in CALLS and not entry.retained and home is not None:
            press = UnregisteredPress(
                home, device or "", entry.kind, entry.observed_at, entry.received_at, SAME_IDENTITY
            )
            self._presses.append(press)

    async def _write_refusals(self) -> None:
        counted: dict[tuple[str, int], int] = {}
        for message, refusal in self._refusals:
            home = refusal.home if refusal.home is not None and self._known_homes(refusal.home) else ""
            if self._cap.admit(home, message.received_at):
                await self._connection.execute(_REFUSALS, self._row(message, refusal))
            else:
                hour = message.received_at - message.received_at % HOUR
                counted[home, hour] = counted.get((home, hour), 0) + 1
        for (home, hour), messages in sorted(counted.items()):
            await self._connection.execute(_COUNTS, (home, moment(hour), messages))

    def _row(self, message: Message, refusal: Refusal) -> dict[str, Any]:
        return {
            "received_at": moment(message.received_at),
            "topic": clean(message.topic),
            "home": refusal.home and clean(refusal.home)[:_NAME],
            "device": refusal.device and clean(refusal.device)[:_NAME],
            "reason": clean(refusal.reason),
            "payload": message.payload[:KEPT],
            "size": message.size,
            "waits": refusal.waits,
            "perhaps_kept": message.redelivered or self._again,
        }


def key(entry: ReadingEntry) -> Key:
    """Return what the reading is known by in `readings`."""
    return entry.device, entry.observed_at, entry.boot, entry.seq, entry.kind


def _content(entry: ReadingEntry) -> tuple[Any, ...]:
    return entry.value, entry.battery, entry.signal, entry.samples


def _identities(entries: list[ReadingEntry]) -> tuple[str, ...]:
    return (
        numbers([entry.device for entry in entries]),
        numbers([entry.observed_at for entry in entries]),
        numbers([entry.boot for entry in entries]),
        numbers([entry.seq for entry in entries]),
        words([entry.kind for entry in entries]),
    )


def _levels(entries: list[ReadingEntry]) -> tuple[str, ...]:
    return (
        numbers_or_null([entry.battery for entry in entries]),
        numbers_or_null([entry.signal for entry in entries]),
        bytes_or_null([None if each.samples is None else msgspec.msgpack.encode(each.samples) for each in entries]),
    )


def _named(message: Message) -> tuple[str | None, str | None]:
    address = topics.read(message.topic)
    return (address.home, address.rest) if address else (None, None)


async def ready(connection: AsyncConnection, _: bool) -> None:  # noqa: FBT001 - the shape of a connection's work
    """Return where the tables are there; OperationalError, as if the database were away, where they are not yet."""
    row = await (await connection.execute(_READY)).fetchone()
    if row is None or not row[0]:
        raise OperationalError("it has no tables yet; 'telecare migrate' makes them")
