"""The database is away for minutes: the broker holds, nobody's memory grows, nobody is stuck afterwards.

- The gateway says so, disconnects cleanly from the broker (both lanes) and stays away; it returns by itself.
- What was in flight when it left is redelivered and counts once: redeliveries are counted on the wire.
- No process grows by more than `GROWTH` MB over the absence.
- Afterwards no session of the database is stuck: none idle in a transaction, none waiting for a lock.
"""

import asyncio
from contextlib import suppress

import psycopg
from psycopg.rows import TupleRow

from tests.chaos.house import SERVICES, House
from tests.chaos.run import Chaos, Trouble
from tests.chaos.scenarios import Scenario, Stage
from tests.chaos.wire import Deliveries

LEAD_SECONDS = 8.0
GROWTH = 40.0  # MB: a full queue of 4,000 messages, and what a process takes when it first sees an error
LEAVES_WITHIN = 15.0  # s: 5 s of patience, and a try under way
RETURNS_WITHIN = 30.0
_STUCK = """
select pid, application_name, state, wait_event_type, left(query, 60) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
  and (state like 'idle in transaction%' and clock_timestamp() - state_change > interval '3 seconds'
       or wait_event_type = 'Lock' and clock_timestamp() - query_start > interval '3 seconds')
"""


def trouble(stage: Stage, seconds: float) -> Trouble:
    """Hold the database away for all but the first and the last of the run."""
    away = max(seconds - 2 * LEAD_SECONDS, 5.0)

    async def do(chaos: Chaos, house: House) -> None:
        deliveries = Deliveries()
        house.links["gateway-broker"].heard = deliveries.hear
        await chaos.until(LEAD_SECONDS)
        before = {name: house.memory(name) for name in SERVICES}
        house.hold("database")
        stage.expect(await _left(house, LEAVES_WITHIN), "the gateway did not disconnect from the broker")
        stage.expect(house.said("gateway").count("broker_held") >= 2, "a lane did not say why it disconnected")
        most = await _watched(chaos, house, LEAD_SECONDS + away)
        house.release("database")
        back = asyncio.get_running_loop().time()
        while not house.links["gateway-broker"].connections:
            await asyncio.sleep(0.05)
            if asyncio.get_running_loop().time() - back > RETURNS_WITHIN:
                stage.broken.append("the gateway did not return to the broker")
                break
        stage.measured("database away", f"{away:.0f} s")
        stage.measured("gateway back at the broker after", f"{asyncio.get_running_loop().time() - back:.1f} s")
        for name in SERVICES:
            stage.measured(f"memory of {name}", f"{before[name]:.0f} MB before, {most[name]:.0f} MB at most")
            stage.expect(most[name] - before[name] <= GROWTH, f"{name} grew by {most[name] - before[name]:.0f} MB")
        await chaos.until(seconds)
        await chaos.drained(house)
        stage.measured("redeliveries, of all deliveries", f"{deliveries.again:,} of {deliveries.all:,}")
        stuck = await _stuck(house)
        stage.expect(not stuck, f"sessions are stuck: {stuck}")

    return do


async def _left(house: House, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while house.links["gateway-broker"].connections:  # noqa: ASYNC110 - a process sets no event
                await asyncio.sleep(0.05)
            return True
    return False


async def _watched(chaos: Chaos, house: House, until: float) -> dict[str, float]:
    """Return the most memory each service had until then."""
    most = dict.fromkeys(SERVICES, 0.0)
    while chaos.seconds_since_began < until:
        for name in SERVICES:
            most[name] = max(most[name], house.memory(name))
        await asyncio.sleep(0.5)
    return most


async def _stuck(house: House) -> list[TupleRow]:
    async with await psycopg.AsyncConnection.connect(house.database.url) as connection:
        return await (await connection.execute(_STUCK)).fetchall()


SCENARIO = Scenario("the database away for minutes", trouble, minutes=1.5, rate=300)
