"""SIGHUP: the key file is taken up while requests go on, or refused and everything stays."""
import base64
import json
import os
import pathlib
import re
import signal
import subprocess

import jwt
import pytest

from harness import fcgi, service, stack as stacks
from harness.chains import Load
from harness.events import events
from harness.memory import holds
from harness.processes import binary, environment
from harness.proxy import Proxy
from harness.tokens import Keys, Token, b64
from harness.wait import wait_until

HUPS = int(os.environ.get("HUPS", 100))


def secret(number):
    return b64(bytes([number]) * 32)


def key_file(folder, *lines):
    """The keys that are there with other lines of refresh and access keys, put there in one step."""
    path = pathlib.Path(folder) / "keys"
    kept = re.findall("^deployment .*\n", path.read_text(), re.M)
    aside = path.with_name("keys.new")
    aside.touch(0o600)
    aside.write_text("".join([*kept, *(line + "\n" for line in lines)]))
    aside.rename(path)


def alone(number):
    """Keys that know nothing of any other number's."""
    return f"refresh {number} active {secret(number)}", f"access EdDSA active {secret(100 + number)}"


def both(active):
    state = {1: "retired", 2: "retired", active: "active"}
    return [line.replace("active", state[n]) for n in (1, 2) for line in alone(n)]


def hup(running, pid, name="key.reloaded"):
    """Returns the line that SIGHUP causes."""
    before = len(events(running, name))
    os.kill(pid, signal.SIGHUP)
    wait_until(lambda: len(events(running, name)) > before, what=name)
    return events(running, name)[-1]


def kid(token):
    return Token.parse(token).kid


@pytest.fixture
def held(redis_server):
    """One worker behind a proxy that can hold back what Redis answers; its keys are number 1."""
    proxy = Proxy(redis_server.socket)
    running = service.Service(proxy.path, REFRESHD_REDIS_TIMEOUT_MS=60_000)
    key_file(running.folder, *alone(1))
    running.keys = Keys(os.path.join(running.folder, "keys"))
    with running:
        yield running, proxy
    proxy.close()


def test_100_reloads_under_load_fail_no_request():
    with stacks.Stack(workers=2) as stack:
        master, workers = stack.pids["refreshd"], stack.workers()
        key_file(stack.folder, *both(1))
        hup(stack, master)
        kids, signers = set(), set()

        def seen(body):
            kids.add(kid(body["refresh_token"]))
            signers.add(jwt.get_unverified_header(body["access_token"])["kid"])

        with Load(stack, seen=seen) as load:
            for number in range(HUPS):
                key_file(stack.folder, *both(1 + number % 2))
                hup(stack, master)
        assert not load.reconnects and load.refreshes > HUPS
        assert kids == {1, 2} and len(signers) == 2
        assert stack.workers() == workers and not events(stack, "worker.died")


def wrong_keys(folder, name):
    path = pathlib.Path(folder) / "keys"
    if name == "missing":
        path.unlink()
    elif name == "open to others":
        path.chmod(0o640)
    elif name == "another deployment":
        path.write_text("\n".join([f"deployment {secret(9)}", *alone(2)]) + "\n")
    elif name == "no signing key":
        key_file(folder, alone(2)[0])
    elif name == "not of this algorithm":
        key_file(folder, alone(2)[0], f"access HS256 active {secret(9)}")
    else:
        key_file(folder, *alone(2), "signing x")


