"""Equipment, for installers: what was last heard of each device, and what arrived and was no reading."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from alerting.console import equipment
from alerting.console.visit import SeeingEquipment

router = APIRouter()


@router.get("/equipment")
async def equipment_page(visit: SeeingEquipment, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Show devices, what needs a hand first, and rejected messages, newest first."""
    values = {
        "devices": await equipment.devices(visit.connection, q),
        "rejected": await equipment.rejected(visit.connection),
        "not_kept": await equipment.not_kept(visit.connection, visit.now),
        "q": q,
        "most": equipment.MOST_DEVICES,
    }
    return visit.page("equipment.html", values=values)
