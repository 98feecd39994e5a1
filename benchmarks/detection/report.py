"""The tables, as docs/detection.md shows them."""

from collections import Counter
from collections.abc import Sequence

from benchmarks.detection.alarms import Told
from benchmarks.detection.judgement import after, at_part
from benchmarks.detection.planted import KINDS, Outcome
from schema.findings import Finding
from schema.instants import MINUTE


def recorded(told: Sequence[Told]) -> str:
    """Return the table of false alarms, a home a line and all of them together: a person-week each."""
    lines = [
        "| home | weeks | at home, all day | 08-22 | while away | naive 4 h | naive 08-22 | soft checks | unlabelled |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_line(each.home, [each]) for each in told),
    ]
    return "\n".join([*lines, _line("all", told)])


def _line(name: str, told: Sequence[Told]) -> str:
    weeks = sum(each.weeks for each in told)
    counts = [
        sum(len(each.at_home) for each in told),
        sum(len(each.at_home_by_day) for each in told),
        sum(len(each.while_away) for each in told),
        sum(each.naive for each in told),
        sum(each.naive_by_day for each in told),
    ]
    cells = " | ".join(f"{count / weeks:.2f} ({count})" for count in counts)
    soft, recorded_weeks = sum(len(each.soft) for each in told), sum(each.recorded_weeks for each in told)
    unlabelled = f"{sum(len(each.unlabelled) for each in told)} in {sum(each.unlabelled_weeks for each in told):.2f}"
    asked = f"{soft / recorded_weeks:.2f} ({soft} in {recorded_weeks:.2f})"
    return f"| {name} | {weeks:.2f} | {cells} | {asked} | {unlabelled} |"


def beds_and_doors(told: Sequence[Told]) -> str:
    """Return what is judged by a truth of its own."""
    lines = [
        "| home | bed left, a week | absences of 30 min | alarms | with exactly one | doors left open | most of one |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in told:
        exits = f"{each.bed_exits / each.weeks:.1f}"
        cells = (exits, each.bed_absences, each.bed_alarms, each.bed_matched, each.door_alarms, each.door_most)
        lines.append(f"| {each.home} | " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def planted(outcomes: Sequence[Outcome]) -> str:
    """Return the table of planted emergencies: hours until somebody would know."""
    lines = [
        "| planted | n | found in 12 h | median h | 90 % | worst | of these a soft check | found by |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind in KINDS.values():
        some = [each for each in outcomes if each.planted.kind == kind.name]
        if kind.name == "hub" or not some:
            continue
        lines.append(_found(kind.title, some))
        if kind.name != "bed":
            lines.append(_found(f"{kind.title}, 08-22", [each for each in some if each.by_day]))
    return "\n".join(lines + _hub(outcomes))


def _found(title: str, some: Sequence[Outcome]) -> str:
    if not some:
        return f"| {title} | 0 | | | | | | |"
    hours = after(some)
    rules = Counter(each.rule or "nothing" for each in some)
    by = ", ".join(f"{rule} {count}" for rule, count in rules.most_common())
    soft = sum(each.soft for each in some)
    found = sum(hour <= 12 for hour in hours)
    at = " | ".join(f"{hour:.2f}" for hour in (at_part(hours, 0.5), at_part(hours, 0.9), hours[-1]))
    return f"| {title} | {len(some)} | {found} | {at} | {soft} | {by} |"


def _hub(outcomes: Sequence[Outcome]) -> list[str]:
    some = [each for each in outcomes if each.planted.kind == "hub"]
    if not some:
        return []
    said = sorted(each.technical_after for each in some if each.technical_after is not None)
    person = sum(each.found_after is not None for each in some)
    minutes = f"median {said[len(said) // 2] / MINUTE:.0f} min, worst {said[-1] / MINUTE:.0f} min" if said else "never"
    return [
        "",
        (
            f"The hub dies: {len(some)} times; said as its silence {len(said)} times, {minutes}; "
            f"read as something about the person {person} times."
        ),
    ]


def listed(title: str, findings: Sequence[tuple[str, str, Finding]]) -> str:
    """Return findings one a line: home, local time, rule and reason."""
    return "\n".join([title, *(f"  {home} {at}  {each.rule_name}: {each.reason}" for home, at, each in findings)])
