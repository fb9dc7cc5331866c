"""durability = replica: a session counts as ended when a replica knows it too (S6).

The link to the replica is held, not the replica stopped: a stopped process still has the bytes in its socket.
"""
import json
import time

import pytest

from harness import service
from harness.checks import claims
from harness.dialects import compact
from harness.processes import REPO
from harness.replica import Pair
from harness.tokens import Record
from harness.wait import wait_until

FORM = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}
TIMEOUT_MS = 500
EMPTY_WRITE = (REPO / "lib" / "store" / "prelude" / "empty_write.lua").read_text()


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


def access(running, user):
    """Headers with an access token of a new session of the user's, and its sid."""
    token = json.loads(running.ask_issue(compact(sub=user)).body)["access_token"]
    return {"HTTP_AUTHORIZATION": f"Bearer {token}"}, claims(token)["sid"]


def prepare_revoke(running, user):
    token = running.token(user)
    return lambda: revoke(running, token)


def prepare_logout(running, user):
    token = running.token(user)
    return lambda: running.ask("logout", HTTP_AUTHORIZATION=f"Bearer {token}")


def prepare_logout_by_access_token(running, user):
    headers, _ = access(running, user)
    return lambda: running.ask("logout", **headers)


def prepare_logout_all(running, user):
    token = running.token(user)
    return lambda: running.ask("logout_all", HTTP_AUTHORIZATION=f"Bearer {token}")


def prepare_session(running, user):
    headers, _ = access(running, user)
    _, sid = access(running, user)
    return lambda: running.ask("session", "json", method="DELETE", REFRESHD_SID=sid, **headers)


@pytest.mark.parametrize("prepare", [prepare_revoke, prepare_logout, prepare_logout_by_access_token,
                                     prepare_logout_all, prepare_session])
def test_S6_who_asks_again_elsewhere_is_not_told_that_it_is_done(pair, one, prepare):
    """The second asker's connection finds nothing to end, and WAIT tells of what its own has written."""
    ask = prepare(one, "anna")
    pair.in_step()
    pair.hold()
    assert ask().status == 503
    one.end()
    one.start()  # every connection to Redis is a new one
    for _ in range(3):
        assert ask().status == 503
    assert ended(pair.primary) == 1 and ended(pair.replica) == 0
    pair.release()
    assert ask().status == (401 if prepare == prepare_logout_all else 200 if prepare == prepare_revoke else 204)
    assert ended(pair.replica) == 1


def ended(server):
    """How many sessions have ended, as this server knows."""
    with server.client() as client:
        return sum(Record.parse(client.get(key)).revoked for key in client.scan_iter("rd:*:f:?*"))


def accounts(server):
    with server.client() as client:
        return list(client.scan_iter("rd:*:a"))


VERBS = {
    "user disable": ("user", "disable", "anna"),
    "user delete": ("user", "delete", "anna"),
    "revoke-all": ("session", "revoke-all", "anna"),
    "revoke-all of everyone": ("session", "revoke-all", "--everyone"),
    "revoke": ("session", "revoke", "anna"),
}


@pytest.mark.parametrize("name", VERBS)
def test_S6_the_administrator_can_ask_again_until_the_replica_has_it(pair, one, name):
    """Each run has a connection of its own; the second finds no session that stands, and often no index."""
    one.add_user("anna", "right")
    _, sid = access(one, "anna")
    words = VERBS[name] + ((sid,) if name == "revoke" else ())
    pair.in_step()
    pair.hold()
    for _ in range(2):
        failed = one.run(*words)
        assert failed.returncode == 69 and b"no replica has confirmed it" in failed.stderr, failed
    assert ended(pair.primary) == 1 and ended(pair.replica) == 0
    pair.release()
    assert one.run(*words).returncode == 0
    assert ended(pair.replica) == 1
    assert len(accounts(pair.primary)) == (name != "user delete")


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


@pytest.mark.parametrize("write", [("SET", "x", 2), ("EVAL", EMPTY_WRITE, 2, "x", "rd:{x}:f:")], ids=["SET", "empty"])
def test_redis_WAIT_covers_what_others_wrote_before_the_connections_own_last_write(pair, write):
    """What every durable question relies on, also one that finds nothing to end."""
    with pair.primary.client(single_connection_client=True) as writer, \
            pair.primary.client(single_connection_client=True) as other:
        pair.hold()
        writer.set("x", 1)
        assert writer.wait(1, 50) == 0
        other.execute_command(*write)
        assert other.wait(1, 50) == 0
        pair.release()
        assert other.wait(1, 5000) == writer.wait(1, 5000) == 1
        assert pair.primary.client().dbsize() == 1
