#!/usr/bin/python3
"""What a flood of logins does to refreshes: the same refresh load with and without it, in turns.

    tests/bench/login_flood.py [--rate 1000] [--seconds 4] [--rounds 5] [--times 4]
        [--priority cheap,as-is,nice:0,nice:10,nice:19,batch,idle]

Starts a stack of its own. Refreshes come at a fixed rate, each chain on its own kept connection, and
their time counts from when they were due. Logins come at --times what the login workers can do, whose
priority is set anew for each part of a round (as root) or left as it is; cheap: logins with nothing to
hash. The last lines give the p99 of refreshes without and with the flood. A machine that does other
things shows in the quiet parts."""
import argparse
import json
import multiprocessing
import os
import pathlib
import selectors
import socket
import statistics
import sys
import time
from urllib.parse import urlsplit

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "integration"))

from harness import stack as stacks  # noqa: E402
from harness.dialects import compact  # noqa: E402

CHAINS = 64


class Client:
    """One connection, one request at a time."""

    def __init__(self, url, token=None):
        parts = urlsplit(url)
        self.host = parts.netloc
        self.socket = socket.create_connection((parts.hostname, parts.port))
        self.token, self.rest, self.due = token, b"", 0.0

    def send(self, path, headers, body, due):
        self.due = due
        self.socket.sendall((f"POST {path} HTTP/1.1\r\nHost: {self.host}\r\n{headers}"
                             f"Content-Length: {len(body)}\r\n\r\n").encode() + body)

    def receive(self):
        """(status, body) once the answer is whole."""
        self.rest += self.socket.recv(65536)
        head, end, body = self.rest.partition(b"\r\n\r\n")
        if not end:
            return None
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n")
                      if line.startswith(b"content-length:"))
        if len(body) < length:
            return None
        self.rest = b""
        return int(head[9:12]), body


def at_rate(clients, rate, seconds, send, done):
    """Sends at a fixed rate over whichever client is free. Returns (ms, status) of each answer."""
    selector = selectors.DefaultSelector()
    for client in clients:
        selector.register(client.socket, selectors.EVENT_READ, client)
    free, times = list(clients), []
    begin = time.perf_counter()
    count, total = 0, int(rate * seconds)
    while len(times) < total:
        now = time.perf_counter()
        while count < total and begin + count / rate <= now and free:
            client = free.pop(0)
            send(client, begin + count / rate)
            count += 1
        wait = max(0, begin + count / rate - time.perf_counter()) if count < total and free else None
        for key, _ in selector.select(wait):
            answer = key.data.receive()
            if answer:
                times.append(((time.perf_counter() - key.data.due) * 1000, answer[0]))
                done(key.data, *answer)
                free.append(key.data)
    return times


def send_refresh(client, due):
    client.send("/refresh_token", f"Authorization: Bearer {client.token}\r\n", b"", due)


def take_token(client, status, body):
    if status == 200:
        client.token = json.loads(body)["refresh_token"]


def flood(url, body, rate, stop, statuses):
    """Open loop: a login that is due goes out whether or not others have been answered."""
    clients, selector = [], selectors.DefaultSelector()
    free, count, begin = [], 0, time.perf_counter()
    seen = {}
    while not stop.is_set():
        while begin + count / rate <= time.perf_counter():
            client = free.pop() if free else None
            if not client:
                client = Client(url)
                clients.append(client)
                selector.register(client.socket, selectors.EVENT_READ, client)
            client.send("/login", "Content-Type: application/json\r\n", body, 0)
            count += 1
        for key, _ in selector.select(max(0, begin + count / rate - time.perf_counter())):
            answer = key.data.receive()
            if answer:
                seen[answer[0]] = seen.get(answer[0], 0) + 1
                free.append(key.data)
    statuses.put(seen)


def capacity(stack, body):
    """Logins a second when as many as are held at a time ask again and again."""
    clients = [Client(stack.url) for _ in range(8)]
    login = lambda c, due: c.send("/login", "Content-Type: application/json\r\n", body, due)  # noqa: E731
    begin = time.perf_counter()
    at_rate(clients, 1e6, 200e-6, login, lambda *_: None)
    return 200 / (time.perf_counter() - begin)


def prioritise(stack, priority):
    for pid in stack.login_workers():
        if priority.startswith("nice:"):
            os.setpriority(os.PRIO_PROCESS, pid, int(priority[5:]))
            pathlib.Path(f"/proc/{pid}/autogroup").write_text(priority[5:])
        elif priority in ("batch", "idle"):
            os.setpriority(os.PRIO_PROCESS, pid, 0)
            policy = {"batch": os.SCHED_BATCH, "idle": os.SCHED_IDLE}[priority]
            os.sched_setscheduler(pid, policy, os.sched_param(0))


def percentile(times, part):
    return statistics.quantiles([ms for ms, _ in times], n=1000)[int(part * 1000) - 1]


def say(what, times, more=""):
    bad = sum(status != 200 for _, status in times)
    p50, p99, p999 = (percentile(times, part) for part in (0.5, 0.99, 0.999))
    print(f"  {what:8} p50 {p50:6.2f}  p99 {p99:6.2f}  p99.9 {p999:6.2f} ms, {len(times)} refreshes, "
          f"{bad} failed{more}", flush=True)
    return p99


def flood_of(stack, priority):
    """The body of its logins. `cheap`: refused before anything is hashed, to tell what the flood's requests
    and their generator cost by themselves."""
    return b"{}" if priority == "cheap" else compact(name=stack.user, password=stack.password)


def in_flood(stack, body, rate, load):
    """Runs load in a flood of logins, and gives what it gives and how the logins ended."""
    stop, statuses = multiprocessing.Event(), multiprocessing.Queue()
    other = multiprocessing.Process(target=flood, args=(stack.url, body, rate, stop, statuses))
    other.start()
    time.sleep(0.5)
    try:
        return load(), statuses
    finally:
        stop.set()
        other.join(1)


def one_round(stack, clients, options, rate):
    """Returns the p99 without a flood, and with one for each priority."""
    def load():
        return at_rate(clients, options.rate, options.seconds, send_refresh, take_token)

    p99 = {"quiet": say("quiet", load())}
    for priority in options.priority.split(","):
        prioritise(stack, priority)
        times, statuses = in_flood(stack, flood_of(stack, priority), rate * options.times, load)
        p99[priority] = say(priority, times, f"; logins {statuses.get()}")
    return p99


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=1000, help="refreshes a second")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--times", type=float, default=4, help="what the login workers can do")
    parser.add_argument("--priority", default="cheap,as-is")
    options = parser.parse_args()
    with stacks.Stack(workers=2, ACCESS_LOG="off", REFRESHD_GRACE_S=1) as stack:
        rate = capacity(stack, flood_of(stack, "as-is"))
        clients = [Client(stack.url, stack.token()) for _ in range(CHAINS)]
        print(f"{options.rate} refreshes/s, floods of {options.times} x {rate:.0f} logins/s")
        rounds = [one_round(stack, clients, options, rate) for _ in range(options.rounds)]
    median = {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}
    print(f"median p99 without a flood: {median['quiet']:.2f} ms")
    for name in list(median)[1:]:
        ratio = statistics.median(r[name] / r["quiet"] for r in rounds)
        print(f"median p99 in the flood, {name}: {median[name]:.2f} ms; median of the ratios {ratio:.2f}")


if __name__ == "__main__":
    main()
