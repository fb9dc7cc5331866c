"""Valid histories: clients, losses, retries, failovers and clock jumps in virtual time, round the reference
implementation as the server.

Nothing that simulate() gives may be reported by the history checker.
"""
import copy
import hashlib
import heapq
import itertools
import random

from history import Audit, Clock, Commands, Failover, History, Op, Ref, Settings, Snapshot
from reference import Rotation, Store, variable_part

START = 10_000_000_000_000  # Redis' clock at the observer's 0
OUTCOMES = {"R": "rotated", "C": "coalesced", "P": "replayed", "K": "kept", "U": "reuse", "V": "revoked",
            "E": "expired", "W": "wrong_client", "F": "ahead", "A": "absent", "H": "adopted", "L": "late"}
HOME = "home."  # where requests come from, if nobody says otherwise
UNAVAILABLE = "unknown", 503, None, None
GOOD = ("rotated", "coalesced", "replayed", "kept", "adopted", "late")


class Server:
    """What stands behind the socket. now: the observer's clock; jumped: by how much Redis' has."""

    def __init__(self, settings, rotates=True):
        self.settings, self.rotates = settings, rotates
        self.store = Store()
        self.jumped = 0
        self.writes = 0
        self.commands = 0
        self.owners = {}     # family -> subject
        self.kept = None     # the store as it was at the cut, and the writes until then
        self.healing_until = -1

    def clock(self, now):
        return START + int(now) + self.jumped

    def key(self, family):
        return b"f:" + family.encode().ljust(22, b".")

    def index(self, family):
        return b"u:" + self.owners[family].encode()

    def record(self, family, now):
        self.store.expire(self.clock(now))
        return self.store.families.get(self.key(family))

    def token(self, family, generation):
        """Of a generation always the same one."""
        return Ref(family, generation, hashlib.sha256(f"{family}/{generation}".encode()).hexdigest()[:16])

    def issue(self, family, subject, now):
        self.owners[family] = subject
        self.store.issue(self.key(family), self.index(family), self.clock(now), int(self.settings.idle_ms),
                         int(self.settings.absolute_ms), 0, 1, family.encode(), b"web", b"",
                         variable_part(subject.encode(), b"web", b"", b"", b"", b""), 0)
        self.writes += 1
        self.commands += 1
        return self.token(family, 0)

    def refresh(self, token, client, now, sender):
        """Returns (outcome, token or None)."""
        self.commands += 1
        clock, record = self.clock(now), self.record(token.family, now)
        outcome = self.otherwise(record, token, client, now) if record else None
        heals = record and max(record.rotated, record.seen) > clock and ("coalesced", "replayed") or ()
        asked = Rotation(token.generation, client.encode(), int(self.settings.grace_ms), int(self.settings.idle_ms), 1,
                         self.rotates, late=int(self.settings.late_retry_ms), sender=sender.encode(),
                         adopt=4 if now < self.healing_until else 0)
        if outcome is None:
            outcome = OUTCOMES[self.store.rotate(self.key(token.family), clock, asked)[:1].decode()]
        self.writes += outcome in ("rotated", "kept", "reuse", "adopted", "late", *heals)
        if outcome not in GOOD:
            return outcome, None
        return outcome, self.token(token.family, record.generation)

    def otherwise(self, record, token, client, now):
        """For servers that are broken: an outcome of their own, or None."""

    def revoke(self, token, now):
        self.commands += 1
        record = self.record(token.family, now)
        if record and not record.revoked:
            record.revoked, record.reason = 1, 2
            record.seen, record.key_expires = self.clock(now), record.expires
            self.store.forget(record.index, self.key(token.family)[-22:])
            self.writes += 1

    # What happens to Redis.

    def cut(self):
        self.kept = copy.deepcopy(self.store), self.writes

    def fail_over(self, now):
        """Returns how many writes are lost."""
        self.store, before = self.kept
        self.healing_until = now + self.settings.heal_ms
        return self.writes - before

    def snapshot(self, family, now):
        record = self.record(family, now)
        at = {"at": now, "until": now, "family": family, "now_ms": self.clock(now)}
        if record is None:
            return Snapshot(exists=False, **at)
        members = self.store.indexes.get(record.index, {})
        return Snapshot(generation=record.generation, rotated_ms=record.rotated, seen_ms=record.seen,
                        expires_ms=record.expires, created_ms=record.created, auth_time_ms=record.auth_time,
                        revoked=bool(record.revoked), kid=record.kid, seed=record.seed.hex(),
                        key_expires_ms=record.key_expires, indexed=self.key(family)[-22:] in members, **at)


