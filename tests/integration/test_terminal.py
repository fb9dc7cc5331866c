"""What others wrote cannot steer the administrator's terminal: all that a verb prints is printable text."""
import json
import os
import pty
import socket
import subprocess
import threading
import unicodedata

import pytest

from harness import service
from harness.dialects import compact
from harness.wait import wait_until

# CSI as one character and as its byte, ESC, DEL, a line's end, changes of direction, what cannot be seen, no UTF-8
HOSTILE = b"\xc2\x9b2J\x1b[2J\x9b2J\x7f\r\nrefreshd: fine\xe2\x80\xae\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf\xe2\x80\xa8\xff"
NAME = "a\u009b2J\u202eb\u2066\u200b\ufeffé"  # may be a user's: no C0, valid UTF-8
CATEGORIES = {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}  # controls, formats, surrogates, unassigned, separators


def assert_printable(printed):
    text = printed.decode()  # strictly
    for line in text.replace("\r\n", "\n").split("\n"):
        odd = [c for c in line if unicodedata.category(c) in CATEGORIES and c != "\ufffd"]
        assert not odd, (odd, line)
        assert not line.startswith("refreshd: fine"), "begins a line of its own"


@pytest.fixture(scope="module")
def one(redis_server):
    with service.Service(redis_server.socket) as running:
        reply = running.ask_issue(compact(sub=NAME, user_agent=HOSTILE.decode("utf-8", "replace"), ip="192.0.2.1"))
        assert reply.status == 200, reply
        body = json.loads(reply.body)
        running.refresh_token, running.access_token = body["refresh_token"], body["access_token"]
        with redis_server.client() as client:  # as whoever can write to Redis
            key = running.key(running.refresh_token)
            record = client.get(key)
            assert b"\x03web" in record and b"192.0.2.1" in record
            record = record.replace(b"192.0.2.1", b"\xc2\x9b2J\x1b[2J\x9b").replace(b"\xef\xbf\xbd", b"\xff\x9b\x1b")
            client.set(key, record, keepttl=True)
        running.add_user(NAME, "password")
        yield running


def run(one, *verb, stdin=b"", env=None):
    """Returns what was printed."""
    done = subprocess.run([one.bin, *verb], env={**one.env, "REFRESHD_CONFIG": one.config, **(env or {})},
                          input=stdin, capture_output=True, timeout=60)
    printed = done.stdout + done.stderr
    assert_printable(printed)
    return printed.decode()


def test_of_users_and_sessions(one):
    assert "a?2J?b???é" in run(one, "user", "list")
    assert "web" in run(one, "session", "list", NAME)
    assert '"client_id":"web"' in run(one, "session", "list", "--json", NAME)
    for token in (one.refresh_token, one.access_token):
        assert "a?2J?b???é" in run(one, "inspect", stdin=token.encode())
    run(one, "inspect", stdin=HOSTILE)
    run(one, "session", "revoke-all", "--dry-run", NAME)


ARGUMENTS = [[], ["serve"], ["ping"], ["stats"], ["-t"], ["-T"], ["key", "activate"], ["key", "retire"], ["key"],
             ["completion"], ["inspect"], ["user"], ["user", "disable"], ["user", "delete"], ["session", "list"],
             ["session", "revoke"], ["session", "revoke-all"], ["session", "revoke-all", "--users"],
             ["session", "revoke-all", "--before"], ["session", "revoke-all", "x", "--client"], ["doctor"],
             ["doctor", "--nginx"], ["help", "--mdoc"], ["version"], ["key", "new"]]
FLAGS = ["--grace-s", "--key-file", "--redis", "--redis-password-file", "--issuer", "--listen", "--access-alg",
         "--config", "--log-level", "--default-client", "--log-file"]


@pytest.mark.parametrize("words", ARGUMENTS, ids=" ".join)
def test_of_arguments(one, words):
    for hostile in (HOSTILE, b"--" + HOSTILE, b"no" + NAME.encode()):
        assert run(one, *words, hostile)


