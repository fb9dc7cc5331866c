"""What the scripts must leave alone: whatever cannot be served changes nothing in the store (S8)."""
import random

import pytest
import redis

import differential
from reference import Store, variable_part

KEY, INDEX = b"rd:{slot}:f:" + b"F" * 22, b"rd:{slot}:u"
VAR = variable_part(b"user", b"web", b"", b"", b"", b"")
NOW = differential.START
IDLE = 60_000


@pytest.fixture
def store(redis_server):
    with redis_server.client() as client:
        client.flushall()
        yield client


def dump(store):
    return {key: (store.dump(key), store.pexpiretime(key)) for key in sorted(store.keys())}


def rotate(store, n, now=NOW, client=b"web", grace=10_000, rotates="1"):
    return store.eval(differential.script("rotate.lua"), 2, KEY, INDEX, n, client, grace, IDLE, 1,
                      rotates, "", now // 1000, now % 1000 * 1000)


def issue(store, now=NOW, var=VAR):
    return store.eval(differential.script("issue.lua"), 2, KEY, INDEX, IDLE, 10 * IDLE, 0, 1,
                      b"s" * 16, var, now // 1000, now % 1000 * 1000)


def record():
    made = Store()
    made.issue(KEY, INDEX, NOW, IDLE, 10 * IDLE, 0, 1, b"s" * 16, b"web", b"", VAR)
    return made.families[KEY].record()


def test_S8_a_script_that_redis_does_not_know_changes_nothing(store):
    issue(store)
    before = dump(store)
    with pytest.raises(redis.exceptions.NoScriptError):
        store.evalsha("0" * 40, 2, KEY, INDEX, 0, b"web", 10_000, IDLE, 1, "1", "")
    assert dump(store) == before


def test_S8_a_key_of_another_type_is_left_alone(store):
    store.rpush(KEY, b"a list")
    before = dump(store)
    for n in (0, 1):
        with pytest.raises(redis.ResponseError):
            rotate(store, n)
    with pytest.raises(redis.ResponseError):
        issue(store)
    assert store.lrange(KEY, 0, -1) == [b"a list"] and store.type(KEY) == b"list"
    assert {k: v for k, v in dump(store).items() if k == KEY} == before


def test_S8_an_index_of_another_type_stops_reuse_and_issue_before_any_write(store):
    issue(store)
    rotate(store, 0)
    store.set(INDEX, b"not an index")
    before = dump(store)
    with pytest.raises(redis.ResponseError):
        rotate(store, 0, now=NOW + 10_000)  # reuse: would make a tombstone
    assert dump(store) == before
    store.delete(KEY)
    before = dump(store)
    with pytest.raises(redis.ResponseError):
        issue(store)
    assert dump(store) == before


def test_S8_a_family_that_exists_is_not_issued_again(store):
    issue(store)
    before = dump(store)
    with pytest.raises(redis.ResponseError):
        issue(store, var=variable_part(b"thief", b"web", b"", b"", b"", b""))
    assert dump(store) == before


def garbage():
    whole, rnd = record(), random.Random(1)
    cases = [whole[:n] for n in range(63)]
    cases += [bytes([version]) + whole[1:] for version in (0, 2, 0x7f, 0xff)]
    cases += [bytes([rnd.choice((0, 2, 200))]) + rnd.randbytes(rnd.randrange(200)) for _ in range(100)]
    return cases


def test_S8_a_record_that_is_not_ours_is_answered_X_and_left_alone(store):
    for value in garbage():
        store.set(KEY, value, pxat=NOW + IDLE)
        before = dump(store)
        for n in (0, 1, 2**32 - 1):
            assert rotate(store, n) == b"X" + NOW.to_bytes(6, "big"), value
        assert dump(store) == before


def test_S8_a_record_cut_inside_user_or_client_changes_nothing(store):
    whole = record()
    for cut in (b"\xff" + b"u" * 20, b"\x04user\xff" + b"c" * 20):
        value = whole[:54] + cut
        store.set(KEY, value)
        before = dump(store)
        with pytest.raises(redis.ResponseError):
            rotate(store, 0)
        assert dump(store) == before


def test_T10_an_absent_family_is_never_made(store):
    for n in (0, 1, 7, 2**32 - 1):
        assert rotate(store, n) == b"A" + NOW.to_bytes(6, "big")
    assert dump(store) == {}


def test_S3_w_moves_only_with_g_over_a_thousand_replays(store):
    issue(store)
    head = rotate(store, 0)
    assert head[:1] == b"R"
    for i in range(1000):
        answer = rotate(store, 0, now=NOW + i * 9)
        assert answer[:1] == b"P" and answer[7:] == head[7:]
    assert rotate(store, 0, now=NOW + 10_000)[:1] == b"U"


@pytest.mark.parametrize("back", [1, 60_000, 86_400_000])
def test_strict_mode_stays_strict_when_the_clock_is_set_back(store, back):
    issue(store)
    assert rotate(store, 0, grace=0)[:1] == b"R"
    assert rotate(store, 1, now=NOW - back, grace=0)[:1] == b"R"
    assert rotate(store, 1, now=NOW - back, grace=0)[:1] == b"U"
