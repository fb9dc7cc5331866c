"""FastCGI over TCP, for containers: the same answers, and no open port by one slip (D, deployment)."""
import os
import signal

import pytest

from harness import fcgi
from harness.events import events
from harness.processes import alive, free_ports
from harness.service import Service
from harness.wait import wait_until
from test_upgrade import upgrade


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_all_is_answered_over_tcp(redis_server, address):
    general, login = free_ports(2)
    running = Service(redis_server.socket, REFRESHD_LISTEN=f"tcp:{address}:{general}",
                      REFRESHD_LOGIN_LISTEN=f"tcp:{address}:{login}", REFRESHD_LISTEN_INSECURE_TCP="on")
    running.socket, running.login_socket = ("127.0.0.1", general), ("127.0.0.1", login)
    running.add_user("tina", "secret")
    with running:
        assert running.login("tina", "secret").status == 200
        token = running.token()
        kept = fcgi.Connection(running.socket)
        params = fcgi.params("refresh", "flask", HTTP_AUTHORIZATION=f"Bearer {token}")
        assert [kept.ask(params).status for _ in range(3)] == [200] * 3
        old = running.workers()
        wait_until(lambda: events(running, "service.ready"), what="ready")
        upgrade(running, running.process.pid)
        wait_until(lambda: not any(map(alive, old)), what="the workers from before the upgrade end")
        assert running.refresh(token).status == 200
        running.end()
        running.start()  # at once: what is left of closed connections is not in the way
        assert running.refresh(token).status == 200


def test_a_request_that_was_given_up_is_not_begun_over_tcp_either(redis_server):
    """nginx has asked another host meanwhile: late, the old request would look like theft."""
    port, = free_ports(1)
    running = Service(redis_server.socket, REFRESHD_LISTEN=f"tcp:127.0.0.1:{port}")
    running.socket = ("127.0.0.1", port)
    with running:
        token, worker = running.token(), running.workers()[0]
        os.kill(worker, signal.SIGSTOP)
        try:
            with fcgi.Connection(running.socket) as gone:
                gone.send(fcgi.request(fcgi.params("refresh", "flask", HTTP_AUTHORIZATION=f"Bearer {token}")))
        finally:
            os.kill(worker, signal.SIGCONT)
        assert running.serves(), "connections are taken in order, so the first is over"
        with redis_server.client() as client:
            assert client.getrange(running.key(token), 4, 7) == b"\0\0\0\0"


def test_an_open_port_is_wanted_twice(idle):
    idle.env["REFRESHD_LISTEN"] = "tcp:0.0.0.0:9000"
    done = idle.run("serve")
    assert done.returncode == 78 and b"listen_insecure_tcp" in done.stderr
