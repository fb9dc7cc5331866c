"""Only a primary will do: a Redis that is a replica is as good as none, is said to be, and the primary is looked for."""
import json
import threading

import pytest

from harness import metrics, service
from harness.events import events
from harness.names import Names
from harness.processes import free_ports
from harness.redis_server import RedisServer
from harness.wait import wait_until

WORKERS = 2


@pytest.fixture
def port():
    return free_ports(1)[0]


@pytest.fixture
def servers(port):
    """Two, on one port of two addresses. The second one follows the first."""
    first = RedisServer("--port", str(port), "--bind", "127.0.0.1", "--repl-diskless-sync-delay", "0")
    second = RedisServer("--port", str(port), "--bind", "127.0.0.2", "--repl-diskless-sync-delay", "0")
    follow(second, f"127.0.0.1 {port}")
    yield first, second
    for server in (second, first):
        server.stop()


def follow(server, primary):
    with server.client() as client:
        client.execute_command("REPLICAOF", *primary.split())


def lead(server):
    follow(server, "NO ONE")


def is_link_up(server):
    with server.client() as client:
        return client.info("replication").get("master_link_status") == "up"



def ready(running):
    """Status and reasons of /readyz as each worker says it: so often that both have been asked."""
    replies = [running.ask("ready", method="GET") for _ in range(8)]
    return {(reply.status, *json.loads(reply.body).get("reasons", ())) for reply in replies}


def up(running):
    return metrics.Metrics(running.ask("metrics", method="GET").body.decode())["refreshd_redis_up", ()]


AWAY = {(503, "redis", "redis_replica")}
FINE = {(200,)}


def is_away(running):
    return ready(running) == AWAY and up(running) == 0 and running.run("ping", "--ready").returncode == 1


def is_fine(running):
    return ready(running) == FINE and up(running) == 1 and running.run("ping", "--ready").returncode == 0


def said(running):
    """Why, behind the address."""
    return [event["msg"].partition(": ")[2] for event in events(running, "redis.down")]


def test_a_service_that_finds_a_replica_is_not_ready_until_that_one_leads(servers, port):
    _, replica = servers
    with service.Service(replica.socket, workers=WORKERS) as running:
        wait_until(lambda: is_away(running), what="it is not ready")
        assert running.ask_issue(b'{"sub":"anna"}').status == 503
        assert running.ask("health", method="GET").status == 200
        lead(replica)
        wait_until(lambda: is_fine(running), what="it is ready")
        running.token()
        assert set(said(running)) == {f"Redis is a replica of 127.0.0.1:{port}"}
        assert len(said(running)) <= WORKERS + 1, "once for each process"


def test_a_primary_that_becomes_a_replica_under_load_is_away_until_it_leads_again(servers, port):
    first, _ = servers
    with service.Service(first.socket, workers=WORKERS) as running:
        tokens = [running.token() for _ in range(4)]
        wait_until(lambda: is_fine(running), what="it is ready")
        stop, seen = threading.Event(), set()

        def refresh(token):
            while not stop.is_set():
                reply = running.refresh(token)
                seen.add(reply.status)
                if reply.status == 200:
                    token = json.loads(reply.body)["refresh_token"]

        threads = [threading.Thread(target=refresh, args=(token,)) for token in tokens]
        for thread in threads:
            thread.start()
        try:
            for _ in range(3):
                follow(first, "127.0.0.1 1")
                wait_until(lambda: [running.ask_issue(b'{"sub":"anna"}') for _ in range(4)] and is_away(running),
                           what="it is not ready")
                lead(first)
                wait_until(lambda: is_fine(running), what="it is ready again")
        finally:
            stop.set()
            for thread in threads:
                thread.join(60)
        assert seen <= {200, 503}, "nobody was logged out"
        assert {"Redis has become a replica", "Redis is a replica of 127.0.0.1:1"} <= set(said(running))


@pytest.mark.parametrize("addresses", [["127.0.0.2"], ["127.0.0.1", "127.0.0.2"]], ids=["moved", "both"])
def test_the_primary_is_found_by_its_name_after_a_failover_by_hand(servers, port, addresses):
    """Either the name has moved, or it has both addresses, of which one is the primary's."""
    first, second = servers
    names = Names()
    names.say("127.0.0.1")
    try:
        with service.Service("/nowhere", workers=WORKERS, REFRESHD_REDIS=f"redis://redis.test:{port}",
                             **names.env) as running:
            wait_until(lambda: is_fine(running), what="it is ready")
            token = running.token()
            wait_until(lambda: is_link_up(second), what="the replica follows")
            lead(second)
            follow(first, f"127.0.0.2 {port}")
            wait_until(lambda: running.ask_issue(b'{"sub":"anna"}').status == 503, what="writes are refused")
            names.say(*addresses)
            wait_until(lambda: is_fine(running), what="it has found the primary")
            assert running.token() and running.refresh(token).status in (200, 401)
            with second.client() as client:
                assert client.dbsize() > 0
    finally:
        names.close()


def test_a_replica_that_serves_nothing_while_its_primary_is_away_is_left_too(servers):
    """MASTERDOWN: it refuses even what a script would only read."""
    first, _ = servers
    with service.Service(first.socket, workers=WORKERS) as running:
        wait_until(lambda: is_fine(running), what="it is ready")
        with first.client() as client:
            client.config_set("replica-serve-stale-data", "no")
        follow(first, "127.0.0.1 1")
        wait_until(lambda: [running.ask_issue(b'{"sub":"anna"}') for _ in range(4)] and is_away(running),
                   what="it is not ready")
        lead(first)
        wait_until(lambda: is_fine(running), what="it is ready again")
