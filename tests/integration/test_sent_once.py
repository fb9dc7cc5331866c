"""What nginx sends once only: never twice, yet to another host when the first was not reached. Through the shipped
includes and refreshd-upstream-hosts.conf, to hosts that are the test's own.

nginx' documentation of fastcgi_next_upstream: `error` and `timeout` are also those of establishing a connection; a POST
that has been sent is not passed on without `non_idempotent`.
"""
import contextlib
import os
import socket
import struct
import tempfile
import threading

import pytest

from harness import fcgi, rawhttp
from harness.hosts import Nginx, upstream_of

REPLY = (fcgi.record(fcgi.STDOUT, b"Status: 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
         + fcgi.record(fcgi.STDOUT) + fcgi.record(fcgi.END, bytes(8)))
AWAY = (fcgi.record(fcgi.STDOUT, b"Status: 503 Away\r\nContent-Length: 2\r\n\r\n{}")
        + fcgi.record(fcgi.STDOUT) + fcgi.record(fcgi.END, bytes(8)))
RESET = struct.pack("ii", 1, 0)


class Local:
    """This machine in the place of a network namespace."""

    def __init__(self, number):
        self.address = f"127.{77 + os.getpid() % 100}.{os.getpid() // 100 % 250}.{number}"

    def command(self, *words):
        return list(words)

    def sysctl(self, name, value):
        pass


class FakeHost(Local):
    """way: what it does with a request; those that it saw, as far as they came, are in seen."""

    def __init__(self, number, way):
        super().__init__(number)
        self.way, self.seen, self.held, self.listeners = way, [], [], []
        for port in (9000, 9001):
            if way != "refuses":
                self.listen(port)

    def listen(self, port):
        listener = socket.create_server((self.address, port), backlog=0 if self.way == "full" else 64)
        self.listeners.append(listener)
        if self.way == "full":  # as if it were cut off: nothing answers a SYN
            self.held += [self.begin_connect(port) for _ in range(3)]
        else:
            threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def begin_connect(self, port):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex((self.address, port))
        return client

    def accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(listener.accept()[0],), daemon=True).start()

    def serve(self, connection):
        self.held.append(connection)
        with contextlib.suppress(OSError):
            while self.one(connection):
                pass
        connection.close()

    def one(self, connection):
        """A request. Returns whether another may follow."""
        request = connection.recv(10 if self.way == "closes half-way" else 65536)
        if not request:
            return False
        while self.way != "closes half-way" and not request.endswith(fcgi.record(fcgi.STDIN)):
            request += connection.recv(65536)
        self.seen.append(request)
        if self.way == "resets":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        if self.way == "is silent":
            return True
        if self.way in ("answers", "is away"):
            connection.sendall(REPLY if self.way == "answers" else AWAY)
        return self.way == "answers"

    def close(self):
        for each in [*self.listeners, *self.held]:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@contextlib.contextmanager
def behind_nginx(way):
    """Yields nginx, a host of that way, and one that answers."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rd-"))
        bad, good = FakeHost(11, way), FakeHost(12, "answers")
        stack.callback(bad.close)
        stack.callback(good.close)
        # a host that has failed is asked again at once, so that all of a test's requests may meet it
        nginx = Nginx(Local(2), folder, upstream_of([bad, good]).replace("max_fails=1", "max_fails=0"), 1)
        stack.callback(nginx.stop)
        bad.seen.clear()
        good.seen.clear()
        yield nginx, bad, good


ONCE = [("/login", False), ("/session/login", False), ("/internal/issue", True)]
UNSENT = ("refuses", "full")
SENT = ("closes", "closes half-way", "resets", "is away")


def ask(nginx, path, internal=False):
    return rawhttp.ask(nginx.internal_url if internal else nginx.url, "POST", path,
                       {"Content-Type": "application/json", "Origin": nginx.url}, b"{}").status


@pytest.mark.parametrize("way", UNSENT)
def test_a_host_that_cannot_be_reached_fails_no_login_and_no_issue(way):
    with behind_nginx(way) as (nginx, _, good):
        for path, internal in ONCE:
            assert [ask(nginx, path, internal) for _ in range(4)] == [200] * 4, path
        assert len(good.seen) == 4 * len(ONCE)


@pytest.mark.parametrize("way", SENT)
def test_what_was_sent_once_is_not_sent_to_another_host(way):
    with behind_nginx(way) as (nginx, bad, good):
        for path, internal in ONCE:
            bad.seen.clear()
            good.seen.clear()
            statuses = [ask(nginx, path, internal) for _ in range(6)]
            assert len(bad.seen) + len(good.seen) == 6, "each arrives once"
            assert bad.seen and statuses.count(503) == len(bad.seen) and statuses.count(200) == len(good.seen)


def test_a_silent_host_gets_an_issue_alone_and_a_refresh_goes_on_to_the_other():
    with behind_nginx("is silent") as (nginx, bad, good):
        statuses = sorted(ask(nginx, "/internal/issue", True) for _ in range(2))
        assert statuses == [200, 503] and (len(bad.seen), len(good.seen)) == (1, 1)
        bad.seen.clear()
        assert [ask(nginx, "/refresh_token") for _ in range(2)] == [200, 200]
        assert len(bad.seen) == 1 and len(good.seen) == 3


@pytest.mark.parametrize("way", [*UNSENT, "closes", "closes half-way", "resets"])
def test_a_refresh_goes_on_to_the_other_host(way):
    with behind_nginx(way) as (nginx, _, good):
        assert [ask(nginx, "/refresh_token") for _ in range(6)] == [200] * 6
        assert len(good.seen) == 6
