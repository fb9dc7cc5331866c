"""[client NAME] sections: what a client's tokens may say and how they are signed."""
import base64
import json

import jwt
import pytest

from harness import checks
from harness.dialects import compact
from harness.service import Service

SECTIONS = """
[client orders]
scopes = orders:read orders:write
audience = https://orders.example
access_alg = HS256
access_ttl_s = 60

[client mobile]
kind = public
access_alg = Ed25519
scopes = profile
"""


@pytest.fixture(scope="module")
def one(redis_server):
    service = Service(redis_server.socket)
    with open(service.config, "a") as file:
        file.write(SECTIONS)
    service.add_user("demo", "long enough")
    with service:
        yield service


def issue(one, **members):
    basic = base64.b64encode(b"backend:secret").decode()
    return one.ask("issue", "json", compact(sub="anna", **members), HTTP_AUTHORIZATION=f"Basic {basic}",
                   CONTENT_TYPE="application/json")


def ok(reply):
    assert reply.status == 200, reply
    return json.loads(reply.body)


def header(token):
    return jwt.get_unverified_header(token)


def test_algorithm_audience_and_life_are_the_clients(one):
    token = ok(issue(one, client_id="orders"))["access_token"]
    claims = jwt.decode(token, one.keys.access["HS256"], algorithms=["HS256"],
                        audience="https://orders.example", issuer="http://127.0.0.1")
    assert 54 <= claims["exp"] - claims["iat"] <= 60
    assert header(ok(issue(one, client_id="mobile"))["access_token"])["alg"] == "Ed25519"
    other = ok(issue(one))["access_token"]
    assert header(other)["alg"] == "EdDSA" and checks.claims(other)["aud"] == "http://127.0.0.1"


def test_and_stay_so_after_a_refresh(one):
    token = ok(issue(one, client_id="orders"))["refresh_token"]
    answer = ok(one.ask("refresh", REFRESHD_CLIENT="orders", HTTP_AUTHORIZATION=f"Bearer {token}"))
    claims = jwt.decode(answer["access_token"], one.keys.access["HS256"], algorithms=["HS256"],
                        audience="https://orders.example")
    assert claims["scope"] == "orders:read orders:write" and answer["expires_in"] <= 60


@pytest.mark.parametrize("asked, given", [
    (None, "orders:read orders:write"), ("", "orders:read orders:write"), ("orders:write", "orders:write")])
def test_a_scope_within_the_clients_is_given_and_none_asked_is_all(one, asked, given):
    members = {} if asked is None else {"scope": asked}
    assert ok(issue(one, client_id="orders", **members))["scope"] == given


@pytest.mark.parametrize("scope", ["admin", "orders:read admin", "orders", "ORDERS:READ"])
def test_RFC6749_3_3_a_scope_outside_the_clients_is_invalid_scope(one, scope):
    reply = issue(one, client_id="orders", scope=scope)
    answer = json.loads(reply.body)
    assert (reply.status, answer.pop("error")) == (400, "invalid_scope") and "scope" in answer["error_description"]


def test_a_login_gets_the_scopes_of_its_client(one):
    body = compact(name="demo", password="long enough")
    answer = ok(one.ask("login", "express-token", body, CONTENT_TYPE="application/json",
                        REFRESHD_CLIENT="mobile"))
    assert checks.claims(answer["accessToken"])["scope"] == "profile"


def test_RFC7009_and_RFC7662_take_the_audience_of_the_tokens_client(one):
    """refreshd's own endpoints are no API of that audience, and know the token all the same."""
    form = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}
    issued = ok(issue(one, client_id="orders"))
    body = f"token={issued['access_token']}&client_id=orders".encode()
    assert ok(one.ask("revoke", "oauth2", body, **form)) == {}
    reply = one.ask("refresh", REFRESHD_CLIENT="orders", HTTP_AUTHORIZATION=f"Bearer {issued['refresh_token']}")
    assert reply.status == 401


def test_RFC8414_2_scopes_supported_are_those_of_all_clients(one):
    metadata = ok(one.ask("metadata", REQUEST_METHOD="GET"))
    assert metadata["scopes_supported"] == ["orders:read", "orders:write", "profile"]


def test_startup_refuses_an_algorithm_that_no_key_can_sign_with(redis_server):
    service = Service(redis_server.socket)
    with open(service.config, "a") as file:
        file.write(SECTIONS)
    path = f"{service.folder}/keys"
    with open(path) as file:
        lines = [line for line in file if "HS256" not in line]
    with open(path, "w") as file:
        file.writelines(lines)
    done = service.run("serve")
    assert done.returncode == 78, done
    assert b"no active access key for HS256, which signs for client orders" in done.stderr
    service.stop()
