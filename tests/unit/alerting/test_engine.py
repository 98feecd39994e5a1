"""From a finding to somebody's telephone, on the real engine, outbox and database."""

from pathlib import Path

import pytest

from alerting import desk
from schema.instants import HOUR, MINUTE, SECOND
from tests.unit.alerting.house import House


async def test_an_unanswered_press_walks_from_the_desk_to_the_team_to_the_contacts_one_by_one(house: House) -> None:
    number = await house.press()
    await house.at(10 * MINUTE)
    assert house.phones.told() == [
        (60, "social worker"),
        (240, "daughter"),
        (300, "neighbour"),
        (480, "social worker"),
    ]
    steps = [line.text for line in (await house.whole(number)).journal if line.action == "step"]
    assert steps == [
        "Step 1 of 4, 0 s after raising: told the desk.",
        "Step 2 of 4, 60 s after raising: told rrt-social-worker by SMS.",
        "Step 3 of 4, 4 min after raising: told daughter by SMS, neighbour by SMS.",
        "Step 4 of 4, 8 min after raising: told the desk, rrt-social-worker by SMS.",
    ]


async def test_the_last_step_repeats_until_somebody_acknowledges_and_then_no_more(house: House) -> None:
    number = await house.press()
    await house.at(17 * MINUTE)
    repeats = [at for at, who in house.phones.told() if who == "social worker"]
    assert repeats == [60, 480, 720, 960]
    await house.acknowledge(number)
    await house.at(2 * HOUR)
    assert [at for at, who in house.phones.told() if who == "social worker"] == repeats


async def test_the_desk_is_told_in_the_moment_of_the_press(house: House) -> None:
    number = await house.press()
    whole = await house.whole(number)
    (notification,) = whole.notifications
    assert (notification.recipient, notification.channel, notification.state) == ("operators", "console", "delivered")
    assert notification.body == f"Life alarm {number} (pendant pressed), waiting since 02:14."


async def test_what_waits_its_turn_is_withdrawn_when_somebody_takes_the_alarm(house: House) -> None:
    number = await house.press()
    await house.at(4 * MINUTE)
    await house.acknowledge(number)
    assert (await house.states())["neighbour"] == "withdrawn"  # now, not only when their turn comes
    await house.at(HOUR)
    assert [who for _, who in house.phones.told()] == ["social worker", "daughter"]
    assert (await house.states())["neighbour"] == "withdrawn"


async def test_a_step_missed_while_we_were_down_runs_at_once_and_each_telephone_rings_once(house: House) -> None:
    await house.finds("button", run=False)
    house.clock.at += 9 * MINUTE
    await house.run()
    assert house.phones.told() == [(540, "social worker"), (540, "daughter")]
    await house.at(10 * MINUTE)
    assert house.phones.told()[2:] == [(600, "neighbour")]


async def test_a_released_alarm_resumes_at_the_step_now_due(house: House) -> None:
    number = await house.press()
    await house.acknowledge(number)
    house.clock.at += 5 * MINUTE
    async with house.at_the_desk() as connection:
        await desk.release(connection, number, "olga", house.clock.now(), "my shift ends")
    assert [who for _, who in house.phones.told()] == ["social worker", "daughter"]
    whole = await house.whole(number)
    assert (whole.state, whole.owner) == ("raised", None)
    assert whole.due_at == "2026-11-22T02:22:00.000Z"


async def test_a_test_by_the_installer_is_at_the_desk_at_once_and_rings_nobody(house: House) -> None:
    await house.finds("button", test=True)
    await house.at(HOUR)
    assert house.phones.texts == []
    whole = await house.whole(1)
    assert whole.test
    assert whole.due_at is not None
    assert "An installer is testing" in next(line.text for line in whole.journal if line.action == "step")


async def test_a_press_in_earnest_during_a_test_rings_everybody(house: House) -> None:
    await house.finds("button", test=True)
    house.clock.at += 2 * MINUTE
    await house.finds("button")
    assert not (await house.whole(1)).test
    assert [who for _, who in house.phones.told()] == ["social worker"]