class World:
    """Virtual time, a network that loses and delays, and the history of it all."""

    def __init__(self, seed, settings, rotates=True, server=Server):
        self.random = random.Random(seed)
        self.settings = settings
        self.server = server(settings, rotates)
        self.history = History(copy.copy(settings), audited=True)
        self.records = self.history.records
        self.now, self.end = 0.0, 0.0
        self.queue, self.tie = [], itertools.count()
        self.loss, self.twice, self.delay = 0.0, 0.0, 1.0
        self.down, self.parted = False, False  # the primary is gone; its link to the replica is cut

    def later(self, delay, call, *args):
        heapq.heappush(self.queue, (self.now + delay, next(self.tie), call, args))

    def run(self, until):
        while self.queue and self.queue[0][0] <= until:
            self.now, _, call, args = heapq.heappop(self.queue)
            call(*args)
        self.now = until

    def delayed(self):
        return self.delay * self.random.choice((0.05, 0.1, 0.3, 1)) * self.random.random()

    def send(self, kind, actor, done=None, token=None, **fields):
        """done(op) is called when the answer comes, or the client gives up."""
        op = Op(len(self.records), kind, actor, self.now, presented=token, **{"client": "web", "sender": HOME, **fields})
        self.records.append(op)
        arrives, takes = self.random.random() >= self.loss, self.delayed()
        returns = arrives and self.random.random() >= self.loss
        if arrives:
            if self.random.random() < self.twice:  # a worker dies after the script, and nginx asks another
                self.later(takes / 2, self.effect, op)
            self.later(takes, self.effect, op)
        if returns:
            self.later(takes + self.delayed(), self.answer, op, done)
        else:
            self.later(3 * self.delay, self.give_up, op, done)
        return op

    def effect(self, op):
        """The server's answer, as it is on its way."""
        op.said = self.decide(op) if not self.down else UNAVAILABLE

    def decide(self, op):
        if op.forged:
            return "refused", 401, None, None
        if op.kind in ("issue", "login"):
            return "ok", 200, self.server.issue(f"{self.random.getrandbits(64):016x}", op.asked, self.now), None
        if op.kind != "refresh":
            for family in self.same_user(op.presented.family) if op.kind == "logout_all" else [op.presented.family]:
                self.server.revoke(Ref(family, 0, ""), self.now)
            return ("ok", 204, None, None) if self.may_acknowledge() else UNAVAILABLE
        outcome, token = self.server.refresh(op.presented, op.client, self.now, op.sender)
        if outcome == "adopted":
            self.records.append(Audit(self.now, "refresh.adopted", "sid-" + op.presented.family))
        if outcome == "reuse" and not self.may_acknowledge():
            return UNAVAILABLE
        return ("ok", 200, token, outcome) if token else ("refused", 401, None, outcome)

    def may_acknowledge(self):
        """A revocation, when a replica must have it."""
        return self.settings.durability == "async" or not self.parted

    def same_user(self, family):
        owners = self.server.owners
        return [f for f in owners if owners[f] == owners[family]]

    def answer(self, op, done):
        op.answered = self.now
        op.result, op.status, op.received, op.outcome = op.said
        if op.result == "ok" and op.received:
            op.subject, op.sid = self.server.owners[op.received.family], "sid-" + op.received.family
        if done:
            done(op)

    def give_up(self, op, done):
        op.ended = self.now
        if done:
            done(op)

    # What the environment does.

    def fail_over(self, known):
        """The link is cut, a while later the primary dies, again later another one serves."""
        cut, pause = self.now, self.random.random() * 3 * self.delay
        self.server.cut()
        self.parted = True

        def die():
            self.down, at = True, self.now
            self.later(pause, back, at)

        def back(at):
            lost, self.down, self.parted = self.server.fail_over(self.now), False, False
            self.records.append(Failover(at, self.now, lost if known else None, cut if self.random.random() < 0.7
                                         else None))
        self.later(self.random.random() * 2 * self.settings.grace_ms, die)

    def restart(self):
        """Redis ends and comes back with all that it had."""
        self.down, at = True, self.now

        def back():
            self.down = False
            self.records.append(Failover(at, self.now, 0, name="restart"))
        self.later(self.random.random() * 3 * self.delay, back)

    def age(self):
        """The observer makes the rotation of a family older."""
        family = self.random.choice([*self.server.owners, "nobody"])
        record = family != "nobody" and self.server.record(family, self.now)
        if record and record.rotated:
            by = int(self.random.choice((0.5, 1, 3)) * self.settings.grace_ms)
            record.rotated -= by
            self.server.writes += 1
            self.records.append(Clock(self.now - 1, self.now + 1, by, by, family))

    def jump(self):
        by = int(self.random.choice((-3, -1, 0.5, 1, 3)) * (self.settings.grace_ms + 1))
        self.server.jumped += by
        self.records.append(Clock(self.now - 1, self.now + 1, by, by))

    def reload(self):
        self.settings = copy.copy(self.settings)
        self.settings.grace_ms = max(1, self.settings.grace_ms * self.random.choice((0.5, 2)))
        self.settings.at, self.settings.until = self.now - 1, self.now + 1
        self.server.settings = self.settings
        self.records.append(copy.copy(self.settings))

    def look(self):
        """Snapshots of all families and the commandstats."""
        self.records += [self.server.snapshot(f, self.now) for f in self.server.owners]
        self.records.append(Commands(self.now, self.now, {"cmdstat_evalsha": self.server.commands}))


def ordinary(**more):
    return Settings(**{"grace_ms": 1000, "idle_ms": 60_000, "absolute_ms": 200_000, "heal_ms": 600_000,
                       "in_flight_ms": 100, "slack_ms": 1, **more})
