"""RFC 7662, token introspection: Authlib as the resource server, and raw requests."""
import json
import time
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from authlib.integrations.requests_client import OAuth2Session

from harness import checks, rawhttp
from harness.dialects import compact
from harness.tokens import Token

FORM = "application/x-www-form-urlencoded"
INACTIVE = compact(active=False)


@pytest.fixture(autouse=True)
def insecure_transport(monkeypatch):
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


def ask(stack, token, authorization=None, url=None, **fields):
    headers = {"Content-Type": FORM, "Authorization": authorization or stack.basic("api")}
    return rawhttp.ask(url or stack.url, "POST", "/oauth2/introspect", headers,
                       urlencode({"token": token, **fields}))


def introspect(stack, token, **more):
    response = checks.common(ask(stack, token, **more))
    assert response.status == 200, response
    return json.loads(response.body)


def inactive(response):
    checks.common(response)
    assert (response.status, response.body) == (200, INACTIVE), response


def test_RFC7662_2_2_Authlib_reads_an_access_token(stack):
    issued = stack.issue("intro", scope="read write", fresh=True)
    session = OAuth2Session("api", stack.client_secret)
    answer = session.introspect_token(stack.url + "/oauth2/introspect", issued["access_token"],
                                      token_type_hint="access_token").json()
    claims = checks.claims(issued["access_token"])
    assert answer.pop("active") is True and answer.pop("token_type") == "Bearer"
    assert answer.pop("token_use") == "access_token"
    assert answer == claims, "all that the token says, and nothing else"


