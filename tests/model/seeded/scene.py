"""The stage for seeded violations, and the hands that falsify."""

from history import Clock, Failover, Ref, Snapshot
from simulator import World, ordinary

SEEDED = []  # (invariant, function, settings)
PAST = 1100  # ms: a little more than the grace


def violates(name, **settings):
    def note(function):
        SEEDED.append((name, function, settings))
        return function
    return note


class Scene(World):
    """One operation after the other, each of some milliseconds."""

    def __init__(self, **settings):
        super().__init__(1, ordinary(**settings))

    def do(self, kind, token=None, actor="browser", **fields):
        op = self.send(kind, actor, None, token, **fields)
        self.run(self.now + 3)
        return op

    def issue(self, subject="anna"):
        return self.do("issue", asked=subject).received

    def refresh(self, token, **fields):
        return self.do("refresh", token, **fields)

    def wait(self, ms=PAST):
        self.run(self.now + ms)

    def grow(self, token, to):
        """Rotates, a grace apart each time, until the generation is `to`."""
        while token.generation < to:
            self.wait()
            token = self.refresh(token).received
        return token

    def snapshots(self, token):
        return [r for r in self.records if type(r) is Snapshot and r.family == token.family]

    def set_back(self, ms):
        """Redis' clock."""
        self.server.jumped -= ms
        self.records.append(Clock(self.now, self.now, -ms, -ms))

    def lose(self, *work, known=True):
        """A failover that loses whatever the calls in work write, and keeps all before."""
        self.server.cut()
        cut = self.now
        results = [call() for call in work]
        self.wait(1)
        at = self.now
        lost = self.server.fail_over(self.now)
        self.wait(1)
        self.records.append(Failover(at, self.now, lost if known else None, cut))
        self.wait(1)
        return results


def other(token):
    return Ref(token.family, token.generation, "f" * 16)


def succeed(scene, op, generation=None):
    """Turns a refusal into a success with the token of the generation."""
    op.result, op.status, op.outcome = "ok", 200, None
    op.received = scene.server.token(op.presented.family, generation or op.presented.generation)
    op.sid = None


def refuse(op):
    op.result, op.status, op.received, op.outcome, op.subject, op.sid = "refused", 401, None, None, None, None


def revive(snapshots, like):
    """The snapshots as if what came after `like` had not been."""
    for snapshot in snapshots:
        vars(snapshot).update({**vars(like), "at": snapshot.at, "until": snapshot.until, "now_ms": snapshot.now_ms})
