"""Requests that are no good whatever token they bring: method, size, type, syntax (over HTTP)."""
import json

import pytest

from harness import checks
from harness.dialects import BY_NAME, DIALECTS, compact

dialects = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
json_dialects = pytest.mark.parametrize(
    "dialect", [BY_NAME["express"], BY_NAME["express-token"]], ids=lambda d: d.name)
OAUTH = BY_NAME["oauth2"]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dialects
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "FOO"])
def test_RFC9110_only_POST_is_allowed(stack, dialect, method):
    headers, _ = dialect.put(stack.token())
    response = stack.http(method, dialect.path, headers)
    checks.error(response, 405, compact(**{dialect.error: "method_not_allowed"}))
    assert response.header("Allow") == "POST"


@dialects
def test_RFC9110_a_body_over_the_limit_is_413(stack, dialect):
    headers, _ = dialect.put(stack.token())
    response = stack.http("POST", dialect.path, headers, b"x" * 16385)
    checks.common(response)
    assert response.status == 413
    assert list(json.loads(response.body).values()) == ["payload_too_large"]


@pytest.mark.parametrize("dialect", [d for d in DIALECTS if d.put("x")[1]], ids=lambda d: d.name)
@pytest.mark.parametrize("media_type", [
    "text/plain", "multipart/form-data; boundary=x", "", "application/jsonp", "*/*",
    "application/x-www-form-urlencodedx"])
def test_RFC9110_another_content_type_is_415(stack, dialect, media_type):
    token = stack.token()
    _, body = dialect.put(token)
    headers = {"Content-Type": media_type} if media_type else {}
    response = stack.http("POST", dialect.path, headers, body)
    checks.error(response, 415, compact(**{dialect.error: "unsupported_media_type"}))
    assert stack.record(token).generation == 0


def nested(depth):
    return b'{"token":"x","refresh_token":"x","d":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


BAD_JSON = {
    "nothing": b"",
    "no JSON": b"hello",
    "half": b'{"token":"x"',
    "array": b'["token"]',
    "string": b'"token"',
    "two values": b'{"token":"x","refresh_token":"x"} {}',
    "something behind": b'{"token":"x","refresh_token":"x"}x',
    "comma": b'{"token":"x","refresh_token":"x",}',
    "comment": b'{"token":"x","refresh_token":"x"/**/}',
    "single quotes": b"{'token':'x','refresh_token':'x'}",
    "duplicate": b'{"token":"x","token":"x","refresh_token":"x","refresh_token":"x"}',
    "duplicate by escape": b'{"token":"x","t\\u006fken":"y","refresh_token":"x","refresh\\u005ftoken":"y"}',
    "duplicate inside": b'{"token":"x","refresh_token":"x","o":{"a":1,"a":1}}',
    "number": b'{"token":1,"refresh_token":1}',
    "list": b'{"token":["x"],"refresh_token":["x"]}',
    "boolean": b'{"token":true,"refresh_token":true}',
    "NUL": b'{"token":"x\0","refresh_token":"x\0"}',
    "NUL at the end": b'{"token":"x","refresh_token":"x"}\0',
    "escaped NUL": b'{"token":"x\\u0000","refresh_token":"x\\u0000"}',
    "escaped NUL in a name": b'{"token\\u0000":"x","token":"x","refresh_token":"x"}',
    "control character": b'{"token":"x\n","refresh_token":"x\n"}',
    "bad UTF-8": b'{"token":"\xff","refresh_token":"\xff"}',
    "overlong UTF-8": b'{"token":"\xc0\x80","refresh_token":"\xc0\x80"}',
    "surrogate": b'{"token":"\\ud800","refresh_token":"\\ud800"}',
    "NaN": b'{"token":"x","refresh_token":"x","n":NaN}',
    "1e400": b'{"token":"x","refresh_token":"x","n":1e400}',
    "2^64": b'{"token":"x","refresh_token":"x","n":18446744073709551616}',
    "byte order mark": b'\xef\xbb\xbf{"token":"x","refresh_token":"x"}',
    "depth 33": nested(33),
    "depth 5000": nested(5000),
}


