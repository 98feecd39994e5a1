"""What a people file says, as values: the sections together, and where in the file each part stands."""

import msgspec

from schema.people import Home, Person, Team
from schema.people_yaml import Source
from schema.plans import CarePlan, Policy


class PersonRecord(Person, frozen=True, kw_only=True):
    """A person together with their care plan, as the file writes them."""

    care_plan: CarePlan | None = None

    @property
    def person(self) -> Person:
        """The person without the plan, which is versioned apart."""
        return Person(**{name: getattr(self, name) for name in Person.__struct_fields__})


class PeopleFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a people file says, and where it says it.

    `left_out` holds (section, id, field) of each field of a home or person that the file does not mention at
    all: a load leaves these as they are. An empty value is a mention, and empties the field.
    """

    policies: dict[str, Policy] = {}
    teams: dict[str, Team] = {}
    homes: tuple[Home, ...] = ()
    people: tuple[PersonRecord, ...] = ()
    left_out: frozenset[tuple[str, str, str]] = frozenset()
    source: Source = Source("these people")
