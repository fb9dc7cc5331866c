"""RFC 6749 sections 3.2, 5 and 6 at /oauth2/token, beyond test_oauth2.py: Authlib as the client, and
the requests that Authlib never sends."""
import json
import re
import time
from urllib.parse import urlencode

import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from harness import checks
from harness.dialects import compact
from harness.tokens import Token

FORM = "application/x-www-form-urlencoded"
INVALID = compact(error="invalid_request")
GRANT = compact(error="invalid_grant")


@pytest.fixture(autouse=True)
def insecure_transport(monkeypatch):
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


def post(stack, body, method="POST", path="/oauth2/token", headers=()):
    return stack.http(method, path, {"Content-Type": FORM, **dict(headers)}, body)


def refresh(stack, token, **fields):
    return post(stack, urlencode({"grant_type": "refresh_token", "refresh_token": token,
                                  "client_id": "web", **fields}))


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_RFC6749_6_Authlib_refreshes_as_a_confidential_client(stack, method):
    session = OAuth2Session("backend", stack.client_secret, token_endpoint_auth_method=method)
    token = stack.token(client_id="backend", scope="read write")
    answer = session.refresh_token(stack.url + "/oauth2/token", token)
    assert answer["token_type"] == "Bearer" and answer["scope"] == "read write"
    stack.age(answer["refresh_token"], 11_000)
    again = session.refresh_token(stack.url + "/oauth2/token")
    assert again["refresh_token"] != answer["refresh_token"]


def test_RFC6749_6_Authlib_refreshes_as_a_public_client(stack):
    session = OAuth2Session("web", token_endpoint_auth_method="none")
    answer = session.refresh_token(stack.url + "/oauth2/token", stack.token())
    assert checks.claims(answer["access_token"])["client_id"] == "web"


def test_RFC6749_5_2_Authlib_understands_the_refusals(stack):
    session = OAuth2Session("web", token_endpoint_auth_method="none")
    for token, fields, error in (("x", {}, "invalid_grant"),
                                 (stack.token(scope="a"), {"scope": "a b"}, "invalid_scope")):
        with pytest.raises(OAuthError) as raised:
            session.refresh_token(stack.url + "/oauth2/token", token, **fields)
        assert raised.value.error == error
    session = OAuth2Session("backend", "wrong")
    with pytest.raises(OAuthError) as raised:
        session.refresh_token(stack.url + "/oauth2/token", stack.token(client_id="backend"))
    assert raised.value.error == "invalid_client"


def test_RFC6749_3_2_only_POST(stack):
    query = urlencode({"grant_type": "refresh_token", "refresh_token": stack.token(), "client_id": "web"})
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        response = stack.http(method, f"/oauth2/token?{query}")
        assert response.status == 405 and response.header("Allow") == "POST"


def test_RFC6749_2_3_1_parameters_in_the_URI_are_not_read(stack):
    token = stack.token()
    query = urlencode({"grant_type": "refresh_token", "refresh_token": token, "client_id": "web"})
    checks.error(post(stack, "client_id=web", path=f"/oauth2/token?{query}"), 400, INVALID)
    assert stack.record(token).generation == 0


def test_RFC6749_3_2_an_empty_parameter_is_an_omitted_one(stack):
    token = stack.token(scope="a b")
    answer = json.loads(refresh(stack, token, scope="", client_secret="", resource="").body)
    assert answer["scope"] == "a b"
    checks.error(refresh(stack, ""), 400, INVALID)
    checks.error(post(stack, f"grant_type=&refresh_token={stack.token()}&client_id=web"), 400, INVALID)
    assert refresh(stack, stack.token(), client_id="").status == 200  # the location's client


def test_RFC6749_3_2_unknown_parameters_are_ignored(stack):
    assert refresh(stack, stack.token(), foo="bar", audience="x").status == 200


@pytest.mark.parametrize("name", ["grant_type", "refresh_token", "client_id", "scope", "foo"])
def test_RFC6749_3_2_a_repeated_parameter_is_an_invalid_request(stack, name):
    token = stack.token()
    fields = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "web", "foo": "1"}
    body = urlencode(fields) + "&" + urlencode({name: fields.get(name, "a")})
    if name == "scope":
        body += "&scope=b"
    checks.error(post(stack, body), 400, INVALID)
    assert stack.record(token).generation == 0


def test_RFC6749_3_2_the_body_is_a_form(stack):
    body = compact(grant_type="refresh_token", refresh_token=stack.token(), client_id="web")
    for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x", ""):
        response = post(stack, body, headers={"Content-Type": kind})
        checks.error(response, 415, compact(error="unsupported_media_type"))
    fine = urlencode({"grant_type": "refresh_token", "refresh_token": stack.token(), "client_id": "web"})
    assert post(stack, fine, headers={"Content-Type": FORM + "; charset=UTF-8"}).status == 200
    assert post(stack, fine, headers={"Content-Type": FORM.upper()}).status == 200


