"""The whole service as a user has it: nginx, refreshd and Redis, started by the project's own script."""
import base64
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import tempfile

import redis

from . import rawhttp
from .dialects import FLASK, compact
from .processes import REPO, alive, binary, children, environment, free_ports
from .tokens import SID_LENGTH, Keys, Record, Token

SCRIPT = str(REPO / "nginx" / "stack.sh")
RUNNING = []  # for the logs of a failed test


def tails(folder):
    """(name, text): the ends of the logs in folder that can explain a failure."""
    for name in ("refreshd.log", "nginx.log", "access.log"):
        path = pathlib.Path(folder) / name
        text = path.read_bytes()[-2000:].decode("utf-8", "replace") if path.exists() else ""
        if text:
            yield str(path), text


def print_logs(running):
    for name, text in running.logs():
        print(f"--- {name}\n{text}")


class Stack:
    """env: more variables for the service, as REFRESHD_GRACE_S=1. pass_fds: descriptors that the script inherits."""

    def __init__(self, workers=1, bin=None, pass_fds=(), **env):
        self.folder = tempfile.mkdtemp(prefix="rd-")
        port, internal = free_ports(2)
        self.env = environment(PORT=port, INTERNAL_PORT=internal, DIR=self.folder, WORKERS=workers,
                               REFRESHD_BIN=bin or binary(), **env)
        self.pids = {}
        RUNNING.append(self)
        done = subprocess.run([SCRIPT, "up"], env=self.env, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120, pass_fds=pass_fds)
        if done.returncode != 0:
            logs = "".join(f"--- {name}\n{text}" for name, text in self.logs())
            self.down()
            raise RuntimeError(f"stack.sh up: {done.stdout}{done.stderr}{logs}")
        with open(os.path.join(self.folder, "stack.json")) as file:
            vars(self).update(json.load(file))
        self.keys = Keys(os.path.join(self.folder, "keys"))
        path = self.redis.removeprefix("unix:")
        self.store = redis.Redis(unix_socket_path=path)

    def down(self):
        subprocess.run([SCRIPT, "down"], env=self.env, capture_output=True, timeout=120)
        left = [name for name, pid in self.pids.items() if pid and alive(pid)]
        RUNNING.remove(self)
        shutil.rmtree(self.folder, ignore_errors=True)
        assert not left, f"still running after down: {left}"

    def __enter__(self):
        return self

    def __exit__(self, failed, *_):
        if failed:
            print_logs(self)
        self.down()

    def logs(self):
        return tails(self.folder)

    def log(self):
        return (pathlib.Path(self.folder) / "refreshd.log").read_text()

    def workers(self):
        return children(self.pids["refreshd"], "refreshd-worker")

    def login_workers(self):
        return children(self.pids["refreshd"], "refreshd-login")

    # What a client does.

    def http(self, method, path, headers=(), body=None):
        return rawhttp.ask(self.url, method, path, headers, body)

    def refresh(self, token, dialect=FLASK, path=None):
        headers, body = dialect.put(token)
        return self.http("POST", path or dialect.path, headers, body)

    def renew(self, token, dialect=FLASK):
        """A refresh that must succeed; gives the new refresh token."""
        response = self.refresh(token, dialect)
        assert response.status == 200, response
        return dialect.refresh(json.loads(response.body))

    def login(self):
        response = self.http("POST", "/login", {"Content-Type": "application/json"},
                             compact(name=self.user, password=self.password))
        assert response.status == 200, response
        return json.loads(response.body)

    # What a backend does.

    def basic(self, client_id=None, secret=None):
        pair = f"{client_id or self.client_id}:{secret or self.client_secret}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    def ask_issue(self, body, authorization=None, content_type="application/json"):
        headers = {"Authorization": authorization or self.basic(), "Content-Type": content_type}
        return rawhttp.ask(self.internal_url, "POST", "/internal/issue", headers, body)

    def issue(self, sub=None, **members):
        response = self.ask_issue(compact(sub=sub or unique(), **members))
        assert response.status == 200, response
        return json.loads(response.body)

    def token(self, sub=None, **members):
        return self.issue(sub, **members)["refresh_token"]

    # What Redis holds.

    def key(self, token):
        return Token.parse(token).key(self.keys)

    def raw_record(self, token):
        return self.store.get(self.key(token))

    def record(self, token):
        raw = self.raw_record(token)
        return raw and Record.parse(raw)

    def look(self, token):
        """The record (None: none), its key's expiry, whether its user's index has it, and Redis' time, in ms and
        all of one moment."""
        key, index = self.key(token), Token.parse(token).index_key()
        with self.store.pipeline(transaction=True) as asked:
            asked.get(key).pexpiretime(key).zscore(index, key[-SID_LENGTH:]).time()
            raw, expires, score, (seconds, micros) = asked.execute()
        return raw and Record.parse(raw), expires, score is not None, seconds * 1000 + micros // 1000

    def now_ms(self):
        seconds, micros = self.store.time()
        return seconds * 1000 + micros // 1000

    def age(self, token, by_ms):
        """Moves the times of the session's last rotation and last use into the past, and with them its idle expiry."""
        key, record = self.key(token), self.record(token)
        expires = self.store.pexpiretime(key)
        with self.store.pipeline(transaction=True) as both:
            both.setrange(key, 8, record.aged(by_ms))
            if expires < record.expires_ms:
                both.pexpireat(key, expires - by_ms)
            both.execute()

    def revoke(self, token):
        self.store.setrange(self.key(token), 1, b"\1")

    def commands(self):
        """How often Redis ran each command, but for those that ask this."""
        stats = self.store.info("commandstats")
        return {name: row["calls"] for name, row in stats.items() if name != "cmdstat_info"}


def unique():
    return "user-" + secrets.token_hex(8)
