"""What could not be seen, to the second: seeded faults in seeded worlds, against spans the worlds know themselves."""

import pytest

from schema.coverage import Gap, Rests, coverage
from schema.instants import MINUTE, SECOND
from tests.unit.monitor.coverage_world import HOMES, START, Kept, World, apart, joined


def rule_gaps(kept: Kept, home: str, rests: Rests) -> list[tuple[int, int]]:
    """Return a rule's gaps as the API would make them of the table."""
    end = kept.world.end
    gaps = kept.gaps.values()

    def of(*what: str, device: int | None = None) -> list[Gap]:
        return [
            Gap(each.began, each.ended, each.cause, (str(each.device),) if each.device else ())
            for each in gaps
            if each.what in what and each.home in (None, home) and each.device == device
        ]

    devices = {name: of("device", device=int(name)) for name in (*rests.each, *rests.one_of)}
    found = coverage(rests, of("listening", "watching"), of("home"), devices, end)
    return joined([(gap.began, gap.until(end)) for gap in found.gaps])


@pytest.mark.parametrize("seed", range(10))
def test_injected_gaps_and_coverage_are_equal_within_a_second(seed: int) -> None:
    world = World(seed)
    kept = Kept(world).watch()
    for home in HOMES:
        numbers = [device.number for device in world.devices[home]][1:]
        for each in ([numbers[0]], [numbers[1]], numbers):
            truly, said = world.unseen(home, each), rule_gaps(kept, home, Rests(each=tuple(map(str, each))))
            assert len(said) == len(truly), (home, each, minutes(truly), minutes(said))
            assert apart(truly, said) <= SECOND * max(len(truly), 1), (home, each, minutes(truly), minutes(said))


def minutes(spans: list[tuple[int, int]]) -> list[tuple[float, float]]:
    """Return the spans in minutes from the world's start, for whoever reads a failure."""
    return [((began - START) / MINUTE, (ended - START) / MINUTE) for began, ended in spans]
