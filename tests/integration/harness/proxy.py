"""Stands between refreshd and Redis, to hold, cut and falsify what Redis answers."""
import os
import selectors
import shutil
import socket
import tempfile
import threading


class Proxy:
    """One thread. hold: answers stay here until it is cleared. falsify: bytes to send instead.

    target: a socket's path, or a port. It may be changed, for the connections to come. port: listen there and
    not on a path of the proxy's own.
    """

    def __init__(self, target, port=None):
        self.folder = tempfile.mkdtemp(prefix="rd-proxy-")
        self.path = os.path.join(self.folder, "redis.sock")
        self.target = target
        self.hold = False
        self.falsify = None
        self.held = {}   # client socket -> bytes
        self.peers = {}  # either side -> the other
        self.clients = set()
        self.closing = False
        self.selector = selectors.DefaultSelector()
        if port:
            self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
        else:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.path)
            self.listener.listen(64)
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.closing:
            for key, _ in self.selector.select(0.01):
                if key.fileobj is self.listener:
                    self.accept()
                elif key.fileobj in self.peers:
                    self.forward(key.fileobj)
            if not self.hold:
                for client in list(self.held):
                    self.send(client, self.held.pop(client))

    def accept(self):
        client, _ = self.listener.accept()
        by_port = isinstance(self.target, int)
        server = socket.socket(socket.AF_INET if by_port else socket.AF_UNIX)
        try:
            server.connect(("127.0.0.1", self.target) if by_port else self.target)
        except OSError:
            client.close()
            return
        if by_port:
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peers[client], self.peers[server] = server, client
        self.clients.add(client)
        for side in (client, server):
            self.selector.register(side, selectors.EVENT_READ)

    def forward(self, side):
        try:
            data = side.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.drop(side)
        elif side in self.clients:
            self.send(self.peers[side], data)
        elif self.hold:
            client = self.peers[side]
            self.held[client] = self.held.get(client, b"") + data
        elif self.falsify is not None:
            self.send(self.peers[side], self.falsify)
        else:
            self.send(self.peers[side], data)

    def send(self, side, data):
        try:
            side.sendall(data)
        except OSError:
            self.drop(side)

    def drop(self, side):
        other = self.peers.pop(side, None)
        for end in (side, other):
            if end is not None:
                self.peers.pop(end, None)
                self.held.pop(end, None)
                self.clients.discard(end)
                self.selector.unregister(end)
                end.close()

    def close(self):
        self.closing = True
        self.thread.join(5)
        for end in [*self.peers, self.listener]:
            end.close()
        shutil.rmtree(self.folder, ignore_errors=True)
