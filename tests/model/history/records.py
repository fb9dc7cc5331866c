"""What a history is made of, and how it lies in a file: one JSON object a line.

Times are milliseconds of the observer's own steady clock, from any origin. Tokens are only named: by
a digest of the family, the generation and a digest of the whole, none of which opens anything.
"""
import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import Optional

INFINITY = float("inf")


def digest(data):
    return hashlib.blake2b(data, digest_size=8).hexdigest()


@dataclass(frozen=True)
class Ref:
    """A refresh token without its power."""
    family: str
    generation: int
    digest: str

    def __str__(self):
        return f"{self.family[:6]}#{self.generation}:{self.digest[:4]}"


@dataclass
class Op:
    """One operation as its client saw it.

    kind: issue, login, refresh, logout, logout_all, revoke.
    result: ok, refused (the grant is not good), rejected (bad request: nothing was done) or unknown (no
    answer, 429 or 5xx: it took effect, or will, or never does).
    answered: when a whole answer was there. ended: when the client gave up without one.
    forged: its tag is not good. honest: sent by whom the token was given to, as the protocol expects it.
    sender: what its fingerprint is made of, browser and network, by any name; None: nobody knows.
    outcome: what the server called it, where a test knows: rotated, replayed, late, adopted ...
    """
    number: int
    kind: str
    actor: str
    sent: float
    answered: Optional[float] = None
    ended: Optional[float] = None
    result: str = "unknown"
    status: Optional[int] = None
    client: Optional[str] = None
    presented: Optional[Ref] = None
    received: Optional[Ref] = None
    asked: Optional[str] = None    # the subject an issue or login asks for
    subject: Optional[str] = None  # the subject in the access token received
    sid: Optional[str] = None
    retry_of: Optional[int] = None
    forged: bool = False
    honest: bool = True
    sender: Optional[str] = None
    outcome: Optional[str] = None

    @property
    def definite(self):
        """Whether the answer proves that the operation took effect between sent and answered."""
        return self.answered is not None and self.result in ("ok", "refused", "rejected")

    def __str__(self):
        when = f"{self.sent:.0f}.." + (f"{self.answered:.0f}" if self.answered is not None else "?")
        said = self.result + (f" {self.status}" if self.status else "")
        said += f" ({self.outcome})" if self.outcome else ""
        what = [f"op {self.number}", f"[{when}]", self.actor, self.kind, str(self.presented or self.asked or "")]
        if self.forged:
            what.append("forged")
        return " ".join(what) + f" -> {said} {self.received or ''} {self.subject or ''}".rstrip()


@dataclass
class Settings:
    """In force from some moment between at and until on. in_flight_ms, slack_ms, durability and sessions_max
    are the first ones' for the whole history.

    in_flight_ms: how long after its client gave up on it (or got a 5xx) an operation may still take effect;
    None: for ever, so nothing that a lost operation could explain is reported.
    slack_ms: how much the observer's and Redis' clock may differ over one comparison.
    """
    at: float = 0
    until: float = 0
    grace_ms: float = 10_000
    idle_ms: float = 30 * 86_400_000
    absolute_ms: float = 180 * 86_400_000
    late_retry_ms: float = 0
    heal_ms: float = 0
    durability: str = "async"
    sessions_max: Optional[int] = None
    in_flight_ms: Optional[float] = None
    slack_ms: float = 5


@dataclass
class Failover:
    """Another primary, or the same one restarted: acknowledged writes may be gone.

    From at, when the old one may first fail to keep a write, to until, after which only the new one answers.
    lost: how many writes it lost, None when unknown, 0 for none. cut: what was acknowledged before that
    moment survived (a rig cuts the replication link then). skew_ms: how far the new clock may be off.
    """
    at: float
    until: float
    lost: Optional[int] = None
    cut: Optional[float] = None
    skew_ms: float = 0
    name: str = "failover"

    def __str__(self):
        return f"{self.name} [{self.at:.0f}..{self.until:.0f}] lost {'?' if self.lost is None else self.lost}"


@dataclass
class Clock:
    """Redis' clock jumped by some amount between low_ms and high_ms. Workers' clocks decide nothing.

    family: only that family's last rotation was moved (the harness' age), into the past for a positive amount.
    """
    at: float
    until: float
    low_ms: float
    high_ms: float
    family: Optional[str] = None


@dataclass
class Snapshot:
    """One family's record as the store held it at some moment between at and until; times in it are Redis'.

    seed is a digest. key_expires_ms, indexed and now_ms: None when nobody looked.
    """
    at: float
    until: float
    family: str
    exists: bool = True
    generation: int = 0
    rotated_ms: int = 0
    seen_ms: int = 0
    expires_ms: int = 0
    created_ms: int = 0
    auth_time_ms: int = 0
    revoked: bool = False
    kid: int = 0
    seed: str = ""
    key_expires_ms: Optional[int] = None
    indexed: Optional[bool] = None
    now_ms: Optional[int] = None

    def __str__(self):
        state = f"g={self.generation} w={self.rotated_ms} revoked={self.revoked}" if self.exists else "no record"
        return f"snapshot [{self.at:.0f}..{self.until:.0f}] of {self.family[:6]}: {state}"


@dataclass
class Commands:
    """How often Redis had run each command, without those of the observer."""
    at: float
    until: float
    counts: dict = field(default_factory=dict)


@dataclass
class Audit:
    """An audit event, as refresh.adopted, of the session sid (None: not named)."""
    at: float
    event: str
    sid: Optional[str] = None


KINDS = {c.__name__.lower(): c for c in (Op, Settings, Failover, Clock, Snapshot, Commands, Audit)}


@dataclass
class History:
    """audited: the audit events are complete, so one that lacks is a fault."""
    settings: Settings
    records: list = field(default_factory=list)
    audited: bool = False

    def of(self, kind):
        return [r for r in self.records if type(r) is kind]

    @property
    def ops(self):
        return self.of(Op)

    def save(self, path):
        with open(path, "w") as file:
            for record in [self.settings, *self.records]:
                row = {k: v for k, v in dataclasses.asdict(record).items() if v is not None}
                file.write(json.dumps({"type": type(record).__name__.lower(), **row}) + "\n")
            file.write(json.dumps({"type": "end", "audited": self.audited}) + "\n")

    @classmethod
    def load(cls, path):
        """The last line proves that the file is whole: half a history would prove nothing."""
        with open(path) as file:
            rows = [json.loads(line) for line in file]
        assert rows and rows[-1].pop("type") == "end", f"{path} is cut"
        made = [restore(row) for row in rows[:-1]]
        return cls(made[0], made[1:], **rows[-1])


def restore(row):
    kind = KINDS[row.pop("type")]
    for name in ("presented", "received"):
        if name in row:
            row[name] = Ref(**row[name])
    return kind(**row)
