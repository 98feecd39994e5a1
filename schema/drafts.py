"""A draft to rehearse, as people write it: a plan, or a single rule; the file is held to what a people file is held to.

The file holds `care_plan:` as a people file has it, or `rules:` alone, or one rule by itself.
"""

from pathlib import Path as FilePath
from typing import Any

import msgspec

from schema.people_checks import check_plan
from schema.people_words import explained, filled, type_of
from schema.people_yaml import Path, PeopleFileError, Source, parsed
from schema.plans import AnyRule, CarePlan
from schema.rehearsals import Draft


def read(path: FilePath) -> Draft:
    """Read the file; PeopleFileError in one line with the file, the line and what was expected."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = "not written in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error.strerror).lower()
        raise PeopleFileError(f"{path.name}: cannot be read ({why}); expected a draft of a care plan.") from error
    data, source = parsed(text, path.name)
    if not isinstance(data, dict):
        raise source.error((), "expected care_plan, rules, or one rule")
    return draft(data, source)


def draft(data: dict[str, Any], source: Source) -> Draft:
    """Return what these words mean; PeopleFileError otherwise."""
    if "rule" in data:
        rule: Any = _converted(data, AnyRule, (), source)
        made = Draft(rule=rule)
        plan, at = CarePlan(rules=(rule,)), None
    else:
        at = ("care_plan",) if "care_plan" in data else ()
        plan = _converted(data["care_plan"] if at else data, CarePlan, at, source)
        made = Draft(plan=plan)
    for path, what in check_plan(plan):
        raise source.error(path[2:] if at is None else (*at, *path), what)
    return made


def _converted(data: Any, kind: Any, path: Path, source: Source) -> Any:
    said = filled(data, type_of(kind))
    try:
        return msgspec.convert(said, kind)
    except msgspec.ValidationError as error:
        inner, what = explained(error, kind, said)
        raise source.error((*path, *inner), what) from error
