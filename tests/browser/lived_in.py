"""A night at the desk: the alarms that the browser's tests and the screenshots look at."""

from tests.unit.console.house import House, minutes, seen

TICK = "select * from log_append('tick', null, '\\x90')"


async def a_night(house: House) -> dict[str, int]:
    """Let a night happen; return the alarms by name."""
    now = house.clock.now()
    night = {
        "wandering": await house.finding(
            "night", "henry", "home-henry",
            "Went out by the hall door 16 min ago and has not come back",
            age=minutes(6),
            evidence=[seen(now - minutes(16), "door-1", "hall", "door open"),
                      seen(now - minutes(15.8), "door-1", "hall", "door closed")],
        ),
        "pills": await house.finding(
            "pills", "ken", "home-couple", "Pill box not opened between 08:00 and 10:00",
            priority="routine", policy="routine", age=minutes(75),
        ),
        "hub": await house.finding(
            "technical", "home-ada", "home-ada",
            "Nothing heard from the hub for 30 min: what happens in the home cannot be seen",
            priority="routine", policy="routine", age=minutes(31), late_by=minutes(4),
        ),
        "fall": await house.finding(
            "fall", "walter", "home-walter", "Fall seen in the bathroom, not up again after 30 s",
            priority="life", age=minutes(3), test=True,
            evidence=[seen(now - minutes(3), "fall-1", "bathroom", "fall fallen")],
        ),
        "bed": await house.finding(
            "bed", "ada", "home-ada", "Left bed 22 min ago, last seen in the hall 19 min ago; bathroom sensor live",
            age=minutes(2), rule="bed-night",
            evidence=[seen(now - minutes(22), "bed-1", "bedroom", "bed out"),
                      seen(now - minutes(19), "motion-1", "hall", "motion detected")],
        ),
        "press": await house.press(age=minutes(0.7)),
    }  # fmt: skip
    async with house.program("sam") as sam:
        await sam.post(f"/api/alarms/{night['fall']}/acknowledge")
    await _equipment(house)
    await _coverage(house)
    return night


async def _coverage(house: House) -> None:
    """Let the bed mat be silent since three hours ago, and let hub, broker and a sensor have been away before."""
    await house.do(
        "insert into coverage_progress (position, looked_at, begun_at) values (1, now(), now() - '20 hours'::interval)"
    )
    gap = (
        "insert into coverage_gaps (what, home, device, cause, began, ended)"
        " values (%s, %s, (select number from devices where home = 'home-ada' and id = %s), %s,"
        " now() - %s::interval, now() - %s::interval)"
    )
    for what, home, device, cause, began, ended in (
        ("device", "home-ada", "bed-1", "device", "3 hours", None),
        ("device", "home-ada", "motion-2", "device", "14 hours", "11 hours"),
        ("home", "home-ada", None, "hub", "9 hours", "7 hours"),
        ("listening", None, None, "broker", "5 hours", "290 minutes"),
        ("watching", None, None, "monitor", "17 hours", "1019 minutes"),
    ):
        await house.do(gap, what, home, device, cause, began, ended)


async def _equipment(house: House) -> None:
    await house.rows(TICK)
    sighting = "insert into device_sightings select number, now() - %s::interval, %s, %s from devices where kind = %s"
    for ago, battery, signal, kind in (
        ("2 minutes", 0.83, -67, "motion"), ("40 hours", 0.12, -91, "door"), ("20 seconds", 1.0, -40, "hub"),
        ("5 hours", 0.64, -72, "button"), ("8 minutes", 0.71, -70, "bed"),
    ):  # fmt: skip
        await house.do(sighting, ago, battery, signal, kind)
    await house.do(
        "insert into rejected_messages (received_at, topic, home, device, reason, payload, size)"
        " values (now(), 'homes/home-ada/belt-9', 'home-ada', 'belt-9', %s, %s, 41)",
        "Device 'belt-9' is not registered to home 'home-ada'; register it, and what it sent today is read.",
        b'{"kind": "motion", "value": "detected"}',
    )
    await house.do("update notifications set state = 'not_sent', reason = 'no Twilio account' where state = 'waiting'")
