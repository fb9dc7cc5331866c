"""Listening sockets that others made: spawn-fcgi's descriptor 0, systemd's from 3 on."""
import contextlib
import fcntl
import json
import os
import socket
import subprocess

import pytest

from harness import fcgi, service
from harness.wait import wait_until

# Puts them where systemd does, and says whom they are for. What comes behind it is its own process.
SYSTEMD = 'n=3; for fd in $FDS; do eval "exec $n<&$fd"; n=$((n + 1)); done; export LISTEN_PID=$((PID_OFF + $$)); exec "$@"'


@pytest.fixture
def made(redis_server):
    """A service whose own sockets' names nobody uses."""
    running = service.Service(redis_server.socket)
    running.sockets = contextlib.ExitStack()
    yield running
    running.sockets.close()
    running.stop()


def listening(running, name, mode=0o660, family=socket.AF_UNIX):
    made = running.sockets.enter_context(socket.socket(family))
    if family == socket.AF_UNIX:
        path = name if name[0] == "\0" else os.path.join(running.folder, name)
        made.bind(path)
        if name[0] != "\0":
            os.chmod(path, mode)
    else:
        made.bind(("127.0.0.1", 0))
    made.listen(8)
    return made


def activated(running, *sockets, names=None, pid_off=0):
    """Starts it as systemd would."""
    # far above the numbers they get
    fds = [fcntl.fcntl(s, fcntl.F_DUPFD_CLOEXEC, 60) for s in sockets]
    running.env |= {"FDS": " ".join(map(str, fds)), "LISTEN_FDS": str(len(fds)), "PID_OFF": str(pid_off)}
    if names:
        running.env["LISTEN_FDNAMES"] = ":".join(names)
    running.sockets.callback(lambda: [os.close(fd) for fd in fds])
    return {"wrapper": ("bash", "-c", SYSTEMD, "bash"), "pass_fds": fds}


def refused(running, **options):
    with subprocess.Popen([*options.pop("wrapper", ()), running.bin, "serve", "--config", running.config],
                          env=running.env, stderr=subprocess.PIPE, **options) as process:
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 78 and b"listen: " in said, (process.returncode, said)
    assert not [name for name in ("refreshd.sock", "login.sock") if os.path.exists(f"{running.folder}/{name}")]
    return said.decode()


def at(running, general="refreshd.sock", login="login.sock"):
    running.socket = os.path.join(running.folder, general)
    running.login_socket = os.path.join(running.folder, login)


def serves_both(running):
    running.add_user("demo", "pw")
    wait_until(lambda: running.login("demo", "pw").status == 200 and running.serves())


def test_descriptor_0_as_spawn_fcgi_gives_it(made):
    at(made, general="given.sock")
    made.start(stdin=listening(made, "given.sock"))
    serves_both(made)
    assert not os.path.exists(f"{made.folder}/refreshd.sock")
    for pid in [made.process.pid, *made.workers()]:
        assert os.readlink(f"/proc/{pid}/fd/0") == "/dev/null"
    assert made.end() == 0
    assert os.path.exists(made.socket) and not os.path.exists(made.login_socket), "what is not ours stays"


def test_descriptor_0_that_is_asked_for_must_be_one(made):
    made.env["REFRESHD_LISTEN"] = "fd:0"
    assert "fd:0: is not a listening socket" in refused(made, stdin=subprocess.DEVNULL)
    at(made, general="given.sock")
    made.start(stdin=listening(made, "given.sock"))
    serves_both(made)
    assert made.end() == 0 and os.path.exists(made.socket)


@pytest.mark.parametrize("names", [None, ["refreshd", "login"], ["refreshd.socket", "refreshd-login.socket"],
                                   ["both.socket", "both.socket"], ["login", "refreshd"]])
def test_two_of_systemd(made, names):
    sockets = [listening(made, "a.sock"), listening(made, "b.sock")]
    at(made, *(["b.sock", "a.sock"] if names and names[0] == "login" else ["a.sock", "b.sock"]))
    made.start(**activated(made, *sockets, names=names))
    serves_both(made)
    # a login on the general socket is refused: the roles are right
    assert fcgi.ask(made.socket, fcgi.params("login", "json", body=b"{}", CONTENT_TYPE="application/json"),
                    b"{}").status in (400, 500)
    assert not os.path.exists(f"{made.folder}/refreshd.sock") and not os.path.exists(f"{made.folder}/login.sock")
    assert "1 workers on a socket handed in" in made.log()
    assert made.end() == 0
    assert os.path.exists(made.socket) and os.path.exists(made.login_socket)


def test_requests_wait_in_a_handed_in_socket_over_a_restart(made):
    sockets = [listening(made, "a.sock"), listening(made, "b.sock")]
    at(made, "a.sock", "b.sock")
    options = activated(made, *sockets)
    made.start(**options)
    token = made.token()
    assert made.end() == 0
    with fcgi.Connection(made.socket) as early:
        early.send(fcgi.request(fcgi.params("refresh", HTTP_AUTHORIZATION=f"Bearer {token}")))
        made.start(**options)
        reply = early.read_reply()
    assert reply.status == 200 and "refresh_token" in json.loads(reply.body)
    assert made.end() == 0


def test_one_of_systemd_and_the_other_by_config(made):
    at(made, login="given.sock")
    made.start(**activated(made, listening(made, "given.sock"), names=["login"]))
    serves_both(made)
    assert made.end() == 0
    assert os.path.exists(made.login_socket) and not os.path.exists(made.socket)


def test_sockets_for_another_process_are_not_taken(made):
    made.start(**activated(made, listening(made, "given.sock"), pid_off=1))
    serves_both(made)
    assert made.end() == 0


def test_too_many_or_two_for_one_are_refused(made):
    sockets = [listening(made, name) for name in "abc"]
    assert "more than two" in refused(made, **activated(made, *sockets))
    assert "two sockets" in refused(made, **activated(made, *sockets[:2], names=["login", "login"]))


def test_what_everybody_can_reach_is_refused(made):
    assert "0660" in refused(made, stdin=listening(made, "open.sock", 0o666))
    assert "no name" in refused(made, stdin=listening(made, f"\0rd-test-{os.getpid()}"))
    assert "not a unix stream socket" in refused(made, stdin=listening(made, "", family=socket.AF_INET))
    made.env["REFRESHD_LISTEN"] = "tcp:0.0.0.0:9000"
    assert "listen_insecure_tcp" in refused(made, stdin=subprocess.DEVNULL)
