"""The store's scripts against the reference: the same answer, record and expiry at every step.

STEPS=1000000 makes the campaign longer, SEED=... repeats one.
"""
import collections
import os
import re
import secrets

import pytest

import differential
from reference import OUTCOMES

STEPS = int(os.environ.get("STEPS", 200_000))
SHARDS = 4
LEAST = 50  # times that each outcome must have been reached


@pytest.mark.parametrize("shard", range(SHARDS))
def test_S1_S2_S3_S4_S10_scripts_do_what_the_rotation_table_says(redis_server, shard):
    seed = os.environ.get("SEED") or secrets.token_hex(4)
    seed = f"{seed}.{shard}"
    counts = collections.Counter()
    found = differential.run(redis_server.socket, seed, -(-STEPS // SHARDS), counts)
    print(f"seed {seed}: {counts.total()} steps, {dict(counts)}")
    assert found is None, found
    assert counts.total() >= STEPS // SHARDS
    rare = {o: counts[o] for o in OUTCOMES + "I" if counts[o] < LEAST}
    assert not rare, f"seed {seed}: reached too seldom: {rare}"


def test_reference_and_scripts_know_the_same_outcomes():
    text = (differential.STORE / "rotate.lua").read_text()
    assert sorted(re.findall(r"answer\('(.)'", text)) == sorted(OUTCOMES)


MUTANTS = {
    "grace ends a millisecond late, for the head": (
        "n == g and young", "n == g and (young or now - w == grace)"),
    "grace ends a millisecond late, for the predecessor": (
        "n == g - 1 and young", "n == g - 1 and (young or now - w == grace)"),
    "grace never ends": ("now - w < grace", "true"),
    "strict mode has grace when the clock is set back": ("grace > 0 and ", ""),
    "every older generation is replayed inside grace": ("n == g - 1 and", "n < g and"),
    "expiry is not checked": ("now >= expires or now >= seen + idle", "false"),
    "idle expiry a millisecond late": ("now >= seen + idle", "now > seen + idle"),
    "absolute expiry a millisecond late": ("now >= expires or", "now > expires or"),
    "the client is not checked": ("client ~= ARGV[2]", "false"),
    "the scope may grow": ("not covers(ARGV[7])", "false"),
    "a wider scope hides a reuse": ("(n == g or replay) and ARGV[7]", "ARGV[7]"),
    "a tombstone is forgotten": ("revoked ~= 0", "false"),
    "a generation is skipped": ("g + 1", "g + 2"),
    "a coming generation rotates": ("n > g then", "n > g + 1 then"),
    "reuse stays in the index": ("redis.call('ZREM', KEYS[2], KEYS[1]:sub(-22))", ""),
    "reuse does not make a tombstone": ("write(1, struct.pack('>BBBI4I6I6', 1,",
                                        "write(1, struct.pack('>BBBI4I6I6', 0,"),
    "a tombstone lives no longer than the idle time": (
        "w, now), expires)", "w, now), math.min(now + idle, expires))"),
    "the expiry does not move": ("'PXAT', expires_at", "'KEEPTTL'"),
    "the idle time passes the absolute expiry": (
        "head, math.min(now + idle, expires)", "head, now + idle"),
    "the active kid is not written": ("tonumber(ARGV[5])", "kid"),
    "a kept token moves the time of rotation": ("write(14,", "write(8,"),
    "an absent family is made again": ("if not rec then",
                                       "if not rec then redis.call('SET', KEYS[1], 'x')"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_differential_finds_a_broken_rotate_script(redis_server, name):
    broken = differential.script("rotate.lua", MUTANTS[name])
    found = differential.run(redis_server.socket, "mutant", 30_000, collections.Counter(),
                             rotate=broken)
    assert found is not None, f"not found: {name}"


ISSUE_MUTANTS = {
    "the index does not live as long as its families": ("index_expires < expires", "false"),
    "an earlier expiry shortens the index": ("index_expires < expires", "true"),
    "expired families stay in the index": (
        "redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)", ""),
    "the idle time is ignored": ("math.min(now + idle, expires)", "expires"),
    "auth_time is always now": ("if auth == 0 then", "if true then"),
}


@pytest.mark.parametrize("name", ISSUE_MUTANTS)
def test_the_differential_finds_a_broken_issue_script(redis_server, name):
    broken = differential.script("issue.lua", ISSUE_MUTANTS[name])
    found = differential.run(redis_server.socket, "mutant", 30_000, collections.Counter(),
                             issue=broken)
    assert found is not None, f"not found: {name}"
