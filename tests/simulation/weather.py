"""How bad it gets in a world: latencies, and how often what goes wrong, until `clears`. All of it from the seed."""

from random import Random
from typing import NamedTuple

from schema.instants import MINUTE, SECOND, Duration


def draws(seed: int, *names: str) -> Random:
    """Return numbers of this purpose's own, the same in every run of the seed."""
    return Random("/".join((str(seed), *names)))  # noqa: S311 - a seeded story, no secret


class Chances(NamedTuple):
    """How likely each thing is, each time it can happen."""

    slow: float = 0.0  # a message between us and the database takes seconds
    breaks: float = 0.0  # the connection breaks at a statement
    breaks_at_commit: float = 0.0  # and at one that commits
    hint_lost: float = 0.0  # a notification is not heard
    lost_on_the_way: float = 0.0  # a message of a hub's does not reach the broker
    answer_lost: float = 0.0  # the broker took it, and the hub does not hear so: it sends it again
    session_breaks: float = 0.0  # a lane's connection to the broker, at a delivery
    confirmation_lost: float = 0.0  # our acknowledgement does not reach the broker
    overtakes: float = 0.0  # a message goes out before the one it came after
    unanswered: float = 0.0  # a message is sent, and the provider's answer does not come in time
    refused: float = 0.0  # the provider does not take it
    receipt_lost: float = 0.0
    receipt_early: float = 0.0  # it overtakes the answer to our request
    receipt_twice: float = 0.0
    undelivered: float = 0.0


CALM = Chances(hint_lost=0.3)
_WORST = Chances(
    slow=0.01,
    breaks=0.01,
    breaks_at_commit=0.08,
    hint_lost=0.5,
    lost_on_the_way=0.3,
    answer_lost=0.3,
    session_breaks=0.05,
    confirmation_lost=0.2,
    overtakes=0.3,
    unanswered=0.3,
    refused=0.3,
    receipt_lost=0.3,
    receipt_early=0.3,
    receipt_twice=0.3,
    undelivered=0.3,
)


class Weather:
    """The chances now, and the numbers that are drawn for them."""

    def __init__(self, seed: int) -> None:
        draw = draws(seed, "weather")
        # Each kind of trouble is absent in half of all worlds, so that none hides behind another.
        self.chances = Chances(*(worst * draw.random() if draw.random() < 0.5 else 0.0 for worst in _WORST))
        self.chances = self.chances._replace(hint_lost=max(self.chances.hint_lost, CALM.hint_lost))
        self.slow = self.chances.slow > 0  # at any time of this world
        self.usual_latency = draw.choice([0.001, 0.005, 0.03])
        self.slow_latency = draw.choice([1.0, 4.0, 7.0])

    def clears(self) -> None:
        """Let nothing go wrong any more."""
        self.chances = CALM

    def latency(self, draw: Random) -> float:
        """Return how many seconds a message to or from the database takes."""
        if self.chances.slow and draw.random() < self.chances.slow:
            return self.slow_latency * draw.random()
        return self.usual_latency * (0.2 + draw.random())


class Pace(NamedTuple):
    """How fast a world's time is looked at: slower than in earnest, so that hours cost little."""

    tick_every: Duration
    poll_seconds: float
    span: Duration  # with faults
    healing: Duration  # without, before the last look

    @classmethod
    def of(cls, seed: int) -> "Pace":
        """Return the world's pace."""
        draw = draws(seed, "pace")
        tick = draw.choice([10, 20, 30]) * SECOND
        return cls(tick, draw.choice([12.0, 20.0]), draw.randint(3, 7) * MINUTE, 5 * MINUTE)
