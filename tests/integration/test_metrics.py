"""/metrics: what was done is counted once, over all workers and for good, and names nobody."""
import json
import os
import signal
from dataclasses import replace

import pytest

from harness import fcgi, metrics, rawhttp, service, stack as stacks
from harness.dialects import compact
from harness.tokens import Token
from harness.wait import wait_until


@pytest.fixture
def one(redis_server):
    with service.Service(redis_server.socket) as running:
        wait_until(lambda: running.ask("ready", method="GET").status == 200, what="Redis is there")
        yield running


@pytest.fixture
def two(redis_server):
    with service.Service(redis_server.socket, workers=2) as running:
        wait_until(lambda: metrics.of(running).get("redis_up") == 1, what="both workers have Redis")
        yield running


def of_each(running, number):
    """Asks over several connections at once, so that both workers get some."""
    kept = [fcgi.Connection(running.socket) for _ in range(number)]
    for connection in kept:
        connection.send(fcgi.request(fcgi.params("refresh", HTTP_AUTHORIZATION="Bearer x")))
    for connection in kept:
        assert connection.read_reply().status == 401
        connection.close()


def test_known_requests_give_known_counts(one, redis_server):
    token = one.token()
    successor = json.loads(one.refresh(token).body)["refresh_token"]
    one.refresh(token)
    one.refresh(successor)
    one.refresh("x")
    parsed = Token.parse(token)
    one.refresh(replace(parsed, tag=bytes(16)).text())
    one.ask("refresh", method="GET")
    one.ask("no such route")
    with redis_server.client() as client:
        client.setrange(one.key(token), 8, b"\0" * 6)  # the last rotation was long ago
    assert one.refresh(token).status == 401, "reuse"
    assert one.refresh(successor).status == 401, "so it is over"
    seen = metrics.of(one)
    assert seen.get("requests_total", route="issue", code="200") == 1
    assert seen.get("requests_total", route="refresh", code="200") == 3
    assert seen.get("requests_total", route="refresh", code="401") == 4
    assert seen.get("requests_total", route="refresh", code="405") == 1
    assert seen.get("requests_total", route="none", code="404") == 1
    for outcome, count in {"rotated": 1, "replay": 1, "coalesced": 1, "malformed": 1, "forged": 1, "reuse": 1,
                           "revoked": 1, "bad_method": 1, "absent": 0, "store_out": 0}.items():
        assert seen.get("refresh_total", outcome=outcome) == count, outcome
    assert seen.total("refresh_total") == seen.total("requests_total", route="refresh") == 8
    assert seen.get("families_revoked_total", reason="reuse") == 1
    assert seen.get("request_duration_seconds_count", route="refresh") == 8
    assert seen.get("request_duration_seconds_bucket", route="refresh", le="+Inf") == 8
    assert 0 < seen.get("request_duration_seconds_sum", route="refresh") < 8
    wait_until(lambda: metrics.of(one).get("workers", state="serving") == 2, what="one serves, and one for logins")
    assert 0 <= seen.get("signing_key_age_seconds") < 600
    assert seen.get("connections") >= 1 and seen.get("worker_restarts_total") == 0
    counted = metrics.of(one).get("requests_total", route="metrics", code="200")
    assert metrics.of(one).get("requests_total", route="metrics", code="200") == counted + 1


def test_logins_and_verify_are_counted(one):
    one.add_user("anna", "a password")
    answer = one.login("anna", "a password")
    access = json.loads(answer.body)["access_token"]
    assert one.login("anna", "wrong").status == 401
    for _ in range(3):
        assert one.ask("verify", HTTP_AUTHORIZATION=f"Bearer {access}").status == 200
    seen = metrics.of(one)
    assert seen.get("requests_total", route="login", code="200") == 1, "by another process"
    assert seen.get("logins_refused_total", reason="bad_login") == 1
    assert seen.get("logins_refused_total", reason="login_busy") == 0
    assert seen.get("verify_cache_misses_total") == 1 and seen.get("verify_cache_hits_total") == 2
    assert one.ask("logout", "json", HTTP_AUTHORIZATION=f"Bearer {access}").status == 204
    assert metrics.of(one).get("families_revoked_total", reason="logout") == 1


