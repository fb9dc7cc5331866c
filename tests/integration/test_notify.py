"""The sd_notify protocol: what a service manager hears of start, reload, stop, and that we live."""
import os
import pathlib
import signal
import socket
import time

import pytest

from harness import service
from harness.processes import alive
from harness.wait import wait_until


class Manager:
    """Listens as systemd does. address: a path, or @name for the abstract namespace."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address[0] == "@" else address)
        self.socket.settimeout(15)
        self.address = address

    def heard(self):
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().split("\n"))

    def nothing(self):
        self.socket.setblocking(False)
        try:
            return self.socket.recv(4096) and False
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(15)


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    made = Manager(f"{tmp_path}/notify" if request.param == "path" else f"@rd-test-{os.getpid()}-{time.monotonic_ns()}")
    yield made
    made.socket.close()


def test_start_reload_and_stop(redis_server, manager):
    with service.Service(redis_server.socket, workers=2, NOTIFY_SOCKET=manager.address) as running:
        ready = manager.heard()
        assert ready["READY"] == "1" and "2 workers" in ready["STATUS"]
        assert len(running.workers()) == 2 and running.serves()

        running.process.send_signal(signal.SIGHUP)
        begun = manager.heard()
        assert begun["RELOADING"] == "1" and abs(int(begun["MONOTONIC_USEC"]) / 1e6 - time.monotonic()) < 10
        assert manager.heard()["READY"] == "1"

        pathlib.Path(running.folder, "keys").chmod(0o644)
        running.process.send_signal(signal.SIGHUP)
        assert manager.heard()["RELOADING"] == "1"
        assert "refused" in manager.heard()["STATUS"], "and it is ready again, with the old keys"

        running.process.send_signal(signal.SIGTERM)
        assert manager.heard()["STOPPING"] == "1"
        assert running.process.wait(30) == 0 and manager.nothing()


def test_not_ready_before_every_worker_serves(redis_server, manager):
    """A Redis that takes connections and says nothing: workers wait for it, up to redis_timeout_ms."""
    with socket.socket(socket.AF_UNIX) as silent:
        path = os.path.join(os.path.dirname(redis_server.socket), "silent.sock")
        silent.bind(path)
        silent.listen(16)
        with service.Service(path, NOTIFY_SOCKET=manager.address, REFRESHD_REDIS_TIMEOUT_MS=1000):
            begun = time.monotonic()
            assert manager.nothing()
            assert manager.heard()["READY"] == "1" and time.monotonic() - begun > 0.3
    os.unlink(path)


def test_it_says_that_it_lives_twice_in_the_time_granted(redis_server, manager):
    with service.Service(redis_server.socket, NOTIFY_SOCKET=manager.address, WATCHDOG_USEC=400_000) as running:
        heard, begun = [], time.monotonic()
        while time.monotonic() - begun < 2:
            heard.append(manager.heard())
        assert 8 <= sum("WATCHDOG" in message for message in heard) <= 13
        assert running.serves()


def test_the_watchdog_of_another_process_is_not_ours(redis_server, manager):
    with service.Service(redis_server.socket, NOTIFY_SOCKET=manager.address, WATCHDOG_USEC=100_000,
                         WATCHDOG_PID=os.getpid()):
        assert "READY" in manager.heard()
        time.sleep(0.5)
        assert manager.nothing()


@pytest.mark.parametrize("address", ["", "relative", "/" + "x" * 200, "/nobody/there"])
def test_a_manager_that_cannot_be_reached_is_no_problem(redis_server, address):
    with service.Service(redis_server.socket, NOTIFY_SOCKET=address) as running:
        assert running.serves() and running.end() == 0


def test_a_manager_that_does_not_listen_blocks_nothing(redis_server, manager):
    with service.Service(redis_server.socket, NOTIFY_SOCKET=manager.address, WATCHDOG_USEC=2000) as running:
        time.sleep(1)  # its queue is full by now
        pids = running.workers()
        assert running.serves() and running.end() == 0
        assert not any(map(alive, pids))
