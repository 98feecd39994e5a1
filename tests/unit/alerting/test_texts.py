"""No message body carries a name, an address, a telephone number, a key-safe code, a diagnosis or a reason."""

import re
from typing import get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from psycopg_pool import AsyncConnectionPool

from alerting import texts
from alerting.codes import NoCodeLeftError, choose
from alerting.delivery import Delivery
from alerting.reading import Meaning, read
from schema.alarms import PRIORITIES, Kind
from schema.findings import Evidence
from schema.instants import DAY, MINUTE, moment
from schema.people import Contact, Home, KeySafe, Member, Person, Team
from tests.unit.alerting.house import House
from tests.unit.alerting.plans import NIGHT


def _page(kind: Kind, **fields: object) -> str:
    usual = {
        "alarm": 1043, "priority": "life", "raised_at": NIGHT, "zone": "Europe/London", "code": "4821",
        "recipient": "member",
    }  # fmt: skip
    return texts.page(kind=kind, **{**usual, **fields})  # type: ignore[arg-type] # as listed above


def test_what_a_responder_and_a_contact_are_told() -> None:
    assert _page("button") == (
        "Telecare: life alarm 1043 (pendant pressed), waiting since 02:14."
        " Reply COMING 4821 if you are going, or CANNOT 4821."
    )
    assert _page("fall", recipient="contact") == (
        "Telecare: an alarm has been raised for the person you are a contact for, waiting since 02:14."
        " Reply YES 4821 if you can go, or NO 4821 if you cannot."
    )


@pytest.mark.parametrize("kind", get_args(Kind))
@pytest.mark.parametrize("recipient", ["member", "contact"])
def test_every_kind_fits_one_sms_of_plain_letters(kind: Kind, recipient: str) -> None:
    for priority in PRIORITIES:
        body = _page(kind, priority=priority, recipient=recipient)
        assert body.isascii()
        assert len(body) <= 190 if kind == "technical" else len(body) <= 165


_WORDS = some.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÜéß", min_size=3, max_size=12)
_DIGITS = some.text(alphabet="0123456789", min_size=4, max_size=4)
_PHONES = some.integers(0, 999).map(lambda last: f"+447700900{last:03}")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=some.lists(_WORDS, min_size=9, max_size=9, unique=True),
    key=_DIGITS,
    phones=some.lists(_PHONES, min_size=3, max_size=3, unique=True),
    kind=some.sampled_from(get_args(Kind)),
)
async def test_no_body_holds_any_stored_private_value(
    database: AsyncConnectionPool, words: list[str], key: str, phones: list[str], kind: Kind
) -> None:
    house = House(database)
    name, street, notes, gp, contact, member, reason, where, room = (f"Qx{word}" for word in words)
    await _forget_all(house)
    await _move_in(
        house,
        Home(id="h", address=f"12 {street}", zone="Europe/London", key_safe=KeySafe(where=where, code=key), devices=()),
        Person(id="p", name=name, home="h", phone=phones[0], notes=notes, gp=gp),
        Contact(id="c", name=contact, phone=phones[1]),
        Team(members=(Member(id="m", name=member, phone=phones[2]),)),
    )
    evidence = (Evidence(at=NIGHT, device="d", kind="bed", value="out", room=room),)
    await house.finds(
        kind, subject="p", home="h", policy="everybody", reason=reason, evidence=evidence, priority="urgent"
    )
    await house.run()
    bodies = [str(row[0]) for row in await house.rows("select body from notifications")]
    bodies += [text.message.body for text in house.phones.texts]
    assert len(bodies) >= 5
    private = [name, street, notes, gp, contact, member, reason, where, room, *phones, *(p[3:] for p in phones)]
    for body in bodies:
        assert not [value for value in private if value in body]
        assert key not in re.findall(r"\d+", body.replace("02:14", ""))


async def _forget_all(house: House) -> None:
    await house.do(
        "truncate finding_changes, alarm_findings, journal, receipts, attempts, replies, notifications, alarms,"
        " team_members, teams, policies, contacts, people, homes restart identity cascade"
    )


