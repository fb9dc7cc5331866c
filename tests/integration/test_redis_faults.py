"""Redis stopped, killed, forgetful, full, read-only, hostile: 503, tokens unharmed, back by itself."""
import json
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from harness import checks, fcgi, metrics, service, stack as stacks
from harness.dialects import BY_NAME, DIALECTS, FLASK, compact
from harness.proxy import Proxy
from harness.redis_server import RedisServer
from harness.tokens import Token
from harness.wait import wait_until

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server():
    running = RedisServer("--appendonly", "yes", "--appendfsync", "always")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def away(server):
    """A stack whose Redis is ours to stop."""
    with stacks.Stack(workers=2, REFRESHD_REDIS=f"unix:{server.socket}") as running:
        yield running


def unavailable(response, member):
    checks.error(response, 503, compact(**{member: "temporarily_unavailable"}))
    assert response.header("Retry-After") == "1"


def all_unavailable(stack, token):
    for dialect in DIALECTS:
        unavailable(stack.refresh(token, dialect), dialect.error)
    unavailable(stack.http("POST", "/login", JSON, compact(name="demo", password="x")), "message")
    unavailable(stack.ask_issue(compact(sub="anna")), "error")
    assert stack.http("GET", "/healthz").status == 200


def works_again(stack, token):
    """By itself: every worker."""
    def all_have_redis():
        body = fcgi.ask(f"{stack.folder}/refreshd.sock", fcgi.params("metrics", method="GET")).body
        return metrics.Metrics(body.decode()).get("redis_up") == 1
    wait_until(all_have_redis, what="every worker has Redis")
    wait_until(lambda: stack.refresh(token).status == 200, what="refreshes work again")


def test_R_redis_stopped_and_back_over_one_family(away, server):
    issued = away.issue("olga")
    token, access = issued["refresh_token"], issued["access_token"]
    server.signal(signal.SIGSTOP)
    try:
        all_unavailable(away, token)
        response = away.http("GET", "/protected", {"Authorization": f"Bearer {access}"})
        assert response.status == 200, "stateless"
        checks.refused(away.refresh(token[:-2] + "AA"), FLASK)
    finally:
        server.signal(signal.SIGCONT)
    works_again(away, token)
    record = away.record(token)
    assert record.generation == 1 and not record.revoked
    assert Token.parse(away.renew(token)).generation == 1


def test_R_redis_killed_and_back_over_one_family(away, server):
    token = away.token()
    successor = away.renew(token)
    server.kill()
    all_unavailable(away, token)
    all_unavailable(away, successor)
    server.start()
    works_again(away, token)
    assert away.renew(token) == away.renew(successor) == successor
    assert away.record(token).generation == 1


def test_R_redis_killed_again_and_again_under_load_loses_nothing_acknowledged(away, server):
    tokens = [away.token(f"load-{i}") for i in range(8)]
    stop, newest, wrong = threading.Event(), list(tokens), []

    def client(i):
        while not stop.is_set():
            response = away.refresh(newest[i])
            if response.status == 200:
                answer = json.loads(response.body)
                if checks.claims(answer["access_token"])["sub"] != f"load-{i}":
                    wrong.append(response)
                newest[i] = answer["refresh_token"]
            elif response.status != 503:
                wrong.append(response)

    with ThreadPoolExecutor(len(tokens)) as pool:
        clients = [pool.submit(client, i) for i in range(len(tokens))]
        try:
            for _ in range(3):
                server.kill()
                wait_until(lambda: away.refresh(tokens[0]).status == 503, what="Redis is missed")
                server.start()
                works_again(away, tokens[0])
        finally:
            stop.set()
        for done in clients:
            done.result(60)
    assert not wrong
    for i, token in enumerate(newest):
        _, access = checks.success(away.refresh(token), FLASK)
        assert access["sub"] == f"load-{i}"


def test_R_NOSCRIPT_after_SCRIPT_FLUSH_is_no_failure(away):
    token = away.token()
    for _ in range(20):
        away.store.script_flush()
        checks.success(away.refresh(token), FLASK)
        away.store.script_flush()
        away.token()
    assert away.record(token).generation == 1


def test_R_NOSCRIPT_under_concurrency_is_no_failure(away):
    tokens = [away.token() for _ in range(40)]
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda t: (away.store.script_flush(), away.refresh(t).status)[1], tokens)
        assert set(answers) == {200}


