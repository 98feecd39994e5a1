"""What the log's facts say of homes, people and plans, as of the position last taken. Pure.

Facts of every home and person are kept, whoever's partition they are in: a home's alarm depends on who
lives there, and partitions change hands. Versions of plans are all kept, as one may start in the future.
"""

from datetime import time

from schema.entries import HomeSet, PersonSet, PlanSet, TestModeSet
from schema.instants import Instant
from schema.localtime import on_day

Fact = HomeSet | PersonSet | PlanSet | TestModeSet
_MIDNIGHT = time(0)


class Facts:
    """Homes, people, plans and test modes by id, in the order in which the log first named them."""

    def __init__(self) -> None:
        self.homes: dict[str, HomeSet] = {}
        self.people: dict[str, PersonSet] = {}
        self._homeless: dict[str, PersonSet] = {}  # whose home the log has not named yet
        self._plans: dict[str, dict[int, PlanSet]] = {}
        self._tests: dict[str, Instant | None] = {}
        self._residents: dict[str, tuple[str, ...]] = {}

    def take(self, fact: Fact) -> tuple[str, ...]:
        """Take a fact in; return the homes whose people must be looked at again."""
        match fact:
            case HomeSet():
                self.homes[fact.home] = fact
                waited = [person for person in self._homeless.values() if person.home == fact.home]
                return tuple({fact.home: None, **{home: None for each in waited for home in self._take_person(each)}})
            case PersonSet():
                return self._take_person(fact)
            case PlanSet():
                self._plans.setdefault(fact.person, {})[fact.version] = fact
                person = self.people.get(fact.person)
                return (person.home,) if person else ()
            case TestModeSet():
                self._tests[fact.home] = fact.until
                return (fact.home,) if fact.home in self.homes else ()

    def residents(self, home: str) -> tuple[str, ...]:
        """Return who lives in the home, in the order in which the log first named them."""
        return self._residents.get(home, ())

    def test_until(self, home: str) -> Instant | None:
        """Return until when an installer tests the home."""
        return self._tests.get(home)

    def plan(self, person: str, at: Instant) -> PlanSet | None:
        """Return the plan in force: the newest version whose start has come in the home's zone."""
        started = [plan for plan in self._versions(person) if self._start(plan) <= at]
        return started[-1] if started else None

    def plans(self, person: str, at: Instant) -> tuple[PlanSet | None, PlanSet | None]:
        """Return the plan in force, and the one it replaced: what is late is judged by the plan of its time."""
        plan = self.plan(person, at)
        if plan is None or plan.plan.starts is None:
            return plan, None
        return plan, self.plan(person, self._start(plan) - 1)

    def next_start(self, person: str, at: Instant) -> Instant | None:
        """Return when a version newer than the one in force will start, or None where none waits."""
        current = self.plan(person, at)
        starts = [
            self._start(plan)
            for plan in self._versions(person)
            if (current is None or plan.version > current.version) and self._start(plan) > at
        ]
        return min(starts, default=None)

    def _take_person(self, person: PersonSet) -> tuple[str, ...]:
        """Take in where somebody lives; until that home is known they live where they did."""
        self._homeless.pop(person.person, None)
        if person.home not in self.homes:
            self._homeless[person.person] = person
            return ()
        before = self.people.get(person.person)
        self.people[person.person] = person
        left = before.home if before and before.home != person.home else None
        if left:
            self._residents[left] = tuple(each for each in self.residents(left) if each != person.person)
        if person.person not in self.residents(person.home):
            self._residents[person.home] = (*self.residents(person.home), person.person)
        return (left, person.home) if left else (person.home,)

    def _versions(self, person: str) -> list[PlanSet]:
        versions = self._plans.get(person, {})
        return [versions[number] for number in sorted(versions)]

    def _start(self, plan: PlanSet) -> Instant:
        if plan.plan.starts is None:
            return 0
        home = self.homes[self.people[plan.person].home]
        return on_day(plan.plan.starts, _MIDNIGHT, home.zone)
