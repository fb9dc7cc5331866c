"""GET /sessions and DELETE /sessions/{sid}: what a user sees of the own sessions, and ends."""
import json
import re
import socket
import time
from urllib.parse import urlsplit

import pytest

from harness import checks, fcgi, rawhttp, service, stack as stacks
from harness.dialects import FLASK, compact
from harness.proxy import Proxy
from harness.sessions import bearer, ended, listed, no_content, sid
from harness.stack import unique
from harness.wait import wait_until

MEMBERS = ("sid", "created", "last_seen", "expires", "ip", "user_agent", "client_id", "scope", "current")
INVALID = compact(error="invalid_token")
NOT_FOUND = compact(error="not_found")
LONG_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 " + "é" * 100  # cut after 128 bytes, inside an é


def delete(stack, access_token, session):
    return stack.http("DELETE", f"/sessions/{session}", bearer(access_token))


def test_the_list_says_of_each_session_what_a_user_must_know(stack):
    user, begun = unique(), int(time.time())
    old = stack.token(user, scope="read", ip="192.0.2.7", user_agent='a "quoted" \\ agent')
    time.sleep(0.01)
    issued = stack.issue(user, ip="2001:db8::1", user_agent="curl/8")
    response = checks.common(stack.http("GET", "/sessions", bearer(issued["access_token"])))
    answer = json.loads(response.body)
    assert tuple(answer) == ("sessions", "total") and answer["total"] == 2
    new, first = answer["sessions"]
    assert tuple(new) == tuple(first) == MEMBERS
    assert [new["sid"], first["sid"]] == [sid(stack, issued["refresh_token"]), sid(stack, old)]
    assert (new["current"], first["current"]) == (True, False)
    assert (first["ip"], first["user_agent"], first["scope"]) == ("192.0.2.7", 'a "quoted" \\ agent', "read")
    assert (new["ip"], new["user_agent"], new["client_id"], new["scope"]) == ("2001:db8::1", "curl/8", "web", "")
    for session in (new, first):
        assert begun <= session["created"] == session["last_seen"] <= begun + 60
        assert session["expires"] == session["created"] + 2592000, "unless somebody uses it"


def test_a_refresh_is_seen(stack):
    issued = stack.issue()
    created = listed(stack, issued["access_token"])["sessions"][0]["created"]
    time.sleep(1.1)
    stack.renew(issued["refresh_token"])
    session, = listed(stack, issued["access_token"])["sessions"]
    assert session["created"] == created and session["last_seen"] > created


def test_a_login_is_listed_with_its_browser_whatever_bytes_that_says(stack):
    agent = b"Br\xf6wser \xff\xfe \xe2\x82".decode("latin-1")
    body = compact(name=stack.user, password=stack.password)
    response = stack.http("POST", "/login", {"Content-Type": "application/json", "User-Agent": agent}, body)
    access = json.loads(response.body)["accessToken"]
    session, = [s for s in listed(stack, access)["sessions"] if s["current"]]
    assert session["user_agent"] == "Br\ufffdwser \ufffd \ufffd"
    assert session["ip"] == "127.0.0.1"
    no_content(stack.http("POST", "/logout", bearer(access)))


def test_one_user_never_sees_or_ends_anothers_session(stack):
    mine, others = stack.issue(), stack.issue()
    answer = listed(stack, mine["access_token"])
    assert [s["sid"] for s in answer["sessions"]] == [sid(stack, mine["refresh_token"])]
    checks.error(delete(stack, mine["access_token"], sid(stack, others["refresh_token"])), 404, NOT_FOUND)
    stack.renew(others["refresh_token"])


def test_a_session_ends_by_its_sid_and_leaves_the_list(stack):
    user = unique()
    mine, lost = stack.issue(user), stack.token(user)
    for _ in range(2):  # again, as a client does whose answer was lost
        no_content(delete(stack, mine["access_token"], sid(stack, lost)))
    assert ended(stack, lost) == "user"
    checks.refused(stack.refresh(lost), FLASK)
    assert [s["current"] for s in listed(stack, mine["access_token"])["sessions"]] == [True]
    line, = [line for line in stack.log().splitlines()
             if '"session.revoked"' in line and sid(stack, lost) in line]
    assert json.loads(line)["outcome"] == "user" and json.loads(line)["sub"] == user


