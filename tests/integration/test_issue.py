"""POST /internal/issue, for apps that do their own login, on its own listener."""
import json
import time

import pytest

from harness import checks, rawhttp
from harness.dialects import DIALECTS, FLASK, compact
from harness.tokens import Token


def refused(response, error, member=None):
    """400 that says which member is wrong, and why."""
    checks.common(response)
    body = json.loads(response.body)
    assert response.status == 400 and set(body) == {"error", "error_description"} and body["error"] == error, response
    assert body["error_description"].isascii() and not set('"\\') & set(body["error_description"]), response
    assert not member or body["error_description"].startswith(member + ": "), response
    return body["error_description"]



def test_issue_gives_exactly_these_members(stack):
    for scope in (None, "read write"):
        members = {"scope": scope} if scope else {}
        response = stack.ask_issue(compact(sub="anna", **members))
        checks.common(response)
        answer = json.loads(response.body)
        due = ["access_token", "token_type", "expires_in", "refresh_token"] + ["scope"] * bool(scope)
        assert response.status == 200 and response.body == compact(**answer)
        assert sorted(answer) == sorted(due) and answer["token_type"] == "Bearer"
        access = checks.claims(answer["access_token"])
        assert answer["expires_in"] == access["exp"] - access["iat"]
        assert access["sub"] == "anna" and access["client_id"] == "web" and access.get("scope") == scope
        assert access["fresh"] is False
        assert Token.parse(answer["refresh_token"]).generation == 0


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
def test_an_issued_token_is_good_in_every_dialect(stack, dialect):
    checks.success(stack.refresh(stack.token(), dialect), dialect)


def test_issue_carries_auth_time_fresh_claims_and_client(stack):
    at = int(time.time()) - 100
    answer = stack.issue("bea", client_id="fixed", auth_time=at, fresh=True,
                         claims={"role": "x", "list": [1, "ä", None, 1.5], "nested": {"a": {"b": True}}})
    access = checks.claims(answer["access_token"])
    assert (access["auth_time"], access["fresh"], access["client_id"]) == (at, True, "fixed")
    assert access["role"] == "x" and access["list"] == [1, "ä", None, 1.5]
    assert access["nested"] == {"a": {"b": True}}
    again = checks.claims(json.loads(stack.refresh(
        answer["refresh_token"], path="/token/refresh/fixed").body)["access_token"])
    assert again["role"] == "x" and again["list"] == access["list"] and again["fresh"] is False
    assert again["auth_time"] == at


def test_an_old_login_is_issued_without_fresh(stack):
    answer = stack.issue(auth_time=int(time.time()) - 3600, fresh=True)
    assert checks.claims(answer["access_token"])["fresh"] is False


def test_users_share_a_slot_only_with_themselves(stack):
    one, two, other = (Token.parse(stack.token(sub)) for sub in ("carl", "carl", "dora"))
    assert one.slot == two.slot != other.slot and one.family != two.family


@pytest.mark.parametrize("authorization", [
    "Basic YmFja2VuZDp3cm9uZw==", "Basic d2ViOng=", "Basic", "Basic !", "Bearer x", "x"])
def test_bad_credentials_are_invalid_client(stack, authorization):
    response = stack.ask_issue(compact(sub="anna"), authorization)
    checks.error(response, 401, compact(error="invalid_client"))
    assert response.header("WWW-Authenticate").startswith("Basic")


def test_RFC6749_5_2_a_client_that_may_not_issue_is_unauthorized_client(stack):
    assert "issue is off" in refused(stack.ask_issue(compact(sub="anna"), "Basic d2ViOg=="), "unauthorized_client")


def test_no_credentials_are_invalid_client(stack):
    response = rawhttp.ask(stack.internal_url, "POST", "/internal/issue",
                           {"Content-Type": "application/json"}, compact(sub="anna"))
    checks.error(response, 401, compact(error="invalid_client"))


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id",
                                  "scope", "sid", "auth_time", "fresh", "cnf"])
