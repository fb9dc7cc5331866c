"""durability = replica: a session counts as ended when a replica knows it too (S6).

The link to the replica is held, not the replica stopped: a stopped process still has the bytes in its socket.
"""
import time

import pytest
import redis

from harness import service
from harness.dialects import compact
from harness.replica import Pair
from harness.tokens import Record
from harness.wait import wait_until

FORM = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}
TIMEOUT_MS = 500


@pytest.fixture
def pair():
    with Pair() as running:
        yield running


@pytest.fixture
def one(pair):
    env = {"REFRESHD_DURABILITY": "replica", "REFRESHD_REDIS_TIMEOUT_MS": TIMEOUT_MS}
    with service.Service(pair.front.path, **env) as running:
        yield running


def revoke(running, token):
    """Ends the session, as RFC 7009 says."""
    return running.ask("revoke", "oauth2", f"token={token}&client_id=web".encode(), **FORM)


def record(server, running, token):
    with server.client() as client:
        raw = client.get(running.key(token))
    return raw and Record.parse(raw)


def is_out(reply):
    assert (reply.status, reply.body) == (503, compact(error="temporarily_unavailable")), reply
    assert reply.headers["retry-after"] == "1"


def test_S6_what_is_acknowledged_is_on_the_replica(pair, one):
    for _ in range(20):
        token = one.token()
        assert revoke(one, token).status == 200
        assert record(pair.replica, one, token).revoked
        assert one.refresh(token).status == 401


def test_S6_an_acknowledged_end_survives_a_failover(pair, one):
    token, other = one.token(), one.token()
    assert revoke(one, token).status == 200
    pair.hold()
    is_out(revoke(one, other))
    pair.fail_over()
    wait_until(lambda: one.refresh(token).status == 401, what="the other server is found")
    assert record(pair.replica, one, token).revoked
    assert one.refresh(token).status == 401


def test_S6_without_a_replica_nothing_is_acknowledged_and_the_end_stands(pair, one):
    token = one.token()
    pair.replica.kill()
    begin = time.monotonic()
    is_out(revoke(one, token))
    assert time.monotonic() - begin < 2 * TIMEOUT_MS / 1000
    assert record(pair.primary, one, token).revoked
    assert one.refresh(token).status == 401, "it is ended, though not for certain"
    pair.replica.start()
    pair.in_step()
    assert revoke(one, token).status == 200
    assert record(pair.replica, one, token).revoked


def test_S6_a_replica_that_gets_nothing_is_as_good_as_none(pair, one):
    token = one.token()
    pair.in_step()
    pair.hold()
    begin = time.monotonic()
    is_out(revoke(one, token))
    assert TIMEOUT_MS / 2000 < time.monotonic() - begin < 2 * TIMEOUT_MS / 1000
    pair.release()
    assert revoke(one, token).status == 200
    assert record(pair.replica, one, token).revoked


def test_S6_who_asks_again_elsewhere_is_not_told_that_it_is_done(pair, one):
    """The second asker's connection writes nothing, since the session has ended on the primary."""
    token = one.token()
    pair.in_step()
    pair.hold()
    is_out(revoke(one, token))
    one.end()
    one.start()  # every connection to Redis is a new one
    for _ in range(3):
        is_out(revoke(one, token))
    assert not record(pair.replica, one, token).revoked
    pair.release()
    assert revoke(one, token).status == 200
    assert record(pair.replica, one, token).revoked


def test_S6_what_another_connection_ended_is_not_acknowledged_before_the_replica_has_it(pair, one):
    token = one.token()
    pair.in_step()
    assert revoke(one, one.token()).status == 200  # the connection for durable questions is there
    pair.hold()
    with pair.primary.client() as client:
        client.setrange(one.key(token), 1, b"\1")
    is_out(revoke(one, token))
    pair.release()
    assert revoke(one, token).status == 200


def test_rotations_and_logins_wait_for_no_replica(pair, one):
    token = one.token()
    pair.hold()
    begin = time.monotonic()
    assert one.refresh(token).status == 200 and one.token()
    assert time.monotonic() - begin < TIMEOUT_MS / 2000


def test_refreshes_do_not_wait_behind_an_end_that_does(pair, one):
    """It has a connection of its own."""
    tokens = [one.token() for _ in range(20)]
    pair.in_step()
    pair.hold()
    with service.fcgi.Connection(one.socket) as waiting:
        body = f"token={tokens[0]}&client_id=web".encode()
        waiting.send(service.fcgi.request(service.fcgi.params("revoke", "oauth2", body=body, **FORM), body))
        wait_until(lambda: record(pair.primary, one, tokens[0]).revoked, what="the script has run", pause=0.001)
        begin = time.monotonic()
        assert {one.refresh(token).status for token in tokens[1:]} == {200}
        assert time.monotonic() - begin < TIMEOUT_MS / 2000
        is_out(waiting.read_reply())


def test_async_waits_for_no_replica(pair):
    with service.Service(pair.front.path) as running:
        token = running.token()
        pair.hold()
        with pair.primary.client() as client:
            client.config_resetstat()
            assert revoke(running, token).status == 200
            assert "cmdstat_wait" not in client.info("commandstats")


@pytest.mark.parametrize("first", [("GET", "x"), ("PING",), ("EVAL", "return 1", 0), ("EVALSHA", "0" * 40, 0),
                                   ("EVAL", "return redis.call('ZREM', 'none', 'x')", 0)],
                         ids=["read", "ping", "script", "noscript", "no-op"])
def test_redis_WAIT_covers_the_writes_of_other_connections_made_before_the_last_command(pair, first):
    """What revoke.lua relies on when it finds nothing to write: WAIT goes by the offset at the connection's last
    command, also one that wrote nothing. Only a connection that has sent none is told of any replica."""
    with pair.primary.client(single_connection_client=True) as writer, \
            pair.primary.client(single_connection_client=True) as other, \
            pair.primary.client(single_connection_client=True) as silent:
        pair.hold()
        writer.set("x", 1)
        assert writer.wait(1, 50) == 0
        assert silent.wait(1, 50) == 1
        try:
            other.execute_command(*first)
        except redis.exceptions.NoScriptError:
            pass
        assert other.wait(1, 50) == 0
        pair.release()
        assert other.wait(1, 5000) == writer.wait(1, 5000) == 1
