"""L1 and L2: what must happen. A refusal is a violation only when nothing in the history can excuse it: no
logout, no thief, no expiry, no second failover, no token presented later than the protocol allows."""
import bisect

from . import late
from .records import INFINITY
from .verdict import Violation
from .view import span


def L1(view):
    """No honest run (loss, reordering, N tabs, one failover; each request answered or retried within G) is
    refused.

    Judges refusals of requests that honest actors sent while others were under way, or again. Every earlier
    request with the family's tokens must have been prompt, or a late retry that is certainly allowed; and a lost one
    counts until in_flight_ms after its client gave up: without that setting a lost request silences this check for
    its family. A late retry is expected to succeed only where operations name their senders.
    """
    for family in view.families.values():
        past = Past(view, family)
        for op in honest(view, family):
            if not newest_when_quiet(view, op, past) and prompt(view, family, op):
                view.judge("L1")
                if op.result == "refused":
                    yield Violation("L1", "an honest request was refused", [*past.shown(op), op])


def L2(view):
    """When things are quiet the browser's token works.

    Judges requests that honest actors sent with the newest generation there can be, at any age, with no other
    request of the family under way.
    """
    for family in view.families.values():
        past = Past(view, family)
        for op in honest(view, family):
            if newest_when_quiet(view, op, past):
                view.judge("L2")
                if op.result == "refused":
                    yield Violation("L2", "the newest token was refused", [*past.shown(op), op])


class Past:
    """What may have taken effect before an operation was answered: of its family all that was sent by then, but for
    itself. Keeps the two greatest of every beginning, so that a long history costs no square."""

    def __init__(self, view, family):
        self.ops = family.presented
        self.sent = [o.sent for o in self.ops]
        self.newest = two_greatest((newest_by(o), o) for o in self.ops)
        self.last = two_greatest((view.last(o), o) for o in self.ops)

    def greatest(self, which, op, default):
        pair = which[bisect.bisect_right(self.sent, op.answered)]
        return next((value for value, other in pair if other is not op), default)

    def shown(self, op):
        """The last few, to read."""
        return [o for o in self.ops[:bisect.bisect_right(self.sent, op.answered)] if o is not op][-4:]


def two_greatest(pairs):
    """For the first 0, 1, 2 ... pairs the two of greatest value, the greater first."""
    found = [()]
    for pair in pairs:
        found.append(tuple(sorted((*found[-1], pair), key=lambda p: -p[0])[:2]))
    return found


def honest(view, family):
    """Every honest request with an answer whose refusal nothing excuses but lateness of its own."""
    if family.issue is None:
        return
    end = min([o.sent for o in view.revocations(family)] + [o.sent for o in family.presented if not o.honest],
              default=INFINITY)
    bad = [o for o in family.presented if not prompt(view, family, o)]
    for op in family.presented:
        if op.result not in ("ok", "refused") or op.answered >= end or view.wrong_client(op, family):
            continue
        if any(o is not op and o.sent <= op.answered for o in bad[:2]) or crowded(view, family):
            continue
        if not view.may_be_expired(family, op) and survives(view, family, op):
            yield op


def prompt(view, family, op):
    """Whether it was certainly no reuse. A success was none; anything else was none when it took effect so soon
    after the first request with its token that this token's rotation is young and the next one not possible, or
    when it was allowed to be late."""
    if op.result == "ok" or view.wrong_client(op, family):
        return True
    grace = view.setting("grace_ms", family.first_sent[op.presented.generation], view.last(op))[0]
    return late.longest(view, family, op) < grace or late.promised(view, family, op)


def newest_when_quiet(view, op, past):
    """Nothing else under way, and no earlier request can have made a newer token than the one presented. It
    must not itself last for the grace: a proxy may ask twice."""
    if view.elapsed(span(op), span(op))[1] >= view.setting("grace_ms", *span(op))[0]:
        return False
    return (op.presented.generation >= past.greatest(past.newest, op, 0)
            and past.greatest(past.last, op, -INFINITY) < op.sent)


def newest_by(op):
    if op.result == "ok":
        return op.received.generation if op.received else op.presented.generation + 1
    return op.presented.generation + (1 if op.result == "unknown" else 0)


def survives(view, family, op):
    """Whether the family outlives the failovers before: at most one, not the issue lost, and the token presented
    near enough to what was surely kept to be healed, while healing is on."""
    failovers = [f for f in view.lossy if f.at <= op.answered]
    if not failovers:
        return True
    failover = failovers[0]
    if len(failovers) > 1 or failover.until > op.sent:
        return False
    kept = next((s.generation for s in view.known_at(family, op)), None)
    if kept is None or op.presented.generation > kept + 4:
        return False
    since = view.elapsed(span(failover), span(op))[1]
    return op.presented.generation <= kept or since < view.setting("heal_ms", *span(op))[0]


def crowded(view, family):
    """Whether the cap on a user's sessions may have ended it."""
    if view.base.sessions_max is None:
        return False
    logins = [o for o in view.ops if o.kind in ("issue", "login") and o.asked == family.subject]
    return len(logins) > view.base.sessions_max


CHECKS = (L1, L2)
