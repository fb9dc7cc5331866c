"""Tokens newer than what Redis has after a restart or failover: adopted where it may have lost them (T12, S9, L1)."""
import json
import os
import pathlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from harness import checks, service, stack as stacks
from harness.dialects import BY_NAME, DIALECTS, FLASK, compact
from harness.redis_server import RedisServer
from harness.replica import Pair
from harness.tokens import Record, Token
from harness.wait import wait_until

GRACE_MS = 10_000
WORKERS = 2
UP = '"event":"redis.up"'


@pytest.fixture(scope="module")
def server():
    running = RedisServer("--appendonly", "yes", "--appendfsync", "always")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def lossy(server):
    """A stack whose Redis is ours to set back."""
    with stacks.Stack(workers=WORKERS, REFRESHD_REDIS=f"unix:{server.socket}") as running:
        yield running


def rotated(stack, token, times):
    """The tokens from this one on, each its predecessor's successor."""
    tokens = [token]
    for _ in range(times):
        tokens.append(stack.renew(tokens[-1]))
        stack.age(token, GRACE_MS)
    return tokens


def start(stack, server):
    """Until each of the workers has found it, the login worker too."""
    before = len(stack.log().splitlines())
    server.start()
    wait_until(lambda: len(up(stack, before)) == WORKERS + 1, what="Redis is found")


def up(stack, since=0):
    """Which workers have found Redis since that line of the log. One may find it more than once."""
    return {json.loads(line)["worker"] for line in stack.log().splitlines()[since:] if UP in line}


def restart(stack, server):
    server.kill()
    start(stack, server)


def set_back(stack, token, times):
    """Rotates the token, then puts its record back to what it was. Returns all its tokens."""
    key = stack.key(token)
    before, expires = stack.store.get(key), stack.store.pexpiretime(key)
    tokens = rotated(stack, token, times)
    stack.store.set(key, before, pxat=expires)
    return tokens


def events(running, name, token):
    sid = running.keys.sid(Token.parse(token).family)
    lines = [json.loads(line) for line in running.log().splitlines() if f'"event":"{name}"' in line]
    return [line for line in lines if line.get("sid") == sid]


def has_event(running, name, token):
    return wait_until(lambda: events(running, name, token), what=name)


@pytest.mark.parametrize("lost", [1, 2, 3, 4])
def test_T12_after_a_restart_a_token_up_to_four_ahead_is_adopted_as_it_is(lossy, server, lost):
    tokens = set_back(lossy, lossy.token(), lost)
    restart(lossy, server)
    answer, access = checks.success(lossy.refresh(tokens[-1]), FLASK)
    assert answer["refresh_token"] == tokens[-1], "not rotated: another request may be on its way"
    assert access["sid"] == lossy.keys.sid(Token.parse(tokens[-1]).family)
    record = lossy.record(tokens[-1])
    assert (record.generation, record.fingerprint, record.revoked) == (lost, bytes(5), False)
    assert abs(record.rotated_ms - lossy.now_ms()) < 10_000 and record.seen_ms == record.rotated_ms
    assert len(has_event(lossy, "refresh.adopted", tokens[-1])) == 1
    # It goes on as if nothing had been: the predecessor within the grace, the rotation after it.
    assert lossy.renew(tokens[-2]) == tokens[-1] == lossy.renew(tokens[-1])
    lossy.age(tokens[-1], GRACE_MS)
    successor = lossy.renew(tokens[-1])
    assert successor == replace(Token.parse(tokens[0]), generation=lost + 1).sealed(lossy.keys, record.seed).text()


def test_T12_five_ahead_is_refused_and_nothing_revoked(lossy, server):
    tokens = set_back(lossy, lossy.token(), 5)
    restart(lossy, server)
    before = lossy.raw_record(tokens[0])
    for dialect in DIALECTS:
        checks.refused(lossy.refresh(tokens[5], dialect), dialect)
    has_event(lossy, "refresh.future", tokens[5])
    assert lossy.raw_record(tokens[0]) == before
    assert lossy.renew(tokens[4]) == tokens[4], "this one is near enough"
    assert lossy.renew(tokens[5]) == tokens[5]


