"""Runs random histories through the Lua scripts and the reference, and compares every byte.

The scripts' clock, one line of their text, is replaced by the last two arguments (seconds and
microseconds, as Redis TIME gives them). Virtual time is centuries ahead, so Redis itself expires
nothing; the harness deletes a key when virtual time has passed its expiry.
"""
import hashlib
import pathlib
import random

from harness import resp
from reference import Rotation, Store, variable_part

SCRIPTS_FOLDER = pathlib.Path(__file__).parents[2] / "build" / "gen"  # as they are embedded, by `make`
SCRIPTS = ("rotate", "issue", "revoke", "session", "sessions", "sweep")  # those that touch sessions
CLOCK = "local time = redis.call('TIME')\n"
VIRTUAL_CLOCK = "local time = {ARGV[#ARGV - 1], ARGV[#ARGV]}\n"
START = 10_000_000_000_000  # ms: the year 2286
STEPS_OF_A_WORLD = 1000

SECOND, DAY = 1000, 86_400_000
GRACES = (0, 1, 2, 5, 100, SECOND, 10 * SECOND)
LATES = (0, 3, 120, 10 * SECOND, 20 * SECOND, 60 * SECOND)
IDLES = (1, 7, 3 * SECOND, 11 * SECOND, 60 * SECOND, DAY, 30 * DAY)
ABSOLUTES = (1, 30 * SECOND, DAY, 90 * DAY, 365 * DAY)
CLIENTS = (b"web", b"fixed", b"we", b"c" * 64)
SENDERS = (b"annas", bytes(5), b"eve\n\0")


def script(name, mutate=()):
    """The script's text with the virtual clock; mutate: old, new, old, new ..., each old occurring once."""
    text = (SCRIPTS_FOLDER / name).read_text()
    assert text.count(CLOCK) == 1 and text.count("TIME'") - text.count("PEXPIRETIME'") == 1
    for old, new in zip(mutate[::2], mutate[1::2]):
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
        text = text.replace(old, new)
    return text.replace(CLOCK, VIRTUAL_CLOCK).encode()


