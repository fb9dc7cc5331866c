"""SIGHUP and each option: either it needs a restart and that is said, or it is taken up and takes effect."""
import contextlib
import os
import re
import signal
import subprocess

import pytest

from harness import fcgi, service
from harness.events import events
from harness.processes import alive, binary, environment
from harness.proxy import Proxy
from harness.wait import wait_until
from test_reload_config import reload, rewrite
from test_show_config import rows


def options():
    """Of each option its name, what `refreshd help` says may stand in it, and whether that needs a restart."""
    text = subprocess.run([binary(), "help"], env=environment(), text=True, capture_output=True, check=True).stdout
    text = text[text.index("\nOptions"):text.index("\nIn a [client")]
    for name, rest in re.findall(r"(?m)^  (\w+) +(.*)$", re.sub(r"\n {10,}", " ", text)):
        values = re.search(r"\[(?:[^\[\];]*; )?([^\[\]]*)\](?: \(restart\))?$", rest)
        yield name, values and values[1], rest.endswith("(restart)")


def another(name, values, now):
    """A good value of that option which it does not have now."""
    if name == "access_jitter_s":  # without a default there is no range
        return str(int(now) + 1)
    if name == "socket_mode":
        return "0600"
    if values and (numbers := re.fullmatch(r"(\d+)\.\.(\d+)", values)):
        return next(number for number in numbers.groups() if number != now)
    if values and "|" in values:
        return next(word for word in values.split("|") if word != now)
    return f"another-{name}"


def shown(running):
    done = subprocess.run([running.bin, "-T", "--config", running.config], env=running.env, text=True,
                          capture_output=True, check=True)
    return {name: value for (section, name), (value, _) in rows(done.stdout).items() if not section}


@contextlib.contextmanager
def started(redis_socket, *lines, workers=1, **env):
    """A service whose file says that from the start."""
    running = service.Service(redis_socket, workers, **env)
    rewrite(running, *lines)
    with running:
        wait_until(lambda: events(running, "service.ready"), what="ready")
        yield running


def hup(running, *lines):
    rewrite(running, *lines)
    return reload(running)


def test_every_option_is_taken_up_or_reported_as_needing_a_restart(redis_server):
    with started(redis_server.socket) as running:
        now, seen = shown(running), []
        for name, values, restart in options():
            ignored = len(events(running, "reload.ignored"))
            rewrite(running, f"{name} = {another(name, values, now[name])}", without=f"(?m)^{name} = .*\n")
            changed = reload(running).removeprefix("changed: ").split(", ")
            told = [line["msg"].partition(":")[0] for line in events(running, "reload.ignored")[ignored:]]
            assert (name in changed, told) == ((False, [name]) if restart else (True, [])), name
            seen.append(name)
        assert set(seen) == set(now) and running.serves()


def test_a_shorter_watchdog_kills_a_stopped_worker_and_no_idle_one(redis_server):
    with started(redis_server.socket, "watchdog_s = 3600", workers=2) as running:
        stopped, idle = running.workers()
        os.kill(stopped, signal.SIGSTOP)
        assert "watchdog_s" in hup(running, "watchdog_s = 1")
        wait_until(lambda: not alive(stopped) and len(running.workers()) == 2, what="a new worker")
        assert idle in running.workers() and len(events(running, "worker.stuck")) == 1


def test_a_watchdog_that_is_switched_on_finds_idle_workers_alive(redis_server):
    with started(redis_server.socket, "watchdog_s = 0", workers=2) as running:
        before = running.workers() + running.login_workers()
        hup(running, "watchdog_s = 1")
        os.kill(before[0], signal.SIGSTOP)
        wait_until(lambda: not alive(before[0]), what="the stopped one is killed")
        assert set(before[1:]) <= set(running.workers() + running.login_workers())


@pytest.mark.parametrize("at_first", ["max_requests = 0", "max_requests = 1000000"])
def test_max_requests_recycles_a_worker_that_runs_already(redis_server, at_first):
    with started(redis_server.socket, at_first) as running:
        before = running.workers()
        hup(running, "max_requests = 3")
        wait_until(lambda: running.serves() and events(running, "worker.recycled"), what="a successor")
        wait_until(lambda: len(running.workers()) == 1 and running.workers() != before, what="one worker again")
        hup(running, "max_requests = 0")
        recycled = len(events(running, "worker.recycled"))
        assert all(running.serves() for _ in range(20)) and len(events(running, "worker.recycled")) == recycled


def test_drain_timeout_ends_a_service_whose_request_waits_for_Redis(redis_server):
    proxy = Proxy(redis_server.socket)
    with started(proxy.path, "drain_timeout_ms = 600000", REFRESHD_REDIS_TIMEOUT_MS=60_000) as running:
        token = running.token()
        hup(running, "drain_timeout_ms = 100")
        proxy.hold = True
        with fcgi.Connection(running.socket) as connection:
            connection.send(fcgi.request(fcgi.params("refresh", HTTP_AUTHORIZATION=f"Bearer {token}")))
            wait_until(lambda: proxy.held, what="a question to Redis")
            assert running.end(timeout=20) == 0
    proxy.close()


def test_login_queue_bounds_the_logins_that_begin_afterwards(redis_server):
    proxy = Proxy(redis_server.socket)
    with started(proxy.path, REFRESHD_REDIS_TIMEOUT_MS=60_000) as running:
        running.add_user("demo", "pw")
        hup(running, "login_queue = 1")
        proxy.hold = True
        body = b'{"name":"demo","password":"pw"}'
        with fcgi.Connection(running.login_socket) as first:
            first.send(fcgi.request(fcgi.params("login", "json", body=body, CONTENT_TYPE="application/json"), body))
            wait_until(lambda: proxy.held, what="a question to Redis")
            assert running.login("demo", "pw").status == 503
            proxy.hold = False
            assert first.read_reply().status == 200
    proxy.close()


def test_read_timeout_closes_connections_that_send_half_a_request(redis_server):
    with started(redis_server.socket, "read_timeout_ms = 600000") as running:
        hup(running, "read_timeout_ms = 100")
        with fcgi.Connection(running.socket) as connection:
            connection.send(fcgi.request(fcgi.params("health", method="GET"))[:20])
            assert connection.closed_by_peer()


def test_body_max_and_grace_and_log_requests_hold_for_the_next_request(redis_server):
    with started(redis_server.socket, "grace_s = 300") as running:
        form = {"dialect": "oauth2", "body": b"refresh_token=" + b"x" * 2000,
                "CONTENT_TYPE": "application/x-www-form-urlencoded"}
        token = running.token()
        assert running.refresh(token).status == 200 and running.refresh(token).status == 200, "within grace"
        assert running.ask("refresh", **form).status != 413 and not events(running, "request")
        hup(running, "body_max = 1024", "grace_s = 0", "log_requests = on")
        token = running.token()
        assert running.refresh(token).status == 200 and running.refresh(token).status == 401, "no grace"
        assert running.ask("refresh", **form).status == 413 and events(running, "request")
