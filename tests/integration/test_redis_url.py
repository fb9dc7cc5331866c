"""The option redis as operators write it: IPv6, a login in the URL, what is not supported, what is not Redis."""
import contextlib
import pathlib
import socket
import ssl
import subprocess
import threading

import pytest

from harness import service
from harness.processes import environment, free_ports
from harness.redis_server import RedisServer
from harness.wait import wait_until

PASSWORD = "p@ss/w%rd"
ENCODED = "p%40ss%2Fw%25rd"


@pytest.fixture(scope="module")
def server():
    port, = free_ports(1)
    running = RedisServer("--port", str(port), "--bind", "127.0.0.1", "-::1", "--requirepass", PASSWORD,
                          login={"password": PASSWORD})
    running.port = port
    running.client().execute_command("ACL", "SETUSER", "anna:b", "on", ">" + PASSWORD, "~*", "&*", "+@all")
    yield running
    running.stop()


@pytest.fixture
def one(server):
    made = service.Service(server.socket)
    yield made
    made.stop()


def verb(one, *words, url, by="flag"):
    """url: of redis, by a flag, a variable or the file."""
    env = environment(**({"REFRESHD_REDIS": url} if by == "variable" else {}))
    if by == "file":
        config = pathlib.Path(one.config)
        lines = [line for line in config.read_text().splitlines(True) if not line.startswith("redis =")]
        config.write_text(f"redis = {url}\n" + "".join(lines))
    flags = ["--redis", url] if by == "flag" else []
    return subprocess.run([one.bin, *words, "--config", one.config, *flags], env=env, text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=60)


def test_IPv6_in_brackets(one, server):
    one.env["REFRESHD_REDIS"] = f"redis://:{ENCODED}@[::1]:{server.port}/0"
    one.start()
    one.token()


@pytest.mark.parametrize("by, seen", [("flag", "list of processes"), ("variable", "environment"),
                                      ("file", "configuration file")])
def test_a_password_in_the_url_works_is_warned_of_and_masked(one, server, by, seen):
    for user in ("", "anna%3Ab"):
        url = f"redis://{user}:{ENCODED}@127.0.0.1:{server.port}"
        tested = verb(one, "-t", url=url, by=by)
        assert tested.returncode == 0, tested
        warning, = [line for line in tested.stdout.splitlines() if "password in the URL" in line]
        assert warning.startswith("warn redis: ") and seen in warning and "redis_password_file" in warning
        assert f"redis://{user}:***@127.0.0.1:{server.port}, user {'anna:b' if user else 'default'} has" in tested.stdout
        shown = verb(one, "-T", url=url, by=by)
        assert f" = redis://{user}:***@127.0.0.1:{server.port} " in shown.stdout
        listed = verb(one, "user", "list", url=url, by=by)
        assert listed.returncode == 0 and listed.stderr == ""
        for done in (tested, shown, listed):
            assert PASSWORD not in done.stdout + done.stderr and ENCODED not in done.stdout + done.stderr


def test_serve_warns_once_and_logs_no_password(one, server):
    one.env["REFRESHD_REDIS"] = f"redis://:{ENCODED}@127.0.0.1:{server.port}"
    one.start()
    one.token()
    assert one.log().count('"config.password"') == 1 and ENCODED not in one.log() and PASSWORD not in one.log()


def test_doctor_calls_it_a_mistake_where_other_users_see_it(one, server):
    url = f"redis://:{ENCODED}@127.0.0.1:{server.port}"
    assert "WRONG  redis_password_file: redis: the password in the URL" in verb(one, "doctor", url=url).stdout
    assert "ok     redis_password_file" in verb(one, "doctor", url=url, by="variable").stdout
    pathlib.Path(one.config).chmod(0o600)
    assert "ok     redis_password_file" in verb(one, "doctor", url=url, by="file").stdout
    pathlib.Path(one.config).chmod(0o644)
    assert "WRONG  redis_password_file" in verb(one, "doctor", url=url, by="file").stdout


