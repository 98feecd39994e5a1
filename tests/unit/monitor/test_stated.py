"""Rules about what devices say until they say otherwise: `environment`, `wet_bed`, `power`, `tamper`, `battery`."""

from datetime import date

import pytest

from monitor.quiet import taken_quietly
from schema.entries import ReadingEntry
from schema.instants import HOUR, MINUTE
from schema.people import Consent, Device
from tests.unit.monitor.story import DEVICES, Story, watch_of

HOME = (
    *DEVICES,
    Device(id="smoke-1", kind="smoke", room="kitchen"),
    Device(id="smoke-2", kind="smoke", room="hall"),
    Device(id="leak", kind="water", room="bathroom"),
    Device(id="sheet", kind="moisture", room="bedroom"),
    Device(id="mains", kind="power"),
    Device(id="cover", kind="tamper", room="hall"),
)
NUMBER = {device.id: number for number, device in enumerate(HOME, 1)}
DANGER = {"rule": "environment", "policy": "urgent"}
WET = {"rule": "wet_bed", "longer_than": "2m"}
POWER = {"rule": "power", "longer_than": "15m"}
TAMPER = {"rule": "tamper", "longer_than": "1m"}
LOW = {"rule": "battery", "below": "20%", "longer_than": "12h"}


def home(*rules: dict[str, str], start: str = "12:00", **watch: object) -> Story:
    return Story(watch_of(*rules, devices=HOME, **watch), start)  # type: ignore[arg-type]


# environment ------------------------------------------------------------------------------------------------


def test_smoke_is_raised_at_its_reading_and_is_a_matter_of_life_whatever_the_plan_says() -> None:
    story = home({**DANGER, "priority": "routine"}).at("12:30", "smoke-1 alarm")
    assert story.told == ["12:30 raised environment"]
    finding = story.last.finding
    assert (finding.kind, finding.priority, finding.device, finding.policy) == (
        "environment", "life", "smoke-1", "urgent",
    )  # fmt: skip
    assert finding.reason.startswith("smoke in the kitchen (smoke-1) since 12:30")
    assert [(each.device, each.value) for each in finding.evidence] == [("smoke-1", "alarm")]


def test_water_takes_the_plans_priority_and_has_a_finding_beside_smoke() -> None:
    story = home({**DANGER, "priority": "routine"}).at("12:30", "smoke-1 alarm", "leak alarm")
    assert [(each.finding.priority, each.finding.device) for each in story.said] == [
        ("life", "smoke-1"), ("routine", "leak"),
    ]  # fmt: skip
    assert len({each.finding.id for each in story.said}) == 2


def test_a_detector_that_says_so_when_first_heard_counts_though_retained() -> None:
    assert home(DANGER).at("12:30", "smoke-1 alarm", retained=True).told == ["12:30 raised environment"]


def test_a_second_detector_joins_and_it_ends_a_minute_after_the_last_is_clear() -> None:
    story = home(DANGER).at("12:30", "smoke-1 alarm").at("12:31", "smoke-2 alarm").at("12:40", "smoke-1 clear")
    story.at("12:45", "smoke-2 clear").until("12:50")
    assert story.told[0] == "12:30 raised environment"
    assert story.told[-1] == "12:46 cleared environment"
    assert {each.change for each in story.said[1:-1]} == {"updated"}
    assert "smoke-2" in story.said[1].finding.reason


def test_a_detector_that_chatters_is_one_finding() -> None:
    story = home(DANGER).at("12:30", "leak alarm")
    for minute in range(31, 41):
        story.at(f"12:{minute}", "leak clear").at(f"12:{minute}:20", "leak alarm")
    assert [each.change for each in story.until("12:59").said] == ["raised"]


def test_nothing_holds_danger_back_and_nothing_need_ask_for_it() -> None:
    away = (("2026-11-20T10:00", "2026-11-27T18:00"),)
    story = home(absences=away, consent=Consent(covers=("hub",))).at("12:30", "smoke-1 alarm")
    assert story.told == ["12:30 raised environment"]


def test_a_home_without_detectors_has_no_rule_about_them() -> None:
    assert "environment" not in {rule.name for rule in watch_of().rules}


def test_closed_while_it_goes_on_it_is_said_again_after_a_quarter_of_an_hour() -> None:
    story = home(DANGER).at("12:30", "leak alarm").closes("12:35").until("13:20")
    assert story.told == ["12:30 raised environment", "12:50 raised environment"]


def test_late_and_reordered_words_of_a_detector() -> None:
    story = home(DANGER).at("12:30", "smoke-1 clear")
    assert story.bring("smoke-1 alarm", seen="12:20").until("13:00").said == []
    story.at("14:00").bring("smoke-1 alarm", seen="13:30")
    assert story.last.finding.late_by == 30 * MINUTE


def test_smoke_behind_a_backlog_waits_for_no_tick() -> None:
    story = home(DANGER)
    story.now += HOUR
    assert story.bring("smoke-1 alarm").told == ["13:00 raised environment"]