async def test_a_notice_pages_nobody(house: House) -> None:
    await house.finds("technical", priority="notice", policy="urgent")
    await house.at(2 * HOUR)
    assert house.phones.texts == []


async def test_quiet_hours_hold_back_equipment_and_never_the_person(house: House) -> None:
    await house.finds("technical", policy="routine", priority="routine")
    await house.at(7 * HOUR)  # 09:14
    told = [(at, who) for at, who in house.phones.told() if who == "neighbour"]
    assert told == [((4 * 60 + 46) * 60, "neighbour")]  # 07:00, when their quiet hours end
    assert (1800, "daughter") in house.phones.told()


async def test_a_policy_that_is_gone_gives_way_to_the_services_own(house: House) -> None:
    await house.finds("button", policy="forgotten")
    await house.at(3 * MINUTE)
    assert [who for _, who in house.phones.told()] == ["daughter", "neighbour"]
    assert "no policy called 'forgotten'" in (await house.whole(1)).journal[1].text


@pytest.mark.parametrize("steps", ["[]", '[{"after": "soon"}]', "null", '{"a": 1}'])
async def test_a_policy_nobody_can_read_strands_no_alarm(house: House, steps: str) -> None:
    await house.do("update policies set steps = %s::jsonb where name = 'urgent'", steps)
    await house.press()
    await house.at(3 * MINUTE)
    assert [who for _, who in house.phones.told()] == ["daughter", "neighbour"]


@pytest.mark.parametrize("rota", ['{"zone": "Mars/Olympus"}', '{"shifts": [{"who": 7}]}', "[]"])
async def test_a_rota_nobody_can_read_means_that_all_are_on_duty(house: House, rota: str) -> None:
    await house.do("update teams set rota = %s::jsonb", rota)
    await house.press()
    await house.at(60 * SECOND)
    told = [who for _, who in house.phones.told()]
    assert told in (["nurse", "social worker"], ["daughter"])


async def test_a_fault_of_ours_in_one_alarm_stops_no_other_and_is_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alerting import walk  # noqa: PLC0415 - the one place where this fault can be put

    sound = walk.step

    def faulty(state, stimulus, plan):  # noqa: ANN001, ANN202 - stands in for `step`
        if len(plan.roster.contacts) == 2 and house.clock.now() < house.clock.at + 1 and faults:
            faults.pop()
            raise KeyError("a fault of ours")
        return sound(state, stimulus, plan)

    faults = [1, 2]  # it is met again when what it undid is done again, each finding by itself
    monkeypatch.setattr(walk, "step", faulty)
    await house.finds("button", run=False)
    await house.finds("fall", run=False)
    await house.run()
    numbers = [row[0] for row in await house.rows("select id from alarms order by id")]
    first, second = [await house.whole(number) for number in numbers]
    failed = [line for whole in (first, second) for line in whole.journal if line.action == "step_failed"]
    assert len(failed) == 1
    assert {whole.due_at for whole in (first, second)} == {"2026-11-22T02:14:10.000Z", "2026-11-22T02:15:00.000Z"}
    await house.advance(10 * SECOND)
    for number in numbers:
        assert "step" in await house.actions(number)


async def test_one_alarm_gets_through_while_many_others_repeat(house: House) -> None:
    kinds = ("bed", "inactivity", "door", "pills", "night", "environment", "technical")
    for kind in kinds:
        await house.finds(kind, run=False)
    await house.run()
    await house.at(20 * MINUTE)
    house.phones.texts.clear()
    house.clock.at += 10 * SECOND
    await house.finds("button", raised_at=house.clock.now() - 60 * SECOND)
    first = house.phones.texts[0]
    assert "pendant pressed" in first.message.body


async def test_a_deleted_member_and_a_team_without_members_strand_nothing(house: House, tmp_path: Path) -> None:
    await house.do("delete from team_members")
    await house.press()
    await house.at(60 * SECOND)
    assert [who for _, who in house.phones.told()] == ["daughter"]
    passed = [line.text for line in (await house.whole(1)).journal if line.action == "passed_over"]
    assert passed == ["Passed over rapid_response (step 2): it has no members."]
