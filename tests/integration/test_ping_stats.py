"""`refreshd ping` and `refreshd stats` speak to the running service as nginx does."""
import json
import os
import signal
import socket
import threading

import pytest

from harness import metrics, service
from harness.wait import wait_until


@pytest.fixture
def two(redis_server):
    with service.Service(redis_server.socket, workers=2) as running:
        wait_until(running.all_serve, what="all workers serve")
        yield running


def verb(running, *words):
    done = running.run(*words, text=True)
    return done.returncode, done.stdout, done.stderr


def test_ping_says_ok(two):
    assert verb(two, "ping") == (0, "ok\n", "")
    wait_until(lambda: verb(two, "ping", "--ready") == (0, "ok\n", ""), what="both workers have Redis")


def test_ping_tells_a_service_that_is_not_ready_from_one_that_is_gone(two, redis_server):
    redis_server.kill()
    wait_until(lambda: verb(two, "ping", "--ready")[0] == 1, what="Redis is missed")
    assert '"reasons":["redis"]' in verb(two, "ping", "--ready")[2]
    assert verb(two, "ping") == (0, "ok\n", ""), "it serves"
    redis_server.start()
    two.end()
    code, out, err = verb(two, "ping")
    assert (code, out) == (69, "") and "No such file" in err and two.socket in err


def test_ping_waits_two_seconds_for_a_service_that_hangs(two):
    pids = [two.process.pid, *two.workers(), *two.login_workers()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        code, _, err = verb(two, "ping")
        assert code == 69 and "no answer in time" in err
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    assert verb(two, "ping")[0] == 0


@pytest.mark.parametrize("answer, code, words", [
    (b"", 69, "no answer"),
    (b"HTTP/1.1 200 OK\r\n\r\nok and more", 1, "not refreshd"),
    (b"\1\6\0\1\0\4\0\0", 1, "not refreshd"),
    (b"\1\6\0\1\xff\xff\0\0" + b"x" * 5000, 69, "no answer in time"),
    (b"\1\3\0\1\0\x08\0\0" + bytes(8), 1, "not refreshd"),
    (b"\1\6\0\1\0\x11\0\0Status: 200 OK\r\n\r" + b"\1\3\0\1\0\x08\0\0" + bytes(8), 1, "not refreshd"),
    (b"\1\6\0\1\0\x0e\0\0Status: 500\r\n\r" + b"\1\6\0\1\0\1\1\0\nx" + b"\1\3\0\1\0\x08\0\0" + bytes(8), 1, "500"),
    (b"\1\6\0\1\0\x12\0\0Status: 200 OK\r\n\r\n" + b"\1\3\0\1\0\x08\0\0" + bytes(8), 0, ""),
])
def test_ping_believes_no_odd_answer(idle, answer, code, words):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(idle.socket)
    listener.listen()

    def serve():
        with listener.accept()[0] as connection:
            connection.recv(65536)
            try:
                connection.sendall(answer)
            except BrokenPipeError:
                pass

    with listener:
        thread = threading.Thread(target=serve)
        thread.start()
        status, out, err = verb(idle, "ping")
        thread.join()
    assert status == code and words in err and out == ("ok\n" if code == 0 else "")


@pytest.mark.parametrize("words", [("ping", "--what"), ("stats", "x"), ("stats", "--json", "x"), ("ping", "a", "b")])
def test_other_words_are_usage_errors(idle, words):
    assert verb(idle, *words)[0] == 64


def test_stats_json_is_what_metrics_says(two):
    two.refresh(two.token())
    two.refresh("x")
    done = json.loads(verb(two, "stats", "--json")[1])
    told = {(s["name"], tuple(sorted(s["labels"].items()))): s["value"] for s in done}
    changing = ("refreshd_connections", "refreshd_signing_key_age_seconds")
    for key, value in metrics.of(two).items():
        if key[0] not in changing and ("route", "metrics") not in key[1]:
            assert told[key] == value, key


def test_stats_for_people(two):
    two.refresh(two.token())
    two.refresh("x")
    code, out, err = verb(two, "stats")
    assert (code, err) == (0, "")
    said = out.splitlines()
    assert said[0] == "workers: serving 3"
    assert "Redis: up, 0 errors, 0 reconnects" in said and "sessions ended: none" in said
    assert "refreshes: rotated 1, malformed 1" in said
    row, = [line.split() for line in said if line.startswith("refresh ")]
    assert row[1:5] == ["2", "1", "1", "0"] and row[6] == row[8] == "ms"


def test_stats_without_a_service(idle):
    code, out, err = verb(idle, "stats")
    assert (code, out) == (69, "") and idle.socket in err