def test_RFC6749_B_names_and_values_are_percent_decoded(stack):
    token = "".join(f"%{ord(c):02x}" for c in stack.token())
    assert post(stack, f"grant%5Ftype=refresh%5ftoken&refresh_token={token}&client_id=%77eb").status == 200


def refused_tokens(stack):
    """Why a token may be refused, as far as a client can bring it about."""
    yield "malformed", "x"
    token = stack.token()
    yield "forged", token[:-1] + ("A" if token[-1] != "A" else "B")
    absent = stack.token()
    stack.store.delete(stack.key(absent))
    yield "absent", absent
    revoked = stack.token()
    stack.revoke(revoked)
    yield "revoked", revoked
    idle = stack.token()
    stack.store.setrange(stack.key(idle), 14, (1).to_bytes(6, "big"))
    yield "expired", idle
    yield "another client's", stack.token(client_id="fixed")
    yield "an access token", stack.issue()["access_token"]
    first = stack.token()
    stack.age(stack.renew(first), 200_000)
    yield "reused", first


def test_RFC6749_5_2_all_refusals_of_a_grant_are_one(stack):
    def shape(response):
        varying = ("Date", "X-Request-Id")
        return response.status, [h for h in response.headers if h[0] not in varying], response.body

    seen = {}
    for why, token in refused_tokens(stack):
        response = checks.error(refresh(stack, token), 400, GRANT)
        seen[why] = shape(response)
    assert len(seen) == 8 and len({str(s) for s in seen.values()}) == 1, seen


@pytest.mark.parametrize("body, status, error", [
    ("client_id=web", 400, "invalid_request"),
    ("grant_type=refresh_token&client_id=web", 400, "invalid_request"),
    ("grant_type=password&client_id=web", 400, "unsupported_grant_type"),
    ("grant_type=refresh_token&refresh_token=x&client_id=web", 400, "invalid_grant"),
    ("grant_type=refresh_token&refresh_token=x&client_id=nobody", 401, "invalid_client"),
    ('grant_type=refresh_token&refresh_token=x&client_id=web&scope=a%22b', 400, "invalid_scope"),
    ("grant_type=refresh_token&refresh_token=%zz", 400, "invalid_request")])
def test_RFC6749_5_2_every_error_is_JSON_not_stored_and_in_its_charset(stack, body, status, error):
    response = checks.error(post(stack, body), status, compact(error=error))
    assert response.header("Pragma") == "no-cache" and response.header("Cache-Control") == "no-store"
    answer = json.loads(response.body)
    assert set(answer) <= {"error", "error_description", "error_uri"}
    for value in answer.values():
        assert re.fullmatch(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+", value)
    if status == 401:
        assert response.header("WWW-Authenticate").startswith("Basic ")


def test_RFC6749_2_3_the_same_client_named_twice_is_one_authentication(stack):
    body = urlencode({"grant_type": "refresh_token", "refresh_token": stack.token(client_id="backend"),
                      "client_id": "backend"})
    assert post(stack, body, headers={"Authorization": stack.basic()}).status == 200
    checks.error(post(stack, body + "&client_secret=x", headers={"Authorization": stack.basic()}), 400, INVALID)


def test_RFC6749_6_scope_never_grows_back(stack):
    """A narrower access token leaves the grant as it is, and nothing ever exceeds the grant."""
    token = stack.token(scope="a b")
    answer = json.loads(refresh(stack, token, scope="a").body)
    assert answer["scope"] == "a"
    stack.age(answer["refresh_token"], 11_000)
    checks.error(refresh(stack, answer["refresh_token"], scope="a b c"), 400, compact(error="invalid_scope"))
    answer = json.loads(refresh(stack, answer["refresh_token"], scope="b a").body)
    assert answer["scope"] == "b a"


def test_RFC6749_10_4_a_rotated_token_does_not_outlive_the_first(stack):
    token = stack.token()
    end = stack.record(token).expires_ms
    for generation in range(1, 5):
        answer = json.loads(refresh(stack, token).body)
        token = answer["refresh_token"]
        assert Token.parse(token).generation == generation
        assert stack.record(token).expires_ms == end
        assert answer["authorization_expires_in"] <= end // 1000 - int(time.time()) + 2
        assert stack.store.pexpiretime(stack.key(token)) <= end
        stack.age(token, 11_000)


def test_ASVS_10_4_8_the_last_days_of_a_session_bound_its_tokens(stack):
    token = stack.token()
    soon = stack.now_ms() + 60_000
    stack.store.setrange(stack.key(token), 26, soon.to_bytes(6, "big"))
    answer = json.loads(refresh(stack, token).body)
    assert answer["refresh_token_timeout"] <= 60 and answer["authorization_expires_in"] <= 60
    assert stack.store.pexpiretime(stack.key(token)) == soon
