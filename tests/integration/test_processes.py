"""Master and workers: a killed worker is replaced and its requests asked again, SIGTERM ends cleanly."""
import fcntl
import json
import os
import signal
import struct
import termios
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import checks, fcgi, rawhttp, service, stack as stacks
from harness.dialects import FLASK
from harness.processes import alive, binaries, children
from harness.proxy import Proxy
from harness.tokens import Token
from harness.wait import wait_until

ROUNDS = int(os.environ.get("ROUNDS", 1000))


@pytest.fixture
def held(redis_server):
    """One worker behind a proxy that can hold back what Redis answers."""
    proxy = Proxy(redis_server.socket)
    with service.Service(proxy.path) as running:
        yield running, proxy
    proxy.close()


def bearer(token):
    return fcgi.params("refresh", HTTP_AUTHORIZATION=f"Bearer {token}")


def taken(connection):
    """Whether the worker has read all that was sent."""
    return struct.unpack("i", fcntl.ioctl(connection.socket, termios.TIOCOUTQ, b"\0" * 4))[0] == 0


def generation(redis_server, running, token):
    with redis_server.client() as client:
        return int.from_bytes(client.getrange(running.key(token), 4, 7), "big")


def in_flight(running, proxy, redis_server, token):
    """A request whose script has run but whose answer the worker has not got."""
    proxy.hold = True
    connection = fcgi.Connection(running.socket)
    connection.send(fcgi.request(bearer(token)))
    wait_until(lambda: generation(redis_server, running, token) == 1 and proxy.held, what="the script has run")
    return connection


def test_T2_S8_after_a_kill_between_script_and_answer_a_retry_gets_the_same_successor(held, redis_server):
    running, proxy = held
    token = running.token()
    connection = in_flight(running, proxy, redis_server, token)
    worker = running.workers()[0]
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(fcgi.Closed):
        connection.read_reply()
    proxy.hold = False
    wait_until(lambda: running.workers() not in ([], [worker]), what="a new worker")
    replies = [json.loads(running.refresh(token).body)["refresh_token"] for _ in range(3)]
    assert len(set(replies)) == 1 and Token.parse(replies[0]).generation == 1
    assert generation(redis_server, running, token) == 1
    assert '"event":"worker.died"' in running.log()


def test_SIGTERM_answers_what_is_in_flight_and_exits_0(held, redis_server):
    running, proxy = held
    token = running.token()
    connection = in_flight(running, proxy, redis_server, token)
    idle = fcgi.Connection(running.socket)
    running.process.send_signal(signal.SIGTERM)
    assert idle.closed_by_peer(), "it is stopping"
    proxy.hold = False
    reply = connection.read_reply()
    assert reply.status == 200 and Token.parse(json.loads(reply.body)["refresh_token"]).generation == 1
    assert running.process.wait(30) == 0
    assert not os.path.exists(running.socket)


def test_SIGTERM_with_a_redis_that_never_answers_still_ends(held, redis_server):
    running, proxy = held
    connection = in_flight(running, proxy, redis_server, running.token())
    running.process.send_signal(signal.SIGTERM)
    assert connection.read_reply().status == 503
    assert running.process.wait(30) == 0


def test_a_second_SIGTERM_ends_it_now(redis_server):
    proxy = Proxy(redis_server.socket)
    with service.Service(proxy.path, REFRESHD_REDIS_TIMEOUT_MS=60_000,
                         REFRESHD_DRAIN_TIMEOUT_MS=600_000) as running:
        connection = in_flight(running, proxy, redis_server, running.token())
        workers = children(running.process.pid)
        with fcgi.Connection(running.socket) as idle:
            running.process.send_signal(signal.SIGTERM)
            assert idle.closed_by_peer()
        assert running.process.poll() is None, "it waits for the request in flight"
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(30)
        assert not any(alive(pid) for pid in workers)
        connection.close()
    proxy.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT, signal.SIGINT])
def test_each_stopping_signal_exits_0_and_leaves_nothing(redis_server, number):
    with service.Service(redis_server.socket, workers=3) as running:
        workers = children(running.process.pid)
        assert len(workers) == 4, "one for logins"
        with fcgi.Connection(running.socket) as kept:
            assert kept.ask(bearer("x")).status == 401
            assert running.end(number) == 0
        assert not any(alive(pid) for pid in workers)
        assert not os.path.exists(running.socket) and not os.path.exists(running.login_socket)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE])
