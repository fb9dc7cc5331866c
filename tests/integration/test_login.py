"""POST /login against Argon2id hashes in Redis, and what the tokens from it are."""
import json
import tempfile
import time

import pytest

from harness import checks, service
from harness.dialects import BY_NAME, compact
from harness.tokens import Token

JSON = {"Content-Type": "application/json"}
BAD_LOGIN = compact(message="invalid_credentials")
BAD_REQUEST = compact(message="invalid_request")


def login(stack, **members):
    return stack.http("POST", "/login", JSON, compact(**members))


@pytest.mark.parametrize("member", ["name", "username"])
def test_login_gives_exactly_the_dialects_members(stack, member):
    response = login(stack, **{member: stack.user, "password": stack.password})
    answer, access = checks.success(response, BY_NAME["express-token"])
    assert access["sub"] == stack.user and access["fresh"] is True and access["client_id"] == "web"
    assert abs(access["auth_time"] - time.time()) < 60
    token = Token.parse(answer["refreshToken"])
    assert token.generation == 0 and access["sid"] == stack.keys.sid(token.family)


def test_a_refresh_is_never_fresh_and_keeps_auth_time(stack):
    answer = stack.login()
    login_claims = checks.claims(answer["accessToken"])
    token = answer["refreshToken"]
    for _ in range(3):
        refreshed = json.loads(stack.refresh(token).body)
        access = checks.claims(refreshed["access_token"])
        assert access["fresh"] is False and access["auth_time"] == login_claims["auth_time"]
        assert access["sid"] == login_claims["sid"] and access["jti"] != login_claims["jti"]
        token = refreshed["refresh_token"]
        stack.age(token, 10_000)


def test_unknown_user_and_wrong_password_are_answered_alike(stack):
    answers = [login(stack, name=name, password=password) for name, password in (
        (stack.user, "wrong"), ("nobody", stack.password), ("nobody", "wrong"),
        (stack.user, stack.password + "x"), (stack.user, stack.password[:-1]),
        (stack.user.upper(), stack.password))]
    for answer in answers:
        checks.error(answer, 401, BAD_LOGIN)
    assert len({tuple(n for n, _ in a.headers) for a in answers}) == 1


@pytest.mark.parametrize("members", [
    {}, {"name": "demo"}, {"password": "x"}, {"name": 1, "password": "x"}, {"name": "demo", "password": None},
    {"name": ["demo"], "password": "x"}, {"name": "demo ", "password": "x"}, {"name": "", "password": "x"},
    {"name": "demo", "password": ""}])
def test_a_login_without_name_or_password_is_refused(stack, members):
    response = checks.common(login(stack, **members))
    assert (response.status, response.body) in ((400, BAD_REQUEST), (401, BAD_LOGIN)), response


def test_contradictory_names_are_refused(stack):
    response = login(stack, name=stack.user, username="other", password=stack.password)
    checks.error(response, 400, BAD_REQUEST)


def test_an_overlong_password_is_refused(stack):
    response = checks.common(login(stack, name=stack.user, password="x" * 10_000))
    assert (response.status, response.body) in ((400, BAD_REQUEST), (401, BAD_LOGIN)), response


def test_RFC9110_login_is_POST_and_JSON_only(stack):
    response = stack.http("GET", "/login")
    checks.error(response, 405, compact(message="method_not_allowed"))
    assert response.header("Allow") == "POST"
    checks.error(stack.http("POST", "/login", {"Content-Type": "text/plain"}, b"{}"), 415,
                 compact(message="unsupported_media_type"))
    for body in (b"", b"[]", b'{"name":"demo","name":"demo","password":"x"}', b'{"name":"demo\0"}'):
        checks.error(stack.http("POST", "/login", JSON, body), 400, BAD_REQUEST)


def test_login_speaks_other_dialects_too(stack):
    response = stack.http("POST", "/login/flask", JSON, compact(name=stack.user, password=stack.password))
    answer, access = checks.success(response, BY_NAME["flask"])
    assert access["fresh"] is True
    checks.success(stack.refresh(answer["refresh_token"]), BY_NAME["flask"])


def test_two_logins_are_two_sessions_in_the_index(stack):
    tokens = [Token.parse(stack.login()["refreshToken"]) for _ in range(2)]
    assert tokens[0].family != tokens[1].family and tokens[0].slot == tokens[1].slot
    index = dict(stack.store.zrange(tokens[0].index_key(), 0, -1, withscores=True))
    for token in tokens:
        member = stack.key(token.text()).rpartition(":")[2].encode()
        assert index[member] == stack.record(token.text()).expires_ms


def test_without_fresh_ttl_no_login_is_signed_as_fresh(redis_server):
    """Whoever verifies offline sees the claim alone."""
    with service.Service(redis_server.socket, REFRESHD_FRESH_TTL_S=0) as running:
        running.add_user("demo", "pw")
        reply = running.login("demo", "pw")
        assert checks.claims(json.loads(reply.body)["access_token"])["fresh"] is False


def test_a_hash_is_made_anew_when_the_cost_has_risen(redis_server):
    def cost_after(*passwords, ops):
        with service.Service(redis_server.socket, folder=folder, REFRESHD_ARGON2_OPS=ops) as one:
            one.add_user("nora", "pw")
            for password in passwords:
                body = compact(name="nora", password=password)
                one.ask("login", "json", body, CONTENT_TYPE="application/json")
            with redis_server.client() as client:
                key, = client.scan_iter(f"rd:{{{one.keys.slot('nora')}}}:a")
                return client.hget(key, "hash").decode().split(",")[1]

    with tempfile.TemporaryDirectory(prefix="rd-") as folder:
        assert cost_after("pw", ops=1) == "t=1"
        assert cost_after("px", ops=3) == "t=1", "a wrong password changes nothing"
        assert cost_after("pw", ops=3) == "t=3"
        assert cost_after("pw", ops=2) == "t=3", "and a fallen cost neither"
