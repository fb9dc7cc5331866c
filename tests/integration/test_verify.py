"""Protected and sensitive locations: nginx asks by auth_request, the answer is RFC 6750 and RFC 9470."""
import json

import pytest

from harness import checks, stack as stacks
from harness.tokens import b64, unb64
from harness.wait import wait_until


def get(stack, path, token=None, headers=None):
    headers = dict(headers or {})
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return stack.http("GET", path, headers)


def refused(response, *words):
    checks.common(response)
    assert response.status == 401, response
    challenge = response.header("WWW-Authenticate")
    assert challenge.startswith('Bearer realm="refreshd"'), challenge
    for word in words:
        assert word in challenge, challenge
    return challenge


@pytest.fixture(scope="module")
def tokens(stack):
    login = stack.login()
    refreshed = json.loads(stack.refresh(login["refreshToken"]).body)
    return {"fresh": login["accessToken"], "stale": refreshed["access_token"],
            "refresh": refreshed["refresh_token"]}


@pytest.mark.parametrize("kind", ["fresh", "stale"])
def test_a_protected_location_names_the_subject(stack, tokens, kind):
    response = checks.common(get(stack, "/protected", tokens[kind]))
    assert response.status == 200 and json.loads(response.body)["sub"] == stack.user, response


def test_a_sensitive_location_takes_a_token_from_a_login(stack, tokens):
    response = checks.common(get(stack, "/sensitive", tokens["fresh"]))
    assert response.status == 200 and json.loads(response.body)["sub"] == stack.user, response


def test_RFC9470_a_sensitive_location_refuses_a_refreshed_token(stack, tokens):
    response = get(stack, "/sensitive", tokens["stale"])
    refused(response, 'error="insufficient_user_authentication"', "max_age=")
    assert json.loads(response.body) == {"error": "insufficient_user_authentication"}


def test_RFC9470_an_issued_token_is_sensitive_only_when_issued_fresh(stack):
    for fresh, status in ((True, 200), (False, 401)):
        token = stack.issue(fresh=fresh)["access_token"]
        assert get(stack, "/sensitive", token).status == status
        assert get(stack, "/protected", token).status == 200


@pytest.mark.parametrize("path", ["/protected", "/sensitive"])
@pytest.mark.parametrize("authorization", [None, "Basic ZGVtbzpkZW1v", "", "Bearer", "Bearer "])
def test_RFC6750_3_1_without_credentials_there_is_no_error_code(stack, path, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    challenge = refused(get(stack, path, headers=headers))
    assert "error" not in challenge


@pytest.mark.parametrize("path", ["/protected", "/sensitive"])
def test_T17_a_refresh_token_is_no_access_token(stack, tokens, path):
    refused(get(stack, path, tokens["refresh"]), 'error="invalid_token"')


def tampered(token):
    header, payload, signature = token.split(".")
    raw = bytearray(unb64(signature))
    for bit in (0, 100, 511):
        raw[bit // 8] ^= 1 << bit % 8
        yield f"{header}.{payload}.{b64(bytes(raw))}"
        raw[bit // 8] ^= 1 << bit % 8
    claims = json.loads(unb64(payload))
    for change in ({"sub": "admin"}, {"exp": 2**40}, {"fresh": True}, {"scope": "admin"}):
        body = b64(json.dumps({**claims, **change}).encode())
        yield f"{header}.{body}.{signature}"
    yield f"{header}.{payload}."
    yield f"{header}.{payload}"
    yield f"{payload}.{header}.{signature}"
    yield token + "."
    yield token + "A"
    yield token[:-1]
    yield f"{header}=.{payload}.{signature}"
    yield token[:-3]


def test_J_a_tampered_token_is_invalid_and_costs_no_redis_command(stack, tokens):
    before = stack.commands()
    for token in tampered(tokens["stale"]):
        response = get(stack, "/protected", token)
        refused(response, 'error="invalid_token"')
        assert json.loads(response.body) == {"error": "invalid_token"}
    assert stack.commands() == before


def test_S5_verify_asks_redis_nothing(stack, tokens):
    before = stack.commands()
    for _ in range(20):
        assert get(stack, "/protected", tokens["stale"]).status == 200
    assert stack.commands() == before


def test_a_protected_location_cannot_be_fooled_about_the_subject(stack, tokens):
    headers = {"X-Auth-Subject": "admin", "X-Auth-Fresh": "true"}
    response = get(stack, "/protected", tokens["stale"], headers)
    answer = json.loads(response.body)
    assert answer["sub"] == stack.user and answer["fresh"] is False


def test_two_authorization_headers_are_refused(stack, tokens):
    good = f"Bearer {tokens['fresh']}"
    response = stack.http("GET", "/protected", [("Authorization", good), ("Authorization", "Bearer x")])
    assert response.status == 400, response


def test_an_expired_access_token_is_refused(stack):
    with stacks.Stack(REFRESHD_ACCESS_TTL_S=1, REFRESHD_ACCESS_JITTER_S=0) as running:
        token = running.login()["accessToken"]
        assert checks.claims(token)["exp"] - checks.claims(token)["iat"] == 1
        wait_until(lambda: get(running, "/protected", token).status == 401, what="expiry")
        refused(get(running, "/protected", token), 'error="invalid_token"')


def test_a_login_is_fresh_only_for_a_while(stack):
    with stacks.Stack(REFRESHD_FRESH_TTL_S=1) as running:
        token = running.login()["accessToken"]
        wait_until(lambda: get(running, "/sensitive", token).status == 401, what="no longer fresh")
        refused(get(running, "/sensitive", token), "insufficient_user_authentication", "max_age=1")
        assert get(running, "/protected", token).status == 200


def test_a_POST_with_a_body_to_a_protected_location_is_judged_by_its_token(stack, tokens):
    for token, status in ((tokens["stale"], 200), ("x", 401)):
        response = stack.http("POST", "/protected", {"Authorization": f"Bearer {token}"}, b"hello")
        assert response.status in (status, 405), response
