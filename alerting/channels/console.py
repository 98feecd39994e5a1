"""The operators' desk: a message to it is delivered by being shown, as the console lists every open alarm.

So a notification to the desk is committed as delivered, together with the step that decided it: nothing is
sent, nothing can fail, and no alarm is ever without somebody who could see it.
"""

from typing import Literal

STATE: Literal["delivered"] = "delivered"
"""The state in which a notification to the desk enters the outbox."""
