"""The rotation protocol through nginx: the fault table's T rows and the invariants S1 to S10."""
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from harness import checks, rawhttp
from harness.dialects import BY_NAME, DIALECTS, FLASK
from harness.tokens import Token
from harness.wait import wait_until

LATE_MS = 120_000  # past grace and late_retry_s: no lost answer explains it


def answer_of(response):
    assert response.status == 200, response
    return json.loads(response.body)


def pass_grace(stack, token, seconds=1):
    """Waits by Redis' own clock until the head is older than the grace."""
    ends = stack.record(token).rotated_ms + 1000 * seconds
    wait_until(lambda: stack.now_ms() >= ends, what="the grace is over")


def all_at_once(stack, tokens):
    """Sends every request but its last byte, then all last bytes, then reads the answers."""
    connections = [rawhttp.Connection(stack.url) for _ in tokens]
    requests = [c.head("POST", FLASK.path, {"Authorization": f"Bearer {t}"}, 0)
                for c, t in zip(connections, tokens)]
    for connection, request in zip(connections, requests):
        connection.socket.sendall(request[:-1])
    for connection, request in zip(connections, requests):
        connection.socket.sendall(request[-1:])
    answers = [connection.read() for connection in connections]
    for connection in connections:
        connection.close()
    return answers


def test_T1_S1_S2_200_simultaneous_refreshes_of_one_token(stack):
    token = stack.token()
    answers = [checks.success(r, FLASK)[0] for r in all_at_once(stack, [token] * 200)]
    assert len(answers) == 200
    assert len({a["refresh_token"] for a in answers}) == 1
    assert len({a["access_token"] for a in answers}) == 200, "access tokens are each their own"
    record = stack.record(token)
    assert record.generation == 1 and not record.revoked
    assert Token.parse(answers[0]["refresh_token"]).generation == 1


def test_T1_S2_the_same_again_with_the_successor_after_grace(quick):
    token = quick.token()
    for generation in range(1, 4):
        answers = [answer_of(r)["refresh_token"] for r in all_at_once(quick, [token] * 50)]
        assert len(set(answers)) == 1 and quick.record(token).generation == generation
        token = answers[0]
        pass_grace(quick, token)


def test_S7_simultaneous_refreshes_of_many_users_do_not_mix(stack):
    tokens = [stack.token(f"mix-{i}") for i in range(100)]
    for i, response in enumerate(all_at_once(stack, tokens)):
        answer, access = checks.success(response, FLASK)
        family = Token.parse(tokens[i]).family
        assert access["sub"] == f"mix-{i}" and access["sid"] == stack.keys.sid(family)
        assert Token.parse(answer["refresh_token"]).family == family


def test_S1_the_successor_is_the_one_derived_from_key_and_seed(stack):
    token = stack.token()
    seed = stack.record(token).seed
    assert Token.parse(token).sealed(stack.keys, seed).text() == token
    successor = stack.renew(token)
    assert replace(Token.parse(token), generation=1).sealed(stack.keys, seed).text() == successor


def test_T2_a_lost_answer_is_made_good_by_asking_again(stack):
    token = stack.token()
    first = stack.renew(token)
    assert [stack.renew(token, d) for d in DIALECTS] == [first] * len(DIALECTS)
    assert stack.record(token).generation == 1


def test_T3_S4_a_predecessor_after_grace_revokes_the_family_and_the_newest_token_fails_too(quick):
    token = quick.token()
    successor = quick.renew(token)
    pass_grace(quick, token)
    checks.refused(quick.refresh(token), FLASK)
    record = quick.record(token)
    assert record.revoked and record.generation == 1
    checks.refused(quick.refresh(successor), FLASK)
    checks.refused(quick.refresh(token), FLASK)
    assert quick.store.pexpiretime(quick.key(token)) == record.expires_ms


def test_T4_S3_S4_an_older_generation_revokes_the_family_even_inside_grace(quick):
    token = quick.token()
    second = quick.renew(token)
    pass_grace(quick, token)
    third = quick.renew(second)
    assert quick.record(token).generation == 2
    checks.refused(quick.refresh(token), FLASK)
    assert quick.record(token).revoked
    for dead in (token, second, third):
        checks.refused(quick.refresh(dead), FLASK)


def test_T5_three_tabs_and_an_overtaken_request_all_succeed(stack):
    token = stack.token()
    one = stack.renew(token)
    two = stack.renew(one)
    late = stack.renew(token)
    assert one == two == late and stack.record(token).generation == 1
    assert stack.renew(late) == one


def test_T6_answers_out_of_order_leave_a_token_that_works(quick):
    token = quick.token()
    jar = [quick.renew(token) for _ in range(3)]
    pass_grace(quick, token)
    assert quick.renew(jar[0]) == quick.renew(jar[2])


def test_T7_a_head_younger_than_grace_returns_itself(stack):
    head = stack.renew(stack.token())
    before = stack.raw_record(head)
    assert stack.renew(head) == head
    for dialect in DIALECTS:
        assert stack.renew(head, dialect) == head
    assert stack.raw_record(head) == before


