"""A people file is read whole as it was meant, and what is no people file at all is refused in one line."""

from pathlib import Path

import pytest

from schema.people_file import PeopleFileError, parse, read
from schema.plans import BedExitRule

EXAMPLE = Path(__file__).with_name("people.yaml")
DEMO = Path(__file__).parents[3] / "simulator" / "demo.yaml"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "p.yaml: the file is empty; expected policies, teams, homes or people"),
        ("# nothing yet\n", "p.yaml: the file is empty; expected policies, teams, homes or people"),
        (
            "- a\n- b\n",
            "p.yaml, line 1: this part is a list; expected a group of fields: policies, teams, homes, people",
        ),
        ("people: everybody", "p.yaml, line 1: people is 'everybody'; expected a list"),
        (
            "people:\n  -\n",
            (
                "p.yaml, line 2: person 1: this part is empty; expected a group of fields: id, name, born, "
                "home, phone, notes, gp, contacts, consent, absences, care_plan"
            ),
        ),
        ("people:\n  - {? [a, b] : c}\n", "p.yaml, line 2: person 1: a list or group stands where a name was expected"),
        (
            "homes: []\n---\npeople: []\n",
            (
                "p.yaml, line 2: this is not YAML "
                "(but found another document, expected a single document in the stream that "
                "begins on line 1); expected one document, with no line of ---"
            ),
        ),
        (
            "people: [{id: 'a\n",
            (
                "p.yaml, line 2: this is not YAML (found unexpected end of stream, while scanning a "
                "quoted scalar that begins on line 1); expected a closing quote"
            ),
        ),
        ("homes:\n  - id: a\x07\n", "p.yaml, line 2: holds a control character (#x07); expected plain text"),
        (
            "people: [{id: *nobody}]",
            (
                "p.yaml, line 1: this is not YAML (found undefined alias); "
                "expected quotes around a text that begins with *"
            ),
        ),
    ],
)
def test_what_is_no_people_file_at_all_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(PeopleFileError) as error:
        parse(text, "p.yaml")
    assert str(error.value) == f"{said}. Nothing was loaded."


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 2_000, "- " * 50_000, "[" * 2_000 + "]" * 2_000])
def test_a_hostile_file_is_refused_too(text: str) -> None:
    with pytest.raises(PeopleFileError) as error:
        parse(text, "p.yaml")
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(PeopleFileError) as error:
        read(tmp_path / "missing.yaml")
    assert str(error.value) == (
        "missing.yaml: cannot be read (no such file or directory); expected a people file. Nothing was loaded."
    )


def test_a_folder_is_no_people_file(tmp_path: Path) -> None:
    with pytest.raises(PeopleFileError, match=r"cannot be read \(is a directory\)"):
        read(tmp_path)


def test_a_file_in_another_encoding_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes("homes: []\npeople:\n  - {id: k, name: Jürgen}\n".encode("latin-1"))
    with pytest.raises(PeopleFileError) as error:
        read(file)
    assert str(error.value) == (
        "latin.yaml, line 3: not written in UTF-8; expected a text file in UTF-8. Nothing was loaded."
    )


@pytest.mark.parametrize("file", [EXAMPLE, DEMO], ids=["example", "demo"])
def test_the_examples_are_read(file: Path) -> None:
    assert read(file).people


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / "bom.yaml"
    file.write_text(EXAMPLE.read_text(), encoding="utf-8-sig")
    assert read(file).people == read(EXAMPLE).people


def test_yaml_does_not_guess_what_a_word_means() -> None:
    """YAML 1.1 reads these as 480, 1320, true, 273, a number, a date and a float."""
    file = parse(
        """
teams:
  wardens:
    members: [{id: on, name: No}]
    rota: {shifts: [{who: on, from: 08:00, to: 22:00}]}
homes:
  - {id: 1e3, zone: UTC, key_safe: {code: 0421, where: off}, devices: [{id: 0x1F, kind: door}]}
people:
  - {id: 2026-01-01, name: yes, home: 1e3, phone: +447700900123, consent: {on: 2026-10-01, covers: [door]}}
""",
        "p.yaml",
    )
    (shift,) = file.teams["wardens"].rota.shifts  # type: ignore[union-attr]
    home, person = file.homes[0], file.people[0]
    assert (shift.who, shift.from_, shift.to) == ("on", "08:00", "22:00")
    assert (home.id, home.key_safe.code, home.key_safe.where) == ("1e3", "0421", "off")  # type: ignore[union-attr]
    assert home.devices[0].id == "0x1F"
    assert (person.id, person.name, person.phone) == ("2026-01-01", "yes", "+447700900123")
    assert str(person.consent.on) == "2026-10-01"  # type: ignore[union-attr]


def test_only_ids_names_and_a_home_with_its_zone_and_devices_are_required() -> None:
    file = parse("homes: [{id: h, zone: UTC, devices: []}]\npeople: [{id: p, name: P, home: h}]", "p.yaml")
    assert file.people[0].care_plan is None


def test_an_empty_value_counts_as_not_filled_in() -> None:
    file = parse(
        """
homes: [{id: h, zone: UTC, area: , devices: []}]
people: [{id: p, name: P, home: h, care_plan: {rules: [{rule: bed_exit, between: }]}}]
""",
        "p.yaml",
    )
    assert file.homes[0].area is None
    assert file.people[0].care_plan.rules == (BedExitRule(),)  # type: ignore[union-attr]


def test_what_the_file_does_not_mention_is_told_from_what_it_leaves_empty() -> None:
    file = parse("homes: [{id: h, zone: UTC, area: , devices: []}]\npeople: [{id: p, name: P, home: h, phone: }]", "p")
    assert ("people", "p", "contacts") in file.left_out
    assert ("people", "p", "phone") not in file.left_out
    assert ("homes", "h", "key_safe") in file.left_out
    assert ("homes", "h", "area") not in file.left_out


def test_a_plan_may_be_shared_by_an_alias() -> None:
    file = parse(
        """
homes: [{id: h, zone: UTC, devices: [{id: b, kind: button}]}]
people:
  - {id: p, name: P, home: h, care_plan: &usual {rules: [{rule: button}]}}
  - {id: q, name: Q, home: h, care_plan: *usual}
""",
        "p.yaml",
    )
    assert file.people[0].care_plan == file.people[1].care_plan


def test_json_is_read_as_well() -> None:
    assert parse('{"homes": [{"id": "h", "zone": "UTC", "devices": []}]}', "p.json").homes[0].id == "h"


def test_a_part_may_refer_to_what_only_the_database_knows() -> None:
    text = "people: [{id: p, name: P, home: elsewhere}]"
    with pytest.raises(PeopleFileError, match="home 'elsewhere' is not known"):
        parse(text, "p.yaml")
    assert parse(text, "p.yaml", alone=False).people[0].home == "elsewhere"