def test_T12_in_every_dialect(lossy, server):
    held = [(dialect, set_back(lossy, lossy.token(), 2)[-1]) for dialect in DIALECTS]
    restart(lossy, server)
    for dialect, token in held:
        assert lossy.renew(token, dialect) == token


@pytest.mark.parametrize("order", [(1, 2), (2, 1), (1, 2, 1, 2), (4, 3), (2, 4), (4, 1, 4)])
def test_L1_tabs_with_tokens_of_different_age_all_go_on(lossy, server, order):
    """Whichever comes first, the newest is in the jar at last; one more than one behind it is as old as it would
    have been without the loss."""
    tokens = set_back(lossy, lossy.token(), 4)
    restart(lossy, server)
    newest = 0
    for generation in order:
        if generation >= newest - 1:
            newest = max(newest, generation)
            assert lossy.renew(tokens[generation]) == tokens[newest]
        else:
            checks.refused(lossy.refresh(tokens[generation]), FLASK)
            assert lossy.record(tokens[0]).revoked
            break


def test_S1_twenty_at_once_adopt_one_token(lossy, server):
    tokens = set_back(lossy, lossy.token(), 3)
    restart(lossy, server)
    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(lambda _: lossy.renew(tokens[3]), range(20))) == {tokens[3]}
    assert lossy.record(tokens[3]).generation == 3
    assert len(has_event(lossy, "refresh.adopted", tokens[3])) == 1, "the others found it done"


def test_L1_requests_in_flight_with_the_predecessor_are_answered_with_the_adopted_one(lossy, server):
    tokens = set_back(lossy, lossy.token(), 2)
    restart(lossy, server)
    with ThreadPoolExecutor(20) as pool:
        got = set(pool.map(lambda i: lossy.renew(tokens[1 + i % 2]), range(20)))
    assert got <= {tokens[1], tokens[2]}
    assert lossy.renew(tokens[1]) == lossy.renew(tokens[2]) == tokens[2]
    assert not lossy.record(tokens[2]).revoked


def test_T13_a_wrong_secret_is_refused_and_the_family_intact(lossy, server):
    token = lossy.token()
    restart(lossy, server)
    before = lossy.raw_record(token)
    for secret in (bytes(24), Token.parse(token).secret):
        forged = replace(Token.parse(token), generation=1, secret=secret).tagged(lossy.keys).text()
        checks.refused(lossy.refresh(forged), FLASK)
        has_event(lossy, "refresh.lineage_conflict", token)
    assert lossy.raw_record(token) == before and not events(lossy, "refresh.adopted", token)


def test_S6_a_tombstone_is_never_adopted(lossy, server):
    tokens = set_back(lossy, lossy.token(), 4)
    lossy.revoke(tokens[0])
    restart(lossy, server)
    before = lossy.raw_record(tokens[0])
    for token in tokens:
        checks.refused(lossy.refresh(token), FLASK)
    assert lossy.raw_record(tokens[0]) == before


def test_T10_a_family_that_redis_lost_is_not_made_again(lossy, server):
    tokens = rotated(lossy, lossy.token(), 2)
    lossy.store.delete(lossy.key(tokens[0]))
    restart(lossy, server)
    for token in tokens:
        checks.refused(lossy.refresh(token), FLASK)
    assert lossy.raw_record(tokens[0]) is None


