"""POST /logout and /logout/all: what has ended stays ended, whatever else is in flight."""
import json
import shutil
import threading
import time

import pytest

from harness import checks, rawhttp, service
from harness.dialects import BY_NAME, DIALECTS, FLASK, compact
from harness.proxy import Proxy
from harness.sessions import bearer, ended, no_content, record_key, sid
from harness.stack import unique
from harness.tokens import Token
from harness.wait import wait_until

JSON = {"Content-Type": "application/json"}
INVALID = compact(error="invalid_token")


def logout(stack, token, path="/logout"):
    return stack.http("POST", path, bearer(token))


def test_a_refresh_token_ends_its_session_and_no_other(stack):
    user = unique()
    token, other = stack.token(user), stack.token(user)
    no_content(logout(stack, token))
    assert (ended(stack, token), ended(stack, other)) == ("logout", None)
    checks.refused(stack.refresh(token), FLASK)
    stack.renew(other)


def test_an_older_token_ends_the_session_too(stack):
    first = stack.token()
    second = stack.renew(first)
    no_content(logout(stack, first))
    checks.refused(stack.refresh(second), FLASK)


def test_an_access_token_ends_its_session_and_no_other(stack):
    user = unique()
    issued, other = stack.issue(user), stack.token(user)
    no_content(logout(stack, issued["access_token"]))
    checks.refused(stack.refresh(issued["refresh_token"]), FLASK)
    stack.renew(other)


def test_the_token_may_be_in_the_body_with_an_access_token_beside(stack):
    issued = stack.issue()
    body = compact(refresh_token=issued["refresh_token"])
    no_content(stack.http("POST", "/logout", {**JSON, **bearer(issued["access_token"])}, body))
    assert ended(stack, issued["refresh_token"]) == "logout"


def test_logout_may_be_asked_again_also_for_what_redis_lost(stack):
    token = stack.token()
    for _ in range(3):
        no_content(logout(stack, token))
    stack.store.delete(record_key(stack.keys, token))
    no_content(logout(stack, token))
    assert not stack.store.exists(record_key(stack.keys, token)), "nothing comes of it"


def test_a_kept_connection_serves_on_after_a_204(stack):
    token = stack.token()
    with rawhttp.Connection(stack.url) as connection:
        for _ in range(3):
            no_content(connection.ask("POST", "/logout", bearer(token)))
            assert connection.ask("GET", "/healthz").status == 200


def test_logout_all_ends_every_session_of_the_user_alone(stack):
    user = unique()
    tokens = [stack.token(user) for _ in range(5)]
    other = stack.token()
    no_content(logout(stack, tokens[2], "/logout/all"))
    assert [ended(stack, token) for token in tokens] == ["logout"] * 5
    stack.renew(other)
    fresh = stack.token(user)
    checks.error(logout(stack, tokens[0], "/logout/all"), 401, INVALID)
    stack.renew(fresh)


def test_logout_all_by_an_access_token(stack):
    user = unique()
    issued, other = stack.issue(user), stack.token(user)
    no_content(logout(stack, issued["access_token"], "/logout/all"))
    assert ended(stack, issued["refresh_token"]) == ended(stack, other) == "logout"
    checks.error(logout(stack, issued["access_token"], "/logout/all"), 401, INVALID)


def events(stack, session):
    lines = [json.loads(line) for line in stack.log().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == "session.revoked" and line.get("sid") == session]


def test_the_log_tells_of_it_once_and_holds_no_token(stack):
    user = unique()
    issued, second = stack.issue(user), stack.token(user)
    token, third = issued["refresh_token"], stack.token(user)
    for _ in range(2):
        no_content(logout(stack, issued["access_token"]))
    line, = events(stack, sid(stack, token))
    assert (line["outcome"], line["route"], line["sub"], line.get("count")) == ("logout", "logout", user, None)
    no_content(logout(stack, second, "/logout/all"))
    line, = events(stack, sid(stack, second))
    assert (line["outcome"], line["route"], line["count"]) == ("logout", "logout_all", 2)
    for text in (token, second, third, issued["access_token"]):
        assert text not in stack.log()


@pytest.mark.parametrize("path", ["/logout", "/logout/all"])
def test_what_is_no_token_of_ours_ends_nothing(stack, path):
    issued = stack.issue()
    token, access = issued["refresh_token"], issued["access_token"]
    before = stack.commands()
    flipped = Token.parse(token)
    tag = bytes([flipped.tag[0] ^ 1]) + flipped.tag[1:]
    for bad in ("x", "rt1_", token[:-1], type(flipped)(**{**vars(flipped), "tag": tag}).text(), access[:-4],
                access[:-8] + "AAAAAAAA"):
        checks.error(logout(stack, bad, path), 401, INVALID)
    checks.error(stack.http("POST", path), 401, compact(error="missing_token"))
    checks.error(stack.http("POST", path, JSON, compact(refresh_token=access)), 401, INVALID)
    assert stack.commands() == before, "not one command"
    both = stack.http("POST", path, {**JSON, **bearer(token)}, compact(refresh_token=token))
    checks.error(both, 400, compact(error="invalid_request"))
    checks.error(stack.http("POST", path, {"Content-Type": "text/plain"}, b"x"), 415,
                 compact(error="unsupported_media_type"))
    response = stack.http("GET", path)
    assert response.status == 405 and response.header("Allow") == "POST"
    stack.renew(token)


