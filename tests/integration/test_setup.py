"""refreshd setup: from a bare machine to one on which the service runs; again it changes nothing. Here without systemd;
tests/systemd has it with."""
import os
import pathlib
import pty
import pwd
import re
import stat
import subprocess

import pytest

from harness.own_root import OwnRoot, needs_root
from harness.processes import REPO, binary
from harness.wait import wait_until

pytestmark = needs_root
ISSUER = "--issuer", "https://app.example"


class Machine(OwnRoot):
    """refreshd is installed under the folder; nginx' workers are in the group daemon, and its configuration says so."""

    def __init__(self, folder, redis):
        super().__init__(folder)
        subprocess.run([REPO / "fcgi/dist/install.sh", binary(), folder, ""], check=True, capture_output=True)
        self.bin = self.folder / "bin/refreshd"
        self.redis = "--redis", f"unix:{redis.socket}"
        for name in ("passwd", "group", "shadow", "gshadow"):
            path = self.etc / name
            path.write_text("".join(line for line in path.open() if not line.startswith("refreshd:")))
        (self.etc / "nginx").mkdir()
        (self.etc / "nginx/nginx.conf").write_text("user daemon;\n")

    def setup(self, *words, code=0):
        done = self(self.bin, "setup", *words)
        assert done.returncode == code, done
        return done.stdout + done.stderr

    def files(self):
        """Everything in /etc and /run, with what it is and holds."""
        found = {}
        for folder in (self.etc, self.run_folder):
            for path in folder.rglob("*"):
                st = path.lstat()
                content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
                found[str(path)] = (st.st_mode, st.st_uid, st.st_gid, content)
        return found

    def user(self):
        row = next(line for line in (self.etc / "passwd").open() if line.startswith("refreshd:")).split(":")
        return int(row[2]), int(row[3])


@pytest.fixture
def machine(tmp_path, redis_server):
    return Machine(tmp_path, redis_server)


def access(path):
    st = path.stat()
    return oct(stat.S_IMODE(st.st_mode)), st.st_uid, st.st_gid


def test_it_makes_what_is_missing_and_the_service_runs(machine, redis_server):
    said = machine.setup(*ISSUER, *machine.redis, "--workers", "1", "--prefix", "/auth", "--dialect", "express")
    assert "FAIL" not in said
    uid, gid = machine.user()
    etc = machine.etc / "refreshd"
    assert access(etc) == ("0o750", 0, gid)
    assert access(etc / "keys") == ("0o600", uid, gid) and access(etc / "refreshd.conf") == ("0o640", 0, gid)
    assert access(machine.run_folder / "refreshd") == ("0o755", uid, gid)
    assert (etc / "refreshd.conf").read_text().splitlines()[1:] == [
        "issuer = https://app.example", f"redis = unix:{redis_server.socket}", "socket_group = daemon",
        "pid_file = /run/refreshd/refreshd.pid", "workers = 1", "", "[client web]", "kind = public"]
    assert os.readlink(machine.etc / "nginx/refreshd-retry.conf") == f"{machine.folder}/share/refreshd/nginx/refreshd-retry.conf"
    assert "location = /auth/refresh {" in (machine.etc / "nginx/snippets/refreshd.conf").read_text()
    assert "include refreshd-upstream.conf;" in (machine.etc / "nginx/conf.d/refreshd.conf").read_text()
    assert "FAIL" not in machine(machine.bin, "-t", check=True).stdout, "root's own test of keys that are the user's"

    os.chmod(redis_server.socket, 0o777)
    os.chmod(os.path.dirname(redis_server.socket), 0o711)
    for folder in (machine.folder, *machine.folder.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o011)
    serve = machine.wrap("setpriv", "--reuid=refreshd", "--regid=refreshd", "--init-groups", machine.bin, "serve")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("REFRESHD_")}
    with subprocess.Popen(serve, env=clean, stderr=subprocess.PIPE) as service:
        try:
            wait_until(lambda: machine(machine.bin, "ping").returncode == 0, what="it answers")
            made = machine.run_folder / "refreshd"
            assert access(made / "refreshd.sock") == access(made / "login.sock") == ("0o660", uid, pwd.getpwnam("daemon").pw_gid)
            assert (made / "refreshd.pid").read_text() == f"{service.pid}\n"
        finally:
            service.terminate()


