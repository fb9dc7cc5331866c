"""nginx/stack.sh, which is make up and make run."""
import json
import os
import pathlib
import signal
import subprocess

import pytest

from harness import rawhttp, stack as stacks
from harness.processes import alive, binary, children, environment, free_ports
from harness.wait import wait_until


def open_files(pid):
    found = []
    for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(os.readlink(fd))
        except FileNotFoundError:
            pass
    return found


def all_of(pids):
    return [pid for leader in pids.values() for pid in (leader, *children(leader))]


@pytest.fixture
def inherited(tmp_path):
    """Descriptors of a caller, high and low, of one file."""
    first = os.open(tmp_path / "callers", os.O_RDWR | os.O_CREAT)
    fds = [first, *(os.dup2(first, number) for number in (200, 254, 255))]
    yield str(tmp_path / "callers"), fds
    for fd in fds:
        os.close(fd)


def test_make_up_hands_nothing_of_its_caller_to_what_runs_on(inherited):
    path, fds = inherited
    with stacks.Stack(pass_fds=fds) as running:
        seen = {pid: open_files(pid) for pid in all_of(running.pids)}
        assert len(seen) >= 6 and all(seen.values()), "Redis, refreshd and nginx, with their workers"
        assert [pid for pid, files in seen.items() if path in files] == []
        assert running.http("GET", "/healthz").status == 200


def test_a_lock_around_make_up_is_free_afterwards(tmp_path):
    port, internal = free_ports(2)
    folder = tmp_path / "stack"
    env = environment(PORT=port, INTERNAL_PORT=internal, DIR=folder, REFRESHD_BIN=binary())
    lock = str(tmp_path / "lock")
    try:
        subprocess.run(["flock", lock, stacks.SCRIPT, "up"], env=env, check=True, capture_output=True, timeout=120,
                       stdin=subprocess.DEVNULL)
        subprocess.run(["flock", "--nonblock", lock, "true"], check=True, timeout=30)
    finally:
        subprocess.run([stacks.SCRIPT, "down"], env=env, check=True, capture_output=True, timeout=120)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_all(tmp_path, inherited, number):
    """Also with descriptors of the caller. Ctrl-C goes to the whole foreground group."""
    port, internal = free_ports(2)
    folder = tmp_path / "stack"
    env = environment(PORT=port, INTERNAL_PORT=internal, DIR=folder, REFRESHD_BIN=binary())
    process = subprocess.Popen([stacks.SCRIPT, "run"], env=env, start_new_session=True, pass_fds=inherited[1],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        wait_until(lambda: (folder / "stack.json").exists() or process.poll() is not None, what="it is up", timeout=60)
        running = json.loads((folder / "stack.json").read_text())
        assert rawhttp.ask(running["url"], "GET", "/healthz").status == 200
        everyone = all_of(running["pids"])
        wait_until(lambda: os.path.exists(f"/proc/{process.pid}/fd/8")
                   and set(children(process.pid)) == set(running["pids"].values()), what="it waits")
        os.killpg(process.pid, number)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0 and said == "", (process.returncode, said)
        assert not any(map(alive, everyone)) and not (folder / "stack.json").exists()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        subprocess.run([stacks.SCRIPT, "down"], env=env, capture_output=True, timeout=120)