def test_RFC7662_2_2_a_refresh_token(stack):
    issued = stack.issue("intro", scope="read")
    answer = introspect(stack, issued["refresh_token"])
    record, claims = stack.record(issued["refresh_token"]), checks.claims(issued["access_token"])
    assert answer == {
        "active": True, "iss": stack.url, "client_id": "web", "sub": "intro", "scope": "read",
        "token_use": "refresh_token", "iat": record.created_ms // 1000,
        "exp": record.seen_ms // 1000 + 30 * 86400, "sid": claims["sid"], "auth_time": claims["auth_time"]}
    assert "token_type" not in answer, "RFC 6749 section 5.1 has no type for it"


@pytest.mark.parametrize("hint", ["", "access_token", "refresh_token", "other"])
def test_RFC7662_2_1_a_wrong_hint_still_finds_the_token(stack, hint):
    issued = stack.issue()
    for name in ("access_token", "refresh_token"):
        assert introspect(stack, issued[name], token_type_hint=hint)["active"] is True


def test_RFC7662_2_on_both_listeners(stack):
    token = stack.token()
    assert introspect(stack, token, url=stack.internal_url)["active"] is True
    assert introspect(stack, token)["active"] is True


def refusals(stack):
    secret = stack.client_secret
    yield {}, {}
    yield {}, {"client_id": "web"}
    yield {}, {"client_id": "api"}
    yield {}, {"client_id": "api", "client_secret": "x"}
    yield {"Authorization": stack.basic("api", "x")}, {}
    yield {"Authorization": stack.basic("nobody")}, {}
    yield {"Authorization": "Basic d2ViOg=="}, {}  # web, without a secret
    yield {"Authorization": "Basic d2ViOng="}, {}
    yield {"Authorization": "Bearer " + stack.issue()["access_token"]}, {}


def test_RFC7662_2_1_who_is_not_authorized_gets_401(stack):
    token = stack.token()
    for headers, fields in refusals(stack):
        response = stack.http("POST", "/oauth2/introspect", {"Content-Type": FORM, **headers},
                              urlencode({"token": token, **fields}))
        checks.error(response, 401, compact(error="invalid_client"))
        assert response.header("WWW-Authenticate").startswith("Basic")


def test_RFC7662_2_1_client_secret_post(stack):
    fields = {"token": stack.token(), "client_id": "api", "client_secret": stack.client_secret}
    response = stack.http("POST", "/oauth2/introspect", {"Content-Type": FORM}, urlencode(fields))
    assert json.loads(response.body)["active"] is True


def test_RFC7662_2_1_two_authentications_are_refused(stack):
    response = ask(stack, stack.token(), client_id="api", client_secret=stack.client_secret)
    checks.error(response, 400, compact(error="invalid_request"))


@pytest.mark.parametrize("body", ["", "token=", "token_type_hint=access_token", "token=a&token=b", "token=%0"])
def test_RFC7662_2_1_without_one_token_it_is_an_invalid_request(stack, body):
    headers = {"Content-Type": FORM, "Authorization": stack.basic("api")}
    checks.error(stack.http("POST", "/oauth2/introspect", headers, body), 400, compact(error="invalid_request"))


def test_RFC7662_2_1_only_by_POST_and_form(stack):
    headers = {"Authorization": stack.basic("api")}
    checks.error(stack.http("GET", "/oauth2/introspect?token=x", headers), 405,
                 compact(error="method_not_allowed"))
    headers["Content-Type"] = "application/json"
    checks.error(stack.http("POST", "/oauth2/introspect", headers, b'{"token":"x"}'), 415,
                 compact(error="unsupported_media_type"))


def test_RFC7662_4_a_client_without_introspect_sees_only_its_own_tokens(stack):
    """So that a client cannot try out tokens it has found."""
    own, other = stack.issue(client_id="backend"), stack.issue(client_id="web")
    for name in ("access_token", "refresh_token"):
        assert introspect(stack, own[name], authorization=stack.basic())["active"] is True
        inactive(ask(stack, other[name], stack.basic()))


def bad_tokens(stack):
    """T18: unknown, rotated, revoked, damaged, of another kind."""
    yield "x"
    token = stack.token()
    yield token[:-1] + ("A" if token[-1] != "A" else "B")
    gone = stack.token()
    stack.store.delete(stack.key(gone))
    yield gone
    revoked = stack.issue()
    stack.revoke(revoked["refresh_token"])
    yield from (revoked["refresh_token"], revoked["access_token"])
    first = stack.token()
    second = stack.renew(first)
    stack.age(second, 11_000)  # past the grace
    yield first
    third = stack.renew(second)
    stack.age(third, 11_000)
    assert introspect(stack, third)["active"] is True
    yield from (first, second)
    ahead = Token.parse(third)
    seed = stack.record(third).seed
    yield replace(ahead, generation=ahead.generation + 1).sealed(stack.keys, seed).text()
    yield replace(ahead, secret=bytes(24)).tagged(stack.keys).text()  # T13: the tag key leaked
    access = stack.issue()["access_token"]
    yield access[:-3] + ("AAA" if access[-3:] != "AAA" else "BBB")
    yield access.rsplit(".", 1)[0] + "."


def test_T18_RFC7662_2_2_all_that_is_not_good_looks_the_same(stack):
    before = stack.log().count("refresh.reuse")
    for token in bad_tokens(stack):
        inactive(ask(stack, token))
    assert stack.log().count("refresh.reuse") == before, "asking is not using"


def test_RFC7662_2_2_the_predecessor_is_active_while_it_still_gets_the_head(stack):
    first = stack.token()
    second = stack.renew(first)
    answer = introspect(stack, first)
    assert answer["active"] is True and "iat" not in answer
    assert answer["exp"] <= time.time() + 11
    assert introspect(stack, second)["active"] is True


def test_RFC7662_2_2_expired_sessions_and_tokens_are_inactive(short):
    issued = short.issue()
    assert introspect(short, issued["refresh_token"])["active"] is True
    time.sleep(1.1)
    for name in ("refresh_token", "access_token"):
        inactive(ask(short, issued[name]))


def test_RFC7662_asking_never_changes_the_session(stack):
    """Not its idle time, not its generation, not whether its head was shown."""
    issued = stack.issue()
    token = issued["refresh_token"]
    key = stack.key(token)
    before, expires = stack.raw_record(token), stack.store.pexpiretime(key)
    for _ in range(3):
        introspect(stack, token)
        introspect(stack, issued["access_token"])
    assert stack.raw_record(token) == before
    assert stack.store.pexpiretime(key) == expires


def test_S5_what_is_not_ours_costs_no_redis(stack):
    token = stack.token()
    before = {n: c for n, c in stack.commands().items() if "eval" in n}
    for bad in ("x", token[:-1] + ("A" if token[-1] != "A" else "B"), "a.b.c", token + "A"):
        inactive(ask(stack, bad))
    assert {n: c for n, c in stack.commands().items() if "eval" in n} == before