def test_other_signals_do_not_end_the_service(redis_server, number):
    with service.Service(redis_server.socket) as running:
        wait_until(running.serves)
        if number in (signal.SIGHUP, signal.SIGUSR1):
            running.process.send_signal(number)
        for worker in children(running.process.pid):
            if number != signal.SIGUSR2:
                os.kill(worker, number)
        assert running.serves() and running.process.poll() is None
        assert running.end() == 0


def test_workers_do_not_outlive_a_killed_master(redis_server):
    with service.Service(redis_server.socket, workers=2) as running:
        assert running.serves()
        workers = children(running.process.pid)
        running.process.kill()
        running.process.wait()
        wait_until(lambda: not any(alive(pid) for pid in workers), what="the workers end")
        running.start()  # over the socket that was left behind
        assert running.serves() and running.end() == 0


def test_a_second_service_on_the_same_socket_is_refused(redis_server):
    with service.Service(redis_server.socket) as running:
        assert running.serves()
        assert running.run("serve").returncode == 78
        assert running.serves()


def test_a_worker_that_dies_again_and_again_is_replaced(redis_server):
    with service.Service(redis_server.socket, workers=2) as running:
        for _ in range(4):
            wait_until(lambda: len(running.workers()) == 2, what="two workers")
            workers = running.workers()
            os.kill(workers[0], signal.SIGKILL)
            wait_until(lambda: workers[0] not in running.workers())
            assert running.serves(), "the other one serves meanwhile"
        assert running.end() == 0


def test_T2_workers_killed_under_concurrent_refreshes_lose_no_session():
    """Clients as real ones: on an error they ask again with the token they have."""
    with stacks.Stack(workers=2) as stack:
        tokens = [stack.token(f"kill-{i}") for i in range(4)]
        stop, answers = threading.Event(), [set() for _ in tokens]

        def client(number):
            family = number % len(tokens)
            while not stop.is_set():
                response = stack.refresh(tokens[family])
                assert response.status in (200, 503), response
                if response.status == 200:
                    answers[family].add(json.loads(response.body)["refresh_token"])

        with ThreadPoolExecutor(8) as pool:
            clients = [pool.submit(client, i) for i in range(8)]
            try:
                for _ in range(6):
                    wait_until(lambda: len(stack.workers()) == 2, what="two workers")
                    victim = stack.workers()[0]
                    os.kill(victim, signal.SIGKILL)
                    wait_until(lambda: victim not in stack.workers())
            finally:
                stop.set()
            for done in clients:
                done.result(60)
        for token, seen in zip(tokens, answers):
            assert len(seen) == 1, "one identical successor for everyone"
            assert stack.renew(token) == seen.pop() and stack.record(token).generation == 1


def test_a_killed_worker_costs_no_client_an_error_as_nginx_asks_again():
    with stacks.Stack(workers=2) as stack:
        token, statuses = stack.token(), []
        for _ in range(5):
            wait_until(lambda: len(stack.workers()) == 2, what="two workers")
            with rawhttp.Connection(stack.url) as connection:
                for i in range(40):
                    if i == 20:
                        os.kill(stack.workers()[0], signal.SIGKILL)
                    headers, _ = FLASK.put(token)
                    statuses.append(connection.ask("POST", FLASK.path, headers).status)
        assert set(statuses) == {200}, statuses


def test_L1_nginx_asking_again_past_a_stalled_worker_is_no_reuse():
    """All workers stall with a request; when they go on, those that nginx has given up on must not run."""
    with stacks.Stack(workers=2) as stack:
        token = stack.token()
        for worker in stack.workers():
            os.kill(worker, signal.SIGSTOP)
        try:
            assert stack.refresh(token).status == 503
        finally:
            for worker in stack.workers():
                os.kill(worker, signal.SIGCONT)
        successors = {stack.renew(token) for _ in range(20)}
        assert len(successors) == 1 and stack.record(token).generation == 1
        assert "refresh.reuse" not in stack.log()


