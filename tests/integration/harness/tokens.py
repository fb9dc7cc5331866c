"""Refresh tokens and key files in Python: to take tokens apart and to forge every kind of them."""
import base64
import hashlib
from dataclasses import dataclass, replace

PREFIX = "rt1_"
LENGTH = 98
SID_LENGTH = 22


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def derive(master, number):
    """libsodium's crypto_kdf with the context "refreshd"."""
    return hashlib.blake2b(b"", digest_size=32, key=master, person=b"refreshd".ljust(16, b"\0"),
                           salt=number.to_bytes(8, "little").ljust(16, b"\0")).digest()


def keyed(key, size, data):
    return hashlib.blake2b(data, key=key, digest_size=size).digest()


class Keys:
    """A key file. access: the active ones."""

    def __init__(self, path):
        self.refresh, self.access, self.secrets = {}, {}, []
        with open(path) as file:
            for line in file:
                kind, *fields = line.split() or ["#"]
                if kind.startswith("#"):
                    continue
                secret = unb64(fields[0 if kind == "deployment" else 2])  # a time may follow
                self.secrets.append(secret)
                if kind == "deployment":
                    self.slot_key, self.sid_key = derive(secret, 1), derive(secret, 2)
                elif kind == "refresh":
                    self.refresh[int(fields[0])] = (derive(secret, 1), derive(secret, 2))
                elif kind == "access" and fields[1] == "active":
                    self.access[fields[0]] = secret

    def slot(self, user):
        return b64(keyed(self.slot_key, 16, user.encode())[:8])

    def sid(self, family):
        return b64(keyed(self.sid_key, 16, family))


@dataclass(frozen=True)
class Token:
    version: int
    kid: int
    slot: bytes
    family: bytes
    generation: int
    secret: bytes
    tag: bytes

    @classmethod
    def parse(cls, text):
        assert text.startswith(PREFIX) and len(text) == LENGTH, text
        raw = unb64(text[len(PREFIX):])
        return cls(raw[0], raw[1], raw[2:10], raw[10:26], int.from_bytes(raw[26:30], "big"),
                   raw[30:54], raw[54:70])

    def head(self):
        return (bytes([self.version, self.kid]) + self.slot + self.family
                + self.generation.to_bytes(4, "big") + self.secret)

    def text(self):
        return PREFIX + b64(self.head() + self.tag)

    def tagged(self, keys, client="web"):
        """With the tag that keys give it: authentic, whatever else it says."""
        return replace(self, tag=keyed(keys.refresh[self.kid][0], 16,
                                       self.head() + client.encode()))

    def sealed(self, keys, seed, client="web"):
        """The token that the service itself would make of version, kid, family and generation."""
        message = (bytes([self.version]) + self.family + self.generation.to_bytes(4, "big")
                   + client.encode() + seed)
        return replace(self, secret=keyed(keys.refresh[self.kid][1], 24, message)).tagged(
            keys, client)

    def key(self, keys, prefix="rd:"):
        """Of the session's record: Redis knows it by its sid, never by its family."""
        return f"{prefix}{{{b64(self.slot)}}}:f:{keys.sid(self.family)}"

    def index_key(self, prefix="rd:"):
        return f"{prefix}{{{b64(self.slot)}}}:u"


@dataclass(frozen=True)
class Record:
    revoked: bool
    kid: int
    reason: int
    generation: int
    rotated_ms: int
    seen_ms: int
    late: int
    fingerprint: bytes
    expires_ms: int
    created_ms: int
    auth_time_ms: int
    seed: bytes
    var: bytes

    @classmethod
    def parse(cls, raw):
        assert raw[0] == 1 and len(raw) >= 69, raw
        rotated, seen, expires, created, auth_time = (
            int.from_bytes(raw[at:at + 6], "big") for at in (8, 14, 26, 32, 38))
        return cls(raw[1] != 0, raw[2], raw[3], int.from_bytes(raw[4:8], "big"), rotated, seen,
                   raw[20], raw[21:26], expires, created, auth_time, raw[44:60], raw[60:])

    def aged(self, by_ms):
        """The bytes of rotated_ms and seen_ms, each so much earlier."""
        return b"".join((at - by_ms).to_bytes(6, "big") for at in (self.rotated_ms, self.seen_ms))
