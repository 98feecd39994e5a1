"""The monitor tells how far it is behind, and which deadline it has missed."""

from psycopg_pool import AsyncConnectionPool

from monitor import vitals
from monitor.vitals import Vitals
from runtime.clock import SetClock, SystemClock
from schema.instants import MINUTE, SECOND, Instant, moment


class Memory:
    """A monitor's, with one deadline."""

    def __init__(self, next_due: Instant | None) -> None:
        self.next_due = next_due


async def test_it_tells_its_lag_in_rows_and_seconds(database: AsyncConnectionPool, database_url: str) -> None:
    clock = SetClock(SystemClock().now())
    measured = Vitals(database_url, clock)
    assert await measured.reasons() == [], "there is nothing to read yet"
    async with database.connection() as connection:
        for seconds in (60, 50, 40):
            await connection.execute("select log_append('tick', null, '', %s)", (moment(clock.at - seconds * SECOND),))
        await connection.execute("insert into monitor_cursors values (0, 1), (1, 3)")
    assert await measured.reasons() == ["the monitor is 50 s behind (2 rows of the log)"]
    assert vitals.LAG_ROWS._value.get() == 2
    async with database.connection() as connection:
        await connection.execute("update monitor_cursors set position = 3")
    assert await measured.reasons() == []
    assert vitals.LAG._value.get() == 0


async def test_a_deadline_that_should_have_fired_is_told_and_one_to_come_is_not(database_url: str) -> None:
    clock = SetClock(SystemClock().now())
    measured = Vitals(database_url, clock)
    for due, said in ((None, []), (clock.at + MINUTE, []), (clock.at - SECOND, [])):
        measured.monitor = Memory(due)
        assert await measured.reasons() == said
    measured.monitor = Memory(clock.at - 3 * MINUTE)
    assert await measured.reasons() == ["a deadline is 3 min overdue"]
    assert vitals.OVERDUE._value.get() == 180


async def test_a_database_that_is_away_is_told() -> None:
    assert await Vitals("postgresql://127.0.0.1:1/nowhere", SystemClock()).reasons() == ["the database does not answer"]