def test_sums_are_of_both_workers_and_survive_a_kill(two):
    before = metrics.of(two).get("requests_total", route="refresh", code="401")
    for _ in range(10):
        of_each(two, 8)
    assert metrics.of(two).get("requests_total", route="refresh", code="401") == before + 80
    for restarts in (1, 2):
        victim = two.workers()[0]
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: len(two.workers()) == 2 and victim not in two.workers(), what="a new worker")
        wait_until(lambda: metrics.of(two).get("workers", state="serving") == 3, what="it serves")
        seen = metrics.of(two)
        assert seen.get("requests_total", route="refresh", code="401") == before + 80
        assert seen.get("worker_restarts_total") == restarts
        assert seen.get("workers", state="down") == 0


def test_a_redis_that_goes_and_comes_is_seen(two, redis_server):
    wait_until(two.all_serve, what="all three have Redis, which they can then lose")
    before = metrics.of(two)
    token = two.token()
    redis_server.kill()
    wait_until(lambda: metrics.of(two).get("redis_up") == 0, what="it is missed")
    wait_until(lambda: two.ask("ready", method="GET").status == 503, what="each worker misses it")
    assert two.refresh(token).status == 503
    redis_server.start()
    wait_until(lambda: metrics.of(two).get("redis_up") == 1, what="both have it again")
    wait_until(lambda: metrics.of(two).get("redis_reconnects_total") >= before.get("redis_reconnects_total") + 3,
               what="all have it again")
    seen = metrics.of(two)
    assert seen.get("redis_errors_total") >= before.get("redis_errors_total") + 3 and seen.get("refresh_total", outcome="store_out") == 1


def test_no_label_holds_an_id_and_all_fits_the_format(redis_server):
    with service.Service(redis_server.socket) as running:
        running.add_user("anna-of-the-canary", "a password")
        token = running.token("user-of-the-canary")
        running.refresh(token)
        running.login("anna-of-the-canary", "a password")
        running.login("nobody-of-the-canary", "x")
        reply = running.ask("metrics", method="GET")
        text = reply.body.decode()
        assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert reply.headers["cache-control"] == "no-store"
        assert "canary" not in text and "127.0.0.1" not in text and "web" not in text
        assert running.key(token).rpartition(":")[2] not in text
        seen = metrics.Metrics(text)
        names = {label for _, labels in seen for label, _ in labels}
        assert names == {"version", "state", "route", "code", "le", "outcome", "reason"}
        assert len(text) < 32768, "and no id can make it grow"
        assert metrics.promtool("check", "metrics", text=text) == (0, "")


def test_only_private_addresses_on_the_internal_listener(stack):
    reply = rawhttp.ask(stack.internal_url, "GET", "/metrics")
    assert reply.status == 200 and metrics.Metrics(reply.body.decode()).get("redis_up") == 1
    assert reply.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    assert stack.http("GET", "/metrics").status == 404
    assert rawhttp.ask(stack.internal_url, "POST", "/metrics", body=b"").status == 405


def test_nobody_is_counted_twice_when_a_connection_breaks(one):
    with fcgi.Connection(one.socket) as connection:
        connection.send(fcgi.request(fcgi.params("health", method="GET")))
        assert connection.read_reply().status == 200
    assert metrics.of(one).get("requests_total", route="health", code="200") == 1
    body = compact(sub="x" * 70000)
    with fcgi.Connection(one.socket) as connection:
        connection.send(fcgi.request(fcgi.params("issue", "json", body=body), body))
        assert connection.read_reply().status == 413
    assert metrics.of(one).total("requests_total", code="413") == 1
