"""The store as plain Python: what the scripts must do, written from the protocol's tables.

n is the generation presented, g the stored one, w the time of the last rotation, G the grace.

  no record                                        A  nothing is made
  another version's record, or none at all         X  nothing
  tombstone                                        V  nothing
  expired, idle or absolute, also inside grace     E  nothing
  other client than the record's                   W  nothing
  n > g, further ahead than is to be believed      F  nothing
  would succeed, but asks for scope not granted    S  nothing
  n > g otherwise                                  H  adopted: n, w, kid, last seen and expiry move, no sender
  n = g, the client's tokens do not rotate         K  last seen and expiry move
  n = g, now - w < G, or given late within G       C  nothing: a young head returns itself
  n = g otherwise                                  R  g + 1, w, kid, sender, last seen and expiry move
  n = g - 1, now - w < G                           P  nothing
  n = g - 1, a late retry (below)                  L  last seen and expiry move, the generation counts as late
  any other n < g                                  U  tombstone until the absolute expiry

A late retry: G is not 0, now - w < late_retry, the sender is known and the one that rotated, and with this
one at most 2 of the last 8 generations were given late. w stays; the head is young again for G.

When the clock was set back, w and last seen from the future count as now, and C and P write that down.
"""
import struct
from dataclasses import dataclass, field

OUTCOMES = "AXVEWFSHKRCPLU"
REASON_REUSE, REASON_CAP = 1, 2
LATE_OF, LATE_IN = 2, 8  # generations given late, of how many
NOBODY = bytes(5)
LOOKED_AT = 100  # sessions, to make room for one


@dataclass
class Rotation:
    """What rotate.lua is asked."""
    n: int
    client: bytes
    grace: int
    idle: int
    kid: int
    rotates: bool
    wanted: bytes = b""
    late: int = 0
    sender: bytes = NOBODY
    adopt: int = 0

    def args(self):
        return (self.n, self.client, self.grace, self.idle, self.kid, "1" if self.rotates else "0",
                self.wanted, self.late, self.sender, self.adopt)


@dataclass
class Family:
    index: bytes
    kid: int
    expires: int
    created: int
    auth_time: int
    seed: bytes
    client: bytes
    scope: bytes
    var: bytes
    generation: int = 0
    rotated: int = 0
    seen: int = 0
    late: set = field(default_factory=set)  # the generations that were given late
    sender: bytes = NOBODY
    revoked: int = 0
    reason: int = 0
    key_expires: int = 0
    garbage: bytes = None

    def record(self):
        if self.garbage is not None:
            return self.garbage
        late = sum(1 << self.generation - n for n in self.late if self.generation - n < LATE_IN)
        return (struct.pack(">BBBBI", 1, self.revoked, self.kid, self.reason, self.generation)
                + six(self.rotated) + six(self.seen) + bytes([late]) + self.sender
                + six(self.expires) + six(self.created) + six(self.auth_time) + self.seed + self.var)

    def stands(self):
        return self.garbage is None and not self.revoked

    def end(self, now, reason):
        self.revoked, self.reason = 1, reason
        self.seen, self.key_expires = now, self.expires

    def touch(self, idle):
        """The key's expiry, as every write sets it."""
        self.key_expires = min(self.seen + idle, self.expires)


def six(number):
    return number.to_bytes(6, "big")


def variable_part(user, client, ip, scope, claims, agent):
    out = b""
    for size, text in ((1, user), (1, client), (1, ip), (2, scope), (2, claims), (2, agent)):
        out += len(text).to_bytes(size, "big") + text
    return out


def decide(family, now, r):
    """The letter for a record that is one."""
    if family.revoked:
        return "V"
    if now >= min(family.expires, family.seen + r.idle):
        return "E"
    if r.client != family.client:
        return "W"
    if r.n - family.generation > r.adopt:
        return "F"
    letter = success(family, now, r)
    return "S" if letter and not set(r.wanted.split()) <= set(family.scope.split()) else letter or "U"


def success(family, now, r):
    behind, age = family.generation - r.n, max(0, now - family.rotated)
    young = family.rotated > 0 and age < r.grace
    again = family.generation in family.late and max(0, now - family.seen) < r.grace
    if behind < 0:
        return "H"
    if behind == 0:
        return "K" if not r.rotates else "C" if young or again else "R"
    if behind > 1:
        return None
    if young:
        return "P"
    lost = r.grace > 0 and age < r.late and r.sender == family.sender != NOBODY
    of_late = {n for n in family.late | {family.generation} if family.generation - n < LATE_IN}
    return "L" if lost and len(of_late) <= LATE_OF else None


