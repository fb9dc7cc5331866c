"""Keys and Redis' password as Kubernetes mounts a Secret: a read-only folder in which keys is a link to
..data/keys, ..data a link to a folder of this version, and the files are root's and of the pod's fsGroup, mode
0440. A new version comes by a rename of ..data. The service is not root and has that group beside its own."""
import json
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from harness.processes import binary
from harness.redis_server import RedisServer
from harness.service import Service
from harness.tokens import Token
from harness.wait import wait_until

USER, FS_GROUP = 10001, 20001
PASSWORD = "the password of Redis"
# In a container nobody may mount; then the folder is root's all the same.
MOUNTS = subprocess.run(["unshare", "-m", "mount", "--bind", "/", "/"], capture_output=True).returncode == 0
READ_ONLY = 'mount --bind "$0" "$0"; mount -o remount,ro,bind "$0"; exec "$@"'

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


class Secret:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / "secret"
        self.folder.mkdir()
        self.count = 0

    def publish(self, **files):
        """As kubelet does: a folder of its own for each version, then one rename."""
        self.count += 1
        version = self.folder / f"..version_{self.count}"
        version.mkdir()
        for name, data in files.items():
            path = version / name
            path.write_bytes(data)
            os.chown(path, 0, FS_GROUP)
            path.chmod(0o440)
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        (self.folder / "..data_tmp").symlink_to(version.name)
        (self.folder / "..data_tmp").rename(self.folder / "..data")

    def state(self):
        return {str(path): path.is_symlink() or path.is_dir() or path.read_bytes() for path in self.folder.rglob("*")}


class Pod(Service):
    def __init__(self, redis_socket):
        super().__init__(redis_socket)
        os.chmod(self.folder, 0o755)
        self.bin = shutil.copy(binary(), self.folder)
        os.chown(self.folder, USER, USER)
        self.secret = Secret(self.folder)
        self.copy = pathlib.Path(self.folder) / "keys"
        self.env |= {"REFRESHD_KEY_FILE": str(self.secret.folder / "keys"),
                     "REFRESHD_REDIS_PASSWORD_FILE": str(self.secret.folder / "password")}
        self.publish()

    def publish(self):
        self.secret.publish(keys=self.copy.read_bytes(), password=PASSWORD.encode())

    def edit_copy(self, *verb):
        done = self.run("key", *verb, "--key-file", str(self.copy), text=True)
        assert done.returncode == 0, done.stderr

    def mounted(self):
        return ["unshare", "-m", "sh", "-euc", READ_ONLY, str(self.secret.folder)] if MOUNTS else []

    def user(self, group=USER):
        return [*self.mounted(), "setpriv", f"--reuid={USER}", f"--regid={group}", f"--groups={FS_GROUP}"]

    def as_user(self, *words, group=USER):
        return subprocess.run([*self.user(group), self.bin, *words, "--config", self.config], env=self.env, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def redis_with_password():
    server = RedisServer("--requirepass", PASSWORD, "--unixsocketperm", "777", login={"password": PASSWORD})
    os.chmod(server.folder, 0o755)
    yield server
    server.stop()


@pytest.fixture
def pod(redis_with_password):
    made = Pod(redis_with_password.socket)
    yield made
    made.stop()


def test_S_a_secret_serves_and_its_next_version_comes_by_SIGHUP(pod):
    pod.start(wrapper=pod.user())
    before = pod.token()
    assert Token.parse(before).kid == 1
    pod.edit_copy("new", "refresh")
    pod.publish()
    pod.process.send_signal(signal.SIGHUP)
    pod.edit_copy("activate", "2")
    pod.publish()
    pod.process.send_signal(signal.SIGHUP)
    wait_until(lambda: Token.parse(pod.token()).kid == 2, what="the active key of the second version")
    reply = pod.refresh(before)
    assert reply.status == 200 and Token.parse(json.loads(reply.body)["refresh_token"]).kid == 2
    assert "reload.refused" not in pod.log()


def test_S_a_version_that_others_can_read_is_refused_and_the_old_keys_serve(pod):
    pod.start(wrapper=pod.user())
    (pod.secret.folder / "..data/keys").chmod(0o444)
    pod.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "defaultMode: 0440" in pod.log(), what="the refusal")
    assert pod.refresh(pod.token()).status == 200


@pytest.mark.parametrize("setgid", [False, True])
def test_S_keys_that_the_group_of_the_sockets_can_read_are_refused(pod, setgid):
    """By the service's own group, or by the folder in which the sockets are made, as a volume with an fsGroup."""
    if setgid:
        os.chown(pod.folder, USER, FS_GROUP)
        os.chmod(pod.folder, 0o2755)
    for verb in (["serve"], ["-t"], ["key", "list"]):
        done = pod.as_user(*verb, group=USER if setgid else FS_GROUP)
        assert done.returncode == 78, done
        assert "its group is that of the FastCGI sockets" in done.stdout + done.stderr


def test_without_another_group_of_sockets_all_checks_pass(pod):
    """Over TCP nobody goes by groups."""
    pod.env |= {"REFRESHD_LISTEN": "tcp:127.0.0.1:9", "REFRESHD_LOGIN_LISTEN": "tcp:127.0.0.1:10"}
    done = pod.as_user("-t", group=FS_GROUP)
    assert "ok   keys" in done.stdout and "ok   redis" in done.stdout, done


@pytest.mark.parametrize("root", [False, True])
@pytest.mark.parametrize("verb", [["new", "access"], ["new", "refresh"], ["activate", "2"], ["retire", "1"]], ids=" ".join)
def test_an_edit_in_a_read_only_secret_says_how_else_and_writes_nothing(pod, verb, root):
    if root and not MOUNTS:
        pytest.skip("nothing is read-only for root here")
    pod.edit_copy("new", "refresh")
    if verb[0] == "retire":
        pod.edit_copy("activate", "2")
        verb = [*verb, "--now"]
    pod.publish()
    before = pod.secret.state()
    words = [*pod.mounted(), pod.bin, "key", *verb, "--config", pod.config]
    done = subprocess.run(words, env=pod.env, text=True, capture_output=True) if root else pod.as_user("key", *verb)
    assert done.returncode == 1 and done.stdout == ""
    assert ("Read-only file system" if MOUNTS else "Permission denied") in done.stderr and "--key-file COPY" in done.stderr and "Secret" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert pod.secret.state() == before
    pod.edit_copy(*verb)  # the way it names
