"""Raw RESP2: commands and replies as bytes, so that whole batches are compared at once."""
import socket

NIL = b"$-1\r\n"


def command(*args):
    out = [b"*%d\r\n" % len(args)]
    for arg in args:
        if not isinstance(arg, bytes):
            arg = str(arg).encode()
        out.append(b"$%d\r\n%s\r\n" % (len(arg), arg))
    return b"".join(out)


def bulk(value):
    return NIL if value is None else b"$%d\r\n%s\r\n" % (len(value), value)


def integer(value):
    return b":%d\r\n" % value


def bulks(values):
    return b"*%d\r\n" % len(values) + b"".join(bulk(v) for v in values)


def split(data):
    """The replies in data, each as its own bytes."""
    replies, at = [], 0
    while at < len(data):
        end = _end(data, at)
        replies.append(data[at:end])
        at = end
    return replies


def _end(data, at):
    line = data.index(b"\r\n", at)
    end, kind = line + 2, data[at:at + 1]
    if kind == b"$":
        length = int(data[at + 1:line])
        return end if length < 0 else end + length + 2
    if kind == b"*":
        for _ in range(max(int(data[at + 1:line]), 0)):
            end = _end(data, end)
    return end


class Connection:
    """One connection that sends a batch and reads until the batch's last reply."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.count = 0

    def batch(self, commands):
        self.count += 1
        mark = b"end-of-batch-%d" % self.count
        self.socket.sendall(commands + command("ECHO", mark))
        mark, parts, tail = bulk(mark), [], b""
        while not tail.endswith(mark):
            part = self.socket.recv(1 << 20)
            assert part, "Redis closed the connection"
            parts.append(part)
            tail = (tail + part)[-len(mark):]
        return b"".join(parts)[:-len(mark)]

    def close(self):
        self.socket.close()
