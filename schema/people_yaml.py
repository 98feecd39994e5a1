"""YAML as people write it, read without surprises, and the line on which each part of it stands.

Only `true`, `false` and an empty value (or `null`, `~`) mean anything but text: `on:` is a key, `no` a word,
`08:00` a time and `0421` a code with its nought. Nothing here is numeric, so nothing is read as a number.
A repeated key, a tag, or a second document is refused, as one of the two would be lost in silence.
"""

from typing import Any, NoReturn

import yaml

Path = tuple[str | int, ...]
"""Where in the file: keys and positions from the top, `("people", 0, "care_plan", "rules", 2)`."""

_NAMED = {
    "policies": "policy",
    "teams": "team",
    "members": "member",
    "shifts": "shift",
    "homes": "home",
    "devices": "device",
    "people": "person",
    "contacts": "contact",
    "rules": "rule",
    "absences": "absence",
}
_DEEPEST = 32
_MEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_HINTS = {
    "mapping values are not allowed": "expected quotes around a text that holds a colon",
    "cannot start any token": "expected quotes around a text that begins so, and spaces instead of tabs",
    "another document": "expected one document, with no line of ---",
    "quoted scalar": "expected a closing quote",
    "undefined alias": "expected quotes around a text that begins with *",
}
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "map", "seq"))


class PeopleFileError(Exception):
    """A people file cannot be taken; one line says where, what was wrong and what was expected."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # the C one where it is built
    """PyYAML's parser without YAML 1.1's guesses about what a word means."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own attribute, never changed here


class Source:
    """A file's name, and its nodes to look lines up in (none where the words did not come from a file)."""

    def __init__(self, name: str, root: yaml.Node | None = None) -> None:
        self.name = name
        self._root = root

    def line(self, path: Path) -> int | None:
        """Return the line of the key or item at the path, or of the nearest part around it."""
        node, line = self._root, 1
        for step in path:
            found = _step(node, step)
            if found is None:
                break
            line, node = found
        return line if self._root is not None else None

    def says(self, path: Path) -> bool:
        """Tell whether the file mentions the path at all, be it with an empty value."""
        node = self._root
        for step in path:
            found = _step(node, step)
            if found is None:
                return False
            node = found[1]
        return True

    def error(self, path: Path, what: str, line: int | None = None) -> PeopleFileError:
        """Return the one line that says what is wrong at the path (on that line, where it is known better)."""
        line, label = line or self.line(path), self._label(path)
        place = f"{self.name}, line {line}" if line else self.name
        return PeopleFileError(f"{place}: {label}{what}. Nothing was loaded.")

    def _label(self, path: Path) -> str:
        """Name the nearest thing around the path that has a name: `rule 'bed_exit': `."""
        node, label = self._root, ""
        for number, step in enumerate(path):
            found = _step(node, step)
            node = found[1] if found else None
            kind = _NAMED.get(str(path[number - 1])) if number else None
            if kind:
                label = f"{kind} {_name(node, step)}: "
        return label


def _step(node: yaml.Node | None, step: str | int) -> tuple[int, yaml.Node] | None:
    """Return the line and node one step further in, or None where there is no such part."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == step:
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item.start_mark.line + 1, item
    return None


def _name(node: yaml.Node | None, step: str | int) -> str:
    if isinstance(step, str):
        return f"'{step}'"
    for key in ("rule", "id"):
        found = _step(node, key)
        if found and isinstance(found[1], yaml.ScalarNode) and found[1].value:
            return f"'{found[1].value[:80]}'"
    return str(step + 1)


def parsed(text: str, name: str) -> tuple[Any, Source]:
    """Return the text's plain values (dicts, lists, str, bool, None) and its source; PeopleFileError otherwise."""
    try:
        _refuse_depth(text, name)
        root = _Loader(text).get_single_node()
    except yaml.YAMLError as error:
        _refuse_syntax(error, text, name)
    source = Source(name, root)
    return (None if root is None else _Values(source).of(root, ())), source


def _refuse_depth(text: str, name: str) -> None:
    """Refuse what is nested deeper than any people file, before the parser's own recursion meets it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            assert event.start_mark is not None
            raise PeopleFileError(
                f"{name}, line {event.start_mark.line + 1}: nested more than {_DEEPEST} deep; "
                "expected a people file. Nothing was loaded."
            )


def _refuse_syntax(error: yaml.YAMLError, text: str, name: str) -> NoReturn:
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        raise PeopleFileError(
            f"{name}, line {line}: holds a control character (#x{error.character:02x}); "
            "expected plain text. Nothing was loaded."
        ) from error
    assert isinstance(error, yaml.MarkedYAMLError)
    mark, begun = error.problem_mark, error.context_mark
    line = mark.line + 1 if mark else 1
    what = f"{error.problem}, {error.context}" if error.context else str(error.problem)
    if begun is not None and begun.line + 1 != line:
        what += f" that begins on line {begun.line + 1}"
    hint = next((hint for words, hint in _HINTS.items() if words in what), "expected names and lists, evenly indented")
    raise PeopleFileError(f"{name}, line {line}: this is not YAML ({what}); {hint}. Nothing was loaded.") from error


class _Values:
    """Turns nodes into plain values, each node once, however often an alias names it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._known: dict[int, Any] = {}
        self._open: set[int] = set()

    def of(self, node: yaml.Node, path: Path) -> Any:
        """Return the value of the node that stands at the path."""
        if node.tag not in _PLAIN_TAGS:
            raise self._source.error(path, f"'{node.tag}' is a YAML tag; expected a plain value")
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if id(node) in self._open:
            raise self._source.error(path, f"'{path[-1]}' holds itself through an alias; expected plain values")
        if id(node) not in self._known:
            self._open.add(id(node))
            self._known[id(node)] = self._group(node, path)
            self._open.discard(id(node))
        return self._known[id(node)]

    def _group(self, node: yaml.Node, path: Path) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        return [self.of(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise self._source.error(path, "a list or group stands where a name was expected", line)
            if key.value in values:
                first = self._source.line((*path, key.value))
                raise self._source.error(path, f"'{key.value}' is given twice (first on line {first})", line)
            values[key.value] = self.of(value, (*path, key.value))
        return values


def _scalar(node: yaml.ScalarNode) -> str | bool | None:
    if node.style in {"'", '"', "|", ">"}:
        return str(node.value)
    if node.value in _NOTHING:
        return None
    return _MEANS.get(node.value, str(node.value))
