"""One worker process and many FastCGI connections: idle, half-way, vanishing and hostile ones."""
import fcntl
import os
import random
import re
import signal
import struct
import termios
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import fcgi, service
from harness.events import events
from harness.processes import binaries
from harness.proxy import Proxy
from harness.wait import wait_until

PATIENCE_MS = 600_000  # so that nothing below passes because the worker gave up waiting


pytestmark = pytest.mark.usefixtures("same_worker")


@pytest.fixture(scope="module", params=binaries(), ids=lambda b: "asan" if "asan" in b else "plain")
def one(request, redis_server):
    with service.Service(redis_server.socket, bin=request.param,
                         REFRESHD_READ_TIMEOUT_MS=PATIENCE_MS) as running:
        yield running


def bearer(token):
    return fcgi.params("refresh", HTTP_AUTHORIZATION=f"Bearer {token}")


def test_64_idle_kept_alive_connections_delay_nobody(one):
    token = one.token()
    kept = [fcgi.Connection(one.socket) for _ in range(64)]
    successors = set()
    for connection in kept:
        reply = connection.ask(bearer(token))
        assert reply.status == 200
        successors.add(reply.body[-100:])
    assert len(successors) == 1
    assert one.serves() and one.refresh(token).status == 200
    for connection in reversed(kept):
        assert connection.ask(bearer("x")).status == 401
    for connection in kept:
        connection.close()


def test_64_connections_that_never_said_a_word_delay_nobody(one):
    silent = [fcgi.Connection(one.socket) for _ in range(64)]
    assert one.refresh(one.token()).status == 200
    for connection in silent:
        assert connection.ask(bearer("x")).status == 401
        connection.close()


def test_requests_of_64_connections_at_once_are_all_answered(one):
    token = one.token()
    connections = [fcgi.Connection(one.socket) for _ in range(64)]
    for _ in range(5):
        for connection in connections:
            connection.send(fcgi.request(bearer(token)))
        assert {c.read_reply().status for c in connections} == {200}
    for connection in connections:
        connection.close()


def cuts(request):
    """Where to break it: in each kind of place, and somewhere else."""
    yield from (1, 7, 8, 15, 16, 20, 24, 30, len(request) - 17, len(request) - 9, len(request) - 8,
                len(request) - 1)
    yield from random.Random(1).sample(range(1, len(request)), 20)


def test_half_a_record_delays_nobody_and_is_answered_once_whole(one):
    request = fcgi.request(bearer(one.token()), b"")
    halves = []
    for cut in cuts(request):
        connection = fcgi.Connection(one.socket)
        connection.send(request[:cut])
        halves.append((connection, request[cut:]))
        assert one.serves()
    assert one.refresh(one.token()).status == 200
    for connection, rest in halves:
        connection.send(rest)
        assert connection.read_reply().status == 200
        assert connection.ask(bearer("x")).status == 401, "kept alive afterwards"
        connection.close()


def test_a_request_in_50_pieces_is_answered(one):
    """Many more would fill the socket's buffer, which counts at least 768 bytes for each piece, and the
    worker takes nothing out of it before the request is whole."""
    body = b'{"refresh_token":"x"}'
    params = fcgi.params("refresh", "express", body=body, CONTENT_TYPE="application/json")
    with fcgi.Connection(one.socket) as connection:
        request = fcgi.request(params, body)
        size = len(request) // 50 + 1
        for at in range(0, len(request), size):
            connection.send(request[at:at + size])
        assert connection.read_reply().status == 403


def test_params_and_body_in_many_records_are_answered(one):
    body = b'{"refresh_token":"' + b"x" * 2000 + b'"}'
    params = fcgi.encode(fcgi.params("refresh", "express", body=body, CONTENT_TYPE="application/json",
                                     HTTP_LONG="y" * 3000))
    for size in (1, 7, 100, 1000):
        out = fcgi.begin()
        for kind, content in ((fcgi.PARAMS, params), (fcgi.STDIN, body)):
            for at in range(0, len(content), size):
                out += fcgi.record(kind, content[at:at + size], padding=at % 8)
            out += fcgi.record(kind)
        with fcgi.Connection(one.socket) as connection:
            connection.send(out)
            assert connection.read_reply().status == 403


