"""What a worker makes of requests that nginx would never send: lengths that lie, odd bodies and params."""
import base64
import json
import os

import pytest

from harness import fcgi, service
from harness.dialects import DIALECTS, compact
from harness.processes import binaries
from harness.tokens import Token

LIMIT = 16384
JSON = {"CONTENT_TYPE": "application/json"}
FORM = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}


pytestmark = pytest.mark.usefixtures("same_worker")


@pytest.fixture(scope="module", params=binaries(), ids=lambda b: "asan" if "asan" in b else "plain")
def one(request, redis_server):
    with service.Service(redis_server.socket, bin=request.param,
                         REFRESHD_READ_TIMEOUT_MS=600_000) as running:
        yield running


def sound(reply):
    """Every answer, good or bad: JSON, right length, never cached."""
    assert reply.headers["content-type"] == "application/json", reply.headers
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-length"] == str(len(reply.body))
    json.loads(reply.body)
    return reply


def error(reply, status, body):
    sound(reply)
    assert (reply.status, reply.body) == (status, body), reply
    return reply


LENGTHS = {
    "absent": (None, 400),
    "empty": ("", 400),
    "negative": ("-1", 400),
    "2^63": (str(2**63), 413),
    "2^64": (str(2**64), 413),
    "2^64 and a bit": (str(2**64 + 21), 413),
    "10^1000": ("1" + "0" * 1000, 413),
    "too long": ("22", 400),
    "far too long": ("16384", 400),
    "over the limit": ("16385", 413),
    "too short": ("20", 400),
    "zero": ("0", 400),
    "hex": ("0x15", 400),
    "plus": ("+21", 400),
    "blank": (" 21", 400),
    "fraction": ("21.0", 400),
    "exponent": ("2e1", 400),
    "words": ("abc", 400),
}


@pytest.mark.parametrize("name", LENGTHS)
def test_H_a_content_length_that_lies_is_refused_without_a_wait(one, name):
    length, status = LENGTHS[name]
    body = b'{"refresh_token":"x"}'
    assert len(body) == 21
    reply = one.ask("refresh", "express", body, **{**JSON, "CONTENT_LENGTH": length})
    word = "payload_too_large" if status == 413 else "invalid_request"
    error(reply, status, compact(message=word))


def test_H_leading_zeros_and_no_body_are_fine(one):
    reply = one.ask("refresh", "express", b'{"refresh_token":"x"}', **{**JSON, "CONTENT_LENGTH": "0021"})
    assert reply.status in (400, 403)
    error(one.ask("refresh", CONTENT_LENGTH=""), 401, compact(error="missing_token"))
    error(one.ask("refresh", CONTENT_LENGTH="0"), 401, compact(error="missing_token"))


def test_H_verify_ignores_the_length_that_auth_request_leaves_behind(one):
    reply = one.ask("verify", None, CONTENT_LENGTH="5", method="GET", HTTP_AUTHORIZATION="Bearer x")
    assert reply.status == 401 and 'error="invalid_token"' in reply.headers["www-authenticate"]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
@pytest.mark.parametrize("size", [LIMIT + 1, LIMIT + 1000, 60_000, 70_000, 200_000])
def test_RFC9110_a_body_over_the_limit_is_413(one, dialect, size):
    body = b"x" * size
    with fcgi.Connection(one.socket) as connection:
        try:
            connection.send(fcgi.request(fcgi.params("refresh", dialect.name, body=body, **JSON), body))
        except (BrokenPipeError, ConnectionResetError):
            pass
        reply = sound(connection.read_reply())
    assert reply.status == 413 and list(json.loads(reply.body).values()) == ["payload_too_large"]


def test_a_body_of_exactly_the_limit_is_read(one):
    for padding in (0, -1):
        body = b'{"refresh_token":"x","p":"' + b"y" * (LIMIT - 28 + padding) + b'"}'
        assert len(body) == LIMIT + padding
        assert one.ask("refresh", "express", body, **JSON).status == 403


