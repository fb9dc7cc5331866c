"""A worker that is out of file descriptors: it goes on with the connections it has, and takes new ones when it can."""
import contextlib

from harness import fcgi, service
from harness.wait import wait_until

MOST = 40  # of each process


def test_P_out_of_descriptors_a_worker_serves_on_and_recovers(redis_server):
    running = service.Service(redis_server.socket)
    try:
        running.start(wrapper=("prlimit", f"--nofile={MOST}:{MOST}"))
        wait_until(lambda: running.serves() and running.workers(), what="the worker")
        token, workers = running.token(), running.workers()
        with contextlib.ExitStack() as open_ones:
            held = [open_ones.enter_context(fcgi.Connection(running.socket)) for _ in range(2 * MOST)]
            wait_until(lambda: '"event":"accept.failed"' in running.log(), what="it is out of them")
            reply = held[0].ask(fcgi.params("refresh", HTTP_AUTHORIZATION=f"Bearer {token}"))
            assert reply.status == 200, "this one was there before"
        assert wait_until(lambda: running.refresh(token).status == 200, what="it listens again")
        assert running.workers() == workers and running.end() == 0
        assert "worker.died" not in running.log()
    finally:
        running.stop()
