"""What locations demand beyond a good token: scopes, a login not long ago, a session that stands, a cookie."""
import json
import signal
import time

import pytest

from harness import checks, service, stack as stacks
from harness.dialects import compact
from harness.redis_server import RedisServer
from harness.wait import wait_until

JSON = {"CONTENT_TYPE": "application/json"}


@pytest.fixture(scope="module")
def server():
    running = RedisServer()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def away(server):
    """A stack whose Redis is ours to stop."""
    with stacks.Stack(REFRESHD_REDIS=f"unix:{server.socket}") as running:
        yield running


@pytest.fixture(scope="module", params=[4096, 1, 0], ids=lambda n: f"cache-{n}")
def one(request, redis_server):
    with service.Service(redis_server.socket, REFRESHD_VERIFY_CACHE=request.param) as running:
        yield running


def get(stack, path, token=None, method="GET", **headers):
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return checks.common(stack.http(method, path, headers))


def refused(response, status, error, *words):
    checks.error(response, status, compact(error=error))
    challenges = [value for name, value in response.headers if name.lower() == "www-authenticate"]
    assert len(challenges) == 1 and challenges[0].startswith('Bearer realm="refreshd"'), response
    for word in words:
        assert word in challenges[0], response


def accepted(response, sub=None):
    assert response.status == 200, response
    assert sub in (None, json.loads(response.body)["sub"])


def record_key(stack, token):
    sid = checks.claims(token)["sid"]
    key, = stack.store.scan_iter(match=f"*{sid}", count=10_000)
    return key


@pytest.mark.parametrize("scope", ["orders:read orders:write", "orders:write x orders:read"])
def test_RFC6750_a_token_with_all_scopes_passes(stack, scope):
    token = stack.issue("ines", scope=scope)["access_token"]
    for _ in range(5):
        accepted(get(stack, "/protected/orders", token), "ines")


@pytest.mark.parametrize("scope", ["orders:read", "orders:write", "orders", "ORDERS:READ ORDERS:WRITE", ""])
def test_RFC6750_3_1_a_token_that_lacks_a_scope_is_forbidden(stack, scope):
    token = stack.issue(scope=scope)["access_token"]
    for _ in range(5):
        refused(get(stack, "/protected/orders", token), 403, "insufficient_scope",
                'error="insufficient_scope"', 'scope="orders:read orders:write"')
        accepted(get(stack, "/protected", token))


def test_a_bad_token_is_401_where_a_scope_is_demanded(stack):
    refused(get(stack, "/protected/orders", "x"), 401, "invalid_token", 'error="invalid_token"')
    response = get(stack, "/protected/orders")
    refused(response, 401, "missing_token")
    assert "error" not in response.header("WWW-Authenticate")


def test_RFC9470_a_login_may_be_max_age_old(stack):
    now = int(time.time())
    for ago, status in ((0, 200), (250, 200), (310, 401), (100_000, 401)):
        issued = stack.issue("max", auth_time=now - ago)
        for _ in range(3):
            response = get(stack, "/protected/recent", issued["access_token"])
            assert response.status == status, response
        if status == 401:
            refused(response, 401, "insufficient_user_authentication",
                    'error="insufficient_user_authentication"', "max_age=300")


def test_RFC9470_max_age_is_that_of_the_login_not_of_the_token(stack):
    """A refreshed token passes where fresh ones alone would not, and a refresh makes no login younger."""
    now = int(time.time())
    for ago, status in ((0, 200), (400, 401)):
        issued = stack.issue("max", auth_time=now - ago, fresh=True)
        token = json.loads(stack.refresh(issued["refresh_token"]).body)["access_token"]
        assert get(stack, "/protected/recent", token).status == status
        assert get(stack, "/sensitive", token).status == 401


def test_strict_passes_while_the_session_stands_and_asks_redis_once(stack):
    token = stack.issue("stella")["access_token"]
    before = stack.commands()
    for _ in range(4):
        accepted(get(stack, "/protected/strict", token), "stella")
    after = stack.commands()
    assert sum(after[name] - before.get(name, 0) for name in after if "evalsha" in name) == 4


def test_strict_notices_the_end_of_a_session_at_once(stack):
    token, other = (stack.issue("stella")["access_token"] for _ in range(2))
    accepted(get(stack, "/protected/strict", token))
    stack.store.setrange(record_key(stack, token), 1, b"\1")  # revoked
    for _ in range(3):
        refused(get(stack, "/protected/strict", token), 401, "invalid_token", 'error="invalid_token"')
        accepted(get(stack, "/protected/strict", other))
        accepted(get(stack, "/protected", token))  # the price of asking nobody
    stack.store.delete(record_key(stack, other))
    refused(get(stack, "/protected/strict", other), 401, "invalid_token", 'error="invalid_token"')


def test_strict_notices_that_a_session_is_too_old(short):
    token = short.issue("stella")["access_token"]
    accepted(get(short, "/protected/strict", token))
    wait_until(lambda: get(short, "/protected/strict", token).status == 401, what="idle time")
    accepted(get(short, "/protected", token))


