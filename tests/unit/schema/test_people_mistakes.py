"""A mistake in a people file is named with its line and what was expected there, and nothing is loaded.

The mistakes go from what a rule says, through people, teams and homes, to what is no YAML.
"""

from pathlib import Path

import pytest

from schema.people_file import PeopleFileError, parse

EXAMPLE = Path(__file__).with_name("people.yaml")

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
            "rule 'bed-night': rule is missing; expected one of button, fall, impact, bed_exit, not_up, inactivity, "
            "absence, wandering, door_open, missed_pills, silence, not_in_bed, not_home, long_stay, restless_night, "
            "repeated_falls, environment, wet_bed, visit_missed, battery, power, tamper"
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
    # what the later rules say
    (
        '{rule: missed_pills, between: "08:00-10:00", policy: routine}',
        "{rule: restless_night, more_than: often}",
        68,
        "rule 'restless_night': more_than is 'often'; expected a whole number, for example 4",
    ),
    (
        '{rule: missed_pills, between: "08:00-10:00", policy: routine}',
        "{rule: restless_night, more_than: 0}",
        68,
        "rule 'restless_night': more_than is 0; expected a whole number, for example 4",
    ),
    (
        '{rule: missed_pills, between: "08:00-10:00", policy: routine}',
        "{rule: repeated_falls, times: 2, within: fortnight}",
        68,
        "rule 'repeated_falls': within is 'fortnight'; expected for example 30s, 20m, 4h or 2d",
    ),
    (
        '{rule: missed_pills, between: "08:00-10:00", policy: routine}',
        "{rule: battery, below: low}",
        68,
        "rule 'battery': below is 'low'; expected for example 20%",
    ),
    (
        '{rule: missed_pills, between: "08:00-10:00", policy: routine}',
        "{rule: not_home}",
        68,
        "rule 'not_home': neither by nor longer_than is given; expected for example by: 22:00",
    ),
    (
        '{rule: missed_pills, between: "08:00-10:00", policy: routine}',
        "{rule: not_home, by: late}",
        68,
        "rule 'not_home': by is 'late'; expected for example 07:30",
    ),
    (
        '{rule: missed_pills, between: "08:00-10:00", policy: routine}',
        '{rule: not_in_bed, until: "25:00"}',
        68,
        "rule 'not_in_bed': until: '25:00' is no time of day; expected 00:00 to 24:00",
    ),
    (
        '{rule: missed_pills, between: "08:00-10:00", policy: routine}',
        "{rule: visit_missed, days: weekdays}",
        68,
        "rule 'visit_missed': days is 'weekdays'; expected days of the week, for example mon-fri or mon,wed,fri",
    ),
    (
        '{rule: missed_pills, between: "08:00-10:00", policy: routine}',
        "{rule: visit_missed, days: mon-xyz}",
        68,
        "rule 'visit_missed': days: 'mon-xyz' names no days; expected for example mon-fri, sat or mon,wed,fri",
    ),
    (
        '{rule: missed_pills, between: "08:00-10:00", policy: routine}',
        "{rule: environment, device: bed-1}",
        68,
        "rule 'environment': device 'bed-1' is of kind bed; expected one of kind smoke or gas or water or cold or heat",
    ),
    (
        '{rule: missed_pills, between: "08:00-10:00", policy: routine}',
        "{rule: long_stay, rooom: bathroom}",
        68,
        "rule 'long_stay': unknown field 'rooom'; expected perhaps 'room'",
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
