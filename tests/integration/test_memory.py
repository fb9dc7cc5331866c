"""What a request was sent with is in no memory of the worker once the request is over, however it ended."""
import json
import os
import signal

import pytest

from harness import fcgi, service
from harness.memory import holds
from harness.proxy import Proxy
from harness.wait import wait_until

CANARIES = [b"canary-of-the-" + name + b"-QzXwVyUt" for name in (b"header", b"cookie", b"csrf", b"custom", b"body")]


@pytest.fixture(scope="module")
def one(redis_server):
    with service.Service(redis_server.socket) as running:
        yield running


def params(route="refresh", **more):
    header, cookie, csrf, custom, body = CANARIES
    return fcgi.params(route, "flask", body=body, CONTENT_TYPE="application/json",
                       HTTP_AUTHORIZATION=b"Bearer " + header, HTTP_COOKIE=b"a=b; __Host-refresh_token=" + cookie,
                       HTTP_X_CSRF_TOKEN=csrf, HTTP_X_API_KEY=custom, **more)


def pieces(params, size, request_id=1):
    """A whole request whose parameters come in records of that size."""
    encoded = fcgi.encode(params)
    out = fcgi.begin()
    for at in range(0, len(encoded), size):
        out += fcgi.record(fcgi.PARAMS, encoded[at:at + size])
    return out + fcgi.record(fcgi.PARAMS) + fcgi.chunks(fcgi.STDIN, CANARIES[-1])


def forgotten(running, canaries=CANARIES):
    worker, = running.workers()
    wait_until(lambda: not any(holds(worker, canary) for canary in canaries), what="forgotten", pause=0.1)


def test_the_search_finds_what_a_worker_holds(redis_server):
    """The test of the test: while Redis has the question, the request is there."""
    proxy = Proxy(redis_server.socket)
    with service.Service(proxy.path, REFRESHD_REDIS_TIMEOUT_MS=60_000) as running:
        token = running.token().encode()
        proxy.hold = True
        with fcgi.Connection(running.socket) as connection:
            asked = {**params(), "HTTP_AUTHORIZATION": b"Bearer " + token, "CONTENT_LENGTH": str(len(CANARIES[-1]))}
            connection.send(pieces(asked, 30))
            wait_until(lambda: proxy.held, what="a question to Redis")
            worker, = running.workers()
            assert holds(worker, token) and holds(worker, CANARIES[1])
            proxy.hold = False
            assert connection.read_reply().status == 200
            forgotten(running, [token, *CANARIES])
    proxy.close()


@pytest.mark.parametrize("size", [7, 100, 60_000])
@pytest.mark.parametrize("route", ["refresh", "verify", "logout", "sessions", "issue", "nowhere"])
def test_an_answered_request_leaves_nothing(one, route, size):
    with fcgi.Connection(one.socket) as connection:
        connection.send(pieces(params(route), size))
        assert connection.read_reply().status != 200
        forgotten(one)


BROKEN = {
    "half": lambda request: request[:-12],
    "another version at its end": lambda request: request[:-8] + b"\2" + request[-7:],
    "another role": lambda request: request[:9] + b"\2" + request[10:],
    "more behind it": lambda request: request + b"x",
    "lengths that lie": lambda request: request[:-24 - len(CANARIES[-1])] + fcgi.record(fcgi.PARAMS, b"\7\1x")
        + fcgi.record(fcgi.PARAMS) + fcgi.record(fcgi.STDIN),
}


@pytest.mark.parametrize("size", [7, 100, 60_000])
@pytest.mark.parametrize("name", BROKEN)
def test_a_refused_or_half_request_leaves_nothing(one, name, size):
    with fcgi.Connection(one.socket) as connection:
        connection.send(BROKEN[name](pieces(params(), size)))
        assert one.serves(), "it has been looked at"
        forgotten(one)
        connection.socket.shutdown(1)
        assert connection.closed_by_peer()
        forgotten(one)


def test_a_request_that_is_too_large_leaves_nothing(one):
    with fcgi.Connection(one.socket) as connection:
        connection.send(pieces(params(HTTP_X="x" * 50_000), 60_000))
        assert connection.read_reply().status == 413
        connection.send(pieces(params(), 60_000))  # discarded
        forgotten(one)


def test_a_login_leaves_no_password(one):
    password = b"canary-of-the-password-QzXwVyUt"
    one.add_user("canary", password.decode())
    for given, status in ((password, 200), (password + b"!", 401)):
        assert one.login("canary", given.decode()).status == status
    worker, = one.login_workers()
    wait_until(lambda: not holds(worker, password), what="it wipes what it has answered")


def test_tokens_given_out_and_presented_leave_nothing(one):
    token = one.token()
    successor = json.loads(one.refresh(token).body)
    forgotten(one, [token.encode(), *(text.encode() for text in successor.values() if isinstance(text, str))])


def test_a_request_whose_sender_is_gone_leaves_nothing(one):
    worker, = one.workers()
    os.kill(worker, signal.SIGSTOP)
    with fcgi.Connection(one.socket) as connection:
        connection.send(pieces(params(), 50))
    os.kill(worker, signal.SIGCONT)
    assert one.serves()
    forgotten(one)