def test_strict_asks_redis_nothing_about_a_bad_token(stack):
    before = stack.commands()
    for token in ("x", "rt1_x", None):
        assert get(stack, "/protected/strict", token).status == 401
    assert stack.commands() == before


def test_N_strict_without_redis_is_503_and_never_200(away, server):
    token = away.issue("stella")["access_token"]
    accepted(get(away, "/protected/strict", token))
    server.signal(signal.SIGSTOP)
    try:
        for _ in range(3):
            response = get(away, "/protected/strict", token)
            checks.error(response, 503, compact(error="temporarily_unavailable"))
            assert response.header("Retry-After") == "1"
            accepted(get(away, "/protected", token))
            refused(get(away, "/protected/strict", "x"), 401, "invalid_token")
    finally:
        server.signal(signal.SIGCONT)
    wait_until(lambda: get(away, "/protected/strict", token).status == 200, what="Redis is back")


def test_a_cookie_may_carry_the_token(stack):
    token = stack.issue("carla")["access_token"]
    for cookie in (f"access={token}", f"a=b; access={token}; c=d"):
        accepted(get(stack, "/protected/cookie", Cookie=cookie), "carla")
        refused(get(stack, "/protected", Cookie=cookie), 401, "missing_token")
    accepted(get(stack, "/protected/cookie", token), "carla")


def test_a_cookie_beside_another_credential_is_refused(stack):
    token, other = (stack.issue("carla")["access_token"] for _ in range(2))
    cases = [
        {"Cookie": f"access={token}", "Authorization": f"Bearer {token}"},
        {"Cookie": f"access={token}", "Authorization": f"Bearer {other}"},
        {"Cookie": f"access={token}", "Authorization": "Basic Y2FybGE6eA=="},
        {"Cookie": f"access={token}; access={other}"},
        [("Cookie", f"access={token}"), ("Cookie", f"access={other}")],
    ]
    for headers in cases:
        refused(checks.common(stack.http("GET", "/protected/cookie", headers)), 401, "invalid_request",
                'error="invalid_request"')
    refused(get(stack, "/protected/cookie", Cookie="access=x"), 401, "invalid_token")
    refused(get(stack, "/protected/cookie", Cookie="b=c"), 401, "missing_token")


@pytest.mark.parametrize("path", ["/_verify", "/_verify_fresh", "/_verify_recent", "/_verify_strict"])
def test_N_the_asked_locations_are_not_reachable_from_outside(stack, path):
    token = stack.issue()["access_token"]
    assert get(stack, path, token).status == 404


# Without nginx: what an operator may get wrong, and the audience of a location.


def access_token(one, **members):
    reply = one.ask("issue", "json", compact(sub="olga", **members), **JSON,
                    HTTP_AUTHORIZATION="Basic YmFja2VuZDpzZWNyZXQ=")
    assert reply.status == 200, reply
    return json.loads(reply.body)["access_token"]


def verify(one, token, route="verify", **params):
    return one.ask(route, "json", method="GET", HTTP_AUTHORIZATION=f"Bearer {token}", **params)


@pytest.mark.parametrize("param, value", [
    ("MAX_AGE", "5m"), ("MAX_AGE", "-1"), ("MAX_AGE", "18446744073709551916"), ("VERIFY", "Strict"),
    ("VERIFY", "on"), ("REQUIRE_SCOPE", "a  b"), ("REQUIRE_SCOPE", 'a"'), ("ACCESS_COOKIE", "a b")])
def test_a_misspelled_demand_lets_nobody_in_and_is_logged(one, param, value):
    token = access_token(one, scope="a b", fresh=True)
    for route in ("verify", "whoami"):
        logged = one.log().count("request.misrouted")
        reply = verify(one, token, route, **{f"REFRESHD_{param}": value})
        assert (reply.status, reply.body) == (500, b'{"error":"server_error"}'), reply
        assert one.log().count("request.misrouted") == logged + 1
    assert verify(one, token).status == 200


def test_RFC9068_a_location_may_demand_another_audience(one):
    token = access_token(one)
    for _ in range(3):
        assert verify(one, token, REFRESHD_AUDIENCE="https://orders.example").status == 401
        assert verify(one, token, REFRESHD_AUDIENCE="http://127.0.0.1").status == 200
        assert verify(one, token).status == 200


def test_whatever_the_cache_answers_are_the_same(one):
    """More tokens than the smallest one holds, asked for in turns."""
    tokens = [access_token(one, scope=f"s{i}", claims={"n": i}) for i in range(8)]
    for i in [*range(8), *range(8), *reversed(range(8))]:
        reply = verify(one, tokens[i])
        assert reply.status == 200 and json.loads(reply.body)["scope"] == f"s{i}", reply
        assert reply.headers["x-auth-scope"] == f"s{i}"
        header, payload, signature = tokens[i].split(".")
        assert verify(one, f"{header}.{tokens[i - 1].split('.')[1]}.{signature}").status == 401
        assert verify(one, f"{header}.{payload}.{tokens[i - 1].split('.')[2]}").status == 401