class World:
    """One random history. step() runs the reference and gives what to send and what must come."""

    def __init__(self, seed, shas):
        self.random = random.Random(seed)
        self.shas = shas
        self.store = Store()
        self.now = START + self.random.randrange(1 << 20)
        self.grace = self.random.choice(GRACES)
        self.late_retry = self.random.choice(LATES)
        self.idle = self.random.choice(IDLES[3:])
        self.settled = self.random.random() < 0.6  # one setting for all of the history
        self.lossy = self.random.choice((0,) * 7 + (0.5, 0.5, 0.2))  # share of answers whose senders come late
        if self.lossy:
            self.grace, self.late_retry, self.settled = 100, 20 * SECOND, True
        self.most = self.random.choice((0, 0, 1, 2, 3, 6))
        self.behind = self.random.choice((0, 0, 3))  # ms that Redis' expiry comes late
        self.slots = [self.new_keys() for _ in range(self.random.randint(1, 4))]

    def new_keys(self):
        tag = b"rd:{slot%d}:" % self.random.randrange(2)
        return tag + b"f:" + b"%022x" % self.random.getrandbits(88), tag + b"u"

    def advance(self, family, grace, idle):
        dice = self.random.random()
        if self.lossy and family and dice < 0.8:
            self.now = max(self.now, family.rotated + grace - 1) + self.random.randrange(3)
        elif dice < 0.3:
            self.now += self.random.randrange(4)
        elif dice < 0.33:
            self.now -= self.random.randrange(1, 20)  # a clock may be set back
        elif dice < 0.85 and family:
            edges = [family.rotated + grace] * 20 + [family.rotated + self.late_retry] * 10 + [
                family.seen + idle, family.expires, family.created + idle, family.key_expires]
            edge = self.random.choice(edges) + self.random.choice((-1, 0, 1))
            self.now = edge if 0 <= edge - self.now < 400 * DAY else self.now
        else:
            self.now += self.random.randrange(self.random.choice((10, SECOND, 2 * SECOND, 2 * SECOND, 20 * SECOND)))

    def clock(self):
        return self.now // 1000, self.now % 1000 * 1000 + self.random.randrange(1000)

    def step(self):
        """Returns (commands, replies due, outcome, what this step is)."""
        place = self.random.randrange(len(self.slots))
        key, index = self.slots[place]
        grace = self.grace if self.settled else self.random.choice(GRACES)
        idle = self.idle if self.settled else self.random.choice(IDLES)
        self.advance(self.store.families.get(key), grace, idle)
        send, due = [], []
        for gone in self.store.expire(self.now - self.behind):
            send.append(resp.command("DEL", gone))
            due.append(resp.integer(1))
        family = self.store.families.get(key)
        dice = self.random.random()
        dead = family is None or family.revoked or family.garbage is not None
        self.store.touched, self.durable = set(), False
        if dice < (0.5 if dead else 0.01):
            key, index = self.slots[place] = self.new_keys()
            name, keys, args, reply, outcome = self.issue(key, index, idle)
        elif 0.7 < dice < 0.78:
            what = self.random.choice((self.revoke, self.revoke, self.sessions, self.session, self.sweep))
            name, keys, args, reply, outcome = what(key, index)
        else:
            if family and not family.revoked and dice > 0.992:
                family.garbage = self.garbage(family)
                send.append(resp.command("SET", key, family.garbage, "KEEPTTL"))
                due.append(b"+OK\r\n")
            name, keys, args, reply, outcome = self.rotate(key, index, family, grace, idle)
        args = (len(keys), *keys, *args, *self.clock())
        call = resp.command("EVALSHA", self.shas[name], *args)
        for command, answer in self.watched(call, reply, {key, *keys} | self.store.touched):
            send.append(command)
            due.append(answer)
        self.check({key} | self.store.touched, index, send, due)
        if self.random.random() < 0.01:
            self.check(self.store.families, index, send, due)
            send.append(resp.command("DBSIZE"))
            due.append(resp.integer(len(self.store.families) + len(self.store.indexes)))
        what = f"{name} at {self.now}: " + " ".join(repr(a) for a in args)
        return b"".join(send), due, f"{name} {outcome}", what

    def watched(self, call, reply, keys):
        """What a durable question must do in any case is to write: a transaction behind it then fails."""
        if not self.durable:
            return [(call, reply)]
        return [(resp.command("WATCH", *sorted(keys)), b"+OK\r\n"), (call, reply), (resp.command("MULTI"), b"+OK\r\n"),
                (resp.command("EXEC"), b"*-1\r\n")]

    def check(self, keys, index, send, due):
        """Asks for the records of these keys and for the index."""
        for key in sorted(keys):
            family = self.store.families.get(key)
            send += [resp.command("GET", key), resp.command("PEXPIRETIME", key)]
            due += [resp.bulk(family and family.record()), resp.integer(family.key_expires if family else -2)]
        members = self.store.indexes.get(index, {})
        flat = [x for sid in self.store.ranked(index) for x in (sid, b"%d" % members[sid])]
        send += [resp.command("ZRANGE", index, 0, -1, "WITHSCORES"), resp.command("PEXPIRETIME", index)]
        due += [resp.bulks(flat), resp.integer(self.store.index_expires.get(index, -2))]

    def garbage(self, family):
        record = family.record()
        return self.random.choice((
            b"", b"x", record[:68], record[:self.random.randrange(69)],
            bytes([self.random.choice((0, 2, 255))]) + record[1:]))

    # Each gives script, keys, arguments, the reply due and what the outcome is called.

    def issue(self, key, index, idle):
        absolute = self.random.choice(ABSOLUTES)
        auth_time = self.random.choice((0, 0, self.now - 5000, 1))
        kid, seed = self.random.randint(1, 255), self.random.randbytes(16)
        client = self.random.choice(CLIENTS)
        scope = b"read write"[:self.random.randrange(11)]
        var = variable_part(b"user", client, b"::1", scope, b'"n":1' * self.random.randrange(3), b"agent\0\r\n")
        parts = self.store.issue(key, index, self.now, idle, absolute, auth_time, kid, seed, client, scope, var,
                                 self.most)
        args = (idle, absolute, auth_time, kid, seed, var, self.most)
        return "issue", (key, index), args, resp.bulks(parts), "ends one" if parts[1] else "I"

    def rotate(self, key, index, family, grace, idle):
        g = family.generation if family else 0
        near = (g,) * 10 + (g - 1,) * 5 + (g - 3, g - 2, g + 1, g + 2, g + 3)
        n = self.random.choice(near + (self.random.getrandbits(32),))
        late, sender = self.late_retry, family.sender if family else SENDERS[0]
        if not self.settled or not family or family.generation == 0:
            late, sender = self.random.choice(LATES), self.random.choice(SENDERS)
        elif self.random.random() < 0.05:
            sender = self.random.choice(SENDERS)
        if self.lossy and family and self.random.random() < 0.95:  # here nobody shows a young head
            n = g if self.now - family.rotated >= grace and self.random.random() > self.lossy else g - 1
        client = family.client if family else b"web"
        if self.random.random() < 0.03:
            client = self.random.choice(CLIENTS)
        wanted = self.random.choice((b"",) * 12 + (b"read", b"write read", b"rea", b"admin"))
        asked = Rotation(max(n, 0), client, grace, idle, self.random.randint(1, 255), self.random.random() < 0.9,
                         wanted, late, sender, self.random.choice((0, 0, 1, 2, 4)))
        answer = self.store.rotate(key, self.now, asked)
        return "rotate", (key, index), asked.args(), resp.bulk(answer), chr(answer[0])

    def some_sid(self, keys):
        """One of the user's own sids, or nobody's."""
        own = [k[-22:] for k in self.store.families if k.startswith(keys)]
        return self.random.choice(own) if own and self.random.random() < 0.8 else b"0" * 22

    def revoke(self, key, index):
        keys = key[:-22]
        which = self.random.choice((key[-22:], self.some_sid(keys), b"*", b"-"))
        asker = self.some_sid(keys) if which == b"-" or self.random.random() < 0.5 else b""
        client = self.random.choice((b"", *CLIENTS))
        reason, self.durable = self.random.randint(2, 6), self.random.random() < 0.5
        args = (which, asker, client, reason, int(self.durable))
        answer = self.store.revoke(keys, index, self.now, which, asker, client, reason)
        outcome = chr(answer[0]) if len(which) > 1 else which.decode() + chr(answer[0])
        return "revoke", (index, keys), args, resp.bulk(answer), outcome

    def session(self, key, index):
        key = key[:-22] + self.some_sid(key[:-22])
        answer = self.store.session(key, self.now)
        return "session", (key,), (), resp.bulk(answer), chr(answer[0])

    def sessions(self, key, index):
        keys, skip, count = key[:-22], self.random.choice((0, 0, 0, 1, 2)), self.random.randint(1, 5)
        asker = self.random.choice((b"", b"", self.some_sid(keys)))
        answer = self.store.sessions(keys, index, self.now, skip, count, asker)
        return "sessions", (index, keys), (skip, count, asker), resp.bulk(answer), chr(answer[0])

    def sweep(self, key, index):
        keys = key[:-22]
        created = [f.created for k, f in self.store.families.items() if k.startswith(keys)] or [self.now]
        before = self.random.choice((0, self.now + 1, self.random.choice(created) + self.random.choice((0, 1))))
        client, reason = self.random.choice((b"", b"", *CLIENTS)), self.random.randint(2, 6)
        count_only = self.random.random() < 0.3
        self.durable = not count_only and self.random.random() < 0.5
        args = (before, client, reason, int(count_only), int(self.durable))
        answer = self.store.sweep(keys, index, self.now, before, client, reason, count_only)
        outcome = "counts" if count_only else "ends" if any(answer[7:11]) else "ends none"
        return "sweep", (index, keys), args, resp.bulk(answer), outcome