def verb(stack, *words):
    done = subprocess.run([binary(), *words, "--config", f"{stack.folder}/refreshd.conf"], env=environment(),
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done
    return done.stdout


def test_keys_rotate_by_the_verbs_under_load_and_no_refresh_fails():
    """new, HUP, activate, HUP, and when the old one has no token left: retire, HUP."""
    with stacks.Stack(workers=2) as stack, Load(stack) as load:
        for kind in ("refresh", "access"):
            verb(stack, "key", "new", kind)
            hup(stack, stack.pids["refreshd"])
        rows = [line.split() for line in verb(stack, "key", "list").splitlines()[1:]]
        for row in rows:
            if "next" in row:
                verb(stack, "key", "activate", row[1], "--now")
        hup(stack, stack.pids["refreshd"])
        wait_until(lambda: [kid(chain.token) for chain in load.chains] == [2] * 4, what="all of the new key")
        verb(stack, "key", "retire", "1", "--now")
        hup(stack, stack.pids["refreshd"])
        seen = load.refreshes
        wait_until(lambda: load.refreshes > seen + 20, what="more refreshes")


@pytest.mark.parametrize("name", ["missing", "open to others", "another deployment", "no signing key",
                                  "not of this algorithm", "unknown word"])
def test_a_key_file_that_will_not_do_is_refused_and_the_old_keys_serve(redis_server, name):
    running = service.Service(redis_server.socket, workers=2)
    key_file(running.folder, *alone(1))
    with running:
        token, workers = running.token(), running.workers()
        wrong_keys(running.folder, name)
        line = hup(running, running.process.pid, "reload.refused")
        assert os.path.join(running.folder, "keys") in line["msg"] and secret(2) not in line["msg"]
        assert kid(running.token()) == 1 and running.refresh(token).status == 200
        assert running.workers() == workers and not events(running, "key.reloaded")


def test_a_refused_reload_is_followed_by_a_good_one(redis_server):
    running = service.Service(redis_server.socket)
    key_file(running.folder, *both(1))
    with running:
        token = running.token()
        wrong_keys(running.folder, "unknown word")
        hup(running, running.process.pid, "reload.refused")
        key_file(running.folder, *both(2))
        hup(running, running.process.pid)
        assert kid(running.token()) == 2 and running.refresh(token).status == 200
        assert len(events(running, "reload.refused")) == 1, "one line"


def test_a_request_in_flight_ends_with_the_keys_it_began_with(held):
    running, proxy = held
    token = running.token()
    proxy.hold = True
    with fcgi.Connection(running.socket) as connection:
        connection.send(fcgi.request(fcgi.params("refresh", HTTP_AUTHORIZATION=f"Bearer {token}")))
        wait_until(lambda: proxy.held, what="the script has run")
        old_tag_key = running.keys.refresh[1][0]
        key_file(running.folder, *alone(2))  # which do not even know the old one
        hup(running, running.process.pid)
        assert running.refresh(token).status == 401, "a new request has the new keys"
        assert holds(running.workers()[0], old_tag_key)
        proxy.hold = False
        reply = connection.read_reply()
        assert reply.status == 200
        successor = json.loads(reply.body)["refresh_token"]
        assert kid(successor) == 1 and Token.parse(successor).tagged(running.keys).text() == successor
        assert running.refresh(successor).status == 401
        assert kid(running.token()) == 2
        assert not holds(running.workers()[0], old_tag_key), "wiped with the last request of it"


def test_idle_workers_and_the_master_forget_the_old_keys_at_once(redis_server):
    running = service.Service(redis_server.socket, workers=2)
    key_file(running.folder, *alone(1))
    old, old_signer = Keys(os.path.join(running.folder, "keys")), base64.urlsafe_b64decode(secret(101) + "=")
    with running:
        pids = [running.process.pid, *running.workers()]
        wait_until(running.serves)
        canaries = [*old.refresh[1], old_signer]
        assert all(holds(pid, canaries[0]) for pid in pids), "the test of the test"
        key_file(running.folder, *alone(2))
        hup(running, running.process.pid)
        new = Keys(os.path.join(running.folder, "keys"))
        for pid in pids:
            wait_until(lambda: not any(holds(pid, canary) for canary in canaries), what="forgotten")
            assert holds(pid, new.refresh[2][0])


def test_a_worker_that_starts_after_a_reload_has_the_new_keys_without_the_file(redis_server):
    running = service.Service(redis_server.socket)
    key_file(running.folder, *both(1))
    with running:
        token, worker = running.token(), running.workers()[0]
        assert kid(token) == 1
        key_file(running.folder, *both(2))
        hup(running, running.process.pid)
        os.unlink(os.path.join(running.folder, "keys"))
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: running.workers() not in ([], [worker]), what="a new worker")
        assert kid(running.token()) == 2 and running.refresh(token).status == 200


def test_a_reload_while_stopping_is_ignored(held):
    running, proxy = held
    token = running.token()
    proxy.hold = True
    with fcgi.Connection(running.socket) as connection, fcgi.Connection(running.socket) as idle:
        connection.send(fcgi.request(fcgi.params("refresh", HTTP_AUTHORIZATION=f"Bearer {token}")))
        wait_until(lambda: proxy.held, what="the script has run")
        running.process.send_signal(signal.SIGTERM)
        assert idle.closed_by_peer(), "it is stopping"
        running.process.send_signal(signal.SIGHUP)
        for worker in running.workers():
            os.kill(worker, signal.SIGHUP)
        proxy.hold = False
        assert connection.read_reply().status == 200
    assert running.process.wait(30) == 0 and not events(running, "key.reloaded")
