"""What the monitor knows of one person, and how a checkpoint keeps it. Pure.

A rule of which nothing is to be remembered has no state: it is as it began (`beginning`). So most people have little
but their presence, and what they have in common with many others is kept once.
"""

from functools import lru_cache
from struct import Struct
from typing import Any

import msgspec

from monitor.presence import Presence, Room, Spot, taken_up
from monitor.rules import RULES, AnyState
from monitor.standing import AllStanding
from monitor.watch import Made, WatchedRule
from schema.findings import Finding
from schema.instants import Instant


class Own(msgspec.Struct, frozen=True, omit_defaults=True):
    """What few people's states hold: of most, nothing runs, and every rule is as it began."""

    rules: dict[str, AnyState] = {}  # by WatchedRule.key: of those that are not as they began
    busy: tuple[str, ...] = ()  # rules of which something runs: asked at every reading
    set_aside: dict[str, Finding] = {}  # rules that threw
    failures: tuple[str, ...] = ()  # said lately: no finding is raised twice
    idle: tuple[str, ...] = ()  # rules no longer in force; what they ended stays known
    seen: tuple[Spot, ...] = ()  # of presence, when packed
    doubted: tuple[Spot, ...] = ()
    standing: AllStanding = {}  # what devices say until they say otherwise
    entered_at: Instant = 0  # when they entered the room they were last seen in, if a rule asks about that


_NOTHING_OWN = Own()


class PersonState(msgspec.Struct, gc=False):
    """What the monitor knows of one person. Of what hangs on `own`, nothing but a rule's state is changed in place."""

    presence: Presence
    wake_at: Instant | None = None  # no timer of the person is due earlier: cheap to ask after every step
    plan_runs: bool | None = None  # the plan has started; False: the one before is in force; None: not watched yet
    made: Made = ()  # the rules in force, as they were when the watch last changed
    own: Own = _NOTHING_OWN

    def note(self, **changed: Any) -> None:
        """Change what is its own."""
        own = msgspec.structs.replace(self.own, **changed)
        self.own = _NOTHING_OWN if own == _NOTHING_OWN else own


def beginning(state: PersonState, name: str, made_of: int) -> AnyState:
    """Return what a rule of this name keeps as long as nothing has happened that it must remember."""
    begun: AnyState = RULES[name].state(since=state.presence.since, made_of=made_of)  # type: ignore[assignment]
    return begun


def kept_of(state: PersonState, rule: WatchedRule) -> AnyState:
    """Return what a rule in force keeps."""
    return state.own.rules.get(rule.key) or beginning(state, rule.name, rule.made_of)


def keep(state: PersonState, rule: WatchedRule, kept: AnyState) -> None:
    """Keep what the rule has to remember, if it has anything."""
    known = state.own.rules.get(rule.key)
    if kept == beginning(state, rule.name, rule.made_of):
        if known is not None:
            state.note(rules={key: each for key, each in state.own.rules.items() if key != rule.key})
    elif known is not kept:
        state.note(rules={**state.own.rules, rule.key: kept})


class _Common(msgspec.Struct, array_like=True, frozen=True):
    """What a state has in common with many others, so that a checkpoint holds it once for all of them."""

    room: tuple[int, tuple[int, ...], tuple[int, ...], tuple[int, ...]]
    made: Made
    blind: tuple[tuple[Instant, Instant], ...]
    plan_runs: bool | None


_WAKE = Struct("<q")
_NEVER = -1
_common_decoder, _own_decoder = msgspec.msgpack.Decoder(_Common), msgspec.msgpack.Decoder(Own)


def pack(state: PersonState) -> tuple[bytes, bytes, bytes]:
    """Pack a state: what it has in common with many others, what is its own, and words that are mostly instants."""
    presence, own = state.presence, state.own
    if presence.seen or presence.doubted:
        own = msgspec.structs.replace(own, seen=presence.seen, doubted=presence.doubted)
    common = msgspec.msgpack.encode(_Common(presence.room, state.made, presence.blind, state.plan_runs))
    owned = b"" if own is _NOTHING_OWN else msgspec.msgpack.encode(own)
    return common, owned, _WAKE.pack(_NEVER if state.wake_at is None else state.wake_at) + bytes(presence)


@lru_cache(maxsize=4096)
def _common_of(packed: bytes) -> tuple[Room, _Common]:
    common = _common_decoder.decode(packed)
    return Room(*common.room), common


def unpack(packed: bytes, owned: bytes, words: bytes) -> PersonState:
    """Return the state that was packed; msgspec.DecodeError or ValueError where it is of another make."""
    room, common = _common_of(packed)
    presence = taken_up(room, words, _WAKE.size)
    presence.blind = common.blind
    wake_at: Instant = _WAKE.unpack_from(words)[0]
    state = PersonState(presence, None if wake_at == _NEVER else wake_at, common.plan_runs, common.made)
    if owned:
        own = _own_decoder.decode(owned)
        presence.seen, presence.doubted = own.seen, own.doubted
        state.own = own
        state.note(seen=(), doubted=())
    return state