def test_RFC9068_reserved_claims_are_refused(stack, name):
    why = refused(stack.ask_issue(compact(sub="anna", claims={name: "x"})), "invalid_request", "claims")
    assert why == f"claims: {name} is reserved"


BAD = {
    "no sub": {},
    "empty sub": {"sub": ""},
    "blank before, which a header loses": {"sub": " admin"},
    "blank behind": {"sub": "admin "},
    "number": {"sub": 1},
    "newline": {"sub": "a\nb"},
    "tab": {"sub": "a\tb"},
    "delete": {"sub": "a\x7fb"},
    "escape": {"sub": "a\x1b[31m"},
    "long sub": {"sub": "x" * 256},
    "unknown client": {"sub": "a", "client_id": "nobody"},
    "client is a number": {"sub": "a", "client_id": 1},
    "scope with quotes": {"sub": "a", "scope": 'read "write"'},
    "scope with backslash": {"sub": "a", "scope": "read\\write"},
    "scope with control": {"sub": "a", "scope": "read\nwrite"},
    "scope is a list": {"sub": "a", "scope": ["read"]},
    "long scope": {"sub": "a", "scope": "x" * 513},
    "claims is a list": {"sub": "a", "claims": []},
    "claims is text": {"sub": "a", "claims": "x"},
    "large claims": {"sub": "a", "claims": {"x": "y" * 2048}},
    "fresh is text": {"sub": "a", "fresh": "true"},
    "fresh is a number": {"sub": "a", "fresh": 1},
    "auth_time is text": {"sub": "a", "auth_time": "1"},
    "auth_time is negative": {"sub": "a", "auth_time": -1},
    "auth_time is far away": {"sub": "a", "auth_time": 2**60},
    "auth_time is a fraction": {"sub": "a", "auth_time": 1.5},
}


@pytest.mark.parametrize("name", BAD)
def test_bad_members_are_invalid_request(stack, name):
    before = stack.store.dbsize()
    member = list({"sub": 0, **BAD[name]})[-1]
    refused(stack.ask_issue(compact(**BAD[name])), "invalid_request", member)
    assert stack.store.dbsize() <= before, "nothing is made"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"sub":"a","sub":"a"}', b'{"sub":"\xff"}', b"sub=a"])
def test_a_body_that_is_no_JSON_object_is_told_so(stack, body):
    assert refused(stack.ask_issue(body), "invalid_request").startswith("the body must be one JSON object")


def test_strangers_are_told_nothing(stack):
    for authorization in ("Basic !", "Basic YmFja2VuZDp3cm9uZw=="):
        assert b"description" not in stack.ask_issue(b"{", authorization).body
    for path in ("/login", "/session/login"):
        answer = stack.http("POST", path, {"Content-Type": "application/json"}, b"{")
        assert answer.status == 400 and b"description" not in answer.body


def test_auth_time_in_the_future_does_not_make_a_token_fresh_for_longer(stack):
    response = stack.ask_issue(compact(sub="a", fresh=True, auth_time=int(time.time()) + 86400))
    assert response.status == 400 or checks.claims(
        json.loads(response.body)["access_token"])["auth_time"] <= time.time() + 1, response


def test_longest_values_survive_a_refresh(stack):
    sub, scope = "ä" * 127, "s" * 512
    claims = {"x": "y" * 2000}
    issued = stack.issue(sub, scope=scope, claims=claims)
    _, access = checks.success(stack.refresh(issued["refresh_token"]), FLASK)
    assert (access["sub"], access["scope"], access["x"]) == (sub, scope, claims["x"])


def test_RFC9110_issue_is_POST_and_JSON_only(stack):
    response = rawhttp.ask(stack.internal_url, "GET", "/internal/issue", {"Authorization": stack.basic()})
    checks.error(response, 405, compact(error="method_not_allowed"))
    checks.error(stack.ask_issue(b"sub=anna", content_type="application/x-www-form-urlencoded"), 415,
                 compact(error="unsupported_media_type"))


def test_the_internal_listener_serves_nothing_else(stack):
    for path in ("/refresh_token", "/login", "/", "/protected"):
        assert rawhttp.ask(stack.internal_url, "POST", path).status == 404
