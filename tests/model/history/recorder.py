"""Makes a history of what a Stack or a Service is asked. Its calls may come from any number of threads.

It keeps no token: what it writes down are digests.
"""
import contextlib
import copy
import json
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, Optional

from harness import checks, fcgi
from harness.dialects import BY_NAME, FLASK, compact
from harness.processes import REPO
from harness.tokens import Token

from .records import INFINITY, Audit, Clock, Commands, Failover, History, Op, Ref, Settings, Snapshot, digest

LOST = (OSError, AssertionError, fcgi.Closed)  # what the harness raises when no whole answer comes
NOTHING_DONE = (400, 401, 403, 404, 405, 411, 413, 414, 415, 431)
LOOKS = ("get", "pexpiretime", "zscore", "time", "multi", "exec")  # the commands of one look


@dataclass
class Answer:
    """token: the refresh token that came, None without one. response: None when none came."""
    op: Op
    token: Optional[str]
    response: Any


def ref(token, of=None):
    """of: the token that a forged one was made from, when it cannot be read itself."""
    parsed = Token.parse(of or token)
    return Ref(digest(parsed.family), parsed.generation, digest(token.encode()))


def default(option):
    """An option's default as the service has it."""
    table = (REPO / "lib/config/options.h").read_text()
    found = re.search(rf"X\(NUMBER,\s*{option},\s*\w+,\s*\w+,\s*(\d+),", table)
    return int(found[1])


def settings_of(env, **more):
    """What a service with these variables has in force."""
    def ms(option):
        return 1000 * int(env.get("REFRESHD_" + option.upper(), default(option)))
    return Settings(**{"grace_ms": ms("grace_s"), "idle_ms": ms("refresh_idle_ttl_s"),
                       "absolute_ms": ms("refresh_max_ttl_s"), "late_retry_ms": ms("late_retry_s"),
                       "heal_ms": ms("heal_window_s"), "durability": env.get("REFRESHD_DURABILITY", "async"), **more})


