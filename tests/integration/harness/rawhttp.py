"""HTTP/1.1 by bytes, where requests would tidy up too much. One connection, any number of requests."""
import socket
from urllib.parse import urlsplit


class Response:
    def __init__(self, status, reason, headers, body):
        self.status, self.reason, self.headers, self.body = status, reason, headers, body

    def header(self, name):
        """The value of a header that comes at most once; None when it is not there."""
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        assert len(values) <= 1, f"{name} comes {len(values)} times: {values}"
        return values[0] if values else None

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body!r}>"


class Connection:
    def __init__(self, url, timeout=30):
        parts = urlsplit(url)
        self.host = parts.netloc
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout)
        self.rest = b""

    def head(self, method, path, headers=(), length=None):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}"]
        items = headers.items() if isinstance(headers, dict) else headers
        lines += [f"{name}: {value}" for name, value in items]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"

    def ask(self, method, path, headers=(), body=None):
        if isinstance(body, str):
            body = body.encode()
        length = len(body) if body is not None else (0 if method == "POST" else None)
        self.socket.sendall(self.head(method, path, headers, length) + (body or b""))
        return self.read(method)

    def line(self):
        while b"\r\n" not in self.rest:
            self.more()
        line, _, self.rest = self.rest.partition(b"\r\n")
        return line.decode("latin-1")

    def more(self):
        part = self.socket.recv(65536)
        assert part, f"connection closed after {self.rest!r}"
        self.rest += part

    def exactly(self, size):
        while len(self.rest) < size:
            self.more()
        data, self.rest = self.rest[:size], self.rest[size:]
        return data

    def read(self, method="GET"):
        version, status, reason = self.line().split(" ", 2)
        assert version == "HTTP/1.1"
        headers = []
        while line := self.line():
            name, _, value = line.partition(": ")
            headers.append((name, value))
        response = Response(int(status), reason, headers, b"")
        if response.header("Transfer-Encoding") == "chunked":
            while size := int(self.line(), 16):
                response.body += self.exactly(size)
                self.line()
            self.line()
        elif method != "HEAD":
            response.body = self.exactly(int(response.header("Content-Length") or 0))
        return response

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ask(url, method, path, headers=(), body=None):
    with Connection(url) as connection:
        return connection.ask(method, path, headers, body)