def test_no_worker_at_all_is_503_with_retry_after_and_JSON():
    with stacks.Stack(workers=1) as stack:
        token = stack.token()
        access = stack.login()["accessToken"]
        stack_pid = stack.pids["refreshd"]
        os.kill(stack_pid, signal.SIGTERM)
        wait_until(lambda: not alive(stack_pid), what="refreshd is gone")
        response = checks.common(stack.refresh(token))
        assert response.status == 503 and response.header("Retry-After") == "1"
        for path in ("/protected", "/sensitive"):
            response = stack.http("GET", path, {"Authorization": f"Bearer {access}"})
            assert response.status in (500, 503), "never 200"


def one_round(running, token, number):
    """Start, perhaps a request, SIGTERM. Returns what went wrong, or None."""
    running.start()
    connection = None
    if number % 2:
        connection = fcgi.Connection(running.socket)
        connection.send(fcgi.request(bearer(token), flags=number // 2 % 2))
        wait_until(lambda: taken(connection), what="the request is read", pause=0.001)
    elif number % 4:
        connection = fcgi.Connection(running.socket)  # says nothing
    running.process.send_signal(signal.SIGTERM)
    if number % 2 and connection.read_reply().status not in (200, 401):
        return "the request in flight was not answered"
    code = running.process.wait(30)
    if connection:
        connection.close()
    if code != 0:
        return f"exit code {code}"
    return "the socket is left" if os.path.exists(running.socket) else None


def test_SIGTERM_1000_times_idle_or_with_a_request_in_flight_never_hangs(redis_server):
    def some_rounds(first):
        with_errors = []
        running = service.Service(redis_server.socket)
        try:
            running.start()
            token = running.token()
            assert running.end() == 0
            for number in range(first, ROUNDS, 2):
                wrong = one_round(running, token, number // 2)
                if wrong:
                    with_errors.append((number, wrong))
                if len(with_errors) == 3:
                    break
        finally:
            running.stop()
        return with_errors

    with ThreadPoolExecutor(2) as pool:
        wrong = [error for errors in pool.map(some_rounds, range(2)) for error in errors]
    assert not wrong, (len(wrong), wrong[:10])


@pytest.mark.parametrize("bin", binaries(), ids=lambda b: "asan" if "asan" in b else "plain")
def test_stopping_under_load_answers_or_closes_but_never_lies(redis_server, bin):
    with service.Service(redis_server.socket, workers=2, bin=bin) as running:
        token, stop, statuses = running.token(), threading.Event(), []

        def client():
            while not stop.is_set():
                try:
                    statuses.append(running.refresh(token).status)
                except (fcgi.Closed, ConnectionError, FileNotFoundError, BrokenPipeError):
                    if running.process.poll() is not None:
                        return

        with ThreadPoolExecutor(6) as pool:
            clients = [pool.submit(client) for _ in range(6)]
            wait_until(lambda: len(statuses) > 200, what="load")
            try:
                assert running.end() == 0
            finally:
                stop.set()
            for done in clients:
                done.result(60)
        assert set(statuses) == {200}


def test_stack_down_leaves_no_process():
    stack = stacks.Stack(workers=2)
    pids = [*stack.pids.values(), *children(stack.pids["refreshd"]), *children(stack.pids["nginx"])]
    assert all(alive(pid) for pid in pids)
    stack.down()
    assert not any(alive(pid) for pid in pids)


def test_P_a_log_that_nobody_reads_blocks_no_request_and_no_stop(redis_server):
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    running = service.Service(redis_server.socket)
    try:
        running.start(log=writer)
        os.close(writer)
        wait_until(running.workers, what="the worker")
        for _ in range(100):  # each is a line in the log
            answer = running.ask("issue", "json", b"{}", HTTP_AUTHORIZATION="Basic eDp5", CONTENT_TYPE="application/json")
            assert answer.status == 401
        before = os.read(reader, 65536)
        assert before.count(b"\n") < 100 and before.endswith(b"}\n"), "whole lines, and not all"
        assert running.ask("issue", "json", b"{}", HTTP_AUTHORIZATION="Basic eDp5").status == 401
        assert b'"dropped":' in os.read(reader, 65536)
        assert running.end() == 0
    finally:
        os.close(reader)
        running.stop()
