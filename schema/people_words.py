"""What msgspec found wrong in a people file, said so that whoever wrote the file can put it right.

msgspec names a path and a type; people need to hear what stands there and what could stand there instead.
The types themselves are asked for that, so a new field or rule explains itself.
"""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from typing import Any, get_args

import msgspec
from msgspec import inspect

from schema.people import ClockText, Id, PhoneText, WindowText
from schema.people_yaml import Path
from schema.plans import DaysText, DurationText, PercentText

_PATTERN_WORDS = {
    DurationText: "for example 30s, 20m, 4h or 2d",
    WindowText: "for example 22:00-07:00",
    ClockText: "for example 07:30",
    PercentText: "for example 20%",
    DaysText: "days of the week, for example mon-fri or mon,wed,fri",
    PhoneText: "an international number, for example +447700900123",
    Id: "an id of 1 to 80 characters with no space and none of / # + $ * >",
}
_TYPE_WORDS: dict[type[inspect.Type], str] = {
    inspect.BoolType: "true or false",
    inspect.IntType: "a whole number, for example 4",
    inspect.DateType: "a day, for example 2026-10-01",
    inspect.StrType: "a text",
    inspect.VarTupleType: "a list",
    inspect.ListType: "a list",
    inspect.DictType: "a group of names",
}
_LISTED = 20
_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_FIELD = re.compile(r"field `(?P<name>.*)`$", re.DOTALL)


def pattern_of(kind: Any) -> str:
    """Return the pattern of an annotated text."""
    return str(get_args(kind)[1].pattern)


_EXPECTED = {pattern_of(kind): words for kind, words in _PATTERN_WORDS.items()}


@cache
def type_of(kind: Any) -> inspect.Type:
    """Return msgspec's description of the type."""
    return inspect.type_info(kind)


def explained(error: msgspec.ValidationError, kind: Any, data: Any) -> tuple[Path, str]:
    """Return where in `data` (meant to be a `kind`) it goes wrong, and a sentence that says how."""
    found = _WHERE.match(str(error))
    assert found is not None
    path = _steps(found["path"] or "")
    here, value = _walk(type_of(kind), data, path)
    field = _FIELD.search(found["what"])
    if field is None:
        return path, _wrong_value(here, value, path)
    if "unknown" in found["what"]:
        fields = [field.encode_name for field in _fields(here)]
        return (*path, field["name"]), f"unknown field '{field['name']}'{nearest(field['name'], fields)}"
    missing, _ = _walk(here, value, (field["name"],))
    return path, f"{field['name']} is missing; expected {_expected(missing)}"


def nearest(word: str, words: Iterable[str]) -> str:
    """Say what the word was probably meant to be, or what it could have been."""
    known = sorted(words)
    close = get_close_matches(word, known, n=1)
    if close:
        return f"; expected perhaps '{close[0]}'"
    return f"; expected one of {', '.join(known)}" if 0 < len(known) <= _LISTED else "; expected one that is there"


def filled(data: Any, kind: inspect.Type) -> Any:
    """Return the data without the fields that were left empty: what is not filled in is not said.

    Only fields that the type has: an empty field that nobody knows is a mistake, and stays to be found.
    """
    kind = _choose(kind, data)
    if isinstance(data, list):
        item = kind.item_type if isinstance(kind, inspect.VarTupleType) else inspect.AnyType()
        return [filled(each, item) for each in data]
    if isinstance(kind, inspect.IntType) and isinstance(data, str) and data.isascii() and data.isdigit():
        return int(data)  # the file's scalars are texts
    if not isinstance(data, dict):
        return data
    known = {field.encode_name: field.type for field in _fields(kind)}
    return {
        key: filled(value, known.get(key, inspect.AnyType()))
        for key, value in data.items()
        if value is not None or key not in known
    }


