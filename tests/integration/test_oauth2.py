"""The oauth2 dialect against RFC 6749 sections 2.3.1, 5.1, 5.2 and 6."""
import json
from urllib.parse import quote, urlencode

import pytest

from harness import checks
from harness.dialects import BY_NAME, compact

OAUTH = BY_NAME["oauth2"]
FORM = "application/x-www-form-urlencoded"


def ask(stack, authorization=None, **fields):
    headers = {"Content-Type": FORM}
    if authorization:
        headers["Authorization"] = authorization
    return stack.http("POST", OAUTH.path, headers, urlencode(fields))


def refresh(stack, token, authorization=None, **fields):
    return ask(stack, authorization, grant_type="refresh_token", refresh_token=token, **fields)


def test_RFC6749_5_1_success(stack):
    token = stack.token(scope="read")
    response = refresh(stack, token, client_id="web")
    answer, access = checks.success(response, OAUTH, scope="read")
    assert answer["token_type"] == "Bearer" and 810 <= answer["expires_in"] <= 900
    assert answer["refresh_token_timeout"] == 30 * 86400
    record = stack.record(token)
    left = (record.expires_ms - record.rotated_ms) // 1000
    assert abs(answer["authorization_expires_in"] - left) <= 1 and left <= 180 * 86400
    assert response.header("Pragma") == "no-cache"
    assert access["scope"] == "read"


def test_RFC6749_5_2_errors_carry_pragma_too(stack):
    response = refresh(stack, "x", client_id="web")
    assert response.header("Pragma") == "no-cache"


def test_the_default_client_needs_no_client_id(stack):
    checks.success(refresh(stack, stack.token()), OAUTH)


@pytest.mark.parametrize("fields", [{}, {"client_id": "web"}])
def test_RFC6749_5_2_a_missing_token_is_invalid_request(stack, fields):
    checks.error(ask(stack, grant_type="refresh_token", **fields), 400, compact(error="invalid_request"))


@pytest.mark.parametrize("grant", ["password", "client_credentials", "authorization_code",
                                   "REFRESH_TOKEN", "refresh_token ", "x" * 300])
def test_RFC6749_5_2_another_grant_type_is_unsupported(stack, grant):
    token = stack.token()
    response = ask(stack, grant_type=grant, refresh_token=token, client_id="web")
    checks.error(response, 400, compact(error="unsupported_grant_type"))
    assert stack.record(token).generation == 0


def test_RFC6749_2_3_1_a_confidential_client_by_basic(stack):
    token = stack.token(client_id="backend")
    _, access = checks.success(refresh(stack, token, stack.basic()), OAUTH)
    assert access["client_id"] == "backend"


def test_RFC6749_2_3_1_a_confidential_client_by_form(stack):
    token = stack.token(client_id="backend")
    response = refresh(stack, token, client_id="backend", client_secret=stack.client_secret)
    checks.success(response, OAUTH)


def test_RFC6749_2_3_1_basic_is_form_encoded_before_base64(stack):
    token = stack.token(client_id="backend")
    encoded = "".join(f"%{ord(c):02X}" for c in "backend")
    response = refresh(stack, token, stack.basic(encoded, quote(stack.client_secret, safe="")))
    checks.success(response, OAUTH)


def bad_credentials(stack):
    secret = stack.client_secret
    yield stack.basic(secret="wrong"), {}
    yield stack.basic(secret=secret + "x"), {}
    yield stack.basic(secret=secret[:-1]), {}
    yield stack.basic("nobody"), {}
    yield stack.basic("backend%00"), {}
    yield "Basic !!!", {}
    yield "Basic", {}
    yield "Basic " + "QUJD", {}  # no colon
    yield "Bearer x", {}
    yield None, {"client_id": "backend"}
    yield None, {"client_id": "backend", "client_secret": "wrong"}
    yield None, {"client_id": "nobody"}
    yield None, {"client_id": "web", "client_secret": "x"}


def test_RFC6749_5_2_a_client_that_is_not_authentic_is_invalid_client(stack):
    token = stack.token(client_id="backend")
    for authorization, fields in bad_credentials(stack):
        response = refresh(stack, token, authorization, **fields)
        checks.error(response, 401, compact(error="invalid_client"))
        assert response.header("WWW-Authenticate").startswith("Basic"), response
    assert stack.record(token).generation == 0


def test_RFC6749_2_3_two_ways_to_authenticate_at_once_are_refused(stack):
    token = stack.token(client_id="backend")
    for fields in ({"client_secret": stack.client_secret}, {"client_id": "web"}):
        response = refresh(stack, token, stack.basic(), **fields)
        checks.error(response, 400, compact(error="invalid_request"))
    assert stack.record(token).generation == 0


def test_RFC6749_6_a_token_is_good_only_for_the_client_it_was_issued_to(stack):
    for owner, authorization, fields in (("backend", None, {"client_id": "web"}),
                                         ("web", stack.basic(), {}),
                                         ("fixed", stack.basic(), {})):
        token = stack.token(client_id=owner)
        before = stack.raw_record(token)
        checks.error(refresh(stack, token, authorization, **fields), 400, compact(error="invalid_grant"))
        assert stack.raw_record(token) == before


def test_T15_RFC6749_6_a_wider_scope_is_refused_and_the_family_intact(stack):
    token = stack.token(scope="read write")
    for scope in ("admin", "read admin", "read write admin", "READ", "rea", "read  writ"):
        response = refresh(stack, token, client_id="web", scope=scope)
        checks.error(response, 400, compact(error="invalid_scope"))
    # a refusal rotates nothing, or the token that the client holds would be a spent one
    assert stack.record(token).generation == 0 and not stack.record(token).revoked
    checks.success(refresh(stack, token, client_id="web"), OAUTH, scope="read write")


def test_RFC6749_6_a_narrower_scope_narrows_the_access_token_alone(stack):
    token = stack.token(scope="read write")
    answer = json.loads(refresh(stack, token, client_id="web", scope="read").body)
    assert answer["scope"] == "read" and checks.claims(answer["access_token"])["scope"] == "read"
    again = json.loads(refresh(stack, answer["refresh_token"], client_id="web").body)
    assert again["scope"] == "read write"


def test_a_client_without_rotation_keeps_its_token(stack):
    token = stack.token(client_id="fixed")
    answer = json.loads(refresh(stack, token, client_id="fixed").body)
    assert answer.get("refresh_token", token) == token
    assert stack.record(token).generation == 0


def test_unknown_parameters_are_ignored(stack):
    response = refresh(stack, stack.token(), client_id="web", resource="https://x", foo="bar")
    checks.success(response, OAUTH)