BODIES = {
    "NUL": b'{"refresh_token":"x"}\0',
    "NUL first": b'\0{"refresh_token":"x"}',
    "NULs alone": bytes(100),
    "duplicate": b'{"refresh_token":"x","refresh_token":"y"}',
    "depth 33": b'{"refresh_token":"x","d":' + b"[" * 32 + b"]" * 32 + b"}",
    "depth 8000": b'{"d":' * 1000 + b"[" * 3000 + b"]" * 3000 + b"}" * 1000,
    "open arrays": b"[" * LIMIT,
    "open objects": b'{"a":' * 3000,
    "open string": b'{"refresh_token":"' + b"x" * 5000,
    "escapes": b'{"refresh_token":"' + b"\\u0041" * 2000,
    "half an escape": b'{"refresh_token":"\\u00"}',
    "half UTF-8": b'{"refresh_token":"\xe2\x82"}',
    "long number": b'{"refresh_token":' + b"9" * 5000 + b"}",
    "long exponent": b'{"refresh_token":"x","n":1e' + b"9" * 5000 + b"}",
    "many members": b"{" + b",".join(b'"m%d":1' % i for i in range(1500)) + b"}",
    "many duplicates": b"{" + b",".join(b'"m":1' for i in range(2000)) + b"}",
    "random": bytes(range(256)) * 20,
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("route,dialect", [("refresh", "express"), ("login", "express-token"),
                                           ("login", "flask")])
def test_RFC8259_a_bad_body_is_a_clear_error(one, name, route, dialect):
    reply = sound(one.ask(route, dialect, BODIES[name], **JSON))
    member = "error" if dialect == "flask" else "message"
    good = name == "many members"  # sound JSON without a token
    assert reply.status == (401 if good and route == "refresh" else 400), reply
    assert list(json.loads(reply.body)) == [member]


@pytest.mark.parametrize("name", BODIES)
def test_RFC8259_a_bad_body_is_a_clear_error_for_issue_too(one, name):
    basic = "Basic " + base64.b64encode(f"backend:{service.SECRET}".encode()).decode()
    reply = one.ask("issue", "json", BODIES[name], HTTP_AUTHORIZATION=basic, **JSON)
    description = json.loads(reply.body)["error_description"]
    assert description and BODIES[name][:20].decode(errors="replace") not in description
    error(reply, 400, compact(error="invalid_request", error_description=description))


FORMS = {
    "10^4 params": b"&".join(b"a" for _ in range(8000)),
    "10^4 named params": b"&".join(b"%x=" % i for i in range(3000)),
    "ampersands": b"&" * LIMIT,
    "equals": b"=" * LIMIT,
    "percents": b"%" * LIMIT,
    "percent at the end": b"grant_type=refresh_token&refresh_token=%",
    "NUL": b"grant_type=refresh_token&refresh_token=%00",
    "bytes": bytes(range(256)) * 10,
    "33 fields": b"grant_type=refresh_token&refresh_token=x&" + b"&".join(b"f%d=x" % i for i in range(31)),
}


@pytest.mark.parametrize("name", FORMS)
def test_RFC6749_a_bad_form_is_a_clear_error(one, name):
    error(one.ask("refresh", "oauth2", FORMS[name], **FORM), 400, compact(error="invalid_request"))


def test_RFC6749_32_fields_and_empty_ones_are_read(one):
    body = b"&&grant_type=refresh_token&&refresh_token=x&" + b"&".join(b"f%d=x" % i for i in range(30)) + b"&"
    error(one.ask("refresh", "oauth2", body, **FORM), 400, compact(error="invalid_grant"))


@pytest.mark.parametrize("name", [
    "CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_AUTHORIZATION", "HTTP_REFRESH_TOKEN", "REQUEST_METHOD",
    "REFRESHD_ROUTE", "REFRESHD_DIALECT", "REFRESHD_CLIENT"])
def test_H_a_param_that_comes_twice_and_differs_gives_no_token(one, name):
    token = one.token()
    for dialect in DIALECTS:
        headers, body = dialect.put(token)
        params = fcgi.params("refresh", dialect.name, body=body or b"",
                             HTTP_AUTHORIZATION=headers.get("Authorization"),
                             HTTP_REFRESH_TOKEN=headers.get("Refresh-Token"),
                             CONTENT_TYPE=headers.get("Content-Type"), REFRESHD_CLIENT="web")
        if name not in params:
            continue
        for twin in (params[name] + "x", "x", ""):
            with fcgi.Connection(one.socket) as connection:
                connection.send(fcgi.request([*params.items(), (name, twin)], body or b""))
                assert sound(connection.read_reply()).status in (400, 401, 405, 500)
    reply = one.refresh(token)
    assert reply.status == 200 and Token.parse(json.loads(reply.body)["refresh_token"]).generation == 1


ODD = {
    "no route": {"REFRESHD_ROUTE": None},
    "unknown route": {"REFRESHD_ROUTE": "admin"},
    "route of another case": {"REFRESHD_ROUTE": "Refresh"},
    "unknown dialect": {"REFRESHD_DIALECT": "soap"},
    "unknown client": {"REFRESHD_CLIENT": "nobody"},
    "no method": {"REQUEST_METHOD": None},
    "empty method": {"REQUEST_METHOD": ""},
    "method of another case": {"REQUEST_METHOD": "post"},
    "method with a list": {"REQUEST_METHOD": "GET, HEAD"},
    "long method": {"REQUEST_METHOD": "POST" * 1000},
    "NUL in the route": {"REFRESHD_ROUTE": b"refresh\0x"},
    "long authorization": {"HTTP_AUTHORIZATION": "Bearer " + "x" * 30_000},
    "long address": {"REMOTE_ADDR": "1" * 10_000},
    "long user agent": {"HTTP_USER_AGENT": "x" * 30_000},
}


@pytest.mark.parametrize("name", ODD)
def test_H_odd_params_are_answered(one, name):
    changed = {k: v for k, v in fcgi.params("refresh", HTTP_AUTHORIZATION="Bearer x").items()}
    for key, value in ODD[name].items():
        changed.pop(key, None)
        if value is not None:
            changed[key] = value
    reply = sound(fcgi.ask(one.socket, changed))
    assert 400 <= reply.status <= 500, reply


@pytest.mark.parametrize("given", ["", "x" * 65, "a\r\nSet-Cookie: x=1", "a b", "ä", 'a"b', "../../x", "\0"])
def test_H_a_request_id_that_is_no_good_is_replaced(one, given):
    reply = sound(one.ask("refresh", HTTP_AUTHORIZATION="Bearer x", REFRESHD_REQUEST_ID=given))
    echoed = reply.headers["x-request-id"]
    assert echoed and echoed != given and echoed.replace("-", "").isalnum()
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize("agent", ["x" * 5000, "\x01\x02\r\n", "ä" * 1000, ""],
                         ids=["long", "control", "wide", "empty"])
def test_an_odd_user_agent_is_kept_within_bounds(one, redis_server, agent):
    one.add_user("agent", "secret")
    body = compact(name="agent", password="secret")
    reply = sound(one.ask("login", "flask", body, HTTP_USER_AGENT=agent, **JSON))
    token = Token.parse(json.loads(reply.body)["refresh_token"])
    with redis_server.client() as client:
        assert 69 < len(client.get(one.key(token.text()))) < 69 + 5 + 3 + 9 + 128 + 1
    assert one.refresh(token.text()).status == 200


def test_each_answer_of_many_kinds_on_one_connection_is_its_own(one):
    token = one.token()
    with fcgi.Connection(one.socket) as connection:
        for _ in range(20):
            assert connection.ask(fcgi.params("refresh")).body == compact(error="missing_token")
            reply = connection.ask(fcgi.params("refresh", "express", body=b"{}", **JSON), b"{}")
            assert reply.body == compact(message="Refresh token required")
            assert connection.ask(fcgi.params("refresh", HTTP_AUTHORIZATION=f"Bearer {token}")).status == 200
            big = b"x" * (LIMIT + 5)
            assert connection.ask(fcgi.params("refresh", "oauth2", body=big, **FORM), big).status == 413
            assert connection.ask(fcgi.params("health", method="GET")).status == 200


def test_memory_does_not_grow_with_requests(one):
    if "asan" in one.bin:
        pytest.skip("the sanitizer keeps freed memory")

    def resident():
        with open(f"/proc/{one.workers()[0]}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024

    def some(count):
        with fcgi.Connection(one.socket) as connection:
            for i in range(count):
                body = b'{"refresh_token":"' + b"x" * (i % 2000) + b'"}'
                connection.ask(fcgi.params("refresh", "express", body=body, **JSON), body)

    some(2000)
    before = resident()
    some(20_000)
    assert resident() - before < 1000, "kB"
