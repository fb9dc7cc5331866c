"""A FastCGI client that can also misbehave: it builds and reads single records."""
import socket
import struct
from .wait import wait_until

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR, DATA, GET_VALUES, GET_VALUES_RESULT, UNKNOWN = range(1, 12)
RESPONDER, AUTHORIZER, FILTER = 1, 2, 3
KEEP = 1


def record(kind, content=b"", request_id=1, version=1, padding=0, length=None):
    length = len(content) if length is None else length
    return struct.pack(">BBHHBB", version, kind, request_id, length, padding, 0) + content + bytes(
        padding)


def begin(role=RESPONDER, flags=KEEP, request_id=1):
    return record(BEGIN, struct.pack(">HB5x", role, flags), request_id)


def pair(name, value):
    out = b""
    for text in (name, value):
        size = len(text)
        out += bytes([size]) if size < 128 else struct.pack(">I", size | 1 << 31)
    return out + name + value


def encode(params):
    items = params.items() if isinstance(params, dict) else params
    return b"".join(pair(*(x if isinstance(x, bytes) else str(x).encode() for x in item))
                    for item in items)


def chunks(kind, content, request_id=1):
    out = b""
    for at in range(0, len(content), 65528):
        out += record(kind, content[at:at + 65528], request_id)
    return out + record(kind, b"", request_id)


def request(params, body=b"", request_id=1, flags=KEEP, role=RESPONDER):
    return (begin(role, flags, request_id) + chunks(PARAMS, encode(params), request_id)
            + chunks(STDIN, body, request_id))


class Closed(Exception):
    """The worker closed the connection before the answer was whole."""


class Reply:
    def __init__(self, out):
        head, _, self.body = out.partition(b"\r\n\r\n")
        self.headers = {}
        for line in head.split(b"\r\n"):
            name, _, value = line.decode("latin-1").partition(": ")
            assert name.lower() not in self.headers, f"twice: {name}"
            self.headers[name.lower()] = value
        self.status = int(self.headers.get("status", "200").split()[0])

    def __repr__(self):
        return f"<{self.status} {self.body!r}>"


class Connection:
    """path: of the socket, or (address, port)."""

    def __init__(self, path, timeout=15):
        self.socket = socket.socket(socket.AF_INET if isinstance(path, tuple) else socket.AF_UNIX)
        self.socket.settimeout(timeout)
        wait_until(lambda: self.connects(path), what="room in the listener's queue")

    def connects(self, path):
        try:
            self.socket.connect(path)
            return True
        except BlockingIOError:
            return False

    def send(self, data):
        self.socket.sendall(data)

    def exactly(self, size):
        data = b""
        while len(data) < size:
            try:
                part = self.socket.recv(size - len(data))
            except ConnectionResetError:
                part = b""
            if not part:
                raise Closed(f"{len(data)} of {size} bytes")
            data += part
        return data

    def read_record(self):
        _, kind, request_id, length, padding, _ = struct.unpack(">BBHHBB", self.exactly(8))
        return kind, request_id, self.exactly(length + padding)[:length]

    def read_reply(self):
        out = b""
        while True:
            kind, _, content = self.read_record()
            if kind == STDOUT:
                out += content
            elif kind == END:
                assert content[4] == 0, f"protocol status {content[4]}"
                return Reply(out)

    def ask(self, params, body=b"", **options):
        self.send(request(params, body, **options))
        return self.read_reply()

    def closed_by_peer(self):
        """Waits for the end of what the worker sends; True when it closes, False when it is silent."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass
        except TimeoutError:
            return False
        return True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def params(route, dialect="flask", method="POST", body=b"", **more):
    """What nginx sends for a request; body only for its length. None leaves a param out."""
    out = {"REFRESHD_ROUTE": route, "REFRESHD_DIALECT": dialect, "REQUEST_METHOD": method,
           "REMOTE_ADDR": "127.0.0.1", "REFRESHD_REQUEST_ID": "0123456789abcdef0123456789abcdef",
           "CONTENT_LENGTH": str(len(body)) if body else None, **more}
    return {name: value for name, value in out.items() if value is not None}


def ask(path, params, body=b"", timeout=15):
    with Connection(path, timeout) as connection:
        return connection.ask(params, body, flags=0)
