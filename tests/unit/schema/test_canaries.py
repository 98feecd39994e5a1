"""A home is a canary by its reserved id alone, which no household can have by accident."""

import pytest

from schema.canaries import PENDANT, canary_home, canary_id, is_canary
from schema.people_file import PeopleFileError, parse


def test_a_canary_home_has_a_pendant_and_is_known_by_its_id() -> None:
    home = canary_home(2, "bexleyheath-exchange")
    assert (home.id, home.area, [device.id for device in home.devices]) == (
        canary_id(2),
        "bexleyheath-exchange",
        [PENDANT],
    )
    assert is_canary(home.id)


@pytest.mark.parametrize("home", ["canary-wharf-12", "home-0001", "canary-1", "_canary", "", None])
def test_no_other_home_is_one(home: str | None) -> None:
    assert not is_canary(home)


def test_a_people_file_that_names_one_is_refused_with_the_reason() -> None:
    text = "homes:\n  - id: _canary-1\n    zone: Europe/London\n    devices: []\n"
    with pytest.raises(PeopleFileError, match=r"line 2.*reserved for the service's own canary homes.*expected another"):
        parse(text, "people.yaml")
