"""The recommended plan, as `recommended.yaml` has it: for captures, and for what is measured on them."""

from pathlib import Path
from typing import Any

import msgspec
import yaml

from schema.plans import CarePlan

FILE = Path(__file__).with_name("recommended.yaml")
_RULES = "rules:\n"


def read_plan(path: Path = FILE) -> CarePlan:
    """Return the plan of such a file; OSError, yaml.YAMLError or msgspec.ValidationError where it is none."""
    said: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    return msgspec.convert({"rules": said["rules"]}, CarePlan)


def policies_text() -> str:
    """Return its policies as they are written."""
    text = FILE.read_text(encoding="utf-8")
    return text[text.index("policies:") : text.index(_RULES)]


def rule_lines() -> list[str]:
    """Return its rules as they are written, a line each, without indent."""
    text = FILE.read_text(encoding="utf-8")
    return [line.strip() for line in text[text.index(_RULES) + len(_RULES) :].splitlines() if line.strip()]