def test_two_passwords_or_users_are_refused(one, server, tmp_path):
    url = f"redis://anna:{ENCODED}@127.0.0.1:{server.port}"
    for name, value in (("redis_password_file", str(tmp_path / "password")), ("redis_user", "anna")):
        done = verb(one, "user", "list", "--" + name.replace("_", "-"), value, url=url)
        assert done.returncode == 78 and done.stderr.startswith(f"refreshd: {name}: the URL of redis ")


def test_a_mistyped_flag_is_hinted_at_without_its_value(one):
    done = verb(one, "serve", "--redi=redis://:secret@h", url="redis://h")
    assert done.returncode == 64 and "did you mean --redis?" in done.stderr
    assert "secret" not in done.stdout + done.stderr


def test_what_is_not_supported_is_named(one):
    for url, said in (("rediss://h", "TLS to Redis is not supported yet"),
                      ("sentinel://h/m", "Redis Sentinel is not supported yet"),
                      ("redis+sentinel://h/m", "Redis Sentinel is not supported yet"),
                      ("cluster://h", "Redis Cluster is not supported yet")):
        for words in (("-t",), ("serve",), ("user", "list"), ("doctor",)):
            done = verb(one, *words, url=url)
            assert f"redis: {said}" in done.stdout + done.stderr, done


def test_NOAUTH_is_said_once_and_what_to_do(one, server):
    for words in (("-t",), ("serve",), ("doctor",), ("user", "list")):
        done = verb(one, *words, url=f"redis://127.0.0.1:{server.port}")
        said = done.stdout + done.stderr
        assert done.returncode and said.count("NOAUTH") == 1, done
        assert words[0] == "user" or "Set redis_password_file" in said
    done = verb(one, "-t", url=f"redis://:wrong@127.0.0.1:{server.port}")
    assert done.returncode == 78 and [line for line in done.stdout.splitlines() if line.startswith("FAIL")] == [
        "FAIL redis: WRONGPASS invalid username-password pair or user is disabled."]


@contextlib.contextmanager
def answering(answer):
    """A port where each connection is handed to answer and then closed; gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError), connection:
                    answer(connection)
        threading.Thread(target=serve, daemon=True).start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def close(connection):
    connection.recv(1)


def speak_tls(connection):
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).wrap_socket(connection, server_side=True)


def speak_http(connection):
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def speak_html(connection):
    connection.recv(65536)
    connection.sendall(b"<html>")


def speak_smtp(connection):
    connection.sendall(b"220 mail.example ESMTP\r\n")
    connection.recv(65536)


@pytest.mark.parametrize("answer, hint", [
    (close, "does it speak TLS?"), (speak_tls, "TLS"), (speak_http, "speaks HTTP, not Redis"),
    (speak_html, "speaks HTTP, not Redis"), (speak_smtp, "is not Redis")])
def test_what_is_not_Redis_is_recognised(one, answer, hint):
    with answering(answer) as url:
        for words in (("-t",), ("doctor",), ("user", "list")):
            done = verb(one, *words, url=url)
            assert done.returncode and hint in done.stdout + done.stderr, done
        one.env["REFRESHD_REDIS"] = url
        one.start()
        wait_until(lambda: '"redis.down"' in one.log(), what="the log says so")
        line = next(line for line in one.log().splitlines() if '"redis.down"' in line)
        assert hint in line


def test_a_Redis_that_dies_later_is_not_taken_for_TLS(tmp_path):
    server = RedisServer()
    try:
        with service.Service(server.socket) as running:
            wait_until(lambda: running.log().count('"redis.up"') == 2, what="both workers have it")
            server.kill()
            wait_until(lambda: '"redis.down"' in running.log(), what="the log says so")
            assert "TLS" not in running.log()
    finally:
        server.stop()