class Recorder:
    """target: a Stack or a Service. settings: over those of its environment, as in_flight_ms=1000."""

    def __init__(self, target, **settings):
        self.target = target
        self.lock = threading.Lock()
        self.begin = time.monotonic()
        self.wall = time.time() - self.begin
        self.started = History(settings_of(target.env, **settings))
        self.looked = Counter()
        self.touched = set()  # families whose record the observer has changed

    def now(self):
        return round(1000 * (time.monotonic() - self.begin), 3)

    def add(self, record):
        with self.lock:
            self.started.records.append(record)
        return record

    def history(self):
        """As it stands now; operations may still be under way. A jump of this machine's clock is in it."""
        with self.lock:
            made = History(copy.copy(self.started.settings), [copy.copy(r) for r in self.started.records],
                           self.started.audited)
        drift = 1000 * (time.time() - time.monotonic() - self.wall)
        if abs(drift) > made.settings.slack_ms / 2:
            made.records.append(Clock(0, self.now(), min(0, drift), max(0, drift)))
        return made

    # What clients and backends do. fields: honest, forged, retry_of, client of the operation's record.

    def call(self, kind, actor, ask, dialect=None, presented=None, **fields):
        """Records one operation: ask() gives a response with status and body, or raises what LOST has."""
        with self.lock:
            op = Op(len(self.started.records), kind, actor, self.now(), presented=presented, **fields)
            self.started.records.append(op)
        response = None
        try:
            response = ask()
        except LOST:
            pass
        finally:
            token = self.finish(op, response, dialect)
        return Answer(op, token, response)

    def finish(self, op, response, dialect):
        now, token, seen = self.now(), None, {}
        if response is not None:
            seen = {"answered": now, "status": response.status, "result": result(response, dialect)}
            if seen["result"] == "ok" and response.body:
                token, more = delivered(response, dialect)
                seen.update(more)
        with self.lock:
            vars(op).update(seen or {"ended": now})
        return token

    def issue(self, sub, actor="backend", client="web", **members):
        body = compact(sub=sub, client_id=client, **members)
        return self.call("issue", actor, lambda: self.target.ask_issue(body), BY_NAME["oauth2"], asked=sub,
                         client=client)

    def login(self, name, password, actor="browser"):
        dialect, body = BY_NAME["express-token"], compact(name=name, password=password)
        headers = {"Content-Type": "application/json"}

        def ask():
            if hasattr(self.target, "http"):
                return self.target.http("POST", "/login", headers, body)
            return self.target.ask("login", dialect.name, body, CONTENT_TYPE="application/json")
        return self.call("login", actor, ask, dialect, asked=name, client="web")

    def refresh(self, token, actor="browser", dialect=FLASK, path=None, of=None, sender="a browser", **fields):
        """sender: its User-Agent; all come from this machine. A Service is not told who asks."""
        http = hasattr(self.target, "http")

        def ask():
            if not http:
                return self.target.refresh(token)
            headers, body = dialect.put(token)
            return self.target.http("POST", path or dialect.path, {**headers, "User-Agent": sender}, body)
        return self.call("refresh", actor, ask, dialect, ref(token, of),
                         **{"client": "web", "sender": sender if http else None, **fields})

    def logout(self, token, ask, kind="logout", actor="browser", **fields):
        """ask() sends it; its answer of 2xx acknowledges. kind: logout, logout_all or revoke."""
        return self.call(kind, actor, ask, None, ref(token), **fields)

    # What the observer does to the store, and sees in it. Only with a Stack.

    def revoke(self, token, actor="admin"):
        """By the harness' hand: the tombstone is not one that a script makes, so its expiry is not looked at."""
        self.touched.add(ref(token).family)

        def ask():
            self.target.revoke(token)
            return fcgi.Reply(b"Status: 204\r\n\r\n")
        return self.call("revoke", actor, ask, None, ref(token))

    def age(self, token, by_ms):
        with self.event(Clock, low_ms=by_ms, high_ms=by_ms, family=ref(token).family):
            self.target.age(token, by_ms)

    def snapshot(self, token):
        family, at = ref(token).family, self.now()
        record, expires, indexed, now = self.target.look(token)
        with self.lock:
            self.looked.update("cmdstat_" + name for name in LOOKS)
        known = {} if record is None else {
            "generation": record.generation, "rotated_ms": record.rotated_ms, "seen_ms": record.seen_ms,
            "expires_ms": record.expires_ms, "created_ms": record.created_ms, "kid": record.kid,
            "auth_time_ms": record.auth_time_ms, "revoked": record.revoked, "seed": digest(record.seed)}
        if record is not None and family not in self.touched:
            known |= {"key_expires_ms": expires, "indexed": indexed}
        return self.add(Snapshot(at, self.now(), family, exists=record is not None, now_ms=now, **known))

    def commands(self):
        """The commandstats without the looks of this recorder; not to be called while one is under way."""
        at, counts = self.now(), Counter(self.target.commands())
        counts.subtract(self.looked)
        return self.add(Commands(at, self.now(), {k: n for k, n in counts.items() if n}))

    # What happens to the service.

    @contextlib.contextmanager
    def event(self, kind, **fields):
        """Around what the test does: it happens somewhere inside. Until its end is known it may be any time."""
        made = self.add(kind(self.now(), INFINITY, **fields))
        yield made
        with self.lock:
            made.until = self.now()

    def failover(self, **fields):
        """lost: None when unknown, 0 for a restart that keeps all. Set .cut of what it gives to now() once the
        replica has everything and its link is cut."""
        return self.event(Failover, **fields)

    def clock(self, by_ms):
        """A jump of Redis' clock."""
        return self.event(Clock, low_ms=by_ms, high_ms=by_ms)

    def reload(self, **settings):
        return self.event(Settings, **{**{k: v for k, v in vars(self.started.settings).items()
                                          if k not in ("at", "until")}, **settings})

    def audit(self, log):
        """Takes the audit events from the service's whole log: from then on one that lacks is a fault."""
        for line in log.splitlines():
            with contextlib.suppress(ValueError):
                row = json.loads(line)
                if isinstance(row, dict) and row.get("event"):
                    self.add(Audit(self.now(), row["event"], row.get("sid")))
        self.started.audited = True


def result(response, dialect):
    if 200 <= response.status < 300:
        return "ok"
    if dialect and (response.status, response.body) == dialect.refused:
        return "refused"
    return "rejected" if response.status in NOTHING_DONE else "unknown"


def delivered(response, dialect):
    """(refresh token or None, what the answer says of it)."""
    if dialect is None:
        return None, {}
    answer = json.loads(response.body)
    token, access = dialect.refresh(answer), checks.claims(dialect.access(answer))
    return token, {"received": ref(token) if token else None, "subject": access["sub"], "sid": access["sid"]}
