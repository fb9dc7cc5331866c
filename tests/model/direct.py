"""Calls the scripts one by one, at a time of the test's choice."""
import differential
from reference import Store, variable_part

KEYS, INDEX = b"rd:{slot}:f:", b"rd:{slot}:u"
SID, OTHER, THIRD = b"F" * 22, b"G" * 22, b"H" * 22
KEY = KEYS + SID
VAR = variable_part(b"user", b"web", b"", b"read", b"", b"")
NOW = differential.START
IDLE = 60_000
SENDER = b"annas"


def dump(store):
    return {key: (store.dump(key), store.pexpiretime(key)) for key in sorted(store.keys())}


def run(store, name, keys, args, now):
    return store.eval(differential.script(f"{name}.lua"), len(keys), *keys, *args, now // 1000, now % 1000 * 1000)


def rotate(store, n, now=NOW, client=b"web", grace=10_000, rotates="1", scope="", late=0, sender=SENDER, adopt=0,
           sid=SID):
    return run(store, "rotate", (KEYS + sid, INDEX), (n, client, grace, IDLE, 1, rotates, scope, late, sender, adopt),
               now)


def issue(store, now=NOW, var=VAR, sid=SID, most=0, absolute=10 * IDLE, login=(), hashes=()):
    """login: the keys of failed logins and account; hashes: what was looked at, and what to have instead."""
    return run(store, "issue", (KEYS + sid, INDEX, *login), (IDLE, absolute, 0, 1, b"s" * 16, var, most, *hashes), now)


def revoke(store, which, asker=b"", client=b"", reason=3, now=NOW, durable="0"):
    return run(store, "revoke", (INDEX, KEYS), (which, asker, client, reason, durable), now)


def sweep(store, before=NOW + 1, client=b"", reason=5, count_only="0", now=NOW, durable="0"):
    return run(store, "sweep", (INDEX, KEYS), (before, client, reason, count_only, durable), now)


def sessions(store, skip=0, count=100, asker=b"", now=NOW):
    return run(store, "sessions", (INDEX, KEYS), (skip, count, asker), now)


def session(store, sid=SID, now=NOW):
    return run(store, "session", (KEYS + sid,), (), now)


def record():
    made = Store()
    made.issue(KEY, INDEX, NOW, IDLE, 10 * IDLE, 0, 1, b"s" * 16, b"web", b"read", VAR, 0)
    return made.families[KEY].record()
