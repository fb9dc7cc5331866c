"""The store's scripts against the reference: the same answer, records and expiry at every step.

STEPS=1000000 makes the campaign longer, SEED=... repeats one:
STEPS=1000000 /usr/bin/python3 -m pytest -n 2 tests/model/test_rotate_differential.py -k table
"""
import collections
import os
import re
import secrets

import pytest

import differential
from mutants import MUTANTS
from reference import OUTCOMES

STEPS = int(os.environ.get("STEPS", 200_000))
SHARDS = 4
LEAST = 50  # times that each outcome must have been reached
REACHED = [f"{name} {outcome}" for name, outcomes in (
    ("rotate", OUTCOMES), ("issue", ("I", "ends one")), ("session", "AG"), ("sessions", "GV"),
    ("sweep", ("counts", "ends", "ends none")),
    ("revoke", ("A", "D", "V", "W", "*D", "*V", "-D", "-V"))) for outcome in outcomes]


@pytest.mark.parametrize("shard", range(SHARDS))
def test_S1_S2_S3_S4_S6_S10_scripts_do_what_the_rotation_table_says(redis_server, shard):
    seed = os.environ.get("SEED") or secrets.token_hex(4)
    seed = f"{seed}.{shard}"
    counts = collections.Counter()
    found = differential.run(redis_server.socket, seed, -(-STEPS // SHARDS), counts)
    print(f"seed {seed}: {counts.total()} steps, {dict(counts)}")
    assert found is None, found
    assert counts.total() >= STEPS // SHARDS
    rare = {outcome: counts[outcome] for outcome in REACHED if counts[outcome] < LEAST}
    assert not rare, f"seed {seed}: reached too seldom: {rare}"


@pytest.mark.parametrize("name, outcomes", [("rotate", OUTCOMES), ("revoke", "VAWD")])
def test_reference_and_scripts_know_the_same_outcomes(name, outcomes):
    text = (differential.SCRIPTS_FOLDER / f"{name}.lua").read_text()
    assert sorted(re.findall(r"answer\('(.)'", text)) == sorted(outcomes)


@pytest.mark.parametrize("name, rule", [(name, rule) for name, rules in MUTANTS.items() for rule in rules])
def test_the_differential_finds_a_broken_rule(redis_server, name, rule):
    broken = differential.script(f"{name}.lua", MUTANTS[name][rule])
    found = differential.run(redis_server.socket, "mutant", 30_000, collections.Counter(), **{name: broken})
    assert found is not None, f"not found: {rule}"
