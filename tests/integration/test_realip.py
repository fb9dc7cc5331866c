"""refreshd-realip.conf: the client's address is the one that the listed proxies saw, and no client can choose it."""
import socket
import tempfile
from urllib.parse import urlsplit

import pytest

from harness import rawhttp
from harness.dialects import FLASK
from harness.fake_hosts import FakeHost, Local
from harness.hosts import Nginx, upstream_of

PROXY, OUTER, CLIENT = "127.0.5.5", "127.0.5.6", "127.0.9.9"
NAME = b"REMOTE_ADDR"
SHIPPED = {"10.0.0.5": PROXY, "10.0.0.6": OUTER}


@pytest.fixture(scope="module")
def site():
    """nginx behind two proxies, and what stands in the place of refreshd."""
    host, other = FakeHost(21, "answers"), FakeHost(22, "answers")
    with tempfile.TemporaryDirectory(prefix="rd-") as folder:
        nginx = Nginx(Local(3), folder, upstream_of([host, other]) + "\ninclude refreshd-realip.conf;", 1, SHIPPED)
        yield nginx, host, other
        nginx.stop()
    host.close()
    other.close()


def remote_addr(site, sender, *forwarded):
    """The address that refreshd is told of a request from sender with these X-Forwarded-For."""
    nginx, *hosts = site
    for host in hosts:
        host.seen.clear()
    parts = urlsplit(nginx.url)
    with rawhttp.Connection(nginx.url) as connection:
        connection.socket.close()
        connection.socket = socket.create_connection((parts.hostname, parts.port), 30, (sender, 0))
        headers = [*FLASK.put("x")[0].items(), *(("X-Forwarded-For", value) for value in forwarded)]
        assert connection.ask("POST", FLASK.path, headers).status == 200
    request, = [request for host in hosts for request in host.seen]
    at = request.index(NAME)
    return request[at + len(NAME):][:request[at - 1]].decode()  # the byte before a name is its value's length


@pytest.mark.parametrize("sender, forwarded, told", [
    (CLIENT, (), CLIENT),
    (CLIENT, ("203.0.113.9",), CLIENT),
    (CLIENT, (f"203.0.113.9, {PROXY}",), CLIENT),
    (PROXY, ("203.0.113.9",), "203.0.113.9"),
    (PROXY, ("2001:db8::9",), "2001:db8::9"),
    (PROXY, (f"203.0.113.9, {OUTER}",), "203.0.113.9"),
    (PROXY, ("198.51.100.1, 203.0.113.9",), "203.0.113.9"),
    (PROXY, (f"198.51.100.1, {PROXY}, 203.0.113.9, {OUTER}",), "203.0.113.9"),
    (PROXY, ("198.51.100.1", "203.0.113.9"), "203.0.113.9"),
    (PROXY, ("nonsense",), PROXY),
    (PROXY, (), PROXY),
], ids=["a client", "a client that lies", "a client that names a proxy", "a proxy", "a proxy, IPv6", "two proxies",
        "a client that lies to a proxy", "a client that lies to two", "two headers", "nonsense", "no header"])
def test_the_address_is_what_the_listed_proxies_saw(site, sender, forwarded, told):
    assert remote_addr(site, sender, *forwarded) == told
