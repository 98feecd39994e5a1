"""What `telecare people` shows: counts, and what is worth knowing, calmly."""

from collections.abc import Collection, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from schema.instants import Instant
from schema.people_file import PeopleFile
from schema.people_gaps import announcements, scope_of
from schema.people_load import KINDS, LoadReport
from schema.people_stored import Stored


def show_load(name: str, report: LoadReport) -> None:
    """Show what a load did."""
    console = _console()
    if not any((*report.added.values(), *report.changed.values())):
        console.print(f"{name}: nothing to change, everything was already so.")
    else:
        table = _table("", "added", "changed", "unchanged")
        for kind in KINDS:
            words = (report.added, report.changed, report.unchanged)
            table.add_row(kind, *(str(len(word[kind]) or "-") for word in words))
        console.print(f"{name}: loaded.")
        console.print(table)
    _show_announcements(console, report.announcements)


def show_check(name: str, people_file: PeopleFile, at: Instant) -> None:
    """Show what a file would bring."""
    console = _console()
    devices = sum(len(home.devices) for home in people_file.homes)
    console.print(
        f"{name}: in order. {_counted(people_file.people, 'person', 'people')}, "
        f"{_counted(people_file.homes, 'home', 'homes')} with {devices} devices, "
        f"{_counted(people_file.policies, 'policy', 'policies')}, {_counted(people_file.teams, 'team', 'teams')}. "
        "Nothing was loaded."
    )
    _show_announcements(console, announcements(scope_of(people_file), at))


def show_people(stored: Stored) -> None:
    """Show whom we look after, by id."""
    console = _console()
    if not stored.people:
        console.print("Nobody yet. telecare people load FILE brings them.")
        return
    table = _table("person", "home", "devices", "plan", "rules", "review", "consent", "contacts")
    for person in stored.people.values():
        version, plan = stored.plans.get(person.id, (0, None))
        table.add_row(
            person.id,
            person.home,
            str(len(stored.homes[person.home].devices)),
            f"version {version}" if plan else "none",
            str(len(plan.rules)) if plan else "-",
            str(plan.review or "-") if plan else "-",
            "not recorded" if person.consent is None else f"{len(person.consent.covers)} kinds",
            str(len(person.contacts)),
        )
    console.print(table)


def _show_announcements(console: Console, said: Sequence[str]) -> None:
    if said:
        console.print("\nWorth knowing:")
    for line in said:
        console.print(Text(f"  {line}"), soft_wrap=True)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _counted(things: Collection[object], one: str, many: str) -> str:
    return f"{len(things)} {one if len(things) == 1 else many}"


def _console() -> Console:
    return Console(markup=False, highlight=False)
