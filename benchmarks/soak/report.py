"""What the soak says in the end: faults in sentences, a table for people, soak.json for programs, a picture."""

from typing import Any

from benchmarks.soak.course import Course
from benchmarks.soak.judge import ALLOWANCE, NOISE, OF_THE_DATABASE, Verdict
from benchmarks.soak.outage import Outage
from benchmarks.soak.plot import plot
from benchmarks.soak.samples import Samples

SERVICES = ("gateway", "monitor", "alerting", "database", "broker")
_SLACK_SECONDS = 5.0
_LATE_SHARE = 0.05
_LEFT_AT_MOST = 20  # the gateway's own marks, on their way
_GROWS = "  GROWS"


def faults(course: Course, samples: Samples, verdicts: dict[str, Verdict]) -> list[str]:
    """Return everything that was not as promised; memory is not judged across an outage made on purpose."""
    found = course.faults
    if course.outage is None:
        found += [
            f"{name} grows by {each.slope.value:.1f} MB an hour (95%: {each.slope.low:.1f} to {each.slope.high:.1f})"
            for name, each in verdicts.items()
            if each.grows
        ]
        late = [sample for sample in samples.seen if sample.held.messages > course.rate * _SLACK_SECONDS]
        if len(late) > _LATE_SHARE * len(samples.seen):
            found.append(f"the gateway was more than {_SLACK_SECONDS:.0f} s behind in {len(late)} samples")
    last = samples.seen[-1].held
    if last.messages > _LEFT_AT_MOST:
        found.append(f"in the end the broker holds {last.messages:,} messages ({last.in_flight:,} in flight)")
    return found


def table(course: Course, samples: Samples, verdicts: dict[str, Verdict]) -> str:
    """Return the table for people."""
    lines = [
        f"{'private memory, MB':<44}{'start':>8}{'end':>8}{'highest':>9}{'MB/h':>8}{'95% interval':>18}{'cores':>7}",
        *(_row(name, verdicts[name], samples.cpu(name, course.warm_up)) for name in SERVICES if name in verdicts),
        *(_row(f"  {name}", each) for name, each in sorted(verdicts.items()) if name not in SERVICES),
        (
            f"allowed: a slope whose 95% interval begins at {ALLOWANCE:g} MB/h or below, or less than {NOISE:g} MB"
            f" in all; of the database's processes together {OF_THE_DATABASE:g} MB/h"
        ),
        "",
        *_counts(course),
        *_engines(samples, course.warm_up),
        "",
    ]
    if course.outage:  # slopes are not judged across it, and a killed database forgets its statistics
        return "\n".join([*(line.removesuffix(_GROWS) for line in lines), *_outage(course.outage)])
    return "\n".join([*lines, f"{'tables that grow':<30}{'rows/h':>14}{'MB/h':>10}", *_growth_rows(course)])


def _counts(course: Course) -> list[str]:
    stored, alarms = course.stored, course.alarms
    once = "each once" if stored.rows == stored.numbers else "NOT each once"
    return [
        f"readings: {course.published:,} published at {course.published / course.seconds:,.0f}/s",
        f"  {course.acknowledged:,} acknowledged, {stored.numbers:,} stored, {once}; the log tells {stored.logged:,}",
        f"alarms: {alarms.pressed:,} of {course.presses:,} presses",
        f"  {alarms.all:,} in all, {alarms.cleared:,} cleared, {alarms.closed:,} closed",
        f"messages: {course.sent:,} sent, {course.received:,} arrived",
        f"desk: its streams said {course.told:,} things; {course.refused} of its requests were refused",
    ]


def _engines(samples: Samples, since: float) -> list[str]:
    seen = [sample for sample in samples.seen if sample.at >= since]
    shared = [sample.uses["database"].shared for sample in seen]
    held, last = [sample.held.messages for sample in seen], seen[-1].held
    disks = [sample.broker_disk for sample in seen]
    return [
        f"database: its shared buffers, of fixed size, {shared[0]:.0f} to {shared[-1]:.0f} MB",
        f"broker: at most {max(held):,} messages held, {last.messages:,} at the end ({last.in_flight:,} in flight)",
        f"  on disk {disks[0]:.1f} to {disks[-1]:.1f} MB, at most {max(disks):.1f}",
    ]


def as_json(course: Course, samples: Samples, verdicts: dict[str, Verdict], found: list[str]) -> dict[str, Any]:
    """Return what soak.json holds."""
    return {
        "faults": found,
        "allowance": {"slope_mb_h": ALLOWANCE, "noise_mb": NOISE},
        "course": {
            key: value._asdict() if hasattr(value, "_asdict") else value
            for key, value in course._asdict().items()
            if key != "growth"
        },
        "growth": {name: {"rows_h": round(rows), "bytes_h": round(size)} for name, rows, size in _growth(course)},
        "processes": {
            name: {
                **{key: round(value, 2) for key, value in each._asdict().items() if key != "slope"},
                "slope_mb_h": [round(value, 2) for value in each.slope],
                "grows": each.grows,
            }
            for name, each in verdicts.items()
        },
        "samples": [
            {
                "at": round(sample.at, 1),
                "own_mb": {name: round(used.own, 2) for name, used in sample.uses.items()},
                "cpu_s": {name: round(used.cpu, 2) for name, used in sample.uses.items()},
                "broker_holds": sample.held.messages,
                "monitor_behind": sample.behind,
                "broker_disk_mb": round(sample.broker_disk, 1),
            }
            for sample in samples.seen
        ],
    }


def picture(course: Course, samples: Samples, verdicts: dict[str, Verdict]) -> str:
    """Return the plot as SVG."""
    lines = {name: samples.series(name, 0, course.minutes * 60) for name in SERVICES}
    notes = {name: _note(verdicts[name]) for name in SERVICES if name in verdicts}
    title = f"Private memory of each service, {course.rate:,.0f} readings/s, {course.homes:,} homes"
    return plot(title, lines, notes, course.warm_up)


def _row(name: str, each: Verdict, cores: float | None = None) -> str:
    interval = f"{each.slope.low:.2f} to {each.slope.high:.2f}"
    numbers = f"{each.start:>8.1f}{each.end:>8.1f}{each.highest:>9.1f}{each.slope.value:>8.2f}{interval:>18}"
    return f"{name:<44}{numbers}{'' if cores is None else f'{cores:>7.2f}'}{_GROWS if each.grows else ''}"


def _note(each: Verdict) -> str:
    slope = each.slope
    return f"{each.start:.1f} to {each.end:.1f} MB; {slope.value:+.2f} MB/h; 95%: {slope.low:.2f} to {slope.high:.2f}"


def _growth(course: Course) -> list[tuple[str, float, float]]:
    found = [
        (name, (after.rows - before.rows) / course.growth_hours, (after.bytes - before.bytes) / course.growth_hours)
        for name, (before, after) in course.growth.items()
    ]
    return sorted((each for each in found if each[1] or each[2]), key=lambda each: -each[2])


def _growth_rows(course: Course) -> list[str]:
    return [f"{name:<30}{rows:>14,.0f}{size / 1e6:>10.1f}" for name, rows, size in _growth(course)]


def _outage(outage: Outage) -> list[str]:
    drained = "never" if outage.drained_after is None else f"{outage.drained_after:.0f} s after its return"
    return [
        f"the database away for {outage.minutes:g} min: the broker held {outage.held_at_most:,}, drained {drained}",
        f"  gateway {outage.gateway_before:.1f} MB before, at most {outage.gateway_highest:.1f} MB",
        f"  {outage.redelivered:,} deliveries were repetitions",
    ]
