"""refreshd alone: no nginx, spoken to over its FastCGI socket, with a Redis of the test's choice."""
import base64
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile

from . import fcgi
from .dialects import compact
from .processes import alive, binary, children, environment
from .stack import print_logs, tails
from .tokens import Keys, Token
from .wait import wait_until

RUNNING = []
CONFIG = """listen = unix:{folder}/refreshd.sock
login_listen = unix:{folder}/login.sock
redis = unix:{redis}
key_file = {folder}/keys
issuer = http://127.0.0.1
workers = {workers}

[client web]
kind = public

[client backend]
kind = confidential
secret_sha256 = 2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b
issue = on
"""
SECRET = "secret"  # whose SHA-256 that is


class Service:
    """folder: with keys made before; by default a new one, deleted at the end."""

    def __init__(self, redis_socket, workers=1, bin=None, folder=None, **env):
        self.bin, self.count = bin or binary(), workers
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="rd-")
        self.socket = os.path.join(self.folder, "refreshd.sock")
        self.login_socket = os.path.join(self.folder, "login.sock")
        self.config = os.path.join(self.folder, "refreshd.conf")
        self.env = environment(**env)
        self.process = None
        with open(self.config, "w") as file:
            file.write(CONFIG.format(folder=self.folder, redis=redis_socket, workers=workers))
        self.run("key", "new", check=True)
        self.keys = Keys(os.path.join(self.folder, "keys"))
        RUNNING.append(self)

    def run(self, *verb, check=False, **options):
        return subprocess.run([self.bin, *verb, "--config", self.config], env=self.env, check=check,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, **options)

    def add_user(self, name, password):
        subprocess.run([self.bin, "user", "add", "--if-missing", name, "--config", self.config],
                       env=self.env, check=True, input=password.encode() + b"\n",
                       capture_output=True, timeout=60)

    def start(self, log=None, wrapper=(), **popen):
        """log: a descriptor instead of the log file. wrapper: a command that runs what follows it."""
        with open(log or os.path.join(self.folder, "refreshd.log"), "ab", closefd=log is None) as log:
            self.process = subprocess.Popen([*wrapper, self.bin, "serve", "--config", self.config], env=self.env,
                                            stdout=log, stderr=log, **{"stdin": subprocess.DEVNULL, **popen})
        wait_until(self.listens, what="refreshd listens", pause=0.002)
        return self

    def listens(self):
        assert self.process.poll() is None, f"refreshd ended with {self.process.returncode}"
        try:
            fcgi.Connection(self.socket).close()
            return True
        except (FileNotFoundError, ConnectionRefusedError):
            return False

    # What a client does, over one connection for each request.

    def ask(self, route, dialect="flask", body=b"", **params):
        path = self.login_socket if route == "login" else self.socket
        return fcgi.ask(path, fcgi.params(route, dialect, body=body, **params), body)

    def login(self, name, password):
        body = compact(name=name, password=password)
        return self.ask("login", "json", body, CONTENT_TYPE="application/json")

    def ask_issue(self, body):
        basic = base64.b64encode(f"backend:{SECRET}".encode()).decode()
        return self.ask("issue", "json", body, HTTP_AUTHORIZATION=f"Basic {basic}",
                        CONTENT_TYPE="application/json")

    def token(self, sub=None):
        reply = self.ask_issue(compact(sub=sub or "user-" + secrets.token_hex(8)))
        assert reply.status == 200, reply
        return json.loads(reply.body)["refresh_token"]

    def key(self, token):
        return Token.parse(token).key(self.keys)

    def refresh(self, token):
        return self.ask("refresh", HTTP_AUTHORIZATION=f"Bearer {token}")

    def serves(self):
        """Whether a plain request is answered, without need of Redis."""
        return self.refresh("x").status == 401

    def workers(self):
        return children(self.process.pid, "refreshd-worker")

    def login_workers(self):
        return children(self.process.pid, "refreshd-login")

    def logs(self):
        return tails(self.folder)

    def log(self):
        with open(os.path.join(self.folder, "refreshd.log"), errors="replace") as file:
            return file.read()

    def end(self, number=signal.SIGTERM, timeout=60):
        """Sends the signal and gives the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout)

    def stop(self):
        if self.process and self.process.poll() is None:
            workers = children(self.process.pid)
            self.process.kill()
            self.process.wait()
            for pid in workers:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            wait_until(lambda: not any(map(alive, workers)), what="all of its processes are gone")
        RUNNING.remove(self)
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        self.start()
        wait_until(lambda: len(self.workers()) == self.count and self.login_workers(), what="all workers")
        return self

    def all_serve(self):
        """Whether all workers do; the login worker may be a second late."""
        body = self.ask("metrics", method="GET").body
        return all(f'refreshd_workers{{state="{state}"}} 0\n'.encode() in body for state in ("down", "starting"))

    def __exit__(self, failed, *_):
        if failed:
            print_logs(self)
        self.stop()