def test_who_ended_the_own_session_is_logged_out(stack):
    issued = stack.issue()
    mine = sid(stack, issued["refresh_token"])
    no_content(delete(stack, issued["access_token"], mine))
    for response in (delete(stack, issued["access_token"], mine),
                     stack.http("GET", "/sessions", bearer(issued["access_token"]))):
        checks.error(response, 401, INVALID)
        assert 'error="invalid_token"' in response.header("WWW-Authenticate")


@pytest.mark.parametrize("name", ["", "x", "A" * 21, "A" * 23, "A" * 21 + "*", "A" * 21 + "%41%42", "A" * 22 + "/x"])
def test_what_is_no_sid_is_404(stack, name):
    checks.error(delete(stack, stack.issue()["access_token"], name), 404, NOT_FOUND)


def test_an_unknown_sid_is_404_and_an_encoded_one_is_the_same_session(stack):
    issued = stack.issue()
    checks.error(delete(stack, issued["access_token"], "A" * 22), 404, NOT_FOUND)
    mine = sid(stack, issued["refresh_token"])
    no_content(delete(stack, issued["access_token"], "%{:02x}".format(ord(mine[0])) + mine[1:]))


def test_only_a_good_access_token_may_ask(stack):
    issued = stack.issue()
    mine = sid(stack, issued["refresh_token"])
    before = stack.commands()
    for method, path in (("GET", "/sessions"), ("DELETE", f"/sessions/{mine}")):
        response = checks.error(stack.http(method, path), 401, compact(error="missing_token"))
        assert response.header("WWW-Authenticate") == 'Bearer realm="refreshd"'
        for token in ("x", issued["refresh_token"], issued["access_token"][:-8] + "AAAAAAAA"):
            checks.error(stack.http(method, path, bearer(token)), 401, INVALID)
    assert stack.commands() == before, "not one command"


def test_other_methods_are_405(stack):
    for method, path, allow in (("POST", "/sessions", "GET, HEAD"), ("DELETE", "/sessions", "GET, HEAD"),
                                ("GET", "/sessions/" + "A" * 22, "DELETE"),
                                ("POST", "/sessions/" + "A" * 22, "DELETE")):
        response = stack.http(method, path)
        assert response.status == 405 and response.header("Allow") == allow
    response = stack.http("HEAD", "/sessions", bearer(stack.issue()["access_token"]))
    assert response.status == 200 and response.body == b""


def test_what_is_past_its_idle_time_is_not_listed(redis_server):
    """Redis was told a longer time than is configured by now."""
    with service.Service(redis_server.socket) as before:
        keys = open(f"{before.folder}/keys").read()
        token = before.token("nina")
    with service.Service(redis_server.socket, REFRESHD_REFRESH_IDLE_TTL_S=2) as now:
        with open(f"{now.folder}/keys", "w") as file:
            file.write(keys)
        now.end()
        now.start()
        time.sleep(2.1)
        reply = now.ask("refresh", HTTP_AUTHORIZATION=f"Bearer {now.token('nina')}")
        access = json.loads(reply.body)["access_token"]
        reply = now.ask("sessions", "json", method="GET", HTTP_AUTHORIZATION=f"Bearer {access}")
        answer = json.loads(reply.body)
        assert answer["total"] == 1 and [s["current"] for s in answer["sessions"]] == [True]
        assert before.keys.sid(stacks.Token.parse(token).family) not in reply.body.decode()


# The longest lists.

