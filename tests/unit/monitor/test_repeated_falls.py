"""`repeated_falls`: so many falls in so many days, a notice beside each fall's own alarm."""

from datetime import date

from schema.instants import DAY, HOUR
from tests.unit.monitor.story import Story, watch_of

OFTEN = {"rule": "repeated_falls", "times": 2, "within": "14d"}


def notices(story: Story) -> list[str]:
    return [each for each in story.told if each.endswith("repeated_falls")]


def life(**watch: object) -> Story:
    return Story(watch_of(OFTEN, **watch), "12:00")  # type: ignore[arg-type]


def test_a_second_fall_within_a_fortnight_is_a_notice_and_time_ends_it() -> None:
    story = life().at("14:00", "fall-1 fallen").at("2026-11-29 09:00", "fall-1 fallen")
    assert notices(story) == ["09:00 raised repeated_falls"]
    finding = next(each.finding for each in story.said if each.finding.rule == "repeated_falls")
    assert (finding.kind, finding.priority) == ("fall", "notice")
    assert finding.reason == "2 falls in 14 days: 22 Nov 14:00, 29 Nov 09:00"
    assert notices(story.until("2026-12-06 14:01"))[1:] == ["14:00 cleared repeated_falls"]


def test_falls_a_fortnight_apart_are_no_notice() -> None:
    assert notices(life().at("14:00", "fall-1 fallen").at("2026-12-06 14:00", "fall-1 fallen")) == []


def test_one_fall_told_again_and_again_is_one() -> None:
    story = (
        life().at("14:00", "fall-1 fallen", "fall-1 fallen").at("14:05", "fall-1 fallen").at("14:09", "fall-1 maybe")
    )
    assert notices(story.until("15:00")) == []


def test_what_its_sensor_took_back_and_what_an_installer_tried_is_no_fall() -> None:
    story = life().at("14:00", "fall-1 fallen").at("14:00:20", "fall-1 recovered").at("18:00", "fall-1 fallen")
    assert notices(story) == []
    tried = life()
    tried.goes_by(watch_of(OFTEN, test_until=tried.now + HOUR))
    assert notices(tried.at("12:10", "fall-1 fallen").at("12:30", "fall-1 fallen").at("14:00", "fall-1 fallen")) == []


def test_a_fall_told_late_counts_at_its_time() -> None:
    story = life().at("14:00", "fall-1 fallen").at("18:00").bring("fall-1 fallen", seen="10:00")
    assert notices(story) == ["18:00 raised repeated_falls"]


def test_closed_it_waits_for_another_fall() -> None:
    story = life().at("14:00", "fall-1 fallen").at("16:00", "fall-1 fallen").closes("17:00").until("20:00")
    assert notices(story) == ["16:00 raised repeated_falls"]
    assert notices(story.at("21:00", "fall-1 fallen"))[1:] == ["21:00 raised repeated_falls"]


def test_an_edit_that_makes_enough_of_what_was_few_is_heeded() -> None:
    story = Story(watch_of({**OFTEN, "times": 3}), "12:00", date(2026, 11, 22))
    story.at("14:00", "fall-1 fallen").at("16:00", "fall-1 fallen").until("18:00")
    assert notices(story) == []
    story.goes_by(watch_of(OFTEN)).until("18:01")
    assert len(notices(story)) == 1
    assert story.state.wake_at is None or story.state.wake_at > story.now - DAY