@pytest.mark.parametrize("flag", FLAGS)
def test_of_the_configuration(one, flag, tmp_path):
    for verb in (["-t"], ["-T"], ["doctor"], ["key", "list"], ["key", "new"], ["ping"], ["stats"], ["user", "list"]):
        value = os.fsencode(tmp_path) + b"/" + HOSTILE if flag == "--key-file" else HOSTILE
        run(one, *verb, f"{flag}=".encode() + value)
        run(one, *verb, env={"REFRESHD_" + flag[2:].replace("-", "_").upper(): value})


def test_of_files(one, tmp_path):
    folder = os.fsencode(tmp_path)
    names = folder + b"/" + HOSTILE
    for content in (b"x" + HOSTILE, NAME.encode() + b"\n\x01\n"):
        with open(names, "wb") as file:
            file.write(content)
        run(one, "session", "revoke-all", "--users", names)
        run(one, "-t", "--config", names)
        run(one, "-t", "--redis-password-file", names)
        run(one, "key", "list", "--key-file", names)
        run(one, "doctor", "--nginx", names)
    with open(names, "wb") as file:
        file.write(b"http { error_log " + HOSTILE.replace(b"\r\n", b"") + b" info; server { location " + NAME.encode()
                   + b" { fastcgi_pass refreshd; } } }\ninclude " + NAME.encode() + b";\n")
    run(one, "doctor", "--nginx", names)
    for dump in (b"http {}\n}\n", b"http { server { location / { fastcgi_pass refreshd; } } }\n"):
        run(one, "doctor", "--nginx", "-", stdin=b"# configuration file /" + HOSTILE.replace(b"\n", b"")
            + b":\n" + dump)


def test_of_the_path_of_a_good_configuration(one, tmp_path):
    path = os.fsencode(tmp_path) + b"/" + HOSTILE
    with open(one.config, "rb") as good, open(path, "wb") as file:
        file.write(good.read())
    for verb in ("-T", "-t"):
        assert "?2J?[2J" in run(one, verb, "--config", path)


def answers(path, body):
    """A listener that gives one such answer in FastCGI."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()

    def serve():
        with listener, listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(b"\1\6\0\1" + len(body).to_bytes(2, "big") + b"\0\0" + body
                               + b"\1\3\0\1\0\x08\0\0" + bytes(8))
    thread = threading.Thread(target=serve)
    thread.start()
    return thread


SAMPLES = (b'refreshd_refresh_total{outcome="' + HOSTILE.replace(b"\n", b"") + b'"} 3\nrefreshd_workers{state="'
           + NAME.encode() + b'"} 1\nrefreshd_' + HOSTILE + b' 4\nrefreshd_x{' + NAME.encode() + b'="y"} ' + HOSTILE
           + b"\nrefreshd_y{" + NAME.encode() + b'="y"} 5\n')


@pytest.mark.parametrize("verb, body", [
    (["ping"], b"Status: 500\r\n\r\n" + HOSTILE), (["ping"], b"Status: " + HOSTILE + b"\r\n\r\n"),
    (["stats"], b"Status: 200\r\n\r\n" + SAMPLES), (["stats", "--json"], b"Status: 200\r\n\r\n" + SAMPLES),
    (["stats"], b"Status: 500\r\n\r\n" + HOSTILE)])
def test_of_who_answers(one, tmp_path, verb, body):
    path = str(tmp_path / "fake")
    thread = answers(path, body)
    run(one, *verb, "--listen", f"unix:{path}")
    thread.join()


def test_of_the_log_on_a_terminal(one, redis_server):
    """Whom a log line is about is what the line's client says."""
    ours, theirs = pty.openpty()
    alone = service.Service(redis_server.socket)
    try:
        alone.env = {os.fsencode(k): os.fsencode(v) for k, v in alone.env.items()}
        alone.env[b"REFRESHD_GRACE_" + HOSTILE] = b"1"
        alone.start(log=os.dup(theirs))
        alone.login(NAME, "wrong")
        seen = bytearray()
        os.set_blocking(ours, False)

        def logged():
            try:
                seen.extend(os.read(ours, 65536))
            except BlockingIOError:
                pass
            return b"login.failed" in seen
        wait_until(logged, what="the log tells of the login")
        assert_printable(bytes(seen))
        assert alone.end() == 0
    finally:
        alone.stop()
        os.close(ours)
        os.close(theirs)