# wet_bed, power, tamper -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "bad", "good", "raised", "kind"),
    [
        (WET, "sheet wet", "sheet dry", "02:16", "bed"),
        (POWER, "mains battery", "mains mains", "02:29", "technical"),
        (TAMPER, "cover open", "cover closed", "02:15", "technical"),
    ],
)
def test_what_lasts_too_long_is_said_and_ends_a_minute_after_it_is_over(
    rule: dict[str, str], bad: str, good: str, raised: str, kind: str
) -> None:
    story = home(rule, start="22:00").at("02:14", bad).until("02:40").at("03:00", good).until("03:10")
    assert story.told == [f"{raised} raised {rule['rule']}", f"03:01 cleared {rule['rule']}"]
    assert story.said[0].finding.kind == kind
    again = home(rule, start="22:00").at("02:14", bad).at("02:14:50", good).until("05:00")
    assert again.said == []


@pytest.mark.parametrize("rule", [WET, POWER, TAMPER])
def test_so_already_when_the_rule_begins_counts(rule: dict[str, str]) -> None:
    story = home().at("12:10", "sheet wet", "mains battery", "cover open").until("13:00")
    assert story.said == []
    story.goes_by(watch_of(rule, devices=HOME)).until("13:01")
    assert [each.finding.rule for each in story.said] == [rule["rule"]]


def test_a_wet_mat_that_consent_does_not_cover_or_whose_person_is_away_is_nobodys() -> None:
    assert home(WET, consent=Consent(covers=("bed", "hub"))).at("12:10", "sheet wet").until("14:00").said == []
    away = (("2026-11-22T10:00", "2026-11-22T18:00"),)
    assert home(WET, absences=away).at("12:10", "sheet wet").until("17:00").said == []


def test_a_wet_bed_is_told_in_the_night_the_clock_goes_back() -> None:
    story = Story(watch_of({**WET, "between": "22:00-07:00"}, devices=HOME), "23:00", date(2026, 10, 24))
    story.until("2026-10-25 01:59").bring("sheet wet").until_instant(story.now + 3 * MINUTE)
    assert [each.change for each in story.said] == ["raised"]
    assert home({**WET, "between": "22:00-07:00"}).at("12:30", "sheet wet").until("21:00").said == []


def test_a_lost_home_takes_nothing_back() -> None:
    story = home(POWER).at("12:10", "mains battery").at("12:20", "hub offline").until("14:00")
    assert story.told == ["12:25 raised power"]


# battery ----------------------------------------------------------------------------------------------------


def test_a_battery_low_for_long_enough_is_said_once_with_its_charge() -> None:
    story = home(LOW).at("12:10", "motion-1 detected", battery=0.18).at("20:00", "motion-1 detected", battery=0.17)
    story.until("2026-11-23 01:00")
    assert story.told == ["00:10 raised battery"]
    assert story.last.finding.reason == "battery of motion-1 in the hall at 18 %, low since 12:10, for 12 h"


def test_a_cold_night_is_no_low_battery_and_a_warm_hour_no_new_one() -> None:
    story = home(LOW).at("12:10", "motion-1 detected", battery=0.19).at("20:00", "motion-1 detected", battery=0.31)
    assert story.until("2026-11-23 09:00").said == []
    story = home(LOW).at("12:10", "motion-1 detected", battery=0.19).at("20:00", "motion-1 detected", battery=0.25)
    assert story.until("2026-11-23 09:00").told == ["00:10 raised battery"]
    assert story.at("09:10", "motion-1 clear", battery=0.95).told[-1] == "09:10 cleared battery"


def test_a_second_low_battery_joins() -> None:
    story = home(LOW).at("12:10", "motion-1 detected", battery=0.1).until("2026-11-23 01:00")
    story.at("09:00", "door-1 closed", battery=0.05)
    assert story.told == ["00:10 raised battery", "09:00 updated battery"]
    assert "door-1" in story.last.finding.reason


def test_a_device_with_its_own_limit_goes_by_it() -> None:
    own = {**LOW, "device": "motion-1", "below": "50%", "longer_than": "1h", "id": "battery-hall"}
    story = home(LOW, own).at("12:10", "motion-1 detected", "motion-2 detected", battery=0.4).until("18:00")
    assert story.told == ["13:10 raised battery-hall"]


@pytest.mark.parametrize(("charge", "quiet"), [(None, True), (0.9, True), (0.2, True), (0.19, False)])
def test_only_a_low_battery_costs_a_reading_the_short_way(charge: float | None, *, quiet: bool) -> None:
    story = home(LOW).at("12:10", "motion-1 alive", "motion-2 alive", "motion-2 detected", battery=0.9)
    entry = ReadingEntry(NUMBER["motion-1"], "motion", "detected", story.now + MINUTE, story.now, 99, battery=charge)
    assert taken_quietly(story.state, entry, entry.device, story.now, story.watch) == quiet


def test_while_a_battery_is_low_the_other_devices_readings_go_the_short_way() -> None:
    story = home(LOW).at("12:10", "motion-1 detected", "motion-2 detected", battery=0.1).until("2026-11-23 01:00")
    story.at("01:10", "motion-3 alive", "motion-3 detected")
    entry = ReadingEntry(NUMBER["motion-3"], "motion", "detected", story.now + MINUTE, story.now, 99, battery=0.8)
    assert story.running()
    assert taken_quietly(story.state, entry, entry.device, story.now, story.watch)


def test_a_device_taken_out_of_the_home_is_no_longer_low() -> None:
    story = home(LOW).at("12:10", "cover closed", battery=0.1).until("2026-11-23 01:00")
    story.goes_by(watch_of(LOW, devices=HOME[:-1])).until("01:10")
    assert [each.change for each in story.said] == ["raised", "cleared"]