def test_again_it_changes_nothing(machine):
    machine.setup(*ISSUER, *machine.redis, "--prefix", "/auth", "--dialect", "express")
    before = machine.files()
    said = machine.setup("--prefix", "/auth", "--dialect", "flask")
    assert "\nmake " not in "\n" + said and machine.files() == before
    said = machine.setup("--issuer", "https://other.example")
    assert "todo set issuer in /etc/refreshd/refreshd.conf yourself" in said and machine.files() == before


def test_a_dry_run_only_says_it(machine):
    before = machine.files()
    said = machine.setup(*ISSUER, *machine.redis, "--dry-run")
    assert machine.files() == before
    for what in ("the user and group refreshd", "/etc/refreshd, mode 0750", "keys in ", "/run/refreshd", "/etc/refreshd/refreshd.conf: "
                 "issuer https://app.example", "refreshd a member of daemon"):
        assert f"would make {what}" in said


def test_what_is_there_is_left_alone(machine):
    etc, nginx = machine.etc / "refreshd", machine.etc / "nginx"
    etc.mkdir(mode=0o700)
    (etc / "refreshd.conf").write_text("# mine\ngrace_s = 5\n")
    (etc / "keys").write_text("mine")
    (nginx / "refreshd-retry.conf").write_text("mine")
    machine.setup("--nginx-group", "adm", code=69)
    assert (etc / "refreshd.conf").read_text() == "# mine\ngrace_s = 5\n" and (etc / "keys").read_text() == "mine"
    assert (nginx / "refreshd-retry.conf").read_text() == "mine" and (nginx / "refreshd-once.conf").is_symlink()
    assert re.search(r"(?m)^adm:.*\brefreshd$", (machine.etc / "group").read_text())


def test_a_file_of_comments_alone_is_added_to(machine):
    (machine.etc / "refreshd").mkdir()
    path = machine.etc / "refreshd/refreshd.conf"
    path.write_text("# a note\n# workers = 2\n")
    machine.setup(*ISSUER, *machine.redis)
    assert path.read_text().startswith("# a note\n# workers = 2\n# By refreshd setup") and "\nissuer = https" in path.read_text()


def test_in_a_pipe_it_does_not_ask(machine):
    before = machine.files()
    assert "--issuer is missing" in machine.setup(*machine.redis, code=64) and machine.files() == before


def test_on_a_terminal_it_asks(machine):
    ours, theirs = pty.openpty()
    clean = {k: v for k, v in os.environ.items() if not k.startswith("REFRESHD_")}
    with subprocess.Popen(machine.wrap(machine.bin, "setup", *machine.redis), stdin=theirs, stdout=theirs, env=clean) as done:
        os.close(theirs)
        os.write(ours, b"https://typed.example\n")
        assert done.wait(60) == 0
    os.close(ours)
    assert "issuer = https://typed.example\n" in (machine.etc / "refreshd/refreshd.conf").read_text()


def test_a_redis_that_is_away_is_named_and_the_rest_is_made(machine):
    said = machine.setup(*ISSUER, "--redis", "redis://127.0.0.1:1/0", code=69)
    assert "todo redis: 127.0.0.1:1: Connection refused\n" in said
    assert "redis = redis://127.0.0.1:1/0\n" in (machine.etc / "refreshd/refreshd.conf").read_text()


@pytest.mark.parametrize("words, said", [
    (("--prefix", "/auth"), "usage: "), (("--prefix", "auth", "--dialect", "flask"), "--prefix auth: "),
    (("--prefix", "/auth", "--dialect", "flask", "--internal", "80"), "--internal 80: "), (("more",), "unexpected argument 'more'"),
    (("--dry-runs",), "unexpected argument '--dry-runs'")])
def test_what_it_does_not_understand_changes_nothing(machine, words, said):
    before = machine.files()
    assert said in machine.setup(*ISSUER, *machine.redis, *words, code=64) and machine.files() == before


def test_it_takes_root(machine):
    for folder in (machine.folder, *machine.folder.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o011)
    done = machine("setpriv", "--reuid=nobody", "--clear-groups", machine.bin, "setup", *ISSUER)
    assert done.returncode == 1 and done.stderr.startswith("refreshd: setup: takes root: sudo refreshd setup")
    assert pathlib.Path(machine.etc / "refreshd").exists() is False