async def _move_in(house: House, home: Home, person: Person, contact: Contact, team: Team) -> None:
    assert home.key_safe is not None
    await house.do(
        "insert into homes (id, address, zone, key_safe_where, key_safe_code) values (%s, %s, %s, %s, %s)",
        home.id, home.address, home.zone, home.key_safe.where, home.key_safe.code,
    )  # fmt: skip
    await house.do(
        "insert into people (id, home, name, phone, notes, gp) values (%s, %s, %s, %s, %s, %s)",
        person.id, home.id, person.name, person.phone, person.notes, person.gp,
    )  # fmt: skip
    await house.do(
        "insert into contacts (person, id, ordinal, name, phone) values (%s, %s, 1, %s, %s)",
        person.id, contact.id, contact.name, contact.phone,
    )  # fmt: skip
    await house.do("insert into teams (name) values ('t')")
    member = team.members[0]
    await house.do(
        "insert into team_members (team, id, ordinal, name, phone) values ('t', %s, 1, %s, %s)",
        member.id, member.name, member.phone,
    )  # fmt: skip
    await house.do(
        """insert into policies (name, steps) values ('everybody', '[{"after": "0s", "notify":
        ["operators", "t", "contacts"], "repeat": "4m"}]')"""
    )
    house.delivery = Delivery(house.pool, {"sms": house.phones}, house.clock, "https://care.example")


@given(taken=some.sets(_DIGITS, max_size=200), start=some.integers(0, 9999))
@settings(max_examples=60, deadline=None)
def test_a_code_is_four_digits_that_are_not_taken(taken: set[str], start: int) -> None:
    code = choose(taken, lambda below: start % below)
    assert re.fullmatch(r"\d{4}", code)
    assert code not in taken


def test_the_last_code_is_found_and_after_it_there_is_none() -> None:
    all_but_one = {f"{number:04}" for number in range(10_000)} - {"0481"}
    assert choose(all_but_one) == "0481"
    with pytest.raises(NoCodeLeftError):
        choose(all_but_one | {"0481"})


@pytest.mark.parametrize(
    ("body", "word", "code"),
    [
        ("COMING 4821", "coming", "4821"),
        ("coming", "coming", None),
        ("4821", "coming", "4821"),
        ("4821 yes", "coming", "4821"),
        ("Yes please", "coming", None),
        ("YES 4821 in ten minutes", "coming", "4821"),
        ("I am coming", "coming", None),
        ("On my way", "coming", None),
        ("CANNOT 4821", "cannot", "4821"),
        ("can\u2019t", "cannot", None),
        ("Not coming 4821", "cannot", "4821"),
        ("no sorry", "cannot", None),
        ("DONE 4821 all well", "done", "4821"),
        ("No one opens the door, what now?", None, None),
        ("yes but I cannot find the house", None, None),
        ("there at 1530, in the blue car", None, None),
        ("coming 9999", "coming", "9999"),  # a code we never sent: asked back, never guessed
        ("call me on 07700900123", None, None),
        ("", None, None),
        ("   ", None, None),
    ],
)
def test_what_a_reply_means(body: str, word: str | None, code: str | None) -> None:
    assert read(body, ["4821", "1177"]) == Meaning(word, code)  # type: ignore[arg-type] # as the table says


def test_alarms_speak_of_kinds_in_fixed_words_only() -> None:
    for kind in get_args(Kind):
        assert kind in texts._WHAT
    assert msgspec.json.encode(texts._WHAT).isascii()


async def test_the_code_of_the_key_safe_is_never_given_even_as_the_last_one_free(house: House) -> None:
    await house.finds("button", run=False)
    await house.engine.run_once(house.clock.now())
    other = await house.value("select max(id) from alarms")
    await house.do(
        """insert into notifications (alarm, step, target, recipient, recipient_kind, channel, phone, body, code,
               created_at, not_before)
           select %s, n, 't', 'm', 'member', 'sms', '+447700900102', '', lpad(n::text, 4, '0'), %s, %s
           from generate_series(0, 9999) n where n not in (17, 4821)""",
        other, moment(NIGHT), moment(NIGHT + DAY),
    )  # fmt: skip
    await house.finds("fall")
    await house.at(MINUTE)
    assert house.phones.texts[-1].code == "0017"
    assert await house.value("select key_safe_code from homes") == "4821"
