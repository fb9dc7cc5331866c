"""Exit codes, signals in the middle of a start, and what must not be left behind."""
import contextlib
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

import pytest

from harness import fcgi, service
from harness.processes import alive, children
from harness.redis_server import RedisServer
from harness.wait import wait_until

STARTS = int(os.environ.get("STARTS", 60))


def left(running):
    return [name for name in ("refreshd.sock", "login.sock") if os.path.exists(os.path.join(running.folder, name))]


def everyone(pid):
    """The process and its children, by a moment's look."""
    return [pid, *children(pid)]


def test_SIGTERM_at_any_moment_of_a_start_ends_it_and_leaves_nothing(idle):
    codes = []
    for number in range(STARTS):
        process = subprocess.Popen([idle.bin, "serve", "--config", idle.config], env=idle.env,
                                   stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, 0.03))
        seen = everyone(process.pid)
        process.send_signal((signal.SIGTERM, signal.SIGQUIT, signal.SIGINT)[number % 3])
        codes.append(process.wait(30))
        assert not any(map(alive, seen)) and not left(idle)
    # before it holds signals back nothing is there yet, and the signal itself ends it
    assert set(codes) <= {0, -signal.SIGTERM, -signal.SIGQUIT, -signal.SIGINT} and 0 in codes, codes


def test_SIGTERM_while_workers_wait_for_a_silent_Redis(tmp_path):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{tmp_path}/silent.sock")
        silent.listen(16)
        running = service.Service(f"{tmp_path}/silent.sock", workers=2, REFRESHD_REDIS_TIMEOUT_MS=60_000)
        try:
            running.start()
            wait_until(running.workers, what="a worker")
            begun, seen = time.monotonic(), everyone(running.process.pid)
            assert running.end() == 0 and time.monotonic() - begun < 5
            assert not any(map(alive, seen)) and not left(running)
        finally:
            running.stop()


def test_a_storm_of_SIGHUPs_while_starting_and_stopping(redis_server):
    with service.Service(redis_server.socket, workers=2) as running:
        for _ in range(200):
            running.process.send_signal(signal.SIGHUP)
        assert running.serves()
        running.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(ProcessLookupError):
            for _ in range(200):
                os.kill(running.process.pid, signal.SIGHUP)
        assert running.process.wait(30) == 0 and not left(running)
        assert "worker.died" not in running.log()


def test_children_of_others_are_no_zombies(redis_server):
    """As process 1 of a container, or behind a shell that has started something before."""
    running = service.Service(redis_server.socket)
    try:
        running.start(wrapper=("sh", "-c", 'sleep 0.2 & exec "$@"', "sh"))
        wait_until(lambda: len(children(running.process.pid)) == 3, what="two workers and the sleep", timeout=5)
        wait_until(lambda: len(children(running.process.pid)) == 2, what="no zombie", timeout=5)
        assert running.serves() and running.end() == 0
    finally:
        running.stop()


def test_USR1_and_USR2_of_others_end_no_worker_without_a_successor(redis_server):
    with service.Service(redis_server.socket, workers=2) as running:
        wait_until(running.serves)
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            os.kill(running.workers()[0], number)
            assert running.serves()
        wait_until(lambda: len(running.workers()) == 2)
        assert running.end() == 0


def test_without_Redis_serve_starts_and_says_503_until_it_is_there(tmp_path):
    """So 69 is for verbs alone: a service that came up before its Redis must not need a restart."""
    server = RedisServer()
    path = server.socket
    server.stop()
    running = service.Service(path)
    try:
        running.start()
        running_params = fcgi.params("refresh", HTTP_AUTHORIZATION="Bearer x")
        assert fcgi.ask(running.socket, running_params).status == 401, "what needs no Redis is answered"
        assert running.ask_issue(b'{"sub":"u"}').status == 503
        assert running.process.poll() is None and running.end() == 0
        done = running.run("user", "list")
        assert done.returncode == 69 and b"Redis" in done.stderr, done
    finally:
        running.stop()


@pytest.mark.parametrize("verb, code", [(("serve", "twice"), 64), (("nonsense",), 64), (("user", "nonsense"), 64),
                                        (("serve", "--workers", "0"), 78), (("serve", "--watchdog-s", "3601"), 78),
                                        (("serve", "--max-requests", "1000000001"), 78), (("version",), 0),
                                        (("serve", "--key-file", "/nobody/there"), 78)])
def test_exit_codes(idle, verb, code):
    done = idle.run(*verb)
    assert done.returncode == code, done
    assert not pathlib.Path(idle.socket).exists()


@pytest.mark.parametrize("verb, said", [
    (("serve", "twice"), "serve: unexpected argument 'twice'"), (("ping", "--raedy"), "ping: unexpected argument"),
    (("ping", "--ready", "x"), "ping: unexpected argument 'x'"), (("stats", "x"), "stats: unexpected argument 'x'"),
    (("-t", "x"), "-t: unexpected argument 'x'"), (("-T", "x"), "-T: unexpected argument 'x'"),
    (("sesion",), "unknown verb 'sesion'; did you mean session?"), (("nonsense",), "unknown verb 'nonsense'; see "),
    (("session", "revoke", "anna", "x"), "session revoke: a session id has 22 characters"),
    (("user", "disable", " anna"), "user disable: a user name has 1 to 255 bytes"),
    (("doctor", "--ngnix"), "usage: refreshd doctor"), (("completion", "csh"), "usage: refreshd completion"),
    (("inspect", "x"), "inspect: unexpected argument; the token is read from stdin")])
def test_a_usage_error_names_the_verb(idle, verb, said):
    done = idle.run(*verb, text=True)
    assert done.returncode == 64 and said in done.stderr and done.stdout == "", done
