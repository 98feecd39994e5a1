"""A people file is read whole, or refused with one line that names the file, the line and what was expected."""

from pathlib import Path

import pytest

from schema.people_file import PeopleFileError, parse, read
from schema.plans import BedExitRule

EXAMPLE = Path(__file__).with_name("people.yaml")
DEMO = Path(__file__).parents[3] / "simulator" / "demo.yaml"

KINDS = (
    "acceleration, bed, button, chair, cold, door, fall, gas, heat, hub, moisture, motion, pill, power, smoke, tamper, "
    "water"
)

# In the example: (what is replaced, by what, the line the error names, what it says there)
MISTAKES = [
    # what a rule says
    (
        "longer_than: 20m",
        "longer_than: 20 minutes",
        63,
        "rule 'bed_exit': longer_than is '20 minutes'; expected for example 30s, 20m, 4h or 2d",
    ),
    (
        "longer_than: 20m",
        "longer_then: 20m",
        63,
        "rule 'bed_exit': unknown field 'longer_then'; expected perhaps 'longer_than'",
    ),
    (
        "longer_than: 20m",
        "longer_then: ",
        63,
        "rule 'bed_exit': unknown field 'longer_then'; expected perhaps 'longer_than'",
    ),
    ("rule: bed_exit", "rule: bed_exti", 63, "rule 'bed_exti': rule is 'bed_exti'; expected perhaps 'bed_exit'"),
    (
        "{rule: bed_exit,   id: bed-night",
        "{id: bed-night",
        63,
        (
            "rule 'bed-night': rule is missing; expected one of button, fall, bed_exit, not_up, inactivity, wandering, "
            "door_open, missed_pills, silence"
        ),
    ),
    (
        'between: "22:00-07:00"',
        "between: 22:00",
        63,
        "rule 'bed_exit': between is '22:00'; expected for example 22:00-07:00",
    ),
    (
        'between: "22:00-07:00"',
        "between: 22:00-27:00",
        63,
        "rule 'bed_exit': between: '27:00' is no time of day; expected 00:00 to 24:00",
    ),
    ('by: "10:30"', "by: half past ten", 64, "rule 'not_up': by is 'half past ten'; expected for example 07:30"),
    (
        "id: bed-night",
        "id: button",
        63,
        "rule 'bed_exit': 'button' is in the plan twice; expected an id of its own, for example id: bed_exit-2",
    ),
    ("policy: urgent}", "policy: urgnt}", 61, "rule 'button': policy 'urgnt' is not known; expected perhaps 'urgent'"),
    (
        "device: hub,",
        "device: hubb,",
        69,
        "rule 'silence': device 'hubb' is not in home 'home-0001'; expected perhaps 'hub'",
    ),
    (
        "{rule: door_open, ",
        "{rule: door_open, device: bed-1, ",
        67,
        "rule 'door_open': device 'bed-1' is of kind bed; expected one of kind door",
    ),
    # the plan and the person
    (
        "review: 2026-11-12",
        "review: 2026-09-12",
        59,
        "person 'ada': review 2026-09-12 is before starts 2026-10-01; expected a later day",
    ),
    (
        "born: 1938-04-02",
        "born: 2 April 1938",
        46,
        "person 'ada': born is '2 April 1938'; expected a day, for example 2026-10-01",
    ),
    ("name: Ada Example", "nam: Ada Example", 45, "person 'ada': unknown field 'nam'; expected perhaps 'name'"),
    ("name: Ada Example", "name: ", 44, "person 'ada': name is missing; expected a text"),
    ("name: Ada Example", "name: ' '", 45, "person 'ada': name is ''; expected a name"),
    (
        "name: Ada Example",
        "name: Ada Example\n    home: home-0001",
        48,
        "person 'ada': 'home' is given twice (first on line 46)",
    ),
    (
        "home: home-0001",
        "home: home-0002",
        47,
        "person 'ada': home 'home-0002' is not known; expected perhaps 'home-0001'",
    ),
    (
        "- id: ada",
        "- {id: ada, name: A, home: home-0001}\n  - id: ada",
        45,
        "person 'ada': id 'ada' is given twice; expected once",
    ),
    (
        '"+447700900111"',
        '"07700900111"',
        48,
        "person 'ada': phone is '07700900111'; expected an international number, for example +447700900123",
    ),
    (
        '"+447700900111"',
        '"+44770090"',
        48,
        (
            "person 'ada': phone: '+44770090' cannot be a telephone number; expected an international one, "
            "for example +447700900123"
        ),
    ),
    ("id: neighbour,", "id: daughter,", 53, "contact 'daughter': id 'daughter' is given twice; expected once"),
    (
        "told: [alarms]",
        "told: [alarm]",
        53,
        "contact 'neighbour': an item of told is 'alarm'; expected perhaps 'alarms'",
    ),
    ("covers: [hub, bed", "covers: [hub, no", 54, f"person 'ada': an item of covers is 'no'; expected one of {KINDS}"),
    (
        '"2026-12-27T18:00"',
        '"2026-12-23T18:00"',
        71,
        "absence 1: to '2026-12-23T18:00' is not after from '2026-12-24T10:00'; expected a later time",
    ),
    (
        '"2026-12-27T18:00"',
        "after Christmas",
        71,
        "absence 1: to: 'after Christmas' is no local time; expected for example 2026-12-24T10:00",
    ),
    (
        '"2026-12-27T18:00"',
        '"2026-12-27T18:00Z"',
        71,
        "absence 1: to: '2026-12-27T18:00Z' is no local time; expected for example 2026-12-24T10:00",
    ),
    # homes and devices
    (
        "- id: home-0001",
        "- id: home 1",
        26,
        "home 'home 1': id is 'home 1'; expected an id of 1 to 80 characters with no space and none of / # + $ * >",
    ),
    ("    zone: Europe/London\n    area", "    area", 26, "home 'home-0001': zone is missing; expected a text"),
    (
        "    zone: Europe/London\n    area",
        "    zone: Europe/Londn\n    area",
        28,
        "home 'home-0001': zone: 'Europe/Londn' is no time zone; expected for example Europe/London",
    ),
    ("{id: bed-1,  ", "{id: hub, ", 34, "device 'hub': id 'hub' is given twice; expected once"),
    ("{id: bed-1,  ", "{id: status, ", 34, "device 'status': id 'status' is reserved for a topic; expected another id"),
    (
        "  - id: home-0001\n    address",
        "  - id: _mark\n    address",
        26,
        "home '_mark': id '_mark' is reserved for a topic of the gateway's; expected another id",
    ),
    (
        "kind: motion, room: hall}",
        "kind: motions}",
        36,
        "device 'motion-1': kind is 'motions'; expected perhaps 'motion'",
    ),
    (
        "kind: motion, room: hall}",
        "kind: motion, person: eve}",
        36,
        "device 'motion-1': person 'eve' is not known; expected one of ada",
    ),
    ("exit: true", "exit: yes", 35, "device 'door-1': exit is 'yes'; expected true or false"),
    (
        "worn: waist",
        "worn: belt",
        39,
        "device 'belt-1': worn is 'belt'; expected one of chest, hip, pocket, waist, wrist",
    ),
    (
        "kind: pill,   room: kitchen",
        "kind: pill, dialect: zigbee2mqtt, address: '0x00158d0003e7a1b2'",
        40,
        (
            "device 'pills-1': address '0x00158d0003e7a1b2' is also that of device '0x00158d0003e7a1b2'; "
            "expected one of its own"
        ),
    ),
    # policies and teams
    (
        "notify: operators, repeat: 60m",
        "notify: operators",
        11,
        "policy 'routine': the last step has no repeat; expected for example repeat: 4m",
    ),
    ("notify: contacts}", "notify: contact}", 6, "policy 'urgent': notify is 'contact'; expected perhaps 'contacts'"),
    ("repeat: 4m", "repeat: 0m", 7, "policy 'urgent': repeat is '0m'; expected more than nothing, for example 4m"),
    ("after: 8m", "after: 3m", 7, "policy 'urgent': step 4 comes before step 3; expected steps in order of after"),
    (
        "notify: [operators, rapid_response]",
        "notify: []",
        7,
        "policy 'urgent': step 4 notifies nobody; expected operators, contacts or a team",
    ),
    (
        "  urgent:  ",
        "  empty:\n  urgent:  ",
        3,
        "policy 'empty': has no steps; expected at least one, the last with repeat",
    ),
    (
        "  rapid_response:\n",
        "  contacts:\n",
        14,
        "team 'contacts': 'contacts' cannot be a team's name, as policies mean something else by it; expected another",
    ),
    (
        "who: rrt-nurse",
        "who: rrt-nrse",
        21,
        "shift 1: who is 'rrt-nrse', not a member of the team; expected perhaps 'rrt-nurse'",
    ),
    (
        'every: "mon-fri"',
        "every: weekdays",
        21,
        "shift 1: every: 'weekdays' names no days; expected for example mon-fri, sat or mon,wed,fri",
    ),
    ('from: "08:00"', "from: 8", 21, "shift 1: from is '8'; expected for example 07:30"),
    (
        "zone: Europe/London\n      shifts",
        "zone: London\n      shifts",
        19,
        "team 'rapid_response': zone: 'London' is no time zone; expected for example Europe/London",
    ),
    # the file itself
    ("people:\n", "persons:\n", 43, "unknown field 'persons'; expected one of homes, people, policies, teams"),
    (
        "Lives alone.",
        "Lives: alone.",
        49,
        (
            "this is not YAML (mapping values are not allowed in this context); "
            "expected quotes around a text that holds a colon"
        ),
    ),
    (
        "        - {rule: fall, ",
        "       - {rule: fall, ",
        62,
        (
            "this is not YAML (did not find expected key, while parsing a block mapping that begins on line 56); "
            "expected names and lists, evenly indented"
        ),
    ),
    (
        "review: 2026-11-12",
        "review: !!python/name:os.system",
        59,
        "person 'ada': 'tag:yaml.org,2002:python/name:os.system' is a YAML tag; expected a plain value",
    ),
    (
        "consent: {",
        "consent: &c {covers: *c, ",
        54,
        "person 'ada': 'covers' holds itself through an alias; expected plain values",
    ),
]


@pytest.mark.parametrize(("good", "bad", "line", "said"), MISTAKES, ids=[bad.strip() for _, bad, _, _ in MISTAKES])
def test_a_mistake_is_named_with_its_line_and_what_was_expected(good: str, bad: str, line: int, said: str) -> None:
    text = EXAMPLE.read_text()
    assert good in text
    with pytest.raises(PeopleFileError) as error:
        parse(text.replace(good, bad, 1), "people.yaml")
    assert str(error.value) == f"people.yaml, line {line}: {said}. Nothing was loaded."


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
