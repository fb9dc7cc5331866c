"""A worker that gives no sign is killed and replaced; one that is only busy is not."""
import os
import signal
import time

import pytest

from harness import fcgi, service
from harness.dialects import compact
from harness.events import events
from harness.processes import alive
from harness.proxy import Proxy
from harness.wait import wait_until


@pytest.fixture
def watched(redis_server):
    with service.Service(redis_server.socket, workers=2, REFRESHD_WATCHDOG_S=1) as running:
        wait_until(lambda: events(running, "service.ready"), what="ready")
        yield running


@pytest.mark.parametrize("kind", ["workers", "login_workers"])
def test_a_stopped_worker_is_killed_and_replaced(watched, kind):
    before = getattr(watched, kind)()
    os.kill(before[0], signal.SIGSTOP)
    wait_until(lambda: len(getattr(watched, kind)()) == len(before) and before[0] not in getattr(watched, kind)(),
               what="a new worker")
    stuck, = events(watched, "worker.stuck")
    assert str(before[0]) in stuck["msg"] and stuck["level"] == "error" and stuck["worker"] == 0
    assert not alive(before[0]) and watched.serves()
    assert set(before[1:]) <= set(getattr(watched, kind)()), "the others stay"
    assert watched.end() == 0


def test_idle_workers_and_a_master_held_up_are_not_stuck(watched):
    pids = watched.workers() + watched.login_workers()
    for pid in [watched.process.pid, *pids]:  # as a frozen machine
        os.kill(pid, signal.SIGSTOP)
    time.sleep(2.5)
    for pid in [watched.process.pid, *pids]:
        os.kill(pid, signal.SIGCONT)
    time.sleep(2.5)
    assert watched.workers() + watched.login_workers() == pids and not events(watched, "worker.stuck")


def login(running):
    body = compact(name="demo", password="pw")
    params = fcgi.params("login", "json", body=body, CONTENT_TYPE="application/json")
    return fcgi.ask(running.login_socket, params, body, timeout=60)


def test_waiting_for_Redis_and_hashing_are_not_stuck(redis_server):
    """Either for longer than the patience, which leaves a busy machine time to get round to every worker."""
    patience_s = 2
    proxy = Proxy(redis_server.socket)
    with service.Service(proxy.path, REFRESHD_WATCHDOG_S=patience_s, REFRESHD_REDIS_TIMEOUT_MS=60_000,
                         REFRESHD_ARGON2_MEM_KIB=131072, REFRESHD_ARGON2_OPS=64) as running:
        running.add_user("demo", "pw")
        pids, token = running.workers() + running.login_workers(), running.token()
        begun = time.monotonic()
        assert login(running).status == 200
        assert time.monotonic() - begun > patience_s, "the test of the test: one hash takes that long"
        proxy.hold = True
        with fcgi.Connection(running.socket) as connection:
            connection.send(fcgi.request(fcgi.params("refresh", HTTP_AUTHORIZATION=f"Bearer {token}")))
            wait_until(lambda: proxy.held, what="a question to Redis")
            time.sleep(1.5 * patience_s)
            proxy.hold = False
            assert connection.read_reply().status == 200
        assert running.workers() + running.login_workers() == pids and not events(running, "worker.stuck")
    proxy.close()


def test_a_worker_stopped_while_draining_does_not_keep_the_service_from_ending(watched):
    os.kill(watched.workers()[0], signal.SIGSTOP)
    assert watched.end() == 0
    assert len(events(watched, "worker.stuck")) == 1


def test_with_the_watchdog_off_a_stopped_worker_waits(redis_server):
    with service.Service(redis_server.socket, REFRESHD_WATCHDOG_S=0) as running:
        worker, = running.workers()
        os.kill(worker, signal.SIGSTOP)
        time.sleep(1.5)
        assert running.workers() == [worker]
        os.kill(worker, signal.SIGCONT)
        assert running.serves()
