"""Passwords are checked in processes of their own, and only so many at a time."""
import json
import os
import pathlib
import select
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import checks, fcgi, service, stack as stacks
from harness.dialects import BY_NAME, compact
from harness.processes import alive
from harness.proxy import Proxy
from harness.wait import wait_until

BODY = b'{"name":"demo","password":"pw"}'
BUSY = compact(error="temporarily_unavailable")
QUEUE = 12
MEM_KIB = 32768  # one hash is slow enough to see


@pytest.fixture
def held(redis_server):
    """A login worker that holds QUEUE, behind a proxy that can hold back what Redis answers."""
    proxy = Proxy(redis_server.socket)
    with service.Service(proxy.path, REFRESHD_REDIS_TIMEOUT_MS=60_000, REFRESHD_LOGIN_QUEUE=QUEUE,
                         REFRESHD_LOGIN_WAIT_MAX_S=0, REFRESHD_ARGON2_MEM_KIB=MEM_KIB) as running:
        running.add_user("demo", "pw")
        yield running, proxy
    proxy.close()


def request(dialect="json"):
    params = fcgi.params("login", dialect, body=BODY, CONTENT_TYPE="application/json")
    return fcgi.request(params, BODY)


def begin(running, count):
    """Logins that are sent but not answered."""
    connections = [fcgi.Connection(running.login_socket, timeout=60) for _ in range(count)]
    for connection in connections:
        connection.send(request())
    return connections


def scripts(redis_server):
    """How many scripts Redis has run."""
    with redis_server.client() as client:
        stats = client.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("eval", "evalsha"))


def sessions(redis_server):
    with redis_server.client() as client:
        return len(client.keys("rd:*:f:*"))


def fill(running, proxy, redis_server):
    """As many as a login worker takes, waiting for Redis."""
    proxy.hold = True
    before = scripts(redis_server)
    waiting = begin(running, QUEUE)
    wait_until(lambda: scripts(redis_server) == before + QUEUE, what="the worker is full")
    return waiting


def test_what_is_too_many_is_told_to_come_back_and_Redis_hears_nothing(held, redis_server):
    running, proxy = held
    waiting = fill(running, proxy, redis_server)
    before = scripts(redis_server)
    for _ in range(4):
        reply = running.login("demo", "pw")
        assert (reply.status, reply.body) == (503, BUSY) and reply.headers["retry-after"] == "1"
    with fcgi.Connection(running.login_socket) as kept:
        kept.send(request("express-token"))
        assert kept.read_reply().body == compact(message="temporarily_unavailable")
        assert scripts(redis_server) == before
        proxy.hold = False
        assert [c.read_reply().status for c in waiting] == [200] * QUEUE
        kept.send(request())
        assert kept.read_reply().status == 200, "there is room again"


def test_a_bad_login_makes_room_as_a_good_one_does(held):
    running, _ = held
    for _ in range(QUEUE + 1):
        assert running.login("demo", "other").status == 401
        assert running.login("nobody", "pw").status == 401
        assert running.ask("login", "json", b"{}", CONTENT_TYPE="application/json").status == 400
    assert running.login("demo", "pw").status == 200


def test_Redis_going_away_makes_room_too(held, redis_server):
    running, proxy = held
    waiting = fill(running, proxy, redis_server)
    for side in list(proxy.clients):
        side.shutdown(2)  # the proxy drops both ends
    assert [c.read_reply().status for c in waiting] == [503] * QUEUE
    proxy.hold = False
    wait_until(lambda: running.login("demo", "pw").status == 200, what="it works again")


def test_refreshes_go_on_while_the_login_worker_is_full(redis_server):
    with service.Service(redis_server.socket, REFRESHD_LOGIN_QUEUE=QUEUE, REFRESHD_LOGIN_WAIT_MAX_S=0) as running:
        running.add_user("demo", "pw")
        login_worker, = running.login_workers()
        os.kill(login_worker, signal.SIGSTOP)
        try:
            waiting = begin(running, 2 * QUEUE)
            token = running.token()
            assert [running.refresh(token).status for _ in range(50)] == [200] * 50
        finally:
            os.kill(login_worker, signal.SIGCONT)
        assert {c.read_reply().status for c in waiting} <= {200, 503}


def test_a_login_on_the_general_socket_is_refused_without_hashing(redis_server):
    with service.Service(redis_server.socket) as running:
        running.add_user("demo", "pw")
        before = scripts(redis_server)
        with fcgi.Connection(running.socket) as connection:
            connection.send(request())
            assert connection.read_reply().status == 500
        assert scripts(redis_server) == before
        line, = [json.loads(l) for l in running.log().splitlines() if '"request.misrouted"' in l]
        assert "login_listen" in line["msg"] and line["worker"] == 1


