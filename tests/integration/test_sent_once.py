"""What nginx sends once only: never twice, yet to another host when the first was not reached. Through the shipped
includes and refreshd-upstream-hosts.conf, to hosts that are the test's own.

nginx' documentation of fastcgi_next_upstream: `error` and `timeout` are also those of establishing a connection; a POST
that has been sent is not passed on without `non_idempotent`.
"""
import contextlib
import tempfile

import pytest

from harness import rawhttp
from harness.fake_hosts import FakeHost, Local
from harness.hosts import Nginx, upstream_of

@contextlib.contextmanager
def behind_nginx(way):
    """Yields nginx, a host of that way, and one that answers."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rd-"))
        bad, good = FakeHost(11, way), FakeHost(12, "answers")
        stack.callback(bad.close)
        stack.callback(good.close)
        # a host that has failed is asked again at once, so that all of a test's requests may meet it
        nginx = Nginx(Local(2), folder, upstream_of([bad, good]).replace("max_fails=1", "max_fails=0"), 1)
        stack.callback(nginx.stop)
        bad.seen.clear()
        good.seen.clear()
        yield nginx, bad, good


ONCE = [("/login", False), ("/session/login", False), ("/internal/issue", True)]
UNSENT = ("refuses", "full")
SENT = ("closes", "closes half-way", "resets", "is away")


def ask(nginx, path, internal=False):
    return rawhttp.ask(nginx.internal_url if internal else nginx.url, "POST", path,
                       {"Content-Type": "application/json", "Origin": nginx.url}, b"{}").status


@pytest.mark.parametrize("way", UNSENT)
def test_a_host_that_cannot_be_reached_fails_no_login_and_no_issue(way):
    with behind_nginx(way) as (nginx, _, good):
        for path, internal in ONCE:
            assert [ask(nginx, path, internal) for _ in range(4)] == [200] * 4, path
        assert len(good.seen) == 4 * len(ONCE)


@pytest.mark.parametrize("way", SENT)
def test_what_was_sent_once_is_not_sent_to_another_host(way):
    with behind_nginx(way) as (nginx, bad, good):
        for path, internal in ONCE:
            bad.seen.clear()
            good.seen.clear()
            statuses = [ask(nginx, path, internal) for _ in range(6)]
            assert len(bad.seen) + len(good.seen) == 6, "each arrives once"
            assert bad.seen and statuses.count(503) == len(bad.seen) and statuses.count(200) == len(good.seen)


def test_a_silent_host_gets_an_issue_alone_and_a_refresh_goes_on_to_the_other():
    with behind_nginx("is silent") as (nginx, bad, good):
        statuses = sorted(ask(nginx, "/internal/issue", True) for _ in range(2))
        assert statuses == [200, 503] and (len(bad.seen), len(good.seen)) == (1, 1)
        bad.seen.clear()
        assert [ask(nginx, "/refresh_token") for _ in range(2)] == [200, 200]
        assert len(bad.seen) == 1 and len(good.seen) == 3


@pytest.mark.parametrize("way", [*UNSENT, "closes", "closes half-way", "resets"])
def test_a_refresh_goes_on_to_the_other_host(way):
    with behind_nginx(way) as (nginx, _, good):
        assert [ask(nginx, "/refresh_token") for _ in range(6)] == [200] * 6
        assert len(good.seen) == 6
