"""Who may connect to the unix sockets (socket_group, socket_mode), and the pid file."""
import os
import pathlib
import signal
import stat
import subprocess

import pytest

from harness import service
from harness.own_root import needs_root
from harness.wait import wait_until


def access(path):
    found = os.stat(path)
    return oct(stat.S_IMODE(found.st_mode)), found.st_gid


def refused(running, *wrapper):
    done = subprocess.run([*wrapper, running.bin, "serve", "--config", running.config], env=running.env, text=True,
                          capture_output=True, timeout=30)
    assert done.returncode == 78 and not list(pathlib.Path(running.folder).glob("*.sock")), done
    return [line for line in done.stderr.splitlines() if not line.startswith("{")]


def set_options(running, *lines):
    config = pathlib.Path(running.config)
    config.write_text("\n".join(lines) + "\n" + config.read_text())


def test_by_default_the_group_of_the_process_may_connect(idle):
    idle.start()
    for path in (idle.socket, idle.login_socket):
        assert access(path) == ("0o660", os.getgid())


@needs_root
@pytest.mark.parametrize("group", ["daemon", "1"])  # who is the same one everywhere
def test_the_group_by_name_or_number_gets_both_sockets(idle, group):
    idle.env["REFRESHD_SOCKET_GROUP"] = group
    idle.start()
    for path in (idle.socket, idle.login_socket):
        assert access(path) == ("0o660", 1)


def test_the_mode_is_the_one_asked_for(idle):
    idle.env["REFRESHD_SOCKET_MODE"] = "600"
    idle.start()
    assert access(idle.socket)[0] == "0o600"


@needs_root
def test_who_may_not_give_the_group_is_told(idle):
    set_options(idle, "socket_group = daemon")
    pathlib.Path(idle.folder).chmod(0o777)
    os.chown(f"{idle.folder}/keys", 65534, 65534)
    os.chmod(idle.config, 0o644)
    redis = next(line.partition("unix:")[2] for line in pathlib.Path(idle.config).read_text().splitlines()
                 if line.startswith("redis = "))
    os.chmod(redis, 0o777)
    os.chmod(os.path.dirname(redis), 0o755)
    lines = refused(idle, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    assert lines == [f"refreshd: {idle.config}:3: login_listen: unix:{idle.login_socket}: its group cannot be changed to "
                     "socket_group: the process must run as root or be in that group"]


def test_a_folder_that_is_missing_is_named(idle):
    idle.env["REFRESHD_LOGIN_LISTEN"] = f"unix:{idle.folder}/none/x.sock"
    [line] = refused(idle)
    assert line.startswith(f"refreshd: login_listen: unix:{idle.folder}/none/x.sock: its folder does not exist")


def test_the_pid_file_is_the_masters_from_start_to_end(idle):
    pid_file = pathlib.Path(idle.folder) / "refreshd.pid"
    idle.env["REFRESHD_PID_FILE"] = str(pid_file)
    idle.start()
    wait_until(pid_file.exists)
    assert pid_file.read_text() == f"{idle.process.pid}\n" and access(pid_file)[0] == "0o644"
    wait_until(lambda: idle.workers() and idle.all_serve(), what="ready")
    for number, event in ((signal.SIGHUP, "config.reloaded"), (signal.SIGUSR2, "upgrade.begin")):
        os.kill(int(pid_file.read_text()), number)
        wait_until(lambda event=event: event in idle.log(), what=event)
        wait_until(idle.serves)
    wait_until(lambda: idle.log().count("service.ready") == 2, what="the new one is ready")
    assert pid_file.read_text() == f"{idle.process.pid}\n"
    assert idle.end() == 0 and not pid_file.exists()


def test_the_pid_file_of_another_is_left_alone(idle):
    pid_file = pathlib.Path(idle.folder) / "refreshd.pid"
    idle.env["REFRESHD_PID_FILE"] = str(pid_file)
    idle.start()
    wait_until(pid_file.exists)
    pid_file.write_text("1\n")
    assert idle.end() == 0 and pid_file.read_text() == "1\n"


def test_a_pid_file_that_cannot_be_written_ends_the_start(idle):
    set_options(idle, f"pid_file = {idle.folder}/none/pid")
    assert refused(idle) == [f"refreshd: {idle.config}:1: pid_file: {idle.folder}/none/pid: No such file or directory"]
