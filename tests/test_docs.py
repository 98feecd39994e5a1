"""What the README and docs name is there: tests, files, settings, tables of rules."""

import re
from pathlib import Path
from typing import get_args

import pytest

from runtime.settings import Settings
from schema.plans import AnyRule

HOUSE = Path(__file__).parent.parent
PAGES = [HOUSE / "README.md", *sorted((HOUSE / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_a_page_links_to_is_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_a_page_names_is_there(page: Path) -> None:
    for file, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page.read_text()):
        assert (HOUSE / file).exists(), f"{page.name} names {file}"
        assert not name or f"def {name}(" in (HOUSE / file).read_text(), f"{page.name} names {file}::{name}"


def test_every_setting_is_explained() -> None:
    explained = (HOUSE / "docs" / "operations.md").read_text()
    for name in Settings.model_fields:
        assert f"`TELECARE_{name.upper()}`" in explained, name


def test_every_rule_is_explained() -> None:
    explained = (HOUSE / "docs" / "people.md").read_text()
    for rule in get_args(AnyRule):
        assert f"| `{rule.__struct_config__.tag}` |" in explained, rule


def test_every_promise_of_the_readme_has_tests() -> None:
    promises = re.findall(r"^(\d)\. \*\*", (HOUSE / "README.md").read_text(), re.MULTILINE)
    assert promises == [str(number) for number in range(1, 10)]
    sections = re.split(r"^## ", (HOUSE / "docs" / "guarantees.md").read_text(), flags=re.MULTILINE)[1:]
    assert [section[0] for section in sections] == promises
    for section in sections:
        assert "`tests/" in section, section.splitlines()[0]


def test_the_test_command_of_the_readme_is_the_one_that_is_run() -> None:
    assert "\n    make test" in (HOUSE / "README.md").read_text()
    assert "README.md" in (HOUSE / ".ci" / "run").read_text()