def patterned(value: Any, kind: inspect.Type, path: Path = ()) -> Iterator[tuple[Path, str, str]]:
    """Yield (path, pattern, text) of every text in the value whose type has a pattern."""
    if value is None:
        return
    if isinstance(kind, inspect.UnionType):
        yield from patterned(value, _choose(kind, value), path)
    elif isinstance(kind, inspect.StructType):
        for field in kind.fields:
            yield from patterned(getattr(value, field.name), field.type, (*path, field.encode_name))
    elif isinstance(kind, inspect.VarTupleType):
        for index, item in enumerate(value):
            yield from patterned(item, kind.item_type, (*path, index))
    elif isinstance(kind, inspect.StrType) and kind.pattern:
        yield path, kind.pattern, value


def _steps(path: str) -> Path:
    steps = re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", path)
    return tuple(name or int(index) for name, index in steps)


def _walk(kind: inspect.Type, data: Any, path: Path) -> tuple[inspect.Type, Any]:
    """Follow the path through type and data alike; the data is None from where it ends."""
    for step in path:
        kind = _choose(kind, data)
        if isinstance(step, int):
            data = data[step] if isinstance(data, list) and step < len(data) else None
            kind = kind.item_type if isinstance(kind, inspect.VarTupleType) else inspect.AnyType()
        else:
            data = data.get(step) if isinstance(data, dict) else None
            kind = _field_type(kind, step)
    return _choose(kind, data), data


def _choose(kind: inspect.Type, data: Any) -> inspect.Type:
    """Of a union, return the member that the data is, or most probably meant to be; else the type itself."""
    if not isinstance(kind, inspect.UnionType):
        return kind
    members = [member for member in kind.types if not isinstance(member, inspect.NoneType)]
    if data is None and len(members) < len(kind.types):
        return inspect.NoneType() if len(members) > 1 else members[0]
    for member in members:
        if isinstance(member, inspect.StructType):
            tag = data.get(member.tag_field) if isinstance(data, dict) else None
            if (tag is not None and tag == member.tag) or isinstance(data, member.cls):
                return member
        elif isinstance(data, list | tuple) == isinstance(member, inspect.VarTupleType):
            return member
    return members[0] if len(members) == 1 else kind


def _fields(kind: inspect.Type) -> tuple[inspect.Field, ...]:
    return kind.fields if isinstance(kind, inspect.StructType) else ()


def _field_type(kind: inspect.Type, name: str) -> inspect.Type:
    for field in _fields(kind):
        if field.encode_name == name:
            return field.type
    return _tags(kind) or inspect.AnyType()


def _tags(kind: inspect.Type) -> inspect.LiteralType | None:
    """Return the tags of a union of structs: what may stand behind `rule:`."""
    members = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    tags = tuple(member.tag for member in members if isinstance(member, inspect.StructType) and member.tag is not None)
    return inspect.LiteralType(tags) if tags else None


def _wrong_value(kind: inspect.Type, value: Any, path: Path) -> str:
    subject = next((str(step) for step in reversed(path) if isinstance(step, str)), "this part")
    if path and isinstance(path[-1], int):
        subject = f"an item of {subject}" if len(path) > 1 else "an item"
    guess = ""
    if isinstance(kind, inspect.LiteralType) and isinstance(value, str):
        guess = nearest(value, map(str, kind.values))
    return f"{subject} is {_shown(value)}{guess or '; expected ' + _expected(kind)}"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        text = " ".join(value.split())
        return f"'{text if len(text) <= 60 else text[:57] + '...'}'"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "a list"
    return "a group of fields" if isinstance(value, dict) else "empty"


def _expected(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.UnionType):
        if tags := _tags(kind):
            return "a group of fields with rule: " + ", ".join(map(str, tags.values))
        members = [member for member in kind.types if not isinstance(member, inspect.NoneType)]
        return " or ".join(dict.fromkeys(map(_expected, members)))
    if isinstance(kind, inspect.StructType):
        return "a group of fields: " + ", ".join(field.encode_name for field in kind.fields)
    if isinstance(kind, inspect.LiteralType):
        return "one of " + ", ".join(map(str, kind.values))
    if isinstance(kind, inspect.StrType) and kind.pattern:
        return _EXPECTED[kind.pattern]
    return _TYPE_WORDS.get(type(kind), "nothing")
