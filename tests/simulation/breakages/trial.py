"""In a broken copy of the house: live worlds until a promise breaks, and say which in one line of JSON.

`python -m tests.simulation.breakages.trial SERVER_URL SEEDS`
"""

import json
import sys
from collections.abc import Sequence

from tests.simulation.__main__ import seeds_of
from tests.simulation.workers import outcomes


def main(arguments: Sequence[str]) -> int:
    """Live them; the exit status is 0 either way."""
    url, seeds = arguments
    verdict: dict[str, object] = {}
    lived = 0
    for outcome in outcomes(url, seeds_of(seeds), 1):
        lived += 1
        if not outcome.well:
            verdict = {"seed": outcome.seed, "check": outcome.violations[0].check, "what": outcome.violations[0].what}
            break
    sys.stdout.write(json.dumps(verdict | {"lived": lived}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
