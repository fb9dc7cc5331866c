"""Each dialect's success, byte for byte, over real HTTP."""
import json

import pytest

from harness import checks
from harness.dialects import BY_NAME, DIALECTS, bearer, compact
from harness.tokens import Token
from harness.wait import wait_until

dialects = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)


@dialects
def test_refresh_gives_exactly_the_dialects_members(stack, dialect):
    token = stack.token()
    answer, _ = checks.success(stack.refresh(token, dialect), dialect)
    new = Token.parse(dialect.refresh(answer))
    assert (new.family, new.generation) == (Token.parse(token).family, 1)


@dialects
def test_refresh_with_a_scope_gives_exactly_the_dialects_members(stack, dialect):
    token = stack.token(scope="read write")
    _, access = checks.success(stack.refresh(token, dialect), dialect, scope="read write")
    assert access["scope"] == "read write"


@dialects
def test_S7_the_access_token_names_the_session_of_the_refresh_token(stack, dialect):
    issued = stack.issue("anna", claims={"role": "admin", "n": [1, {"a": None}]}, auth_time=1_600_000_000)
    answer, access = checks.success(stack.refresh(issued["refresh_token"], dialect), dialect)
    family = Token.parse(issued["refresh_token"]).family
    assert access["sub"] == "anna" and access["sid"] == stack.keys.sid(family)
    assert access["role"] == "admin" and access["n"] == [1, {"a": None}]
    assert access["auth_time"] == 1_600_000_000 and access["fresh"] is False
    assert access["client_id"] == "web" and access["iss"] == access["aud"] == stack.url
    assert Token.parse(dialect.refresh(answer)).family == family


def test_header_dialect_gives_the_token_as_a_response_header_too(stack):
    response = stack.refresh(stack.token(), BY_NAME["header"])
    assert response.header("Refresh-Token") == json.loads(response.body)["refresh_token"]
    for dialect in DIALECTS:
        if dialect.name != "header":
            assert stack.refresh(stack.token(), dialect).header("Refresh-Token") is None


def test_jwt_extended_client_without_rotation_gets_only_an_access_token(stack):
    token = stack.token(client_id="fixed")
    for _ in range(3):
        response = stack.refresh(token, BY_NAME["jwt-extended"], path="/token/refresh/fixed")
        answer = json.loads(checks.common(response).body)
        assert response.status == 200 and response.body == compact(access_token=answer["access_token"])
        access = checks.claims(answer["access_token"])
        assert access["client_id"] == "fixed" and access["fresh"] is False
    assert stack.record(token).generation == 0


def test_client_without_rotation_extends_the_session_at_each_use(stack):
    token = stack.token(client_id="fixed")
    before = stack.record(token)
    wait_until(lambda: stack.now_ms() > before.seen_ms, what="the next millisecond")
    stack.refresh(token, BY_NAME["jwt-extended"], path="/token/refresh/fixed")
    after = stack.record(token)
    assert after.seen_ms > before.seen_ms and after.rotated_ms == 0
    assert after.expires_ms == before.expires_ms


def test_express_token_dialect_takes_a_bearer_token_as_well(stack):
    dialect = BY_NAME["express-token"]
    headers, _ = bearer(stack.token())
    checks.success(stack.http("POST", dialect.path, headers), dialect)
    headers, _ = bearer(stack.token())
    headers["Content-Type"] = "application/json"
    checks.success(stack.http("POST", dialect.path, headers, b"{}"), dialect)


def test_express_token_dialect_refuses_two_credentials(stack):
    token = stack.token()
    headers, _ = bearer(token)
    _, body = BY_NAME["express-token"].put(stack.token())
    headers["Content-Type"] = "application/json"
    checks.error(stack.http("POST", "/token", headers, body), 400, compact(message="invalid_request"))
    assert stack.record(token).generation == 0


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_RFC9110_the_authentication_scheme_is_case_insensitive(stack, scheme):
    response = stack.http("POST", "/refresh_token", {"Authorization": f"{scheme} {stack.token()}"})
    checks.success(response, BY_NAME["flask"])


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON",
                                        "application/json;charset=UTF-8"])
def test_RFC9110_media_type_parameters_and_case_are_accepted(stack, media_type):
    dialect = BY_NAME["express"]
    _, body = dialect.put(stack.token())
    checks.success(stack.http("POST", dialect.path, {"Content-Type": media_type}, body), dialect)


def test_request_ids_are_nginxs_and_differ(stack):
    ids = {stack.refresh("x").header("X-Request-Id") for _ in range(20)}
    assert len(ids) == 20
