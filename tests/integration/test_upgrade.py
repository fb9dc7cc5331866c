"""SIGUSR2: the master becomes the binary of today in the same process, and nobody notices but its workers."""
import os
import pathlib
import shutil
import signal

import pytest

from harness import fcgi, service, stack as stacks
from harness.chains import Load
from harness.events import events
from harness.processes import alive, binary, children
from harness.wait import wait_until

UPGRADES = int(os.environ.get("UPGRADES", 3))


def upgrade(running, master, event="service.ready"):
    before = len(events(running, event))
    os.kill(master, signal.SIGUSR2)
    wait_until(lambda: len(events(running, event)) > before, what=event)


def install(path):
    """A new file of that name, as a package manager does it."""
    aside = pathlib.Path(f"{path}.new")
    shutil.copy(binary(), aside)
    aside.rename(path)
    return os.stat(path).st_ino


def runs(pid):
    return os.stat(f"/proc/{pid}/exe").st_ino


@pytest.fixture
def installed(tmp_path):
    path = tmp_path / "refreshd"
    install(path)
    return path


@pytest.fixture
def ready(redis_server, installed):
    with service.Service(redis_server.socket, workers=2, bin=str(installed)) as running:
        wait_until(lambda: events(running, "service.ready"), what="ready")
        yield running


def test_upgrades_under_load_fail_no_request(installed):
    with stacks.Stack(workers=2, bin=str(installed)) as stack:
        master, stack.bin = stack.pids["refreshd"], installed
        with Load(stack) as load:
            for _ in range(UPGRADES):
                before, file = stack.workers() + stack.login_workers(), install(installed)
                upgrade(stack, master)
                wait_until(lambda: not any(map(alive, before)), what="the old ones end")
                assert {runs(pid) for pid in (master, *stack.workers(), *stack.login_workers())} == {file}
        assert not load.reconnects and load.refreshes > UPGRADES
        assert not events(stack, "worker.died") and not events(stack, "worker.stuck")
        assert len(children(master)) == 3, "and no zombie"


def test_it_reads_its_configuration_again(ready):
    assert len(ready.workers()) == 2
    with open(ready.config) as file:
        text = file.read()
    pathlib.Path(ready.config).write_text(text.replace("workers = 2", "workers = 3"))
    upgrade(ready, ready.process.pid)
    wait_until(lambda: len(ready.workers()) == 3, what="the old ones end")
    assert ready.serves() and ready.end() == 0
    assert not os.path.exists(ready.socket) and not os.path.exists(ready.login_socket)


def spoil(running, installed, name):
    config = pathlib.Path(running.config)
    if name == "no binary":
        installed.unlink()
    elif name == "another program":
        installed.unlink()
        shutil.copy("/bin/false", installed)
    elif name == "no keys":
        pathlib.Path(running.folder, "keys").unlink()
    elif name == "another socket":
        config.write_text(config.read_text().replace("refreshd.sock", "other.sock"))
    else:
        config.write_text(config.read_text() + "unknown = 1\n")


@pytest.mark.parametrize("name", ["no binary", "another program", "no keys", "another socket", "bad config"])
def test_what_will_not_do_is_refused_and_all_goes_on(ready, installed, name):
    workers, token = ready.workers(), ready.token()
    spoil(ready, installed, name)
    upgrade(ready, ready.process.pid, "upgrade.refused")
    assert ready.workers() == workers and ready.refresh(token).status == 200
    assert "RD_LEGACY" not in pathlib.Path(f"/proc/{ready.process.pid}/environ").read_text()
    assert ready.end() == 0


def test_a_request_in_flight_is_answered_by_the_worker_that_has_it(ready):
    token, old = ready.token(), ready.workers()
    params = fcgi.params("refresh", HTTP_AUTHORIZATION=f"Bearer {token}")
    with fcgi.Connection(ready.socket) as half:
        request = fcgi.request(params)
        half.send(request[:-8])  # all but the end of stdin
        upgrade(ready, ready.process.pid)
        wait_until(lambda: len(ready.workers()) > 2 or not set(old) & set(ready.workers()))
        half.send(request[-8:])
        assert half.read_reply().status == 200
    wait_until(lambda: not any(map(alive, old)), what="the old ones end")


def test_the_workers_of_before_end_with_SIGTERM_too(ready):
    with fcgi.Connection(ready.socket) as idle:  # keeps one of them for a second
        assert idle.ask(fcgi.params("refresh", HTTP_AUTHORIZATION="Bearer x")).status == 401
        upgrade(ready, ready.process.pid)
        pids = children(ready.process.pid)
        assert ready.end() == 0
    assert not any(map(alive, pids)) and not os.path.exists(ready.socket)


def test_a_new_master_killed_leaves_no_worker_of_before(ready):
    with fcgi.Connection(ready.socket):
        upgrade(ready, ready.process.pid)
        pids = children(ready.process.pid)
        os.kill(ready.process.pid, signal.SIGKILL)
        ready.process.wait(30)
        wait_until(lambda: not any(map(alive, pids)), what="all end")


def test_a_storm_of_all_signals_ends_in_service(ready):
    master, token = ready.process.pid, ready.token()
    for _ in range(30):
        for number in (signal.SIGHUP, signal.SIGUSR2, signal.SIGUSR1, signal.SIGCHLD):
            os.kill(master, number)
        assert ready.refresh(token).status == 200
    wait_until(lambda: len(ready.workers()) == 2 and len(ready.login_workers()) == 1, what="it settles")
    assert ready.end() == 0
