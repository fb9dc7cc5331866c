"""A private Redis on a unix socket in a temporary folder, stopped by its pid. REDIS_SERVER: the program to run."""
import os
import shutil
import signal
import subprocess
import tempfile

import redis

from .wait import wait_until

PROGRAM = os.environ.get("REDIS_SERVER", "redis-server")


class RedisServer:
    """login: what a test's own client says, where the default user is not let in."""

    def __init__(self, *options, folder=None, login=None):
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="rd-redis-")
        self.socket = os.path.join(self.folder, "redis.sock")
        self.options, self.login = options, login or {}
        self.process = None
        self.start()

    def start(self):
        with open(os.path.join(self.folder, "redis.log"), "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "--port", "0", "--unixsocket", self.socket, "--dir", self.folder,
                 "--save", "", "--appendonly", "no", *self.options],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until(self.answers, what=f"Redis in {self.folder}")

    def client(self, **options):
        return redis.Redis(unix_socket_path=self.socket, **{**self.login, **options})

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{PROGRAM} ended with {self.process.returncode}")
        try:
            with self.client() as client:
                return client.ping()
        except redis.RedisError:
            return False

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.kill()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)
