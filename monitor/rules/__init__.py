"""The rules, by the name a plan gives them. One file each, one shape: `monitor.verdicts.Rule`."""

from monitor.rules.absence import Absence, AbsenceState
from monitor.rules.battery import Battery, BatteryState
from monitor.rules.bed_exit import BedExit, BedExitState
from monitor.rules.button import Button, ButtonState
from monitor.rules.contact import ContactRule, ContactState
from monitor.rules.door_open import DoorOpen, DoorOpenState
from monitor.rules.environment import Environment, EnvironmentState
from monitor.rules.fall import Fall, FallState
from monitor.rules.impact import Impact, ImpactState
from monitor.rules.inactivity import Inactivity, InactivityState
from monitor.rules.long_stay import LongStay, LongStayState
from monitor.rules.missed_pills import MissedPills, MissedPillsState
from monitor.rules.not_home import NotHome, NotHomeState
from monitor.rules.not_in_bed import NotInBed, NotInBedState
from monitor.rules.not_up import NotUp, NotUpState
from monitor.rules.power import Power, PowerState
from monitor.rules.repeated_falls import RepeatedFalls, RepeatedFallsState
from monitor.rules.restless_night import RestlessNight, RestlessNightState
from monitor.rules.silence import Silence, SilenceState
from monitor.rules.tamper import Tamper, TamperState
from monitor.rules.visit_missed import VisitMissed, VisitMissedState
from monitor.rules.wandering import Wandering, WanderingState
from monitor.rules.wet_bed import WetBed, WetBedState
from monitor.verdicts import Rule

RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Button(), Fall(), Impact(), BedExit(), NotUp(), Inactivity(), Wandering(), DoorOpen(), MissedPills(), Silence(),
        ContactRule(), Absence(),
        NotInBed(), NotHome(), LongStay(), RestlessNight(), RepeatedFalls(), Environment(), WetBed(), VisitMissed(),
        Battery(), Power(), Tamper(),
    )
}  # fmt: skip

HEARD = frozenset[str]().union(*(rule.hears for rule in RULES.values()))
"""Kinds of reading that some rule is asked about as they arrive."""

AnyState = (
    ButtonState
    | FallState
    | ImpactState
    | BedExitState
    | NotUpState
    | InactivityState
    | WanderingState
    | DoorOpenState
    | MissedPillsState
    | SilenceState
    | ContactState
    | AbsenceState
    | NotInBedState
    | NotHomeState
    | LongStayState
    | RestlessNightState
    | RepeatedFallsState
    | EnvironmentState
    | WetBedState
    | VisitMissedState
    | BatteryState
    | PowerState
    | TamperState
)
"""What a rule may keep, for packing."""
