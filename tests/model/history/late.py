"""Late retries in a history: a spent token that comes again after the grace, from the sender that rotated it.

Nothing is late behind an adopted head, and at most OF of any IN generations are given late. It does not matter
whether the head was presented.
"""
from .records import INFINITY
from .state import overlapping
from .view import span

OF, IN = 2, 8


def past_grace(view, family, op):
    """(sight, least ms) when the rotation certainly lies a grace back; None when it may be younger, or undone by
    a failover. A head that is known to be still later is no question of grace but of S9."""
    g = op.received.generation
    sight = view.reached_before(family, g, op)
    if sight is None or view.reached_before(family, g + 1, op):
        return None
    least, _ = view.since_rotation(family, g, sight, op)
    grace = view.setting("grace_ms", *span(op))[1]
    return (sight, least) if grace == 0 or least >= grace else None


def given(view, family):
    """The answers that were certainly late, for whatever reason: (op, sight of the rotation or None, least ms)."""
    for op in view.successes(family):
        if op.presented.generation == op.received.generation - 1:
            found = past_grace(view, family, op)
            if found or op.outcome == "late":
                yield op, *(found or (None, 0))


def forbidden(view, family, op, sight, least):
    """Why this answer cannot be that of a late retry, or None: it comes in time, from a sender that may have rotated,
    and its head was not adopted."""
    limit, grace = (view.setting(name, *span(op))[1] for name in ("late_retry_ms", "grace_ms"))
    if limit == 0 and op.outcome == "late":
        return "a late retry though they are off"
    if grace == 0 or least >= limit:
        return f"success {least:.0f} ms or more after the rotation"
    if any(o.presented.generation == op.received.generation and o.answered <= op.sent and view.lasting(o, op)
           and adopted(view, family, o) for o in view.successes(family)):
        return "a late retry behind an adopted head"
    until = sight.hi if sight else op.answered
    senders = {o.sender for o in rotators(view, family, op.presented.generation, until) if o is not op}
    if senders and None not in {op.sender, *senders} and op.sender not in senders:
        return "a late retry by another sender"
    return None


def rotators(view, family, generation, until):
    """The operations that may have rotated the generation before `until`."""
    return [o for o in family.presented if o.presented.generation == generation and o.sent <= until
            and view.may_rotate(o, family)]


def adopted(view, family, op):
    """Whether it was told to, or the store was behind the token presented and nobody else could bring it there."""
    others = [o for o in family.presented if o is not op]
    return op.outcome == "adopted" or any(
        s.exists and s.until <= op.sent and s.generation < op.presented.generation and view.lasting(s, op)
        and not overlapping(view, others, s.at, op.answered) for s in family.snapshots)


def over_budget(view, late):
    """Late answers of more than OF in IN generations, of which no failover can have forgotten one; None without."""
    firsts = {o.presented.generation: o for o in reversed(late)}
    for n, last in firsts.items():
        near = [o for o in late if 0 <= n - o.presented.generation < IN and o.sent <= last.sent
                and view.lasting(o, last)]
        if len({o.presented.generation for o in near}) > OF:
            return near
    return None


def longest(view, family, op):
    """The most ms by which the rotation of the token presented may lie back when the operation takes effect."""
    both = family.first_sent.get(op.presented.generation, op.sent), view.last(op)
    return INFINITY if both[1] == INFINITY else view.elapsed(both, both, family.name)[1]


def possible(view, family, op):
    """Whether the operation may have been a late retry."""
    if op.result not in ("ok", "unknown") or op.received and op.received.generation != op.presented.generation + 1:
        return False
    during = op.sent, view.last(op)
    on = all(view.setting(name, *during)[1] > 0 for name in ("grace_ms", "late_retry_ms"))
    return on and longest(view, family, op) >= view.setting("grace_ms", *during)[0]


def promised(view, family, op):
    """Whether the operation certainly succeeds, late or not, while the family lives: nothing was ever lost, only its
    own sender can have rotated, nobody can have rotated the head, it is in time, and the budget is not spent."""
    n, until = op.presented.generation, view.last(op)
    if op.sender is None or until == INFINITY or any(f.at <= until for f in view.lossy):
        return False
    grace, limit = (view.setting(name, op.sent, until)[0] for name in ("grace_ms", "late_retry_ms"))
    if grace == 0 or longest(view, family, op) >= limit or family.first_sent.get(n + 1, INFINITY) <= until:
        return False
    if any(o.sender != op.sender for o in rotators(view, family, n, until)):
        return False
    spent = {o.presented.generation for o in family.presented
             if o.sent <= until and 0 < n - o.presented.generation < IN and possible(view, family, o)}
    return len(spent) < OF
