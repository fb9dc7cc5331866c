"""Whatever is done to the processes, no client is refused and every refresh rotates exactly once.

Longer: HUPS=100 UPGRADES=20 RECYCLES=20 KILLS=100 STOPS=5 RELOADS=20 /usr/bin/python3 -m pytest -s tests/fault
"""
import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.chains import Load
from harness.events import events
from harness.processes import alive, children
from harness.stack import Stack
from harness.wait import wait_until

HUPS = int(os.environ.get("HUPS", 10))
UPGRADES = int(os.environ.get("UPGRADES", 2))
RECYCLES = int(os.environ.get("RECYCLES", 4))
KILLS = int(os.environ.get("KILLS", 6))
STOPS = int(os.environ.get("STOPS", 1))
RELOADS = int(os.environ.get("RELOADS", 2))


@pytest.fixture(scope="module")
def stack():
    with Stack(workers=2, REFRESHD_WATCHDOG_S=1) as running:
        yield running


def signal_and_see(stack, number, event):
    before = len(events(stack, event))
    os.kill(stack.pids["refreshd"], number)
    wait_until(lambda: len(events(stack, event)) > before, what=event)


def complete(stack):
    return len(stack.workers()) == 2 and len(stack.login_workers()) == 1


def kill_one(stack, number=signal.SIGKILL):
    """number: SIGSTOP leaves it to the watchdog."""
    wait_until(lambda: complete(stack), what="all workers")
    time.sleep(random.uniform(0, 0.05))
    victim = random.choice(stack.workers())
    os.kill(victim, number)
    wait_until(lambda: not alive(victim), what="it is gone")


def reload_nginx(stack):
    """Waits until the workers of before have ended: they finish what is in flight."""
    before = children(stack.pids["nginx"])
    os.kill(stack.pids["nginx"], signal.SIGHUP)
    wait_until(lambda: not set(before) & set(children(stack.pids["nginx"])), what="new nginx workers")


def replace_all(stack, times):
    for _ in range(times):
        before = stack.workers() + stack.login_workers()
        signal_and_see(stack, signal.SIGUSR2, "service.ready")
        wait_until(lambda: not any(map(alive, before)), what="the old ones end")


def report(name, count, load):
    print(f"\n{count} {name}: {load}")


def test_100_HUPs(stack):
    workers = stack.workers()
    with Load(stack) as load:
        for _ in range(HUPS):
            signal_and_see(stack, signal.SIGHUP, "key.reloaded")
            time.sleep(0.02)
    report("SIGHUPs", HUPS, load)
    assert stack.workers() == workers


def test_all_workers_replaced_by_SIGUSR2(stack):
    with Load(stack) as load:
        replace_all(stack, UPGRADES)
    report("times all workers replaced", UPGRADES, load)


def test_what_nginx_sends_once_only_survives_a_replacement_too(stack):
    """Issue and login are never asked again: whoever retires may not close a connection under a request."""
    stop = threading.Event()

    def again_and_again(ask):
        count = 0
        while not stop.is_set():
            ask()  # asserts 200
            count += 1
        return count

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(again_and_again, ask) for ask in (stack.issue, stack.issue, stack.login, stack.login)]
        try:
            replace_all(stack, UPGRADES)
        finally:
            stop.set()
        print(f"\n{UPGRADES} times all workers replaced: {[done.result(60) for done in asked]} issues, logins")


def test_workers_killed(stack):
    with Load(stack) as load:
        for _ in range(KILLS):
            kill_one(stack)
            assert load.alive()
    report("kill -9", KILLS, load)


def test_workers_stuck(stack):
    with Load(stack) as load:
        for _ in range(STOPS):
            kill_one(stack, signal.SIGSTOP)
    report("workers stopped", STOPS, load)
    assert load.chains and max(chain.slowest_s for chain in load.chains) < 5


def test_nginx_reloaded(stack):
    with Load(stack) as load:
        for _ in range(RELOADS):
            reload_nginx(stack)
    report("nginx reloads", RELOADS, load)


def test_all_of_it_together(stack):
    with Load(stack) as load:
        for _ in range(RELOADS):
            os.kill(stack.pids["nginx"], signal.SIGHUP)
            os.kill(stack.pids["refreshd"], signal.SIGHUP)
            os.kill(stack.pids["refreshd"], signal.SIGUSR2)
            kill_one(stack)
            assert load.alive()
        wait_until(lambda: complete(stack), what="all workers")
    report("of everything at once", RELOADS, load)


def test_workers_that_served_enough():
    with Stack(workers=2, REFRESHD_MAX_REQUESTS=200) as stack:
        with Load(stack) as load:
            wait_until(lambda: len(events(stack, "worker.recycled")) >= RECYCLES, timeout=30 + 10 * RECYCLES,
                       what="replacements")
        report("workers recycled", len(events(stack, "worker.recycled")), load)
        assert not events(stack, "worker.died") and not events(stack, "worker.stuck")
