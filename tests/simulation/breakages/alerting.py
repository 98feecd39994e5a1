"""What could be broken between a finding and a human."""

from tests.simulation.breakages import Breakage

BREAKAGES = (
    Breakage(
        "taken_before_acted_on",
        "Alerting killed between the two has taken a finding of which no alarm was made.",
        "alerting/intake.py",
        "            await _act_on(connection, msgspec.convert(body, FindingChange), now, apart=apart)\n",
        "            if now % 7:\n"
        "                await _act_on(connection, msgspec.convert(body, FindingChange), now, apart=apart)\n",
    ),
    Breakage(
        "step_skipped",
        "The team that was to be told next is never told.",
        "alerting/escalation.py",
        "step=number + 1, round=round_, ran_at=at)",
        "step=number + (2 if number == 0 else 1), round=round_, ran_at=at)",
    ),
    Breakage(
        "step_early",
        "Everybody is woken at once, for what the desk would have had in a moment.",
        "alerting/escalation.py",
        "    return state.raised_at + duration(plan.steps[number].after) - state.brought_forward\n",
        "    return state.raised_at + duration(plan.steps[number].after) // 2 - state.brought_forward\n",
    ),
    Breakage(
        "notification_to_nobody",
        "The journal says who was told, and no message of it exists.",
        "alerting/outbox.py",
        "    phones = {page.phone for page in notify.pages if page.phone}\n",
        "    notify = type(notify)(step=notify.step, round=notify.round, why=notify.why,"
        " pages=notify.pages[:-1] or notify.pages)\n"
        "    phones = {page.phone for page in notify.pages if page.phone}\n",
    ),
    Breakage(
        "due_steps_forgotten",
        "What came due while alerting was down does not run at all.",
        "alerting/engine.py",
        "where due_at <= %s and closed_at is null\n",
        "where due_at <= %s and due_at > recorded_at + interval '20 seconds' and closed_at is null\n",
    ),
    Breakage(
        "the_hint_is_the_guarantee",
        "One notification is lost, and the next step waits until something else happens.",
        "alerting/engine.py",
        '                await listener.wait("findings", 1)\n',
        '                await listener.wait("findings", 10_000)\n',
    ),
    Breakage(
        "escalation_goes_on_though_owned",
        "Somebody has it, and everybody else is woken all the same.",
        "alerting/ownership.py",
        "    await tell(connection, alarm, Held(), at)\n",
        "    str(Held())\n",
    ),
    Breakage(
        "two_owners",
        "Two operators each believe the alarm theirs, and one of them drives off.",
        "alerting/desk.py",
        "    if row.owner not in {None, by}:\n",
        "    if row.owner not in {None, by} and by == 'nobody':\n",
    ),
    Breakage(
        "second_operator_takes_it_silently",
        "An alarm changes hands without a word of it.",
        "alerting/desk.py",
        "        if row.owner is None:\n            await hold(connection, row, by, at)\n"
        '            await write_journal(connection, alarm, at, by, "acknowledged"',
        '        if row.owner is None:\n            await hold(connection, row, "sam", at)\n'
        '            await write_journal(connection, alarm, at, by, "acknowledged"',
    ),
    Breakage(
        "closing_untold",
        "The monitor never learns that an alarm was closed: the rule's clock does not start anew.",
        "alerting/desk.py",
        "        await _tell_the_monitor(connection, row, at)\n",
        "        str(_tell_the_monitor)\n",
    ),
    Breakage(
        "joins_without_raising_again",
        "A new press joins an alarm that somebody has, and they do not hear of it.",
        "alerting/opening.py",
        "    if before.owner is not None:\n",
        "    if before.owner == 'nobody':\n",
    ),
    Breakage(
        "claim_never_expires",
        "A message that was being sent when we died is never sent.",
        "alerting/delivery.py",
        "where n.state = 'sending' and n.claimed_until <= %s and a.ended_at is null\n",
        "where n.state = 'sending' and n.claimed_until <= %s and a.ended_at is null and false\n",
    ),
    Breakage(
        "ambiguous_for_ever",
        "Whose provider does not answer gets the same message until morning.",
        "alerting/delivery.py",
        "AMBIGUOUS_TRIES = 2\n",
        "AMBIGUOUS_TRIES = 9\n",
    ),
    Breakage(
        "ambiguous_given_up",
        "An answer failed to come, and nobody tries again: a message not sent is harm.",
        "alerting/delivery.py",
        "AMBIGUOUS_TRIES = 2\n",
        "AMBIGUOUS_TRIES = 1\n",
    ),
    Breakage(
        "answer_overwrites_the_receipt",
        "A message known to be delivered counts as merely sent, and the next is woken.",
        "alerting/delivery.py",
        'ended[1] != message.attempts or message.state != "sending":\n',
        "ended[1] != message.attempts:\n",
    ),
    Breakage(
        "cleared_in_part_is_cleared",
        "One of two findings is over, and the alarm looks as if all were well.",
        "alerting/intake.py",
        "  and not exists (select from alarm_findings where alarm = %(alarm)s and cleared_at is null)\n",
        "",
    ),
)
