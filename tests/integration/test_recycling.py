"""max_requests: who has served enough makes room for a fresh worker, and nobody waits or fails."""
import os
import signal

from harness import fcgi, service, stack as stacks
from harness.chains import Load
from harness.events import events
from harness.processes import alive
from harness.proxy import Proxy
from harness.wait import wait_until


def test_workers_are_replaced_under_load_and_no_request_fails():
    with stacks.Stack(workers=2, REFRESHD_MAX_REQUESTS=100) as stack:
        with Load(stack) as load:
            wait_until(lambda: len(events(stack, "worker.recycled")) >= 4, timeout=60, what="4 replacements")
        assert not load.reconnects and not events(stack, "worker.died")
        wait_until(lambda: len(stack.workers()) == 2, what="the old ones are gone")
        assert all(line["level"] == "info" for line in events(stack, "worker.recycled"))


def test_a_retired_worker_answers_on_its_kept_connections_and_ends(redis_server):
    proxy = Proxy(redis_server.socket)
    with service.Service(proxy.path, REFRESHD_MAX_REQUESTS=3, REFRESHD_REDIS_TIMEOUT_MS=60_000) as running:
        old, = running.workers()
        params = fcgi.params("refresh", HTTP_AUTHORIZATION=f"Bearer {running.token()}")
        idle, kept, busy = (fcgi.Connection(running.socket) for _ in range(3))
        assert busy.ask(params).status == 200
        assert kept.ask(params).status == 200
        proxy.hold = True
        busy.send(fcgi.request(params))
        # its successor serves when it has said hello to Redis
        wait_until(lambda: proxy.held, what="a request in flight")
        proxy.hold = False
        assert busy.read_reply().status == 200
        wait_until(lambda: events(running, "worker.recycled"), what="a successor")
        try:
            assert kept.ask(params).status == 200, "it was about to ask"
        except fcgi.Closed:
            pass  # a second was over
        assert kept.closed_by_peer() and idle.closed_by_peer() and busy.closed_by_peer()
        wait_until(lambda: not alive(old), what="it ends")
        new, = wait_until(lambda: len(running.workers()) == 1 and running.workers(), what="one worker again")
        assert new != old and running.serves() and not events(running, "worker.died")
        assert running.end() == 0
    proxy.close()


def test_a_login_worker_is_replaced_too(redis_server):
    with service.Service(redis_server.socket, REFRESHD_MAX_REQUESTS=2, REFRESHD_LOGIN_WAIT_MAX_S=0) as running:
        running.add_user("demo", "pw")
        before = running.login_workers()
        assert {running.login("demo", "pw").status for _ in range(20)} == {200}
        wait_until(lambda: not set(before) & set(running.login_workers()), what="a new one")
        assert running.end() == 0


def test_SIGTERM_while_one_is_being_replaced_ends_all(redis_server):
    with service.Service(redis_server.socket, REFRESHD_MAX_REQUESTS=1) as running:
        with fcgi.Connection(running.socket):  # keeps the old one for a second
            for _ in range(3):
                assert running.serves()
            wait_until(lambda: events(running, "worker.recycled"), what="a successor")
            pids = running.workers()
            assert running.end(signal.SIGTERM) == 0
        assert not any(alive(pid) for pid in pids) and not os.path.exists(running.socket)