def test_T8_S3_a_thousand_replays_never_move_w_and_past_grace_it_is_reuse(stack):
    token = stack.token()
    successor = stack.renew(token)
    before = stack.raw_record(token)
    with rawhttp.Connection(stack.url) as connection:
        for _ in range(1000):
            answer = answer_of(connection.ask("POST", FLASK.path, {"Authorization": f"Bearer {token}"}))
            assert answer["refresh_token"] == successor
            if stack.now_ms() - stack.record(token).rotated_ms > 5000:
                stack.age(token, -5000)  # a slow machine: hold the grace open
                before = stack.raw_record(token)
    assert stack.raw_record(token) == before
    stack.age(token, LATE_MS)
    checks.refused(stack.refresh(token), FLASK)
    assert stack.record(token).revoked


def test_T10_an_absent_family_is_never_recreated(stack):
    token = stack.token()
    successor = stack.renew(token)
    key, index = stack.key(token), Token.parse(token).index_key()
    stack.store.delete(key, index)
    for dead in (token, successor):
        checks.refused(stack.refresh(dead), FLASK)
    assert not stack.store.exists(key, index)


def test_T15_another_client_leaves_the_family_intact(stack):
    token = stack.token(client_id="backend")
    before = stack.raw_record(token)
    checks.refused(stack.refresh(token), FLASK)
    checks.refused(stack.refresh(token, BY_NAME["jwt-extended"], path="/token/refresh/fixed"),
                   BY_NAME["jwt-extended"])
    assert stack.raw_record(token) == before


def test_T19_reuse_leaves_the_users_other_sessions_alone(stack):
    sub = "nina"
    stolen, other = stack.token(sub), stack.token(sub)
    stack.renew(stolen)
    stack.age(stolen, LATE_MS)
    checks.refused(stack.refresh(stolen), FLASK)
    assert stack.record(stolen).revoked and not stack.record(other).revoked
    stack.renew(other)
    members = stack.store.zrange(Token.parse(other).index_key(), 0, -1)
    names = [stack.key(t).rpartition(":")[2].encode() for t in (stolen, other)]
    assert names[0] not in members and names[1] in members


def test_strict_mode_T3_the_second_use_fails_and_the_family_is_dead(strict):
    token = strict.token()
    successor = strict.renew(token)
    checks.refused(strict.refresh(token), FLASK)
    assert strict.record(token).revoked
    checks.refused(strict.refresh(successor), FLASK)


def test_strict_mode_S2_every_use_of_the_head_rotates(strict):
    token = strict.token()
    for generation in range(1, 20):
        token = strict.renew(token)
        assert Token.parse(token).generation == strict.record(token).generation == generation


def test_strict_mode_S1_of_simultaneous_uses_at_most_one_succeeds(strict):
    token = strict.token()
    answers = all_at_once(strict, [token] * 20)
    good = [r for r in answers if r.status == 200]
    assert len(good) == 1 and strict.record(token).revoked
    checks.refused(strict.refresh(json.loads(good[0].body)["refresh_token"]), FLASK)


def test_L3_thief_and_victim_more_than_grace_apart_end_with_a_dead_family(quick):
    token = quick.token()
    thief = quick.renew(token)
    pass_grace(quick, token)
    thief = quick.renew(thief)
    checks.refused(quick.refresh(token), FLASK)
    checks.refused(quick.refresh(thief), FLASK)


def test_S3_success_with_a_predecessor_only_inside_grace_under_concurrency(quick):
    """Many clients on one family for some rotations: who holds the head or its predecessor wins."""
    token = quick.token()
    ends = time.monotonic() + 30
    with ThreadPoolExecutor(8) as pool:
        for generation in range(1, 4):
            got = set(pool.map(lambda _: quick.renew(token), range(40)))
            assert len(got) == 1 and time.monotonic() < ends
            token = got.pop()
            assert quick.record(token).generation == generation
            pass_grace(quick, token)


def test_every_rotation_extends_the_idle_expiry_but_never_the_absolute_one(stack):
    token = stack.token()
    first = stack.record(token)
    stack.renew(token)
    record = stack.record(token)
    assert stack.store.pexpiretime(stack.key(token)) == record.seen_ms + 30 * 86_400_000
    assert record.expires_ms == first.expires_ms == first.created_ms + 180 * 86_400_000


def test_a_record_with_default_metadata_is_small(stack):
    token = stack.login()["refreshToken"]
    assert len(stack.raw_record(token)) <= 130


@pytest.mark.parametrize("value", [
    b"", b"garbage", b"\2" + bytes(80), b"\1" + bytes(20), b"\1" + bytes(53) + b"\xff"])
def test_S8_a_damaged_record_is_no_success_and_stays_as_it_is(stack, value):
    token = stack.token()
    key = stack.key(token)
    stack.store.set(key, value)
    assert stack.refresh(token).status in (401, 503)
    assert stack.store.get(key) == value
    stack.store.delete(key)
    stack.store.rpush(key, "a list")
    assert stack.refresh(token).status in (401, 503)
    stack.store.delete(key)
    assert stack.refresh(stack.token()).status == 200
