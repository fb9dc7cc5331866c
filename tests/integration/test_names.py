"""redis://name: the name is looked up for each connection, and whatever name servers do, no worker stands still for it."""
import os
import signal
import time

import pytest

from harness import service
from harness.events import events
from harness.names import Names
from harness.processes import free_ports
from harness.redis_server import RedisServer
from harness.tokens import Token
from harness.wait import wait_until

WATCHDOG_S = 1


@pytest.fixture
def names():
    made = Names()
    yield made
    made.close()


@pytest.fixture
def port():
    return free_ports(1)[0]


@pytest.fixture
def server(port):
    running = RedisServer("--port", str(port), "--bind", "127.0.0.1")
    yield running
    running.stop()


def named(names, port, **env):
    """Two workers and a login worker, whose Redis has a name."""
    return service.Service("/nowhere", workers=2, REFRESHD_REDIS=f"redis://redis.test:{port}",
                           REFRESHD_WATCHDOG_S=WATCHDOG_S, **names.env, **env)


def some_token(running):
    """It is genuine, and of a session that Redis does not know."""
    return Token(1, 1, bytes(8), bytes(16), 0, bytes(24), bytes(16)).tagged(running.keys).text()


def pids(running):
    return running.workers() + running.login_workers()


def asked_by(names, running):
    """Which of its processes have looked the name up, once for each time."""
    return sorted(pid for _, _, pid in names.asked() if pid in pids(running))


def answers_without_redis(running):
    for _ in range(10):  # for each worker
        assert running.serves()
        assert running.ask("health", method="GET").status == 200
        assert running.refresh(some_token(running)).status == 503


def refreshes(running):
    """By every worker, so several times in a row."""
    token = running.ask_issue(b'{"sub":"anna"}')
    return token.status == 200 and all(running.refresh(some_token(running)).status == 401 for _ in range(10))


def test_R_silent_name_servers_hold_up_no_request_and_no_worker_and_one_look_up_is_enough(names, server, port):
    with named(names, port) as running:
        before = pids(running)
        wait_until(lambda: asked_by(names, running) == sorted(before), what="all look for Redis")
        end = time.monotonic() + 2.5 * WATCHDOG_S
        while time.monotonic() < end:
            answers_without_redis(running)
        assert asked_by(names, running) == sorted(before), "each has asked once"
        names.say("127.0.0.1")
        wait_until(lambda: refreshes(running), what="all workers have found Redis")
        assert pids(running) == before and not events(running, "worker.stuck")


def test_R_silent_name_servers_after_a_loss_and_then_another_address(names, server, port):
    names.say("127.0.0.1")
    with named(names, port, REFRESHD_DURABILITY="replica") as running:
        before = pids(running)
        wait_until(lambda: refreshes(running), what="Redis is there")
        names.be_silent()
        asked = len(names.asked())
        server.kill()
        wait_until(lambda: len(names.asked()) == asked + 6, what="both connections of all look for it")
        answers_without_redis(running)
        moved = RedisServer("--port", str(port), "--bind", "127.0.0.2")
        try:
            names.say("127.0.0.2")
            wait_until(lambda: refreshes(running), what="it is found at its new address")
        finally:
            moved.stop()
        assert pids(running) == before and not events(running, "worker.stuck")


def test_of_several_addresses_the_next_one_is_tried(names, server, port):
    names.say("127.0.0.3", "127.0.0.2", "127.0.0.1")
    with named(names, port) as running:
        wait_until(lambda: refreshes(running), what="the third address")
        assert len(asked_by(names, running)) == 3


def test_an_unknown_name_is_asked_for_again(names, server, port):
    names.say()
    with named(names, port) as running:
        wait_until(lambda: len(names.asked()) > 20, what="they try again")
        answers_without_redis(running)
        down = events(running, "redis.down")
        assert len(down) == 3 and {line["msg"].partition(": ")[2] for line in down} == {"Name or service not known"}
        names.say("127.0.0.1")
        wait_until(lambda: refreshes(running), what="Redis is there")


def test_a_look_up_holds_up_no_shutdown_no_reload_and_no_upgrade(names, port):
    with named(names, port) as running:
        before = pids(running)
        wait_until(lambda: asked_by(names, running) == sorted(before), what="all look for Redis")
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: events(running, "key.reloaded"), what="new keys")
        ready = len(wait_until(lambda: events(running, "service.ready"), what="ready"))
        running.process.send_signal(signal.SIGUSR2)
        wait_until(lambda: len(events(running, "service.ready")) > ready, what="new workers")
        wait_until(lambda: not set(before) & set(pids(running)), what="the old ones end")
        answers_without_redis(running)
        assert running.end() == 0
        assert not events(running, "worker.stuck") and not events(running, "worker.died")
    assert not os.path.exists(names.file)


def test_admin_verbs_give_up(names, port):
    running = named(names, port)
    try:
        for verb in (["session", "list", "anna"], ["-t"]):
            done = running.run(*verb, text=True)
            assert done.returncode == 69 and "no address in time" in done.stdout + done.stderr, done
    finally:
        running.stop()


def test_an_IP_address_is_looked_up_by_nobody(names, server, port):
    with service.Service("/nowhere", REFRESHD_REDIS=f"redis://127.0.0.1:{port}", **names.env) as running:
        wait_until(lambda: refreshes(running), what="Redis is there")
        assert {look_up[:2] for look_up in names.asked(None)} == {("127.0.0.1", "main")}, "it is only taken apart"
