"""Hosts that speak FastCGI as a test wants them to, on loopback addresses, to stand behind a real nginx."""
import contextlib
import os
import socket
import struct
import threading

from . import fcgi

REPLY = (fcgi.record(fcgi.STDOUT, b"Status: 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
         + fcgi.record(fcgi.STDOUT) + fcgi.record(fcgi.END, bytes(8)))
AWAY = (fcgi.record(fcgi.STDOUT, b"Status: 503 Away\r\nContent-Length: 2\r\n\r\n{}")
        + fcgi.record(fcgi.STDOUT) + fcgi.record(fcgi.END, bytes(8)))
RESET = struct.pack("ii", 1, 0)


class Local:
    """This machine in the place of a network namespace."""

    def __init__(self, number):
        self.address = f"127.{77 + os.getpid() % 100}.{os.getpid() // 100 % 250}.{number}"

    def command(self, *words):
        return list(words)

    def sysctl(self, name, value):
        pass


class FakeHost(Local):
    """way: what it does with a request; those that it saw, as far as they came, are in seen."""

    def __init__(self, number, way):
        super().__init__(number)
        self.way, self.seen, self.held, self.listeners = way, [], [], []
        for port in (9000, 9001):
            if way != "refuses":
                self.listen(port)

    def listen(self, port):
        listener = socket.create_server((self.address, port), backlog=0 if self.way == "full" else 64)
        self.listeners.append(listener)
        if self.way == "full":  # as if it were cut off: nothing answers a SYN
            self.held += [self.begin_connect(port) for _ in range(3)]
        else:
            threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def begin_connect(self, port):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex((self.address, port))
        return client

    def accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(listener.accept()[0],), daemon=True).start()

    def serve(self, connection):
        self.held.append(connection)
        with contextlib.suppress(OSError):
            while self.one(connection):
                pass
        connection.close()

    def one(self, connection):
        """A request. Returns whether another may follow."""
        request = connection.recv(10 if self.way == "closes half-way" else 65536)
        if not request:
            return False
        while self.way != "closes half-way" and not request.endswith(fcgi.record(fcgi.STDIN)):
            request += connection.recv(65536)
        self.seen.append(request)
        if self.way == "resets":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        if self.way == "is silent":
            return True
        if self.way in ("answers", "is away"):
            connection.sendall(REPLY if self.way == "answers" else AWAY)
        return self.way == "answers"

    def close(self):
        for each in [*self.listeners, *self.held]:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