def test_T15_adoption_gives_no_scope_that_was_not_granted(lossy, server):
    tokens = set_back(lossy, lossy.token(scope="read"), 2)
    restart(lossy, server)
    before = lossy.raw_record(tokens[0])
    headers, body = BY_NAME["oauth2"].put(tokens[2])
    answer = lossy.http("POST", "/oauth2/token", headers, body + b"&scope=read+admin")
    checks.error(answer, 400, compact(error="invalid_scope"))
    assert lossy.raw_record(tokens[0]) == before
    answer = lossy.http("POST", "/oauth2/token", headers, body + b"&scope=read")
    assert json.loads(answer.body)["scope"] == "read"


def test_T3_S4_after_an_adoption_an_older_generation_is_reuse(lossy, server):
    tokens = set_back(lossy, lossy.token(), 3)
    restart(lossy, server)
    assert lossy.renew(tokens[3]) == tokens[3]
    checks.refused(lossy.refresh(tokens[0]), FLASK)  # the very head that Redis had come back with
    assert lossy.record(tokens[0]).revoked
    checks.refused(lossy.refresh(tokens[3]), FLASK)


def test_R_a_power_cut_that_takes_the_end_of_the_AOF_logs_nobody_out(lossy, server):
    tokens = [lossy.token() for _ in range(10)]
    aof = next(pathlib.Path(server.folder, "appendonlydir").glob("*.incr.aof"))
    size = aof.stat().st_size
    newest = [rotated(lossy, token, 1)[-1] for token in tokens]
    server.kill()
    os.truncate(aof, size)
    start(lossy, server)
    assert {lossy.record(token).generation for token in tokens} == {0}
    assert [lossy.renew(token) for token in newest] == newest


@pytest.mark.parametrize("lost", [1, 4])
def test_R_a_failover_that_loses_rotations_logs_nobody_out(lost):
    with Pair() as pair, service.Service(pair.front.path) as one:
        token = one.token()
        assert one.refresh(token).status == 200
        pair.in_step()
        pair.hold()
        newest = [token]
        with pair.primary.client() as client:
            for _ in range(lost + 1):
                newest.append(json.loads(one.refresh(newest[-1]).body)["refresh_token"])
                client.setrange(one.key(token), 8, (1).to_bytes(6, "big"))  # long ago
        assert Token.parse(newest[-1]).generation == lost + 1
        pair.fail_over()
        wait_until(lambda: one.refresh(newest[-1]).status == 200, what="the new primary is found")
        assert json.loads(one.refresh(newest[-1]).body)["refresh_token"] == newest[-1]
        has_event(one, "refresh.adopted", token)
        with pair.replica.client() as client:
            assert Record.parse(client.get(one.key(token))).generation == lost + 1


def ahead(one, redis_server, token, by=1):
    """A token that only a Redis that lost writes could not know."""
    with redis_server.client() as client:
        seed = Record.parse(client.get(one.key(token))).seed
    return replace(Token.parse(token), generation=by).sealed(one.keys, seed).text()


def test_T12_nothing_is_adopted_where_healing_is_off(redis_server):
    with service.Service(redis_server.socket, REFRESHD_HEAL_WINDOW_S=0) as one:
        token = one.token()
        assert one.refresh(ahead(one, redis_server, token)).status == 401
        has_event(one, "refresh.future", token)
        assert one.refresh(token).status == 200


def test_T12_once_redis_is_up_for_longer_than_the_window_nothing_is_adopted():
    """Nobody restarted it: then a token ahead is not lost writes but a leaked key, or another Redis' data."""
    server = RedisServer()
    try:
        with service.Service(server.socket, REFRESHD_HEAL_WINDOW_S=1) as one:
            token = one.token()
            with server.client() as client:
                wait_until(lambda: client.info("server")["uptime_in_seconds"] >= 2, what="it is up for long")
            coming = ahead(one, server, token)
            assert one.refresh(coming).status == 401
            has_event(one, "refresh.future", token)
            assert not events(one, "refresh.adopted", token)
            one.end()  # and who starts only now asks Redis since when it is up
            one.start()
            assert one.refresh(coming).status == 401
            assert one.refresh(token).status == 200
    finally:
        server.stop()
