"""`not_in_bed`: not been to bed by the time, whatever the clock on the wall does that night."""

from datetime import date

from tests.unit.monitor.story import Story, watch_of

LATE = {"rule": "not_in_bed", "by": "23:30", "longer_than": "30m"}


def evening(**watch: object) -> Story:
    story = Story(watch_of(LATE, **watch), "18:00")  # type: ignore[arg-type]
    return story.at("18:10", "bed-1 out", "door-1 closed", "motion-1 detected").at("22:50", "motion-2 detected")


def test_who_is_still_up_half_an_hour_later_is_told_of_and_bed_ends_it() -> None:
    story = evening().until("00:30").at("00:40", "bed-1 in")
    assert story.told == ["00:00 raised not_in_bed", "00:40 cleared not_in_bed"]
    finding = story.said[0].finding
    assert (finding.kind, finding.priority) == ("bed", "routine")
    assert finding.reason.startswith("not in bed 30 min after 23:30")
    assert finding.onset == story.time("2026-11-22 23:30")


def test_who_is_in_bed_or_goes_in_time_is_not() -> None:
    assert evening().at("23:10", "bed-1 in").until("09:00").said == []
    assert evening().at("23:55", "bed-1 in").until("05:30").said == []


def test_who_leaves_bed_in_the_night_is_another_rules_business() -> None:
    story = evening().at("22:55", "bed-1 in").at("23:28", "bed-1 out").at("23:35", "bed-1 in")
    assert story.at("02:00", "bed-1 out").until("04:59").said == []


def test_a_touch_of_the_bed_is_not_going_to_bed() -> None:
    story = evening().at("23:40", "bed-1 in").at("23:40:20", "bed-1 out").until("01:00")
    assert story.told == ["00:00 raised not_in_bed"]


def test_a_mat_that_sticks_is_not_believed_against_the_kitchen() -> None:
    story = evening().at("23:00", "bed-1 in").at("23:20", "motion-1 detected").until("00:30")
    assert story.told == ["00:00 raised not_in_bed"]


def test_who_is_out_or_away_is_not_asked_after_here() -> None:
    assert evening().at("23:00", "door-1 open").at("23:00:05", "door-1 closed").until("05:00").said == []
    away = (("2026-11-22T10:00", "2026-11-23T18:00"),)
    assert evening(absences=away).until("05:00").said == []


def test_who_comes_home_late_has_as_long_as_everybody() -> None:
    story = evening().at("23:00", "door-1 open").at("23:00:05", "door-1 closed").at("00:30", "door-1 open")
    story.at("00:30:05", "door-1 closed").at("00:31", "motion-2 detected").until("01:30")
    assert story.told == ["01:00 raised not_in_bed"]


def test_the_night_ends_it_and_every_night_is_new() -> None:
    story = evening().at("23:45", "motion-1 detected").until("2026-11-24 00:30")
    assert story.told == ["00:00 raised not_in_bed", "05:00 cleared not_in_bed", "00:00 raised not_in_bed"]


def test_a_home_that_is_cut_off_is_not_called_up() -> None:
    story = evening().at("23:00", "hub offline").until("01:00")
    assert story.told == ["00:00 raised not_in_bed:unseen"]


def test_in_the_night_the_clock_goes_forward_the_time_of_day_is_what_counts() -> None:
    rule = {"rule": "not_in_bed", "by": "01:30", "longer_than": "30m"}  # which no clock shows that night
    story = Story(watch_of(rule), "22:00", date(2027, 3, 27)).at("22:10", "bed-1 out", "motion-1 detected")
    story.until("2027-03-28 04:00")
    assert story.told == ["02:30 raised not_in_bed"]
