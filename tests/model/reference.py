"""The store as plain Python: what the scripts must do, written from the rotation table.

n is the generation presented, g the stored one, w the time of the last rotation, G the grace.

  no record                                        A  nothing is made
  another version's record, or none at all         X  nothing
  tombstone                                        V  nothing
  expired, idle or absolute, also inside grace     E  nothing
  other client than the record's                   W  nothing
  n > g                                            F  nothing
  would succeed, but asks for scope not granted    S  nothing
  n = g, the client's tokens do not rotate         K  last seen and expiry move
  n = g, and now - w >= G, or G = 0, or w = 0      R  g + 1, w, kid, last seen and expiry move
  n = g, now - w < G                               C  nothing: a young head returns itself
  n = g - 1, now - w < G                           P  nothing
  any other n < g                                  U  tombstone until the absolute expiry
"""
import struct
from dataclasses import dataclass

OUTCOMES = "AXVEWFSKRCPU"
REASON_REUSE = 1


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
    revoked: int = 0
    reason: int = 0
    key_expires: int = 0
    garbage: bytes = None

    def record(self):
        if self.garbage is not None:
            return self.garbage
        times = (self.rotated, self.seen, self.expires, self.created, self.auth_time)
        return (struct.pack(">BBBBI", 1, self.revoked, self.kid, self.reason, self.generation)
                + b"".join(t.to_bytes(6, "big") for t in times) + self.seed + self.var)


def variable_part(user, client, ip, scope, claims, agent):
    out = b""
    for size, text in ((1, user), (1, client), (1, ip), (2, scope), (2, claims), (2, agent)):
        out += len(text).to_bytes(size, "big") + text
    return out


class Store:
    def __init__(self):
        self.families = {}  # key -> Family
        self.indexes = {}   # key -> {member: absolute expiry}
        self.index_expires = {}

    def answer(self, outcome, now, record=b""):
        return outcome.encode() + now.to_bytes(6, "big") + record

    def issue(self, key, index, now, idle, absolute, auth_time, kid, seed, client, scope, var):
        family = Family(index, kid, now + absolute, now, auth_time or now, seed, client, scope, var,
                        seen=now, key_expires=min(now + idle, now + absolute))
        self.families[key] = family
        members = self.indexes.setdefault(index, {})
        for member in [m for m, score in members.items() if score <= now]:
            del members[member]
        if not members:
            self.index_expires.pop(index, None)
        members[key[-22:]] = family.expires
        self.index_expires[index] = max(self.index_expires.get(index, 0), family.expires)
        return self.answer("I", now, family.record())

    def rotate(self, key, now, n, client, grace, idle, kid, rotates, wanted):
        family = self.families.get(key)
        if family is None:
            return self.answer("A", now)
        if family.garbage is not None:
            return self.answer("X", now)
        outcome = self.decide(family, now, n, client, grace, idle, rotates, wanted)
        if outcome in "RK":
            family.seen = now
            family.key_expires = min(now + idle, family.expires)
        if outcome == "R":
            family.generation += 1
            family.rotated = now
            family.kid = kid
        if outcome == "U":
            family.revoked, family.reason = 1, REASON_REUSE
            family.seen, family.key_expires = now, family.expires
            self.forget(family.index, key[-22:])
        return self.answer(outcome, now, family.record())

    @staticmethod
    def decide(family, now, n, client, grace, idle, rotates, wanted):
        if family.revoked:
            return "V"
        if now >= min(family.expires, family.seen + idle):
            return "E"
        if client != family.client:
            return "W"
        if n > family.generation:
            return "F"
        young = grace > 0 and family.rotated > 0 and now - family.rotated < grace
        replay = n == family.generation - 1 and young
        if (n == family.generation or replay) and not set(wanted.split()) <= set(family.scope.split()):
            return "S"
        if n == family.generation:
            if not rotates:
                return "K"
            return "C" if young else "R"
        return "P" if replay else "U"

    def forget(self, index, member):
        members = self.indexes.get(index, {})
        members.pop(member, None)
        if not members:
            self.indexes.pop(index, None)
            self.index_expires.pop(index, None)

    def expire(self, now):
        """What Redis does by itself: the keys whose time has passed go. Gives their names."""
        gone = [k for k, f in self.families.items() if now > f.key_expires]
        gone_indexes = [k for k, at in self.index_expires.items() if now > at]
        for key in gone:
            del self.families[key]
        for key in gone_indexes:
            del self.indexes[key], self.index_expires[key]
        return gone + gone_indexes
