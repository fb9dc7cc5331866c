"""RFC 7009, token revocation: Authlib as the client, and requests that Authlib never sends."""
import json
from urllib.parse import urlencode

import pytest
from authlib.integrations.requests_client import OAuth2Session

from harness import checks, stack as stacks
from harness.dialects import BY_NAME, compact
from harness.tokens import Token

FORM = "application/x-www-form-urlencoded"
OAUTH = BY_NAME["oauth2"]


@pytest.fixture(autouse=True)
def insecure_transport(monkeypatch):
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


def ask(stack, authorization=None, **fields):
    headers = {"Content-Type": FORM}
    if authorization:
        headers["Authorization"] = authorization
    return stack.http("POST", "/oauth2/revoke", headers, urlencode(fields))


def done(response):
    checks.common(response)
    assert (response.status, response.body) == (200, b"{}"), response


def gone(stack, token, client="web"):
    """The token's session is over, and its tokens are good for nothing."""
    assert stack.record(token).revoked
    response = stack.http("POST", OAUTH.path, {"Content-Type": FORM}, urlencode(
        {"grant_type": "refresh_token", "refresh_token": token, "client_id": client}))
    checks.error(response, 400, compact(error="invalid_grant"))


def event(stack, sub=None):
    lines = [json.loads(line) for line in stack.log().splitlines() if '"session.revoked"' in line]
    return [line for line in lines if line["route"] == "revoke" and line.get("sub") == sub]


def sid(stack, token):
    return stack.keys.sid(Token.parse(token).family)


@pytest.mark.parametrize("hint", [None, "refresh_token", "access_token"])
def test_RFC7009_2_1_Authlib_revokes_a_refresh_token_whatever_the_hint(stack, hint):
    token = stack.token(client_id="backend")
    session = OAuth2Session("backend", stack.client_secret)
    response = session.revoke_token(stack.url + "/oauth2/revoke", token, token_type_hint=hint)
    assert response.status_code == 200 and response.json() == {}
    assert stack.record(token).revoked
    assert sid(stack, token) in stack.log()


@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "saml2", ""])
def test_RFC7009_2_1_an_access_token_is_found_whatever_the_hint(stack, hint):
    issued = stack.issue("revoked-by-access", scope="a")
    fields = {} if hint is None else {"token_type_hint": hint}
    done(ask(stack, token=issued["access_token"], client_id="web", **fields))
    gone(stack, issued["refresh_token"])
    assert event(stack, "revoked-by-access")[-1]["sid"] == sid(stack, issued["refresh_token"])


def test_RFC7009_2_1_a_public_client_revokes_by_its_id(stack):
    for fields in ({"client_id": "web"}, {}):  # or is the location's
        token = stack.token()
        done(ask(stack, token=token, **fields))
        gone(stack, token)


def test_RFC7009_2_1_all_tokens_of_the_grant_go(stack):
    issued = stack.issue()
    second = json.loads(stack.refresh(issued["refresh_token"]).body)
    done(ask(stack, token=issued["refresh_token"]))  # the first, which is spent
    gone(stack, second["refresh_token"])
    access = second["access_token"]
    response = stack.http("POST", "/oauth2/introspect",
                          {"Content-Type": FORM, "Authorization": stack.basic("api")},
                          urlencode({"token": access}))
    assert response.body == compact(active=False)


def test_RFC7009_2_2_unknown_and_damaged_tokens_are_200_and_cost_no_redis(stack):
    token = stack.token()
    before = {n: c for n, c in stack.commands().items() if "eval" in n}
    for bad in ("x", "rt1_", token[:-1] + ("A" if token[-1] != "A" else "B"), token + "A", "a.b.c",
                "x" * 9000, "ä", " ", token.upper()):
        done(ask(stack, token=bad, client_id="web"))
    assert {n: c for n, c in stack.commands().items() if "eval" in n} == before
    assert not stack.record(token).revoked


def test_RFC7009_2_2_an_absent_session_is_200_and_not_recreated(stack):
    token = stack.token()
    stack.store.delete(stack.key(token))
    done(ask(stack, token=token))
    assert stack.raw_record(token) is None


def test_RFC7009_2_2_revoking_twice_is_200_and_one_event(stack):
    issued = stack.issue("revoked-twice")
    before = None
    for _ in range(3):
        done(ask(stack, token=issued["access_token"]))
        assert before in (None, stack.raw_record(issued["refresh_token"]))
        before = stack.raw_record(issued["refresh_token"])
    assert len(event(stack, "revoked-twice")) == 1


def test_RFC7009_2_1_another_clients_token_is_200_and_lives(stack):
    issued = stack.issue(client_id="web")
    before = stack.raw_record(issued["refresh_token"])
    for token in (issued["refresh_token"], issued["access_token"]):
        done(ask(stack, stack.basic(), token=token))
        done(ask(stack, token=token, client_id="fixed"))
    assert stack.raw_record(issued["refresh_token"]) == before


def test_T19_the_users_other_sessions_live(stack):
    one, other = stack.token("two-devices"), stack.token("two-devices")
    done(ask(stack, token=one))
    assert stack.record(one).revoked and not stack.record(other).revoked
    stack.renew(other)


@pytest.mark.parametrize("fields", [{}, {"token": ""}, {"token_type_hint": "refresh_token"}])
def test_RFC7009_2_1_without_a_token_it_is_an_invalid_request(stack, fields):
    checks.error(ask(stack, client_id="web", **fields), 400, compact(error="invalid_request"))


@pytest.mark.parametrize("body", ["token=a&token=b", "token=%zz", "token=%00", "&".join(
    f"a{i}=1" for i in range(40)) + "&token=x"])
def test_RFC7009_2_2_1_a_broken_form_is_an_invalid_request(stack, body):
    response = stack.http("POST", "/oauth2/revoke", {"Content-Type": FORM}, body)
    checks.error(response, 400, compact(error="invalid_request"))


def test_RFC7009_2_1_a_client_that_is_not_authentic_revokes_nothing(stack):
    token = stack.token(client_id="backend")
    for authorization, fields in ((stack.basic(secret="x"), {}), (None, {"client_id": "backend"}),
                                  (None, {"client_id": "backend", "client_secret": "x"}),
                                  (None, {"client_id": "nobody"}), ("Bearer x", {})):
        response = ask(stack, authorization, token=token, **fields)
        checks.error(response, 401, compact(error="invalid_client"))
        assert response.header("WWW-Authenticate").startswith("Basic")
    assert not stack.record(token).revoked


def test_RFC7009_2_only_by_POST_and_form(stack):
    checks.error(stack.http("GET", "/oauth2/revoke?token=x"), 405, compact(error="method_not_allowed"))
    response = stack.http("POST", "/oauth2/revoke", {"Content-Type": "application/json"}, b'{"token":"x"}')
    checks.error(response, 415, compact(error="unsupported_media_type"))
    response = stack.http("POST", "/oauth2/revoke?token=x", {"Content-Type": FORM}, b"client_id=web")
    checks.error(response, 400, compact(error="invalid_request"))


def test_RFC7009_2_2_1_store_away_is_503_and_the_token_still_exists():
    with stacks.Stack() as running:
        token = running.token()
        running.store.config_set("min-replicas-to-write", 1)  # so that every write is refused
        response = ask(running, token=token)
        checks.error(response, 503, compact(error="temporarily_unavailable"))
        assert int(response.header("Retry-After")) >= 1
        running.store.config_set("min-replicas-to-write", 0)
        assert not running.record(token).revoked
        done(ask(running, token=token))
        gone(running, token)
