"""What is certain in a history, by intervals.

An operation with an answer took effect between sent and answered; one without, at any time after sent,
or never (bounded by settings.in_flight_ms). Two instants that are only known by intervals give a least
and a most elapsed time, with every jump of Redis' clock that may or must lie between them.
"""
import bisect
import collections
from dataclasses import dataclass

from .records import INFINITY, Audit, Clock, Commands, Failover, Op, Settings, Snapshot


@dataclass(frozen=True)
class Sight:
    """At some moment between lo and hi the store's generation of a family was `generation`."""
    lo: float
    hi: float
    generation: int
    source: object


def span(record):
    """The interval in which a record's moment lies, or an answered operation took effect."""
    if isinstance(record, Op):
        return record.sent, record.answered
    if isinstance(record, Sight):
        return record.lo, record.hi
    return record.at, record.until


class Family:
    """Everything about one family, in order of sending."""

    def __init__(self, name):
        self.name = name
        self.issue = None       # the operation that gave its first token
        self.subject = None
        self.client = None
        self.presented = []     # authentic refreshes: the operations that may move it
        self.forged = []
        self.revocations = []
        self.snapshots = []
        self.first_sent = {}    # generation -> when it was first presented by what may have rotated it
        self.sights = []        # by hi
        self.reached = {}       # generation -> sights of it or a later one, by hi

    def by_generation(self, generation):
        if generation not in self.reached:
            self.reached[generation] = [s for s in self.sights if s.generation >= generation]
        return self.reached[generation]