def test_a_connection_without_keep_alive_is_closed_after_the_answer(one):
    with fcgi.Connection(one.socket) as connection:
        connection.send(fcgi.request(bearer("x"), flags=0))
        assert connection.read_reply().status == 401
        assert connection.closed_by_peer()


def test_request_ids_are_echoed(one):
    for request_id in (1, 2, 255, 256, 65535):
        with fcgi.Connection(one.socket) as connection:
            connection.send(fcgi.request(bearer("x"), request_id=request_id))
            kind, echoed, _ = connection.read_record()
            assert (kind, echoed) == (fcgi.STDOUT, request_id)


def unread(connection):
    """Bytes that the worker has not yet taken from this connection."""
    return struct.unpack("i", fcntl.ioctl(connection.socket, termios.TIOCOUTQ, b"\0" * 4))[0]


def test_T2_a_client_that_goes_away_leaves_the_commit_standing(one, redis_server):
    tokens = [one.token() for _ in range(50)]
    for token in tokens:
        with fcgi.Connection(one.socket) as connection:
            connection.send(fcgi.request(bearer(token)))
            wait_until(lambda: not unread(connection), what="the worker has it", pause=0.0005)
    with redis_server.client() as client:
        for token in tokens:
            key = one.key(token)
            wait_until(lambda: client.getrange(key, 4, 7) == b"\0\0\0\1", what="rotated")
    for token in tokens:
        assert one.refresh(token).status == 200


def test_a_request_whose_sender_has_gone_before_it_began_is_not_begun(one, redis_server):
    """nginx has given up and asked another worker: the old request must not rotate a second time."""
    token, worker = one.token(), one.workers()[0]
    os.kill(worker, signal.SIGSTOP)
    try:
        with fcgi.Connection(one.socket) as gone:
            gone.send(fcgi.request(bearer(token)))
    finally:
        os.kill(worker, signal.SIGCONT)
    assert one.serves(), "connections are taken in order, so the first is over"
    with redis_server.client() as client:
        assert client.getrange(one.key(token), 4, 7) == b"\0\0\0\0"


@pytest.mark.parametrize("flags", [0, fcgi.KEEP])
def test_clients_that_go_away_at_every_moment_harm_nobody(one, flags):
    token, rnd = one.token(), random.Random(2)
    request = fcgi.request(bearer(token), flags=flags)
    for _ in range(300):
        connection = fcgi.Connection(one.socket)
        connection.send(request[:rnd.choice((0, 1, 8, 20, len(request) - 8, len(request), len(request)))])
        if rnd.random() < 0.3:
            connection.socket.shutdown(rnd.choice((0, 1, 2)))
        connection.close()
    assert one.refresh(token).status == 200


@pytest.mark.parametrize("flags", [0, fcgi.KEEP])
def test_a_client_that_goes_away_as_the_stores_answer_comes_harms_nobody(one, redis_server, flags):
    """Both events wait for the worker in one wake-up: its answer closes what the next event names."""
    proxy = Proxy(redis_server.socket)
    try:
        with service.Service(proxy.path, bin=one.bin) as running:
            token, workers = running.token(), running.workers()
            for _ in range(5):
                proxy.hold = True
                connections = [fcgi.Connection(running.socket) for _ in range(10)]
                for connection in connections:
                    connection.send(fcgi.request(bearer(token), flags=flags))
                wait_until(lambda: not any(unread(c) for c in connections), what="all are read")
                wait_until(lambda: proxy.held, what="Redis has answered")
                os.kill(workers[0], signal.SIGSTOP)
                proxy.hold = False
                wait_until(lambda: not proxy.held, what="the answer is on its way")
                for connection in connections:
                    connection.close()
                os.kill(workers[0], signal.SIGCONT)
                wait_until(lambda: running.refresh(token).status == 200, what="served")
            assert running.workers() == workers
    finally:
        proxy.close()


