"""The long lie: since when somebody may be on the floor, and how pressing that makes it."""

from tests.unit.monitor.story import DEVICES, Story, watch_of

BED = {"rule": "bed_exit", "between": "22:00-07:00", "longer_than": "20m", "long_lie": True}
QUIET = {"rule": "inactivity", "longer_than": "4h", "long_lie": True}


def night(*rules: dict[str, object], start: str = "20:00") -> Story:
    """Begin in the evening, Ada to bed at half past ten."""
    story = Story(watch_of(*(rules or (BED,))), start)
    return story.at("21:30", "motion-1 detected").at("22:30", "bed-1 in")


def test_it_says_since_when_from_the_last_sign_of_life_to_when_she_would_have_been_seen_again() -> None:
    story = night().at("02:14", "bed-1 out").at("02:17", "motion-1 detected").until("02:40")
    assert story.last.finding.reason.endswith("if fallen, since between 02:17 and 02:34")
    assert story.last.finding.priority == "urgent"


def test_an_hour_later_it_is_as_pressing_as_there_is_and_says_it_better() -> None:
    story = night().at("02:14", "bed-1 out").at("02:17", "motion-1 detected").until("05:00")
    assert story.told == ["02:34 raised bed_exit", "03:47 updated bed_exit"]
    finding = story.last.finding
    assert finding.priority == "life"
    assert finding.reason.endswith("if fallen, since between 02:17 and 02:47")


def test_back_within_the_hour_it_grows_no_more() -> None:
    story = night().at("02:14", "bed-1 out").at("03:00", "bed-1 in").until("06:00")
    assert story.told == ["02:34 raised bed_exit", "03:01 cleared bed_exit"]


def test_a_silence_by_day_grows_once() -> None:
    story = Story(watch_of(QUIET), "08:00").at("09:00", "motion-1 detected").until("20:00")
    assert story.told == ["13:00 raised inactivity", "14:00 updated inactivity"]
    assert [each.finding.priority for each in story.said] == ["urgent", "life"]


def test_who_lies_in_bed_or_is_out_lies_on_no_floor() -> None:
    story = Story(watch_of({**BED, "between": "00:00-24:00"}), "20:00").at("22:30", "bed-1 in")
    story.at("02:14", "bed-1 out").at("02:16", "door-1 open").at("02:16:05", "door-1 closed").until("06:00")
    assert story.told == ["02:34 raised bed_exit"]
    assert "fallen" not in story.last.finding.reason


def test_where_the_plan_does_not_ask_for_it_nothing_grows() -> None:
    plain = {key: value for key, value in BED.items() if key != "long_lie"}
    story = night(plain).at("02:14", "bed-1 out").until("06:00")
    assert story.told == ["02:34 raised bed_exit"]
    assert "fallen" not in story.last.finding.reason


def test_a_home_that_is_cut_off_lets_nothing_grow_until_it_is_seen_again() -> None:
    story = Story(watch_of(QUIET), "08:00").at("08:00", *(f"{each.id} alive" for each in DEVICES))
    story.at("09:00", "motion-1 detected").at("13:30", "hub offline").until("16:00")
    assert story.told == ["13:00 raised inactivity"]


def test_the_clock_put_back_makes_an_hour_no_longer() -> None:
    story = Story(watch_of(BED), "2026-10-24 20:00").at("2026-10-24 22:30", "bed-1 in")
    story.at("2026-10-25 00:30", "bed-1 out").until("2026-10-25 05:00")
    assert [each.at - story.said[0].at for each in story.said] == [0, 70 * 60 * 1_000_000]