def test_the_login_socket_serves_everything_else_too(redis_server):
    with service.Service(redis_server.socket) as running:
        params = fcgi.params("refresh", HTTP_AUTHORIZATION=f"Bearer {running.token()}")
        assert fcgi.ask(running.login_socket, params).status == 200


def readable(connections):
    return select.select([c.socket for c in connections], [], [], 0)[0]


def test_the_excess_is_refused_between_two_hashes_and_not_after_all_of_them(held, redis_server):
    running, proxy = held
    waiting = fill(running, proxy, redis_server)
    proxy.hold = False
    wait_until(lambda: readable(waiting), what="the first hash is done", pause=0.001)
    more = begin(running, 3 * QUEUE)
    wait_until(lambda: readable(more), what="one is refused", pause=0.001)
    assert len(readable(waiting)) < QUEUE
    assert [c.read_reply().status for c in waiting] == [200] * QUEUE
    assert {c.read_reply().status for c in more} == {200, 503}


def test_nobody_hashes_for_a_client_that_has_gone(held, redis_server):
    running, proxy = held
    before = sessions(redis_server)
    for connection in fill(running, proxy, redis_server):
        connection.close()
    proxy.hold = False
    wait_until(lambda: running.login("demo", "pw").status == 200, what="room")
    assert sessions(redis_server) == before + 1
    assert running.log().count('"login.ok"') == 1


def test_SIGTERM_answers_the_logins_in_flight(held, redis_server):
    running, proxy = held
    waiting = fill(running, proxy, redis_server)
    running.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not os.path.exists(running.login_socket), what="it is stopping")
    proxy.hold = False
    assert [c.read_reply().status for c in waiting] == [200] * QUEUE
    assert running.process.wait(30) == 0


def test_a_login_worker_that_dies_is_replaced_and_costs_no_refresh(redis_server):
    with service.Service(redis_server.socket, workers=2, REFRESHD_LOGIN_WORKERS=2) as running:
        running.add_user("demo", "pw")
        wait_until(lambda: len(running.login_workers()) == 2, what="two for logins")
        general, before = running.workers(), running.login_workers()
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        assert running.serves()
        wait_until(lambda: len(running.login_workers()) == 2 and not set(before) & set(running.login_workers()))
        assert running.login("demo", "pw").status == 200
        assert running.workers() == general and all(map(alive, general))


def test_everything_else_comes_first_on_the_processor(redis_server):
    def priority(pid):
        return os.getpriority(os.PRIO_PROCESS, pid)

    with service.Service(redis_server.socket) as running:
        wait_until(lambda: priority(running.login_workers()[0]) > priority(running.workers()[0]))


@pytest.mark.parametrize("listen", ["unix:{folder}/refreshd.sock", "unix:{folder}/absent/login.sock",
                                    "127.0.0.1:9000"])
def test_a_login_socket_that_cannot_be_is_refused_at_start(redis_server, listen):
    made = service.Service(redis_server.socket)
    try:
        made.env["REFRESHD_LOGIN_LISTEN"] = listen.format(folder=made.folder)
        done = made.run("serve")
        assert done.returncode == 78 and b"listen: " in done.stderr, done
        assert not [p for p in pathlib.Path(made.folder).iterdir() if p.is_socket()]
    finally:
        made.stop()


def test_P_a_login_flood_is_told_to_come_back_and_every_refresh_succeeds():
    with stacks.Stack(workers=2, REFRESHD_LOGIN_QUEUE=2, REFRESHD_LOGIN_WAIT_MAX_S=0) as stack:
        stop, refreshes = threading.Event(), []

        def chain(_):
            token = stack.token()
            while not stop.is_set():
                response = stack.refresh(token)
                refreshes.append(response.status)
                token = json.loads(response.body)["refresh_token"]
                stack.age(token, 10_000)

        def flood(_):
            body = compact(name=stack.user, password=stack.password)
            return stack.http("POST", "/login", {"Content-Type": "application/json"}, body)

        with ThreadPoolExecutor(16) as pool:
            chains = [pool.submit(chain, i) for i in range(4)]
            try:
                logins = list(pool.map(flood, range(300)))
            finally:
                stop.set()
            for done in chains:
                done.result(60)
        assert set(refreshes) == {200}
        for response in logins:
            if response.status == 503:
                checks.error(response, 503, compact(message="temporarily_unavailable"))
                assert response.header("Retry-After") == "1"
            else:
                checks.success(response, BY_NAME["express-token"])
        assert {r.status for r in logins} == {200, 503}
        assert "redis.down" not in stack.log() and "misrouted" not in stack.log()