@pytest.fixture(scope="module")
def crowd():
    """A user with a hundred sessions, and an access token; sessions_max is higher."""
    with stacks.Stack(REFRESHD_SESSIONS_MAX=1000) as running:
        user = unique()
        for _ in range(99):
            running.token(user, user_agent=LONG_AGENT, scope="read write", ip="2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")
        running.access = running.issue(user, user_agent=LONG_AGENT)["access_token"]
        running.crowd = user
        yield running


def whole(body, most=100):
    answer = json.loads(body)
    assert len(answer["sessions"]) == most and "more" not in answer and answer["total"] == 100
    assert len({s["sid"] for s in answer["sessions"]}) == most
    assert all(s["user_agent"].endswith("é\ufffd") for s in answer["sessions"])
    return answer


def test_a_hundred_sessions_arrive_whole_again_and_again(crowd):
    with rawhttp.Connection(crowd.url) as connection:
        for _ in range(20):
            response = checks.common(connection.ask("GET", "/sessions", bearer(crowd.access)))
            assert response.status == 200 and len(response.body) > 30_000
            whole(response.body)


def test_a_slow_reader_gets_all_of_it(crowd):
    """Slower than fastcgi_read_timeout, through sockets as small as they get; others are served meanwhile."""
    parts = urlsplit(crowd.url)
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    slow.settimeout(30)
    slow.connect((parts.hostname, parts.port))
    slow.sendall(f"GET /sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                 f"Authorization: Bearer {crowd.access}\r\n\r\n".encode())
    time.sleep(4)
    whole(crowd.http("GET", "/sessions", bearer(crowd.access)).body)
    got = b""
    while part := slow.recv(2048):
        got += part
        time.sleep(0.02)
    slow.close()
    head, _, body = got.partition(b"\r\n\r\n")
    assert int(re.search(rb"Content-Length: (\d+)", head)[1]) == len(body)
    whole(body)


def test_more_than_fit_are_cut_between_sessions_and_say_so(crowd):
    user = unique()
    for _ in range(99):
        last = crowd.token(user, user_agent="\x01" * 128, scope="s" * 512)
    wait_until(lambda: crowd.now_ms() > crowd.record(last).created_ms, what="a later millisecond")
    answer = listed(crowd, crowd.issue(user)["access_token"])
    assert answer["total"] == 100 and answer["more"] is True and 40 <= len(answer["sessions"]) < 100
    assert answer["sessions"][0]["current"], "the newest first, so the oldest are left out"


def test_a_hundred_sessions_over_a_slow_fastcgi_connection(crowd):
    """The worker has written all of it before the first byte is read, and serves others."""
    params = fcgi.params("sessions", "json", method="GET", HTTP_AUTHORIZATION=f"Bearer {crowd.access}")
    with fcgi.Connection(crowd.fcgi) as slow:
        slow.send(fcgi.request(params))
        time.sleep(0.5)
        whole(fcgi.ask(crowd.fcgi, params).body)
        whole(slow.read_reply().body)
        slow.send(fcgi.request(params))
        whole(slow.read_reply().body)


def test_logout_all_of_a_hundred(crowd):
    answer = listed(crowd, crowd.access)
    no_content(crowd.http("POST", "/logout/all", bearer(crowd.access)))
    checks.error(crowd.http("GET", "/sessions", bearer(crowd.access)), 401, INVALID)
    assert len(answer["sessions"]) == 100
    access = crowd.issue(crowd.crowd)["access_token"]
    assert listed(crowd, access)["total"] == 1


def test_R_redis_away_is_503_for_the_list_and_the_end(redis_server):
    proxy = Proxy(redis_server.socket)
    with service.Service(proxy.path) as one:
        token = one.token()
        access = json.loads(one.refresh(token).body)["access_token"]
        proxy.hold = True
        for route, method in (("sessions", "GET"), ("session", "DELETE")):
            reply = one.ask(route, "json", method=method, HTTP_AUTHORIZATION=f"Bearer {access}", REFRESHD_SID="A" * 22)
            assert (reply.status, reply.headers["retry-after"]) == (503, "1")
        proxy.hold = False
    proxy.close()
