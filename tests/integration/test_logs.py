"""Log lines: what they hold and never hold, how many there may be, and files that are rotated meanwhile."""
import fcntl
import json
import os
import pathlib
import re
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from harness import fcgi, metrics, rawhttp, service, stack as stacks
from harness.dialects import FLASK
from harness.key_verbs import key
from harness.tokens import Token
from harness.wait import wait_until
from test_secrets import canaries, use

LEVELS = {"debug", "info", "warning", "error", "critical"}


def lines(text, event=None):
    """All lines are JSON objects. event: only those."""
    found = [json.loads(line) for line in text.splitlines()]
    return [line for line in found if event in (None, line["event"])]


def named(running, request_id, event=None):
    return [line for line in lines(running.log(), event) if line.get("request_id") == request_id]


@pytest.fixture
def verbose(redis_server):
    with service.Service(redis_server.socket, REFRESHD_LOG_LEVEL="debug", REFRESHD_LOG_REQUESTS="on") as running:
        yield running


@pytest.fixture
def plain(redis_server):
    with service.Service(redis_server.socket) as running:
        yield running


def test_canary_no_secret_in_the_log_at_its_most_talkative():
    with stacks.Stack(workers=2, REFRESHD_LOG_LEVEL="debug", REFRESHD_LOG_REQUESTS="on") as stack:
        tokens, access = use(stack)
        log = stack.log().encode()
        assert b'"refresh.ok"' in log and b'"event":"request"' in log, "the test of the test"
        for name, secret in canaries(stack, tokens, access):
            assert secret not in log, name


def test_every_line_has_time_level_worker_and_event(verbose):
    verbose.refresh(verbose.token())
    verbose.refresh("x")
    for line in lines(verbose.log()):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
        assert line["level"] in LEVELS and line["worker"] in (0, 1, 2) and line["event"]


def test_the_line_of_a_request(verbose):
    token = verbose.token()
    given = "feedbeeffeedbeeffeedbeeffeedbeef"
    reply = verbose.ask("refresh", HTTP_AUTHORIZATION=f"Bearer {token}", REFRESHD_REQUEST_ID=given)
    assert reply.headers["x-request-id"] == given
    line, = named(verbose, given, "request")
    assert line.pop("duration_s") < 5 and line.pop("time") and line.pop("sid")
    assert line == {"level": "info", "worker": 1, "event": "request", "request_id": given, "method": "POST",
                    "route": "refresh", "status": 200, "outcome": "rotated", "client_ip": "127.0.0.1",
                    "client_id": "web"}
    assert [line["level"] for line in named(verbose, given, "refresh.ok")] == ["debug"]


def test_a_method_is_named_only_when_it_is_one(verbose):
    token = verbose.token()
    verbose.ask("refresh", method=token, REFRESHD_REQUEST_ID="odd")
    line, = named(verbose, "odd")
    assert (line["method"], line["status"], line["outcome"]) == ("other", 405, "bad_method")
    assert token not in verbose.log()


def test_by_default_a_refresh_leaves_no_line(plain):
    token = plain.token()
    before = len(lines(plain.log()))
    for _ in range(3):
        assert plain.refresh(token).status == 200
    assert plain.ask("health", method="GET").status == 200
    assert len(lines(plain.log())) == before


def test_nginx_the_answer_and_the_log_know_a_request_by_one_id(stack):
    token = Token.parse(stack.token())
    answer = stack.refresh(replace(token, tag=bytes(16)).text())
    assert answer.status == 401
    name = answer.header("X-Request-Id")
    line, = named(stack, name)
    assert line["event"] == "token.forged"
    access_log = pathlib.Path(stack.folder) / "access.log"
    wait_until(lambda: name in access_log.read_text(), what="nginx writes its log")


def test_a_flood_of_refusals_is_some_lines_a_second(plain):
    forged = replace(Token.parse(plain.token()), tag=bytes(16)).text()
    with fcgi.Connection(plain.socket) as connection:
        wanted = fcgi.params("refresh", HTTP_AUTHORIZATION=f"Bearer {forged}")
        for _ in range(3000):
            assert connection.ask(wanted).status == 401
    wait_until(lambda: sum(line.get("suppressed", 0) for line in lines(plain.log(), "token.forged"))
               + len([x for x in lines(plain.log(), "token.forged") if "suppressed" not in x]) == 3000,
               what="all are written or counted")
    written = lines(plain.log(), "token.forged")
    seconds = len({line["time"][:19] for line in written})
    assert 100 <= len(written) <= 100 + 11 * (seconds + 1), f"in {seconds} s"
    assert metrics.of(plain).get("log_lines_dropped_total", reason="limited") == sum(
        line.get("suppressed", 0) for line in written)


def test_P_a_log_that_nobody_reads_blocks_neither_worker_and_is_counted(redis_server):
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    running = service.Service(redis_server.socket, workers=2, REFRESHD_LOG_REQUESTS="on")
    try:
        running.start(log=writer)
        os.close(writer)
        wait_until(lambda: len(running.workers()) == 2, what="both workers")

        def client(_):
            with fcgi.Connection(running.socket) as connection:
                for _ in range(300):
                    assert connection.ask(fcgi.params("health", method="GET")).status == 200

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(client, range(8)))
        lost = metrics.of(running).get("log_lines_dropped_total", reason="blocked")
        assert lost > 2000
        assert os.read(reader, 65536).endswith(b"}\n"), "whole lines"
        assert running.serves()
        assert b'"dropped":' in os.read(reader, 65536)
        assert running.end() == 0
    finally:
        os.close(reader)
        running.stop()