class Store:
    def __init__(self):
        self.families = {}  # key -> Family
        self.indexes = {}   # key -> {sid: absolute expiry}
        self.index_expires = {}
        self.touched = set()  # keys that the last step wrote

    def answer(self, outcome, now, record=b""):
        return outcome.encode() + six(now) + record

    def ranked(self, index):
        """The sids of an index, those first that expire first."""
        members = self.indexes.get(index, {})
        return sorted(members, key=lambda sid: (members[sid], sid))

    def issue(self, key, index, now, idle, absolute, auth_time, kid, seed, client, scope, var, most):
        """Returns the answer's two parts."""
        members = self.indexes.get(index, {})
        for sid in [s for s, score in members.items() if score <= now]:
            self.forget(index, sid)
        ended = self.make_room(key[:-22], index, now, most)
        family = Family(index, kid, now + absolute, now, auth_time or now, seed, client, scope, var, seen=now)
        family.touch(idle)
        self.families[key] = family
        self.indexes.setdefault(index, {})[key[-22:]] = family.expires
        self.index_expires[index] = max(self.index_expires.get(index, 0), family.expires)
        return self.answer("I", now, family.record()), ended

    def make_room(self, keys, index, now, most):
        oldest = None
        for sid in self.ranked(index)[:LOOKED_AT]:
            if not most or len(self.indexes.get(index, {})) < most:
                return b""
            family = self.families.get(keys + sid)
            if family is None or family.record()[1:2] != b"\0":
                self.forget(index, sid)
            elif not oldest and family.garbage is None:
                oldest = sid
        if not oldest or len(self.indexes[index]) < most:
            return b""
        self.end(keys + oldest, now, REASON_CAP)
        return oldest

    def end(self, key, now, reason):
        self.touched.add(key)
        self.families[key].end(now, reason)
        self.forget(self.families[key].index, key[-22:])

    def rotate(self, key, now, r):
        family = self.families.get(key)
        if family is None:
            return self.answer("A", now)
        if family.garbage is not None:
            return self.answer("X", now)
        letter = decide(family, now, r)
        if letter in "RH":
            step = 1 if letter == "R" else r.n - family.generation
            family.generation += step
            family.rotated, family.kid, family.sender = now, r.kid, r.sender if letter == "R" else NOBODY
        if letter == "L":
            family.late = family.late | {family.generation}
        if letter in "LU":
            family.rotated = min(family.rotated, now)
        if letter in "RHKL":
            family.seen = now
            family.touch(r.idle)
        if letter in "CP" and max(family.rotated, family.seen) > now:
            family.rotated, family.seen = min(family.rotated, now), min(family.seen, now)
            family.touch(r.idle)
        if letter == "U":
            self.end(key, now, REASON_REUSE)
        return self.answer(letter, now, family.record())

    def revoke(self, keys, index, now, which, asker, client, reason):
        """which: a sid, b"*" all, b"-" all but the asker's."""
        def told(letter, count=0):
            return letter.encode() + six(now) + count.to_bytes(4, "big")
        asking = self.families.get(keys + asker)
        if asker and not (asking and asking.stands()):
            return told("V")
        if len(which) > 1:
            family = self.families.get(keys + which)
            if family is None or family.garbage is not None:
                return told("A")
            if client and client != family.client:
                return told("W")
            ending = [which]
            self.forget(index, which)
        else:
            ending = [s for s in self.ranked(index) if which == b"*" or s != asker]
            for sid in ending:
                self.forget(index, sid)
            if index in self.indexes:
                self.index_expires[index] = self.indexes[index][asker]
        ending = [s for s in ending if keys + s in self.families and self.families[keys + s].stands()]
        for sid in ending:
            self.end(keys + sid, now, reason)
        return told("D", len(ending))

    def session(self, key, now):
        family = self.families.get(key)
        return self.answer("G", now, family.record()) if family else self.answer("A", now)

    def sessions(self, keys, index, now, skip, count, asker):
        asking = self.families.get(keys + asker)
        if asker and not (asking and asking.record()[1:2] == b"\0"):
            return self.answer("V", now, bytes(4))
        out = b""
        for sid in self.ranked(index)[::-1][skip:skip + count]:
            record = self.families[keys + sid].record() if keys + sid in self.families else b""
            if record[1:2] == b"\0":
                out += sid + len(record).to_bytes(2, "big") + record
            else:
                self.forget(index, sid)
        return self.answer("G", now, len(self.indexes.get(index, {})).to_bytes(4, "big") + out)

    def sweep(self, keys, index, now, before, client, reason, count_only):
        ending, over, stand = [], [], 0
        for sid in self.ranked(index):
            family = self.families.get(keys + sid)
            if family is None or family.record()[1:2] != b"\0":
                over.append(sid)
            elif family.garbage is None and family.created < before and client in (b"", family.client):
                ending.append(sid)
            else:
                stand += 1
        for sid in (over + ending) * (not count_only):
            self.forget(index, sid)
        for sid in ending * (not count_only):
            self.end(keys + sid, now, reason)
        return self.answer("D", now, struct.pack(">III", len(ending), len(over), stand))

    def forget(self, index, member):
        members = self.indexes.get(index, {})
        members.pop(member, None)
        if not members:
            self.indexes.pop(index, None)
            self.index_expires.pop(index, None)

    def expire(self, now):
        """What Redis does by itself: the keys whose time has passed go. Returns their names."""
        gone = [k for k, f in self.families.items() if now > f.key_expires]
        gone_indexes = [k for k, at in self.index_expires.items() if now > at]
        for key in gone:
            del self.families[key]
        for key in gone_indexes:
            del self.indexes[key], self.index_expires[key]
        return gone + gone_indexes
