"""Runs random histories through the Lua scripts and the reference, and compares every byte.

The scripts' clock, one line of their text, is replaced by the last two arguments (seconds and
microseconds, as Redis TIME gives them). Virtual time is centuries ahead, so Redis itself expires
nothing; the harness deletes a key when virtual time has passed its expiry.
"""
import hashlib
import pathlib
import random

from harness import resp
from reference import Store, variable_part

STORE = pathlib.Path(__file__).parents[2] / "lib" / "store"
CLOCK = "local time = redis.call('TIME')\n"
VIRTUAL_CLOCK = "local time = {ARGV[#ARGV - 1], ARGV[#ARGV]}\n"
START = 10_000_000_000_000  # ms: the year 2286
STEPS_OF_A_WORLD = 1000

SECOND, DAY = 1000, 86_400_000
GRACES = (0, 1, 2, 5, 100, SECOND, 10 * SECOND)
IDLES = (1, 7, 3 * SECOND, 11 * SECOND, 60 * SECOND, DAY, 30 * DAY)
ABSOLUTES = (1, 30 * SECOND, DAY, 90 * DAY, 365 * DAY)
CLIENTS = (b"web", b"fixed", b"we", b"c" * 64)


def script(name, mutate=None):
    """The script's text with the virtual clock; mutate: (old, new), old must occur exactly once."""
    text = (STORE / name).read_text()
    if mutate:
        assert text.count(mutate[0]) == 1, f"{mutate[0]!r} occurs {text.count(mutate[0])} times"
        text = text.replace(*mutate)
    assert text.count(CLOCK) == 1 and text.count("TIME'") - text.count("PEXPIRETIME'") == 1
    return text.replace(CLOCK, VIRTUAL_CLOCK).encode()


class World:
    """One random history. step() runs the reference and gives what to send and what must come."""

    def __init__(self, seed, shas):
        self.random = random.Random(seed)
        self.shas = shas
        self.store = Store()
        self.now = START + self.random.randrange(1 << 20)
        self.grace = self.random.choice(GRACES)
        self.idle = self.random.choice(IDLES[3:])
        self.settled = self.random.random() < 0.6  # one setting for all of the history
        self.late = self.random.choice((0, 0, 3))  # ms that Redis' expiry comes late
        self.slots = [self.new_keys() for _ in range(self.random.randint(1, 4))]

    def new_keys(self):
        tag = b"{slot%d}" % self.random.randrange(2)
        name = b"%022x" % self.random.getrandbits(88)
        return b"rd:" + tag + b":f:" + name, b"rd:" + tag + b":u"

    def advance(self, family, grace, idle):
        dice = self.random.random()
        if dice < 0.3:
            self.now += self.random.randrange(4)
        elif dice < 0.33:
            self.now -= self.random.randrange(1, 20)  # a clock may be set back
        elif dice < 0.85 and family:
            edges = [family.rotated + grace] * 30 + [family.seen + idle] + [
                family.expires, family.created + idle, family.key_expires]
            edge = self.random.choice(edges) + self.random.choice((-1, 0, 1))
            self.now = edge if 0 <= edge - self.now < 400 * DAY else self.now
        else:
            self.now += self.random.randrange(self.random.choice((10, SECOND, 2 * SECOND, 2 * SECOND, 20 * SECOND)))

    def clock(self):
        return self.now // 1000, self.now % 1000 * 1000 + self.random.randrange(1000)

    def step(self):
        """Gives (commands, replies due, outcome, what this step is)."""
        place = self.random.randrange(len(self.slots))
        key, index = self.slots[place]
        grace = self.grace if self.settled else self.random.choice(GRACES)
        idle = self.idle if self.settled else self.random.choice(IDLES)
        self.advance(self.store.families.get(key), grace, idle)
        send, due = [], []
        for gone in self.store.expire(self.now - self.late):
            send.append(resp.command("DEL", gone))
            due.append(resp.integer(1))
        family = self.store.families.get(key)
        dice = self.random.random()
        dead = family is None or family.revoked or family.garbage is not None
        if dice < (0.5 if dead else 0.01):
            key, index = self.slots[place] = self.new_keys()
            args, answer = self.issue(key, index, idle)
        else:
            if family and not family.revoked and dice > 0.992:
                family.garbage = self.garbage(family)
                send.append(resp.command("SET", key, family.garbage, "KEEPTTL"))
                due.append(b"+OK\r\n")
            args, answer = self.rotate(key, index, family, grace, idle)
        send.append(resp.command("EVALSHA", *args))
        due.append(resp.bulk(answer))
        self.check_all(key, index, send, due)
        what = f"now {self.now} " + " ".join(repr(a) for a in args[2:])
        return b"".join(send), due, chr(answer[0]), what

    def check_all(self, key, index, send, due):
        family = self.store.families.get(key)
        members = self.store.indexes.get(index, {})
        flat = [x for m, score in sorted(members.items(), key=lambda i: (i[1], i[0]))
                for x in (m, b"%d" % score)]
        send += [resp.command("GET", key), resp.command("PEXPIRETIME", key),
                 resp.command("ZRANGE", index, 0, -1, "WITHSCORES"),
                 resp.command("PEXPIRETIME", index)]
        due += [resp.bulk(family and family.record()),
                resp.integer(family.key_expires if family else -2), resp.bulks(flat),
                resp.integer(self.store.index_expires.get(index, -2))]

    def garbage(self, family):
        record = family.record()
        return self.random.choice((
            b"", b"x", record[:62], record[:self.random.randrange(63)],
            bytes([self.random.choice((0, 2, 255))]) + record[1:]))

    def issue(self, key, index, idle):
        absolute = self.random.choice(ABSOLUTES)
        auth_time = self.random.choice((0, 0, self.now - 5000, 1))
        kid, seed = self.random.randint(1, 255), self.random.randbytes(16)
        client = self.random.choice(CLIENTS)
        scope = b"read write"[:self.random.randrange(11)]
        var = variable_part(b"user", client, b"::1", scope,
                            b'"n":1' * self.random.randrange(3), b"agent\0\r\n")
        answer = self.store.issue(key, index, self.now, idle, absolute, auth_time, kid, seed,
                                  client, scope, var)
        return (self.shas["issue"], 2, key, index, idle, absolute, auth_time, kid, seed, var,
                *self.clock()), answer

    def rotate(self, key, index, family, grace, idle):
        g = family.generation if family else 0
        near = (g,) * 10 + (g - 1,) * 5 + (g - 3, g - 2, g + 1, g + 2, g + 3)
        n = self.random.choice(near + (self.random.getrandbits(32),))
        n = max(n, 0)
        client = family.client if family else b"web"
        if self.random.random() < 0.03:
            client = self.random.choice(CLIENTS)
        rotates, kid = self.random.random() < 0.9, self.random.randint(1, 255)
        wanted = self.random.choice((b"",) * 12 + (b"read", b"write read", b"rea", b"admin"))
        answer = self.store.rotate(key, self.now, n, client, grace, idle, kid, rotates,
                                   wanted)
        return (self.shas["rotate"], 2, key, index, n, client, grace, idle, kid,
                "1" if rotates else "0", wanted, *self.clock()), answer


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


def run(path, seed, steps, counts, rotate=None, issue=None):
    """Gives None, or a description of the first mismatch. Counts outcomes in counts."""
    connection = resp.Connection(path)
    scripts = {"rotate": rotate or script("rotate.lua"), "issue": issue or script("issue.lua")}
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