def test_rotating_the_file_under_load_loses_no_line(redis_server):
    running = service.Service(redis_server.socket, workers=2, REFRESHD_LOG_REQUESTS="on")
    path = pathlib.Path(running.folder) / "own.log"
    running.env["REFRESHD_LOG_FILE"] = str(path)
    stop, counts = threading.Event(), [0] * 4

    def client(number):
        wanted = fcgi.params("health", method="GET", REFRESHD_REQUEST_ID=f"c{number}")
        with fcgi.Connection(running.socket) as connection:
            while not stop.is_set():
                assert connection.ask(wanted).status == 200
                counts[number] += 1

    with running, ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(client, n) for n in range(4)]
        try:
            for number in range(1, 11):
                before = sum(counts)
                path.rename(f"{path}.{number}")
                running.process.send_signal(signal.SIGUSR1)
                wait_until(lambda: path.exists() and path.stat().st_size and sum(counts) > before + 100,
                           what="the new file is in use")
        finally:
            stop.set()
        for done in clients:
            done.result(60)
        files = [path, *(pathlib.Path(f"{path}.{n}") for n in range(1, 11))]
        seen = [line["request_id"] for file in files for line in lines(file.read_text(), "request")]
        assert [seen.count(f"c{n}") for n in range(4)] == counts
        assert path.stat().st_mode & 0o777 == 0o640
        assert pathlib.Path(running.folder, "refreshd.log").read_text() == "", "nothing goes to stderr"
        assert running.end() == 0
        assert lines(path.read_text())[-1]["event"] == "service.stop"


def test_a_file_that_has_gone_for_good_breaks_nothing(redis_server):
    running = service.Service(redis_server.socket)
    folder = pathlib.Path(running.folder) / "logs"
    folder.mkdir()
    running.env["REFRESHD_LOG_FILE"] = str(folder / "log")
    with running:
        folder.rename(folder.with_name("moved"))
        running.process.send_signal(signal.SIGUSR1)
        old = folder.with_name("moved") / "log"
        wait_until(lambda: {line["worker"] for line in lines(old.read_text(), "log.reopen")} == {0, 1, 2},
                   what="all tell")
        assert running.serves()


@pytest.mark.parametrize("option, value, wanted", [
    ("REFRESHD_LOG_FILE", "/nonexistent/log", "/nonexistent/log: No such file"),
    ("REFRESHD_LOG_LEVEL", "chatty", "must be debug, info, warning or error"),
    ("REFRESHD_LOG_REQUESTS", "each", "must be on or off")])
def test_what_cannot_be_is_refused_at_start(idle, option, value, wanted):
    idle.env[option] = value
    done = idle.run("serve", text=True)
    assert done.returncode == 78 and wanted in done.stderr


@pytest.mark.parametrize("level, written", [("error", False), ("warning", True)])
def test_log_level_says_what_is_written(redis_server, level, written):
    with service.Service(redis_server.socket, REFRESHD_LOG_LEVEL=level) as running:
        token = Token.parse(running.token())
        assert running.refresh(replace(token, tag=bytes(16)).text()).status == 401
        assert bool(lines(running.log(), "token.forged")) == written
        assert not lines(running.log(), "issue.ok") and not lines(running.log(), "service.start")


def test_another_active_key_is_told(plain):
    key(plain, "new", "refresh")
    os.kill(plain.process.pid, signal.SIGHUP)
    wait_until(lambda: len(lines(plain.log(), "key.reloaded")) == 1)
    assert not lines(plain.log(), "key.activated")
    path = pathlib.Path(plain.folder) / "keys"
    text = re.sub(r"(?m)^(refresh \d+) active", r"\1 retired", path.read_text())
    path.write_text(re.sub(r"(?m)^(refresh \d+) next", r"\1 active", text))
    os.kill(plain.process.pid, signal.SIGHUP)
    wait_until(lambda: len(lines(plain.log(), "key.reloaded")) == 2)
    line, = lines(plain.log(), "key.activated")
    assert re.fullmatch(r"refresh key \d+ is active instead of \d+", line["msg"])


def test_a_draining_worker_is_not_ready_but_healthy(redis_server):
    with service.Service(redis_server.socket) as running:
        wait_until(lambda: running.ask("ready", method="GET").status == 200, what="ready")
        kept = {route: fcgi.Connection(running.socket) for route in ("ready", "health")}
        for route, connection in kept.items():
            connection.send(fcgi.request(fcgi.params(route, method="GET"))[:-4])
        with fcgi.Connection(running.socket) as idle_one:
            wait_until(lambda: running.serves(), what="they are looked at")
            running.process.send_signal(signal.SIGTERM)
            assert idle_one.closed_by_peer(), "it is stopping"
        for connection in kept.values():
            connection.send(fcgi.request({})[-4:])
        reply = kept["ready"].read_reply()
        assert (reply.status, json.loads(reply.body)["reasons"]) == (503, ["draining"])
        assert kept["health"].read_reply().status == 200
        assert running.process.wait(30) == 0
