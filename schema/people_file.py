"""The people file: read whole or refused whole, with one line that says where and why.

The shape is `examples/people.yaml`. Only ids, names and a home with its zone and devices are required.
An empty value counts as not filled in. What refers to something else (a home, a policy, a team, a device)
is checked against the file itself here, and against the database as well when it is loaded.
"""

from pathlib import Path as FilePath
from typing import Any

import msgspec

from schema.people import Home, Id, Team
from schema.people_checks import check
from schema.people_records import PeopleFile, PersonRecord
from schema.people_references import NOTHING_KNOWN, check_references
from schema.people_words import explained, filled, type_of
from schema.people_yaml import Path, PeopleFileError, Source, parsed
from schema.plans import Policy

__all__ = ["PeopleFile", "PeopleFileError", "PersonRecord", "parse", "read"]


class _Sections(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file's four sections, each part still to be read by itself, so that a fault names its place."""

    policies: dict[Id, Any] = {}
    teams: dict[Id, Any] = {}
    homes: list[Any] = []
    people: list[Any] = []


def read(path: FilePath, *, alone: bool = True) -> PeopleFile:
    """Read the file; PeopleFileError in one clear line where it is missing, no text, or wrong (see `parse`)."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise PeopleFileError(
            f"{path.name}, line {line}: not written in UTF-8; expected a text file in UTF-8. Nothing was loaded."
        ) from error
    except OSError as error:
        raise PeopleFileError(
            f"{path.name}: cannot be read ({(error.strerror or str(error)).lower()}); "
            "expected a people file. Nothing was loaded."
        ) from error
    return parse(text, path.name, alone=alone)


def parse(text: str, name: str, *, alone: bool = True) -> PeopleFile:
    """Read a people file's text, called `name` in errors.

    With `alone`, everything it refers to must be in it; without, that is left to the load, which knows the
    database too. PeopleFileError says the first fault found.
    """
    data, source = parsed(text, name)
    if not data:
        raise PeopleFileError(
            f"{name}: the file is empty; expected policies, teams, homes or people. Nothing was loaded."
        )
    people_file = _shaped(data, source)
    check(people_file)
    if alone:
        check_references(people_file, NOTHING_KNOWN)
    return people_file


def _shaped(data: Any, source: Source) -> PeopleFile:
    sections = _sections(data, source)
    homes = tuple(_convert(part, Home, ("homes", at), source) for at, part in enumerate(sections.homes))
    people = tuple(_convert(part, PersonRecord, ("people", at), source) for at, part in enumerate(sections.people))
    return PeopleFile(
        policies={
            name: _convert(part or [], Policy, ("policies", name), source) for name, part in sections.policies.items()
        },
        teams={name: _convert(part or {}, Team, ("teams", name), source) for name, part in sections.teams.items()},
        homes=homes,
        people=people,
        left_out=_left_out("homes", homes, source) | _left_out("people", people, source),
        source=source,
    )


def _sections(data: Any, source: Source) -> _Sections:
    given = {key: part for key, part in data.items() if part is not None} if isinstance(data, dict) else data
    try:
        return msgspec.convert(given, _Sections)
    except msgspec.ValidationError as error:
        path, what = explained(error, _Sections, given)
        raise source.error(path, what) from error


def _convert(data: Any, kind: Any, path: Path, source: Source) -> Any:
    """Return the data as a `kind`; PeopleFileError at its line otherwise."""
    said = filled(data, type_of(kind))
    try:
        return msgspec.convert(said, kind)
    except msgspec.ValidationError as error:
        inner, what = explained(error, kind, said)
        raise source.error((*path, *inner), what) from error


def _left_out(section: str, parts: tuple[Any, ...], source: Source) -> frozenset[tuple[str, str, str]]:
    return frozenset(
        (section, part.id, field)
        for at, part in enumerate(parts)
        for field in part.__struct_fields__
        if not source.says((section, at, field))
    )
