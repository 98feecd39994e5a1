"""Where the soak takes place: so many homes of one person each, their plans, and teams that are told by SMS.

Plans hold short limits for what `life` lets happen now and then (a door left open, a sensor that falls silent), so
that findings are raised and cleared all the time, and usual limits for the rest.
"""

from schema.people_file import PeopleFile, parse

TEAMS = 20
MOTIONS = 4
QUIET = 5
"""Homes of which little is heard, so that what a person's timeline holds is soon as much as it will ever be."""

_HOME = """
  - id: soak-{n}
    zone: Europe/London
    devices:
      - {{id: hub, kind: hub}}
      - {{id: pendant-1, kind: button}}
      - {{id: fall-1, kind: fall, room: hall}}
      - {{id: bed-1, kind: bed, room: bedroom}}
      - {{id: chair-1, kind: chair, room: living room}}
      - {{id: door-1, kind: door, room: hall, exit: true}}
      - {{id: motion-1, kind: motion, room: hall}}
      - {{id: motion-2, kind: motion, room: kitchen}}
      - {{id: motion-3, kind: motion, room: bathroom}}
      - {{id: motion-4, kind: motion, room: bedroom}}
"""
_PERSON = """
  - id: person-{n}
    name: Resident {n}
    home: soak-{n}
    contacts:
      - {{id: daughter, name: Daughter of {n}, phone: "+447700900{phone:03}", channels: [sms]}}
    care_plan:
      rules:
        - {{rule: button, policy: soak-{team}}}
        - {{rule: fall, policy: soak-{team}}}
        - {{rule: bed_exit, between: "22:00-07:00", longer_than: 20m}}
        - {{rule: inactivity, between: "07:00-22:00", longer_than: 4h}}
        - {{rule: wandering, between: "22:00-06:00", longer_than: 10m}}
        - {{rule: door_open, longer_than: 60s, policy: soak-{team}}}
        - {{rule: silence, device: motion-4, longer_than: 2m}}
        - {{rule: silence, device: hub, longer_than: 30m}}
"""
_QUIET_HOME = """
  - id: quiet-{n}
    zone: Europe/London
    devices:
      - {{id: motion-1, kind: motion, room: hall}}
"""
_QUIET_PERSON = """
  - id: quiet-person-{n}
    name: Quiet Resident {n}
    home: quiet-{n}
    care_plan:
      rules:
        - {{rule: inactivity, between: "07:00-22:00", longer_than: 4h}}
"""
_POLICY = """
  soak-{team}:
    - {{after: 0s, notify: [operators, team-{team}]}}
    - {{after: 60s, notify: contacts}}
    - {{after: 5m, notify: operators, repeat: 5m}}
"""
_TEAM = """
  team-{team}:
    members:
      - {{id: warden-{team}, name: Warden {team}, phone: "+447700900{phone:03}", channels: [sms]}}
"""


def estate(homes: int) -> PeopleFile:
    """Return the people file of the soak."""
    parts = [
        "policies:",
        *(_POLICY.format(team=team) for team in range(TEAMS)),
        "teams:",
        *(_TEAM.format(team=team, phone=team) for team in range(TEAMS)),
        "homes:",
        *(_HOME.format(n=n) for n in range(homes)),
        *(_QUIET_HOME.format(n=n) for n in range(QUIET)),
        "people:",
        *(_QUIET_PERSON.format(n=n) for n in range(QUIET)),
        *(_PERSON.format(n=n, team=n % TEAMS, phone=TEAMS + n % (1000 - TEAMS)) for n in range(homes)),
    ]
    return parse("\n".join(parts), "soak.yaml")