def mismatch(steps, got):
    """Describes the first step whose replies differ."""
    got = resp.split(got)
    for number, (_, due, _, what) in enumerate(steps):
        theirs, got = got[:len(due)], got[len(due):]
        if theirs != due:
            where = next(i for i, pair in enumerate(zip(theirs + [None], due)) if pair[0] != pair[1])
            return (f"step {number}: {what}\n  reply {where}, the script:    {theirs[where:where + 1]}"
                    f"\n  reply {where}, the reference: {due[where]}")
    return "the number of replies differs"


def run(path, seed, steps, counts, **mutants):
    """Returns None, or a description of the first mismatch. Counts outcomes in counts.

    mutants: texts to be run in place of the scripts of that name.
    """
    connection = resp.Connection(path)
    scripts = {name: mutants.get(name) or script(f"{name}.lua") for name in SCRIPTS}
    connection.batch(b"".join(resp.command("SCRIPT", "LOAD", s) for s in scripts.values()))
    shas = {name: hashlib.sha1(text).hexdigest() for name, text in scripts.items()}
    try:
        for number in range(-(-steps // STEPS_OF_A_WORLD)):
            world = World(f"{seed}/{number}", shas)
            connection.batch(resp.command("FLUSHALL"))
            done = [world.step() for _ in range(STEPS_OF_A_WORLD)]
            got = connection.batch(b"".join(s[0] for s in done))
            if got != b"".join(b"".join(s[1]) for s in done):
                return f"seed {seed}, world {number}, {mismatch(done, got)}"
            counts.update(s[2] for s in done)
    finally:
        connection.close()
    return None
