"""Load: clients that refresh on and on, each a chain of its own where nothing may be refused."""
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from . import rawhttp
from .dialects import FLASK
from .tokens import Token

AGAIN = 3  # connections in a row that may be closed without an answer


class Connection(rawhttp.Connection):
    def more(self):
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionResetError(f"closed after {self.rest!r}")
        self.rest += part


class Chain:
    """Asks as a browser does: over a kept connection, and again when that is closed without an answer."""

    def __init__(self, stack, seen):
        self.stack, self.seen, self.connection = stack, seen, None
        self.token = stack.token()
        self.refreshes = self.reconnects = 0
        self.slowest_s = 0.0

    def ask(self, *request):
        begun = time.monotonic()
        for left in reversed(range(AGAIN)):
            try:
                self.connection = self.connection or Connection(self.stack.url)
                answer = self.connection.ask(*request)
                break
            except (ConnectionResetError, BrokenPipeError):
                self.close()
                self.reconnects += 1
                if not left:
                    raise
        if answer.header("Connection") == "close":
            self.close()
        self.slowest_s = max(self.slowest_s, time.monotonic() - begun)
        assert answer.status == 200, answer
        return answer

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def step(self):
        """A refresh, which must rotate once and once only, and a request behind auth_request."""
        body = json.loads(self.ask("POST", FLASK.path, *FLASK.put(self.token)).body)
        before, after = Token.parse(self.token), Token.parse(body["refresh_token"])
        assert (after.family, after.generation) == (before.family, before.generation + 1), (before, after)
        self.token = body["refresh_token"]
        self.refreshes += 1
        self.seen(body)
        self.stack.age(self.token, 10_000)  # or it would be kept for the grace time
        self.ask("GET", "/protected", {"Authorization": f"Bearer {body['access_token']}"})


class Load:
    """with Load(stack) as load: what happens inside happens under load. No chain may fail. seen: gets every answer."""

    def __init__(self, stack, count=4, seen=lambda body: None):
        self.stack, self.stopped = stack, threading.Event()
        self.chains = [Chain(stack, seen) for _ in range(count)]
        self.pool = ThreadPoolExecutor(count)

    def run(self, chain):
        while not self.stopped.is_set():
            chain.step()

    def __enter__(self):
        self.begun = time.monotonic()
        self.running = [self.pool.submit(self.run, chain) for chain in self.chains]
        return self

    def __exit__(self, failed, *_):
        self.stopped.set()
        self.pool.shutdown()
        self.seconds = time.monotonic() - self.begun
        errors = [repr(done.exception()) for done in self.running if done.exception()]
        for chain in self.chains:
            chain.close()
        if not failed:
            assert not errors, f"{len(errors)} of {len(self.chains)} chains failed: {errors}"
            for chain in self.chains:
                record = self.stack.record(chain.token)
                assert not record.revoked and record.generation == chain.refreshes

    def alive(self):
        """For loops that go on for long: whether no chain has failed yet."""
        return not any(done.done() for done in self.running)

    @property
    def refreshes(self):
        return sum(chain.refreshes for chain in self.chains)

    @property
    def reconnects(self):
        """Connections that were closed without an answer: nginx does so when it is reloaded."""
        return sum(chain.reconnects for chain in self.chains)

    def __str__(self):
        return (f"{len(self.chains)} chains, {self.refreshes} refreshes in {self.seconds:.0f} s,"
                f" {self.reconnects} reconnects,"
                f" slowest {max(c.slowest_s for c in self.chains):.2f} s")
