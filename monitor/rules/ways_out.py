"""What rules share about somebody who has gone out: by which door, as far as anything tells."""

from monitor.presence import Contact, contact, gone_out, out_by
from monitor.verdicts import Scene


def gone_by(scene: Scene) -> Contact | None:
    """Return the door they went out by, of those the rule minds; None while somebody is in."""
    if scene.rule.device is None:
        return gone_out(scene.presence, scene.watch)
    door = contact(scene.presence, scene.rule.device)
    return door if door is not None and out_by(scene.presence, door) else None