class View:
    def __init__(self, history):
        self.history = history
        self.base = history.settings
        self.ops = sorted(history.ops, key=lambda o: o.sent)
        self.failovers = history.of(Failover)
        self.lossy = [f for f in self.failovers if f.lost != 0]
        self.clocks = [self.as_kept(c) for c in history.of(Clock)] + [
            Clock(f.at, f.until, -f.skew_ms, f.skew_ms) for f in self.failovers if f.skew_ms]
        self.changes = sorted(history.of(Settings), key=lambda s: s.at)
        self.commands = sorted(history.of(Commands), key=lambda c: c.at)
        self.audit = history.of(Audit)
        self.families = {}
        self.judged = collections.Counter()
        for op in self.ops:
            self.place(op)
        for snapshot in sorted(history.of(Snapshot), key=lambda s: s.at):
            self.family(snapshot.family).snapshots.append(snapshot)
        for family in self.families.values():
            self.collect(family)

    def as_kept(self, jump):
        """What the observer did to one family's record may be undone by a failover."""
        lost = any(f.until >= jump.at and not (f.cut is not None and jump.until <= f.cut) for f in self.lossy)
        if jump.family is None or not lost:
            return jump
        return Clock(jump.at, jump.until, min(0, jump.low_ms), max(0, jump.high_ms), jump.family)

    def judge(self, name):
        self.judged[name] += 1

    # Who belongs to what.

    def family(self, name):
        return self.families.setdefault(name, Family(name))

    def place(self, op):
        if op.kind in ("issue", "login"):
            if op.result == "ok" and op.received:
                family = self.family(op.received.family)
                if family.issue is None:
                    family.issue, family.subject, family.client = op, op.asked or op.subject, op.client
        elif op.presented is not None:
            family = self.family(op.presented.family)
            if op.forged:
                family.forged.append(op)
            elif op.kind == "refresh":
                family.presented.append(op)
            else:
                family.revocations.append(op)

    def collect(self, family):
        """Every success names the head as it was then, so it shows the store's generation."""
        first = family.first_sent
        for op in family.presented:
            if self.may_rotate(op, family):
                first[op.presented.generation] = min(first.get(op.presented.generation, INFINITY), op.sent)
            if op.result == "ok" and self.own_answer(op):
                family.sights.append(Sight(op.sent, op.answered, op.received.generation, op))
        if family.issue:
            family.sights.append(Sight(family.issue.sent, family.issue.answered, 0, family.issue))
        family.sights += [Sight(s.at, s.until, s.generation, s) for s in family.snapshots if s.exists]
        family.sights.sort(key=lambda s: s.hi)

    @staticmethod
    def own_answer(op):
        return op.received is not None and op.received.family == op.presented.family

    @staticmethod
    def wrong_client(op, family):
        return bool(op.client and family.client and op.client != family.client)

    def may_rotate(self, op, family):
        """Not when it was answered with the token it presented: a second attempt by a proxy would have got
        the successor, but for a failover between the two."""
        same = op.result == "ok" and op.received and op.received.generation == op.presented.generation
        return not self.wrong_client(op, family) and not (same and not any(
            f.until >= op.sent and f.at <= op.answered for f in self.lossy))

    def successes(self, family):
        return [o for o in family.presented if o.result == "ok" and self.own_answer(o)]

    def revocations(self, family):
        """Those of the family itself, and of all its user's sessions."""
        everywhere = [o for o in self.ops if o.kind == "logout_all" and not o.forged and o.presented
                      and o.presented.family != family.name and self.may_share_user(o, family)]
        return family.revocations + everywhere

    def may_share_user(self, op, family):
        other = self.family(op.presented.family).subject
        return other is None or family.subject is None or other == family.subject

    # Time.

    def last(self, op):
        """The latest moment at which the operation may take effect."""
        if op.definite:
            return op.answered
        end = op.answered if op.answered is not None else op.ended
        if end is None or self.base.in_flight_ms is None:
            return INFINITY
        return end + self.base.in_flight_ms

    def elapsed(self, first, second, family=None):
        """(least, most) ms by Redis' clock between two moments, each somewhere in its interval, the second
        not before the first. family: as its time of rotation tells it."""
        least, most = second[0] - first[1], second[1] - first[0]
        for jump in self.clocks:
            if jump.family not in (None, family) or jump.until < first[0] or jump.at > second[1]:
                continue
            certain = first[1] <= jump.at and jump.until <= second[0]
            least += jump.low_ms if certain else min(0, jump.low_ms)
            most += jump.high_ms if certain else max(0, jump.high_ms)
        return least - self.base.slack_ms, most + self.base.slack_ms

    def peak(self, lo, hi):
        """The most ms that Redis' clock may ever have been past its reading at lo, until hi: what expired then is
        gone, though the clock be set back since."""
        jumps = [j.high_ms for j in self.clocks if j.family is None and j.until >= lo and j.at <= hi]
        return hi - lo + sum(max(0, j) for j in jumps) + self.base.slack_ms

    def may_be_expired(self, family, op):
        """Whether the idle or the absolute expiry may have come before the operation's answer."""
        if family.issue is None:
            return True
        issue = span(family.issue)
        begins = (family.first_sent.get(s.generation - 1) for s in self.known_at(family, op))
        seen = next((b for b in begins if b is not None), issue[0])
        return (self.peak(issue[0], op.answered) >= self.setting("absolute_ms", *issue)[0]
                or self.peak(seen, op.answered) >= self.setting("idle_ms", seen, op.answered)[0])

    def setting(self, name, lo, hi):
        """(least, most) value that may have been in force at some moment between lo and hi."""
        values = [getattr(self.base, name)]
        for change in self.changes:
            if change.until <= lo:
                values = []  # nothing older is in force any more
            if change.at <= hi:
                values.append(getattr(change, name))
        return min(values), max(values)

    # Failovers.

    def lossy_between(self, first, second):
        """How many failovers may have lost what was done at first, before second. Both with a span."""
        (lo, done), (_, hi) = span(first), span(second)
        return sum(1 for f in self.lossy
                   if f.until >= lo and f.at <= hi and not (f.cut is not None and done <= f.cut))

    def lasting(self, first, second):
        return self.lossy_between(first, second) == 0

    def final(self, first, second):
        """Whether a revocation acknowledged at first must still stand at second."""
        return self.lossy_between(first, second) <= (1 if self.base.durability == "replica" else 0)

    def reach(self, family, generation, before):
        """The earliest sight that proves, for the moment of `before` (which it is not), that the store has
        come to the generation; None without one."""
        for sight in family.by_generation(generation):
            if sight.source is not before and self.lasting(sight, before):
                return sight
        return None

    def known_at(self, family, op):
        """The sights that ended before the operation was sent and that no failover may have undone, newest first."""
        until = bisect.bisect_right(family.sights, op.sent, key=lambda s: s.hi)
        return (s for s in reversed(family.sights[:until]) if s.source is not op and self.lasting(s.source, op))

    def reached_before(self, family, generation, before):
        sight = self.reach(family, generation, before)
        return sight if sight and sight.hi <= span(before)[0] else None

    def since_rotation(self, family, generation, sight, op):
        """(least, most) ms between the rotation that made the generation, not later than the sight of it,
        and the operation."""
        begin = min(family.first_sent.get(generation - 1, sight.lo), sight.hi)
        return self.elapsed((begin, sight.hi), span(op), family.name)