@json_dialects
@pytest.mark.parametrize("name", BAD_JSON)
def test_RFC8259_bad_JSON_is_400(stack, dialect, name):
    body = BAD_JSON[name]
    response = stack.http("POST", dialect.path, {"Content-Type": "application/json"}, body)
    if not body and dialect.name.startswith("express"):
        checks.error(response, *dialect.missing)  # no body: no credential
    else:
        checks.error(response, 400, compact(**{dialect.error: "invalid_request"}))


@json_dialects
def test_RFC8259_depth_32_is_read(stack, dialect):
    headers = {"Content-Type": "application/json"}
    checks.refused(stack.http("POST", dialect.path, headers, nested(32)), dialect)


BAD_FORM = {
    "bad percent": b"grant_type=refresh_token&refresh_token=%zz",
    "cut percent": b"grant_type=refresh_token&refresh_token=x%4",
    "NUL": b"grant_type=refresh_token&refresh_token=x%00",
    "raw NUL": b"grant_type=refresh_token&refresh_token=x\0",
    "duplicate": b"grant_type=refresh_token&refresh_token=x&refresh_token=x",
    "duplicate by escape": b"grant_type=refresh_token&refresh_token=x&refresh%5ftoken=y",
    "duplicate grant": b"grant_type=refresh_token&grant_type=refresh_token&refresh_token=x",
    "duplicate stranger": b"grant_type=refresh_token&refresh_token=x&a=1&a=1",
    "many fields": b"grant_type=refresh_token&refresh_token=x&"
                   + b"&".join(b"a%x=" % i for i in range(2000)),
    "no grant_type": b"refresh_token=x",
    "empty grant_type": b"grant_type=&refresh_token=x",
    "nothing": b"",
    "JSON": b'{"grant_type":"refresh_token","refresh_token":"x"}',
}


@pytest.mark.parametrize("name", BAD_FORM)
def test_RFC6749_5_2_a_bad_form_is_invalid_request(stack, name):
    checks.error(stack.http("POST", OAUTH.path, FORM, BAD_FORM[name]), 400,
                 compact(error="invalid_request"))


@dialects
def test_a_header_that_is_too_large_gets_a_JSON_error(stack, dialect):
    response = stack.http("POST", dialect.path, {"X-Large": "x" * 40000})
    checks.common(response)
    assert response.status in (400, 431) and json.loads(response.body)


def test_an_unknown_path_is_404_and_JSON_for_POST(stack):
    response = stack.http("POST", "/no/such/thing")
    assert response.status in (403, 404, 405) and json.loads(response.body), response


@pytest.mark.parametrize("path", ["/_verify", "/_verify_fresh", "/internal/issue"])
def test_internal_routes_are_not_reachable_from_outside(stack, path):
    for method in ("GET", "POST"):
        response = stack.http(method, path, {"Authorization": stack.basic()})
        assert response.status in (403, 404, 405), response


@pytest.mark.parametrize("path", ["//refresh_token", "/refresh_token/", "/refresh%5ftoken/x",
                                  "/x/../refresh_token", "/refresh_token?x=1", "/REFRESH_TOKEN"])
def test_the_route_comes_from_the_location_alone(stack, path):
    token = stack.token()
    response = stack.http("POST", path, {"Authorization": f"Bearer {token}"})
    assert response.status in (200, 400, 403, 404, 405), response


def test_hostile_headers_do_not_become_settings(stack):
    token = stack.token()
    headers = {"Refresh-Token": token, "Proxy": "http://127.0.0.1:9", "Refreshd-Route": "issue",
               "Refreshd_Client": "fixed", "Content-Type": "x"}
    checks.success(stack.http("POST", "/refresh", headers), BY_NAME["header"])
