"""A primary Redis, its replica, and the link between them, which can be held and cut."""
from .processes import free_ports
from .proxy import Proxy
from .redis_server import RedisServer
from .wait import wait_until


class Pair:
    """front: where a service finds whichever of the two is the primary."""

    def __init__(self):
        port, link = free_ports(2)
        self.primary = RedisServer("--port", str(port), "--repl-diskless-sync-delay", "0")
        self.link = Proxy(port, port=link)
        self.replica = RedisServer("--replicaof", f"127.0.0.1 {link}", "--replica-serve-stale-data", "yes")
        self.front = Proxy(self.primary.socket)
        self.in_step()

    def confirmed(self):
        """The second time it is sent something: one that syncs meanwhile counts at once, but gets nothing for a second."""
        with self.primary.client(single_connection_client=True) as client:
            return all(client.publish("in step", "") == 0 and client.wait(1, 100) for _ in range(2))

    def in_step(self):
        wait_until(self.confirmed, what="the replica has it all")

    def hold(self):
        """From here on the primary's writes do not reach the replica, and neither of them notices."""
        self.link.hold = True

    def release(self):
        self.link.hold = False

    def fail_over(self):
        """The primary dies, and what it had not passed on is lost."""
        self.primary.kill()
        with self.replica.client() as client:
            client.replicaof("no", "one")
        self.front.target = self.replica.socket

    def stop(self):
        for end in (self.front, self.link):
            end.close()
        for server in (self.replica, self.primary):
            server.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