SETTINGS = {
    "OOM": ("maxmemory", "1", "0"),
    "NOREPLICAS": ("min-replicas-to-write", "1", "0"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_R_a_write_that_redis_refuses_is_503_and_harms_nothing(away, name):
    option, bad, good = SETTINGS[name]
    token = away.token()
    before = away.raw_record(token)
    away.store.config_set(option, bad)
    try:
        for dialect in DIALECTS:
            unavailable(away.refresh(token, dialect), dialect.error)
    finally:
        away.store.config_set(option, good)
    assert away.raw_record(token) == before
    checks.success(away.refresh(token), FLASK)


def test_R_READONLY_is_503_and_harms_nothing(away):
    token = away.token()
    away.store.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        unavailable(away.refresh(token), "error")
    finally:
        away.store.execute_command("REPLICAOF", "NO", "ONE")
    works_again(away, token)


def test_R_clients_killed_by_redis_come_back(away):
    token = away.token()
    for _ in range(5):
        away.store.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        works_again(away, token)


def test_L4_a_service_started_before_its_redis_serves_and_recovers(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("r"))
    with service.Service(f"{folder}/redis.sock") as running:
        keys = running.keys
        assert running.serves()
        assert running.ask("health", method="GET").status == 200
        token = Token(1, 1, bytes(8), bytes(16), 0, bytes(24), bytes(16)).tagged(keys).text()
        assert running.refresh(token).status == 503
        server = RedisServer(folder=folder)
        try:
            wait_until(lambda: running.refresh(token).status == 401, what="it has found Redis")
            assert running.refresh(running.token()).status == 200
        finally:
            server.stop()


@pytest.fixture
def proxied(server):
    """A single worker that talks to Redis through a proxy."""
    proxy = Proxy(server.socket)
    with service.Service(proxy.path, REFRESHD_REDIS_TIMEOUT_MS=200) as running:
        yield running, proxy
    proxy.close()


def test_R_a_late_reply_never_reaches_another_request(proxied, server):
    running, proxy = proxied
    tokens = [running.token(f"late-{i}") for i in range(20)]
    for i in range(0, len(tokens), 2):
        proxy.hold = True
        assert running.refresh(tokens[i]).status == 503
        proxy.hold = False
        for token in (tokens[i + 1], tokens[i]):
            reply = wait_until(lambda: served(running, token), what="it works again")
            got = Token.parse(json.loads(reply.body)["refresh_token"])
            assert got.family == Token.parse(token).family and got.generation == 1


def served(running, token):
    reply = running.refresh(token)
    assert reply.status in (200, 503), reply
    return reply if reply.status == 200 else None


FALSE_REPLIES = {
    "garbage": b"\0\xff\x01 hello\r\n",
    "nothing": b"\r\n",
    "huge bulk": b"$2147483647\r\nx",
    "negative bulk": b"$-7\r\n",
    "huge array": b"*1000000000\r\n",
    "deep": b"*1\r\n" * 20,
    "integer": b":1\r\n",
    "integer that is none": b":abc\r\n",
    "nil": b"$-1\r\n",
    "nil array": b"*-1\r\n",
    "empty": b"$0\r\n\r\n",
    "status": b"+OK\r\n",
    "error": b"-ERR no\r\n",
    "error with format": b"-ERR %s%n%s %1000000d\r\n",
    "unknown letter": b"$8\r\nZ1234567\r\n",
    "rotated without record": b"$7\r\nR123456\r\n",
    "rotated with a cut record": b"$40\r\nR123456\1" + bytes(32) + b"\r\n",
    "rotated with lying lengths": b"$71\r\nR123456\1" + bytes(53) + b"\xff" * 10 + b"\r\n",
    "many replies": b"+OK\r\n" * 1000,
    "list of lists": b"*2\r\n*1\r\n$1\r\nR\r\n$1\r\nx\r\n",
    "null bytes": b"$5\r\nR\0\0\0\0\r\n",
}


@pytest.mark.parametrize("name", FALSE_REPLIES)
def test_R_a_hostile_reply_is_503_and_the_worker_lives(proxied, name):
    running, proxy = proxied
    token, workers = running.token(), running.workers()
    proxy.falsify = FALSE_REPLIES[name]
    reply = running.refresh(token)
    assert reply.status == 503 and reply.headers["retry-after"] == "1", reply
    assert running.refresh(token).status == 503
    proxy.falsify = None
    wait_until(lambda: served(running, token), what="it works again")
    assert running.workers() == workers


def test_R_a_half_reply_is_503_and_the_worker_lives(proxied):
    running, proxy = proxied
    token, workers = running.token(), running.workers()
    for half in (b"$", b"$100", b"$100\r\n", b"$100\r\nR1234"):
        proxy.falsify = half
        assert running.refresh(token).status == 503
        proxy.falsify = None
        wait_until(lambda: served(running, token), what="it works again")
    assert running.workers() == workers


def test_S1_another_seed_in_the_record_gives_no_token(away):
    """A record that was tampered with in Redis: nothing that anybody holds fits it any more."""
    token = away.token()
    away.store.setrange(away.key(token), 44, bytes(16))
    checks.refused(away.refresh(token), FLASK)
    checks.refused(away.refresh(token, BY_NAME["oauth2"]), BY_NAME["oauth2"])


def test_the_clock_is_redis_clock(server, away):
    token = away.token()
    record = away.record(token)
    with redis.Redis(unix_socket_path=server.socket) as client:
        seconds, _ = client.time()
    assert record.created_ms // 1000 in range(seconds - 60, seconds + 1)
    access = checks.claims(json.loads(away.refresh(token).body)["access_token"])
    assert access["iat"] == away.record(token).rotated_ms // 1000


def test_R_a_burst_of_logins_does_not_make_redis_look_away(redis_server):
    """Hashing blocks their worker for longer than Redis' deadline, again and again."""
    with service.Service(redis_server.socket, REFRESHD_REDIS_TIMEOUT_MS=60, REFRESHD_ARGON2_MEM_KIB=65536,
                         REFRESHD_LOGIN_WAIT_MAX_S=0,  # all at once, they look like guesses
                         REFRESHD_LOGIN_QUEUE=64) as running:
        running.add_user("demo", "pw")
        token = running.token()

        def one(number):
            if number % 2:
                return running.refresh(token).status
            return running.login("demo", "pw").status

        with ThreadPoolExecutor(12) as pool:
            assert set(pool.map(one, range(36))) == {200}
        assert "redis.down" not in running.log()
