"""All that is worked out for one model: left out in turn, its curves and lines, tried otherwise, and fitted on all."""

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.falls.curve import Scored, lines, ranking
from benchmarks.falls.fitting import fit
from benchmarks.falls.recordings import Recording
from benchmarks.falls.tables import Row
from benchmarks.falls.trial import Judged, Kind, Progress, bag, described, drawn_without, left_out, outcome, scored
from benchmarks.falls.variants import CURVES, TRIED
from monitor.impact_model import SLOW, DeviceType, Model, Thresholds

_SLOW_ONES = {name for name in TRIED if name.endswith(" Hz") and float(name.split()[0]) < SLOW}


class Worked(NamedTuple):
    """One model, and how it did."""

    kind: Kind
    fitted_on: str
    model: Model
    curves: dict[DeviceType, list[Scored]]
    rows: list[Row]  # as recorded, by set; `usual` alone
    tried: list[Row]  # all together, as recorded and then as others would have sent them

    def missed(self) -> list[str]:
        """Say which targets were missed, over all recordings of the model as they were recorded."""
        found, spared, older = self.tried[0].outcome[:3]
        target = self.kind.target
        asked = (("falls found", found, target.sensitivity), ("daily living spared", spared, target.specificity))
        return [
            f"{self.kind.name}: {name} {share.value:.3f}, below {least}"
            for name, share, least in (*asked, ("older people's daily living spared", older, target.older))
            if share.value < least
        ]


Shown = dict[str, Judged]
"""What each recording shows, by how it was sent."""


def shown(read: Sequence[Recording], progress: Progress) -> Shown:
    """Describe all recordings, as each device would have sent them."""
    makes = {**CURVES, **TRIED}
    described_all = {}
    for number, (sent, make) in enumerate(makes.items(), 1):
        progress(f"{len(read)} recordings, sent as {sent} ({number} of {len(makes)})")
        described_all[sent] = described(read, make)
    return described_all


def worked(kind: Kind, read: Sequence[Recording], described_all: Shown, progress: Progress) -> Worked:
    """Work out a model."""
    mine = [each for each in read if each.worn in kind.worn]
    seen_as = {
        sent: [what for each, what in zip(read, judged, strict=True) if each.worn in kind.worn]
        for sent, judged in described_all.items()
    }
    usual = seen_as["usual"]
    models = left_out(kind, mine, usual, progress)
    curves: dict[DeviceType, list[Scored]] = {}
    drawn: dict[str, dict[str, Thresholds]] = {}
    tried: list[Row] = []
    for sent, seen in seen_as.items():
        if sent in CURVES:
            curves[sent] = scored(mine, seen, models)  # type: ignore[index]
            drawn[sent] = drawn_without(curves[sent], kind.target)  # type: ignore[index]
        by = sent if sent in CURVES else "slow" if sent in _SLOW_ONES else "usual"
        tried.append(Row(mine, kind.name, sent, outcome(mine, seen, models, drawn[by])))
    rows = []
    for worn in kind.worn:
        places = [place for place, each in enumerate(mine) if each.worn == worn]
        some, what = [mine[place] for place in places], [usual[place] for place in places]
        rows.append(Row(some, kind.name, "usual", outcome(some, what, models, drawn["usual"])))
    progress(f"{kind.name}: on all of them")
    model = fit([bag(each, seen) for each, seen in zip(mine, usual, strict=True)], kind.shape)
    found = {each: lines(scores, kind.target) for each, scores in curves.items()}
    sources = " and ".join(sorted({f"{each.source}, {each.worn}" for each in mine}))
    said = (
        f"{sources}: {len(mine)} recordings; falls rank above daily living {ranking(curves['usual']):.4f} of the time"
    )
    return Worked(kind, said, model._replace(thresholds=found), curves, rows, tried)
