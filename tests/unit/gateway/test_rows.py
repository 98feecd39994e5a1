"""By COPY or by INSERT: the same readings give the same rows, and what fits no column is refused as data."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from gateway.cap import Cap
from gateway.prepare import Candidate, Prepared
from gateway.rows import copied
from gateway.store import Transaction, key
from schema.entries import ReadingEntry
from schema.instants import DAY
from schema.readings import VALUES, Samples
from tests.unit.gateway.house import rows
from tests.unit.gateway.lane import NOW, came

entries = st.builds(
    ReadingEntry,
    device=st.integers(1, 2**31 - 1),
    kind=st.sampled_from(sorted(VALUES)),
    value=st.sampled_from(["in", "alarm", "window"]),
    observed_at=st.integers(NOW - DAY, NOW),
    received_at=st.integers(NOW, NOW + DAY),
    seq=st.integers(0, 2**63 - 1),
    boot=st.integers(0, 2**63 - 1),
    retained=st.booleans(),
    clock_doubted=st.booleans(),
    battery=st.none() | st.just(0.0) | st.floats(0.001, 1),
    signal=st.none() | st.integers(-32_768, 32_767),
    samples=st.none() | st.builds(Samples, rate=st.floats(1, 100), range=st.floats(1, 16), data=st.binary(max_size=30)),
)
STORED = """
    select device, observed_at, boot, seq, kind, value, received_at, retained, clock_doubted, battery, signal, samples
    from readings order by 1, 2, 3, 4, 5
"""


@given(st.lists(entries, min_size=1, max_size=30, unique_by=key))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_either_way_in_the_rows_are_the_same(database: AsyncConnectionPool, said: list[ReadingEntry]) -> None:
    message = came("homes/h1/x", b"")
    batch = [Prepared(message, [Candidate(message, each) for each in said])]
    found = []
    async with database.connection() as connection:
        for all_new in (True, False):
            async with connection.transaction(force_rollback=True):
                await connection.execute("select readings_ensure_days('2026-11-20', '2026-11-23')")
                stored = await Transaction(connection, Cap(), lambda _: True, all_new=all_new).store(batch)
                assert len(stored.new) == len(said)
                found.append(await all_rows(connection))
    assert found[0] == found[1]
    assert await rows(database, "select count(*) from readings") == [(0,)]


async def all_rows(connection: AsyncConnection) -> list[tuple[object, ...]]:
    return await (await connection.execute(STORED)).fetchall()


@pytest.mark.parametrize("wrong", [{"device": 2**31}, {"seq": 2**63}, {"signal": 40_000}, {"battery": 1e300}])
def test_a_number_that_fits_no_column_is_refused_as_data(wrong: dict[str, float]) -> None:
    entry = ReadingEntry(
        **{"device": 1, "kind": "bed", "value": "in", "observed_at": NOW, "received_at": NOW, "battery": 0.5, **wrong}
    )  # type: ignore[arg-type]
    with pytest.raises((ValueError, OverflowError)):
        copied([entry], 1)
