#!/usr/bin/python3
"""What a million sessions cost in Redis. By hand, about two minutes and 500 MB:

    make && timeout 600 /usr/bin/python3 tests/bench/scale.py [FAMILIES]

A Redis of its own is filled through issue.lua, pipelined: users with ten sessions each, or one with 10,000.
Bytes are the difference of used_memory; times are Redis' own, of the script alone. Targets: at most 260 bytes a
family with default metadata, 400 with its share of the index.
"""
import hashlib
import os
import pathlib
import secrets
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "integration"), str(ROOT / "tests" / "model")]

from harness import resp  # noqa: E402
from harness.redis_server import RedisServer  # noqa: E402
from reference import variable_part  # noqa: E402

FAMILIES = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
A_USER_HAS, ONE_USER_HAS, BATCH = 10, 10_000, 5_000
IDLE, ABSOLUTE = 30 * 86_400_000, 180 * 86_400_000
CHROME = b"Chrome/126 Windows"  # as lib/op/agent.c keeps it
METADATA = {
    "a backend's issue: user and client": (b"", b""),
    "default: a login, with an address": (b"203.0.113.77", b""),
    "the same by curl": (b"203.0.113.77", b"curl/7.88.1"),
    "the same by a browser": (b"203.0.113.77", CHROME),
}
SHAS = {}


def key(user, what=b""):
    return b"rd:{%011d}:%s" % (user, what)


def sids(count):
    return [secrets.token_urlsafe(16).encode() for _ in range(count)]


def var_of(user, ip, agent):
    return variable_part(b"user-%07d" % user, b"web", ip, b"", b"", agent)


def issue(user, sid, var, most=0):
    return resp.command("EVALSHA", SHAS["issue"], 2, key(user, b"f:" + sid), key(user, b"u"), IDLE, ABSOLUTE, 0, 1,
                        secrets.token_bytes(16), var, most)


def fill(connection, count, metadata, drop_index):
    """Sessions of count / A_USER_HAS users. drop_index: at once, so that nothing but records is left."""
    for at in range(0, count, BATCH):
        batch = [issue((at + i) // A_USER_HAS, sid, var_of((at + i) // A_USER_HAS, *metadata))
                 for i, sid in enumerate(sids(min(BATCH, count - at)))]
        users = range(at // A_USER_HAS, (at + len(batch) - 1) // A_USER_HAS + 1)
        batch += [resp.command("DEL", key(user, b"u")) for user in users if drop_index]
        assert b"\r\n-ERR" not in connection.batch(b"".join(batch))


def one_user(connection, user, count):
    """Returns the sids of a user's sessions, the oldest first."""
    names = sids(count)
    for at in range(0, count, BATCH):
        connection.batch(b"".join(issue(user, sid, var_of(user, *METADATA["the same by a browser"]))
                                  for sid in names[at:at + BATCH]))
    return names


def used(client):
    return client.info("memory")["used_memory"]


def sizes(connection, client):
    print(f"{FAMILIES:,} families of {FAMILIES // A_USER_HAS:,} users; bytes a family")
    print(f"{'':38}{'record':>8}{'alone':>8}{'with index':>12}")
    for name, metadata in METADATA.items():
        took = []
        for drop_index in (True, False):
            client.flushall()
            before = used(client)
            fill(connection, FAMILIES, metadata, drop_index)
            took.append((used(client) - before) / FAMILIES)
        record = 60 + len(var_of(0, *metadata))
        print(f"{name:38}{record:8}{took[0]:8.0f}{took[1]:12.0f}", flush=True)
    stats = client.memory_stats()["db.0"]
    tables = {name.decode() if isinstance(name, bytes) else name: round(size / FAMILIES) for name, size in stats.items()}
    print(f"of that the tables of keys, bytes a family: {tables}")


def script(client, name, calls):
    """Runs them and gives Redis' own microseconds for one, and the last answer."""
    client.config_resetstat()
    for keys, args in calls:
        answer = client.evalsha(SHAS[name], len(keys), *keys, *args)
    row = client.info("commandstats")["cmdstat_evalsha"]
    return row["usec"] / row["calls"], answer


def logins(user, most, count=10):
    """More sessions of that user, one after the other."""
    var = var_of(user, *METADATA["the same by a browser"])
    return [((key(user, b"f:" + sid), key(user, b"u")), (IDLE, ABSOLUTE, 0, 1, bytes(16), var, most))
            for sid in sids(count)]


def times(connection, client):
    big, other, small = 10_000_000, 10_000_001, 10_000_002
    keys = {user: (key(user, b"u"), key(user, b"f:")) for user in (big, other)}
    names = one_user(connection, big, ONE_USER_HAS)
    print(f"users with {ONE_USER_HAS:,} sessions and one with 100 beside them; µs of Redis for one script")

    def row(what, name, calls):
        took, answer = script(client, name, calls)
        print(f"{what:58}{took:10.1f}", flush=True)
        return answer

    for skip in (0, ONE_USER_HAS // 2, ONE_USER_HAS - 100):
        row(f"sessions: a page of 100 after {skip:,}", "sessions", [(keys[big], (skip, 100, ""))] * 50)
    row("session", "session", [((keys[big][1] + name,), ()) for name in names[:1000]])
    row("revoke one", "revoke", [(keys[big], (name, "", "", 3)) for name in names[100:200]])
    row("issue, no cap", "issue", logins(big, 0, 100))
    row("issue at the cap", "issue", logins(big, ONE_USER_HAS, 20))
    few = one_user(connection, small, 100)
    row("issue at the cap of 100", "issue", logins(small, 100, 50))
    for name in few:
        client.delete(key(small, b"f:" + name))
    row("the same with 50 that ended unused", "issue", logins(small, 100, 1))
    row("revoke all but the asker's", "revoke", [(keys[big], ("-", names[-1], "", 3))])
    one_user(connection, other, ONE_USER_HAS)
    answer = row(f"revoke all of {ONE_USER_HAS:,}", "revoke", [(keys[other], ("*", "", "", 3))])
    assert int.from_bytes(answer[7:], "big") == ONE_USER_HAS


def main():
    server = RedisServer()
    connection = resp.Connection(server.socket)
    try:
        for path in sorted((ROOT / "build" / "gen").glob("*.lua")):
            SHAS[path.stem] = hashlib.sha1(path.read_bytes()).hexdigest()
            connection.batch(resp.command("SCRIPT", "LOAD", path.read_bytes()))
        with server.client() as client:
            info = client.info()
            print(f"Redis {info['redis_version']}, {info['mem_allocator']}, {os.cpu_count()} cores, "
                  f"{subprocess.run(['git', 'describe', '--always'], capture_output=True, text=True).stdout.strip()}")
            sizes(connection, client)
            times(connection, client)
    finally:
        connection.close()
        server.stop()


if __name__ == "__main__":
    main()
