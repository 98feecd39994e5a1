"""What each role may do. Every route names the permission it needs; the API enforces what the pages only hide."""

from typing import Literal

from schema.alarms import Role

Permission = Literal["see_alarms", "act", "see_people", "see_messages", "see_equipment"]

MAY: dict[Role, frozenset[Permission]] = {
    "operator": frozenset({"see_alarms", "act", "see_people", "see_messages", "see_equipment"}),
    "supervisor": frozenset({"see_alarms", "act", "see_people", "see_messages", "see_equipment"}),
    "responder": frozenset({"see_alarms", "see_people"}),
    "care_team": frozenset({"see_alarms", "see_people"}),
    "installer": frozenset({"see_equipment"}),
    "administrator": frozenset({"see_equipment"}),  # runs the service; the people in it are no business of theirs
}
WHAT: dict[Permission, str] = {
    "see_alarms": "see alarms",
    "act": "act on alarms",
    "see_people": "see people's records",
    "see_messages": "see messages",
    "see_equipment": "see equipment",
}