PAIRS = fcgi.encode({"FCGI_MAX_CONNS": ""})
HOSTILE = {
    "HTTP": b"POST /refresh_token HTTP/1.1\r\nHost: x\r\n\r\n",
    "zeros": bytes(1000),
    "ones": b"\xff" * 1000,
    "GET_VALUES": fcgi.record(fcgi.GET_VALUES, PAIRS, 0),
    "GET_VALUES with many names": fcgi.record(fcgi.GET_VALUES, PAIRS * 200, 0),
    "GET_VALUES with huge lengths": fcgi.record(fcgi.GET_VALUES, b"\xff\xff\xff\xff" * 2, 0),
    "unknown management record": fcgi.record(77, b"x" * 100, 0) * 50,
    "version 0": b"\0" + fcgi.request(bearer("x"))[1:],
    "version 2": b"\2" + fcgi.request(bearer("x"))[1:],
    "begin with id 0": fcgi.request(bearer("x"), request_id=0),
    "begin cut": fcgi.record(fcgi.BEGIN, b"\0\1\1"),
    "begin too long": fcgi.record(fcgi.BEGIN, b"\0\1\1" + bytes(50)),
    "begin twice": fcgi.begin() + fcgi.request(bearer("x")),
    "authorizer": fcgi.request(bearer("x"), role=fcgi.AUTHORIZER),
    "filter": fcgi.request(bearer("x"), role=fcgi.FILTER),
    "role 0": fcgi.request(bearer("x"), role=0),
    "name of 2 GB": fcgi.begin() + fcgi.record(fcgi.PARAMS, b"\xff\xff\xff\xfe\1xx") + fcgi.record(
        fcgi.PARAMS) + fcgi.record(fcgi.STDIN),
    "name of 1 GB": fcgi.begin() + fcgi.record(fcgi.PARAMS, b"\xc0\0\0\0\xc0\0\0\0") + fcgi.record(
        fcgi.PARAMS) + fcgi.record(fcgi.STDIN),
    "names add up to 0": fcgi.begin() + fcgi.record(fcgi.PARAMS, b"\xff\xff\xff\xff\xff\xff\xff\xff") * 3
        + fcgi.record(fcgi.PARAMS) + fcgi.record(fcgi.STDIN),
    "name longer than the record": fcgi.begin() + fcgi.record(fcgi.PARAMS, b"\x7f\1x") + fcgi.record(
        fcgi.PARAMS) + fcgi.record(fcgi.STDIN),
    "cut length": fcgi.begin() + fcgi.record(fcgi.PARAMS, b"\x80\0") + fcgi.record(fcgi.PARAMS)
        + fcgi.record(fcgi.STDIN),
    "abort in params": fcgi.begin() + fcgi.record(fcgi.PARAMS, b"\4\1ROUT") + fcgi.record(fcgi.ABORT),
    "unknown record in params": fcgi.begin() + fcgi.record(fcgi.PARAMS, b"\4\1ROUT") + fcgi.record(99),
    "padded end of params": fcgi.begin() + fcgi.record(fcgi.PARAMS, fcgi.encode(bearer("x")))
        + fcgi.record(fcgi.PARAMS, padding=8) + fcgi.record(fcgi.STDIN),
    "padded end of body": fcgi.begin() + fcgi.chunks(fcgi.PARAMS, fcgi.encode(bearer("x")))
        + fcgi.record(fcgi.STDIN, padding=255),
    "another id's record": fcgi.begin() + fcgi.chunks(fcgi.PARAMS, fcgi.encode(bearer("x")))
        + fcgi.record(fcgi.STDIN, b"", 2) + fcgi.record(fcgi.STDIN, b"x") + fcgi.record(fcgi.STDIN),
    "body before params": fcgi.begin() + fcgi.record(fcgi.STDIN, b"x") + fcgi.record(fcgi.STDIN),
    "params after body": fcgi.request(bearer("x"))[:-8] + fcgi.record(fcgi.STDIN, b"x")
        + fcgi.record(fcgi.PARAMS, b"\1\1ab") + fcgi.record(fcgi.STDIN),
    "data records": fcgi.request(bearer("x"))[:-8] + fcgi.record(fcgi.DATA, b"x") * 10,
    "end from the client": fcgi.begin() + fcgi.record(fcgi.END, bytes(8)),
    "abort": fcgi.begin() + fcgi.record(fcgi.ABORT),
    "two requests at once": fcgi.request(bearer("x")) * 2,
    "two ids at once": fcgi.begin() + fcgi.begin(request_id=2),
    "no params": fcgi.begin() + fcgi.record(fcgi.PARAMS) + fcgi.record(fcgi.STDIN),
    "100 kB of params": fcgi.request({"X": "x" * 100_000}),
    "1 MB of params": fcgi.request({f"X{i}": "x" * 10_000 for i in range(100)}),
    "10^4 params": fcgi.request({f"X{i}": "" for i in range(10_000)}),
    "1 MB of body": fcgi.request(bearer("x"), b"x" * 1_000_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_H_hostile_bytes_are_answered_or_closed_and_kill_nobody(one, name):
    with fcgi.Connection(one.socket) as connection:
        try:
            connection.send(HOSTILE[name])
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert one.serves(), "meanwhile"
        try:
            connection.socket.shutdown(1)
        except OSError:
            pass
        assert connection.closed_by_peer(), "neither answered nor closed"


def mutate(data, rnd):
    out = bytearray(data)
    for _ in range(rnd.randint(1, 6)):
        at = rnd.randrange(len(out))
        what = rnd.randrange(4)
        if what == 0:
            out[at] = rnd.choice((0, 1, 4, 5, 127, 128, 255))
        elif what == 1:
            out[at] = rnd.randrange(256)
        elif what == 2:
            out.insert(at, rnd.randrange(256))
        else:
            out[at:at + 1] = b""
    return bytes(out)


def test_H_random_damage_to_a_request_kills_nobody(one):
    seed = random.SystemRandom().randrange(10**9)
    print(f"seed {seed}")
    rnd = random.Random(seed)
    body = b'{"refresh_token":"x"}'
    params = fcgi.params("refresh", "express", body=body, CONTENT_TYPE="application/json")
    request = fcgi.request(params, body)

    def one_damaged(data):
        with fcgi.Connection(one.socket) as connection:
            try:
                connection.send(data)
                connection.socket.shutdown(1)
                return connection.closed_by_peer()
            except (BrokenPipeError, ConnectionResetError, OSError):
                return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(one_damaged, [mutate(request, rnd) for _ in range(1500)])), f"seed {seed}"


def test_H_65_MB_of_params_are_refused_with_bounded_memory(one):
    params = fcgi.record(fcgi.PARAMS, fcgi.encode({"X": "x" * 60_000}))
    with fcgi.Connection(one.socket) as connection:
        connection.send(fcgi.begin())
        try:
            for _ in range(65_000_000 // len(params)):
                connection.send(params)
        except (BrokenPipeError, ConnectionResetError):
            pass
    if "asan" not in one.bin:
        with open(f"/proc/{one.workers()[0]}/status") as status:
            peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        assert peak < 40_000, f"{peak} kB"


def test_a_half_request_is_given_up_after_the_read_timeout(one, redis_server):
    with service.Service(redis_server.socket, bin=one.bin, REFRESHD_READ_TIMEOUT_MS=100) as running:
        for cut in (1, 12, 40):
            with fcgi.Connection(running.socket) as connection:
                connection.send(fcgi.request(bearer("x"))[:cut])
                assert connection.closed_by_peer()
        with fcgi.Connection(running.socket) as idle:
            assert idle.ask(bearer("x")).status == 401
            with fcgi.Connection(running.socket) as half:  # longer than the timeout has passed after this
                half.send(fcgi.request(bearer("x"))[:12])
                assert half.closed_by_peer()
            assert idle.ask(bearer("x")).status == 401, "an idle connection is not half-way"


def test_a_kept_connection_takes_larger_bodies_once_body_max_is_larger(redis_server):
    body = b'{"refresh_token":"x","padding":"' + b"x" * 20_000 + b'"}'
    params = fcgi.params("refresh", "express", body=body, CONTENT_TYPE="application/json")
    with service.Service(redis_server.socket) as running, fcgi.Connection(running.socket) as kept:
        for limit, status in ((1024, 413), (65536, 403), (1024, 413), (30000, 403)):
            with open(running.config) as file:
                text = file.read()
            with open(running.config, "w") as file:
                file.write(f"body_max = {limit}\n" + re.sub("body_max = .*\n", "", text))
            before = len(events(running, "config.reloaded"))
            os.kill(running.process.pid, signal.SIGHUP)
            wait_until(lambda: len(events(running, "config.reloaded")) > before, what="reloaded")
            assert kept.ask(params, body).status == status
