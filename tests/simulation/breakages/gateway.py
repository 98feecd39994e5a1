"""What could be broken on the way into the log."""

from tests.simulation.breakages import Breakage

BREAKAGES = (
    Breakage(
        "acknowledge_before_commit",
        "A gateway killed between the two has told the broker to forget what nobody stored.",
        "gateway/ingest.py",
        "            await self._store(prepared)\n",
        "            for message in batch:\n"
        "                self._link.acknowledge(message)\n"
        "            await self._store(prepared)\n",
    ),
    Breakage(
        "never_acknowledged",
        "The broker gives the same messages out for ever, until its queue is full of them.",
        "gateway/ingest.py",
        "            self._link.acknowledge(message)\n",
        "            pass\n",
    ),
    Breakage(
        "duplicate_counted",
        "A redelivery is told a second time: presses double, and a bed is left twice.",
        "gateway/store.py",
        "            new = [each.entry for name, each in by_key.items() if name in stored]\n",
        "            new = [each.entry for name, each in by_key.items()]\n",
    ),
    Breakage(
        "undated_counted_twice",
        "A sensor without a clock, whose message comes twice, is heard twice.",
        "gateway/store.py",
        "                and (name[:4] in remembered or firsts[name[:4]] is not name)\n",
        "                and False\n",
    ),
    Breakage(
        "key_without_the_home",
        "Two homes have a pendant of the same name, and one of them is answered for the other.",
        "gateway/registry.py",
        'self._named.get((home, "", name))',
        'next((each for key, each in sorted(self._named.items()) if key[1:] == ("", name)), None)',
    ),
    Breakage(
        "poison_for_ever",
        "One message that the database will not have holds up everything behind it.",
        "gateway/ingest.py",
        "        except RefusedError as error:\n            if _no_day",
        "        except RefusedError as error:\n"
        "            await asyncio.sleep(1)\n"
        "            return await self._store(batch)\n"
        "            if _no_day",
    ),
    Breakage(
        "gives_up_when_the_database_is_away",
        "What came while the database was away is dropped, and acknowledged.",
        "gateway/steady.py",
        "                await self._lost(error)\n",
        "                await self._lost(error)\n                raise RefusedError(str(error)) from error\n",
    ),
    Breakage(
        "never_returns_to_the_broker",
        "Once the database was away for a while the gateway stays away, and nobody is heard.",
        "gateway/steady.py",
        "        if self._watcher is not None:\n            self._watcher.release()\n",
        '        if self._watcher is not None and "_once" not in vars(self):\n'
        "            self._once = self._watcher.release()\n",
    ),
    Breakage(
        "time_does_not_wait",
        "Deadlines fire while readings that answer them still wait at the broker.",
        "gateway/ticks.py",
        "    if not all(marks.back_since(began) for marks in lanes):\n",
        "    if not lanes:\n",
    ),
    Breakage(
        "positions_without_the_lock",
        "Two lanes take the same place in the log, and what one of them stored is refused as if it were at fault.",
        "schema/migrations/0001_first_house.sql",
        "    perform pg_advisory_xact_lock(20261122);\n",
        "",
    ),
    Breakage(
        "unregistered_press_unheard",
        "A pendant that nobody registered is pressed, and nobody comes.",
        "gateway/prepare.py",
        "            _call_unregistered(prepared, reading, ",
        "            str(",
    ),
)