# T16, S6: over FastCGI, with Redis behind a proxy that holds answers.

@pytest.fixture(scope="module")
def pair(redis_server):
    """Two services with the same keys and the same Redis, one of them through a proxy."""
    proxy = Proxy(redis_server.socket)
    with service.Service(proxy.path) as held:
        direct = service.Service(redis_server.socket)
        shutil.copy(f"{held.folder}/keys", f"{direct.folder}/keys")
        direct.keys = held.keys
        with direct:
            yield held, direct, proxy
    proxy.close()


@pytest.mark.parametrize("route", ["logout", "logout_all"])
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
def test_T16_a_refresh_in_flight_does_not_bring_the_session_back(pair, redis_server, dialect, route):
    """keycloak#51312, better-auth#11073. The refresh has run in Redis; its answer comes after the logout's ack."""
    held, direct, proxy = pair
    token, answers = direct.token(), []
    with redis_server.client() as store:
        key = record_key(direct.keys, token)
        before = store.get(key)
        proxy.hold = True
        try:
            thread = threading.Thread(target=lambda: answers.append(held.refresh(token)))
            thread.start()
            wait_until(lambda: store.get(key) != before, what="the rotation in Redis")
            assert direct.ask(route, dialect.name, HTTP_AUTHORIZATION=f"Bearer {token}").status == 204
        finally:
            proxy.hold = False
        thread.join()
        reply, = answers
        assert ended(direct, token, store) == "logout"
        successor = json.loads(reply.body).get("refresh_token") if reply.status == 200 else token
        for running in (held, direct):
            for dead in (token, successor):
                assert running.refresh(dead).status == 401
        assert ended(direct, token, store) == "logout", "and so it stays, for the first reason"


def test_T16_after_the_ack_never_a_success(stack):
    """Clients refresh as fast as they can; none that begins after the logout's answer succeeds."""
    for _ in range(5):
        token, log, stop = stack.token(), [], threading.Event()

        def client():
            with rawhttp.Connection(stack.url) as connection:
                while not stop.is_set():
                    begun = time.monotonic()
                    response = connection.ask("POST", FLASK.path, bearer(token))
                    log.append((begun, response))

        clients = [threading.Thread(target=client) for _ in range(6)]
        for thread in clients:
            thread.start()
        wait_until(lambda: len(log) > 20, what="refreshes under way")
        no_content(logout(stack, token))
        acked = time.monotonic()
        wait_until(lambda: sum(begun > acked for begun, _ in log) > 20, what="refreshes after the logout")
        stop.set()
        for thread in clients:
            thread.join()
        assert {r.status for begun, r in log if begun > acked} == {401}
        for successor in {json.loads(r.body)["refresh_token"] for _, r in log if r.status == 200}:
            checks.refused(stack.refresh(successor), FLASK)
        assert ended(stack, token) == "logout"


def test_S6_a_logout_that_is_not_known_to_be_written_is_503(pair, redis_server):
    """Redis has done it, but the worker never hears so: it must not say yes, and asking again does no harm."""
    held, direct, proxy = pair
    token = direct.token()
    proxy.hold = True
    try:
        reply = held.ask("logout", "json", HTTP_AUTHORIZATION=f"Bearer {token}")
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    finally:
        proxy.hold = False
    wait_until(lambda: held.ask("logout", "json", HTTP_AUTHORIZATION=f"Bearer {token}").status == 204,
               what="the logout asked again")


def test_S6_durable_without_a_replica_is_never_acknowledged(redis_server):
    with service.Service(redis_server.socket, REFRESHD_DURABILITY="replica") as durable:
        token = durable.token()
        for _ in range(2):
            for route in ("logout", "logout_all"):
                reply = durable.ask(route, "json", HTTP_AUTHORIZATION=f"Bearer {token}")
                assert reply.status in (503, 401), reply
                assert route == "logout_all" or reply.status == 503, "never an ack"


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
def test_each_dialect_refuses_in_its_own_words(pair, dialect):
    _, direct, _ = pair
    for token, wanted in (("rt1_x", dialect.refused), ("x", dialect.refused)):
        reply = direct.ask("logout", dialect.name, HTTP_AUTHORIZATION=f"Bearer {token}")
        assert (reply.status, reply.body) == wanted
    reply = direct.ask("logout", dialect.name)
    assert (reply.status, reply.body) == (dialect.missing if dialect is not BY_NAME["oauth2"] else
                                          (400, compact(error="invalid_request")))
