"""POST /session/login, /session/refresh, /session/logout: the refresh token as a __Host- cookie."""
import hashlib
import json
import re
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import checks, fcgi, rawhttp, stack as stacks
from harness.browser import CSRF, JSON, REFRESH, Browser, access, set_cookies
from harness.dialects import FLASK, compact
from harness.processes import environment
from harness.redis_server import RedisServer
from harness.sessions import bearer, ended, listed, no_content, record_key, sid
from harness.tokens import Token, b64, derive, unb64
from harness.wait import wait_until

INVALID = compact(error="invalid_token")
CROSS_SITE = compact(error="cross_site_request")
BAD = compact(error="invalid_request")
TYPE = compact(error="unsupported_media_type")
CLEARED = {REFRESH: ("", 0)}


@pytest.fixture
def browser(stack):
    """Logged in."""
    browser = Browser(stack)
    access(browser.login())
    return browser


def cookie(token, **more):
    return {**JSON, "Cookie": f"{REFRESH}={token}", "Sec-Fetch-Site": "same-origin", **more}


def ask(stack, token, path="/session/refresh", **more):
    return stack.http("POST", path, cookie(token, **more))


def untouched(stack, response, status, body):
    """An error that leaves cookie and session as they are."""
    checks.error(response, status, body)
    assert set_cookies(response) == {}, "a cookie once cleared cannot be had back"


def test_login_refresh_and_logout_as_a_page_does_it(stack):
    browser = Browser(stack)
    response = checks.common(browser.login())
    assert checks.claims(access(response))["fresh"] is True
    assert set_cookies(response) == {REFRESH: (browser.token, 2592000)}
    for _ in range(3):
        before = browser.token
        response = checks.common(browser.refresh())
        claims = checks.claims(access(response))
        assert (claims["sub"], claims["fresh"], claims["sid"]) == (stack.user, False, sid(stack, browser.token))
        assert Token.parse(browser.token).generation == Token.parse(before).generation + 1
        stack.store.setrange(record_key(stack.keys, browser.token), 8, bytes(6))  # as if the grace were over
    response = no_content(browser.logout())
    assert set_cookies(response) == CLEARED and browser.token is None
    checks.error(browser.refresh(), 401, compact(error="missing_token"))


def test_T1_twenty_tabs_refresh_at_once_with_one_cookie(stack, browser):
    token = browser.token
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: ask(stack, token), range(20)))
    assert len({set_cookies(answer)[REFRESH][0] for answer in answers}) == 1
    assert [answer.status for answer in answers] == [200] * 20


def test_the_cookie_lives_as_long_as_the_session_may_rest(stack, browser):
    spent = browser.token
    browser.refresh()
    stack.age(browser.token, 5000)
    age = set_cookies(ask(stack, spent))[REFRESH][1]
    assert 2592000 - 70 <= age <= 2592000 - 5


def test_L2_a_cookie_that_repeats_what_was_sent_is_not_sent(stack, browser):
    """It might arrive after its successor, and the browser would hold a spent one (found by the model)."""
    browser.refresh()
    young = browser.token
    for _ in range(2):
        response = browser.refresh()
        assert response.status == 200 and access(response) and set_cookies(response) == {}
    assert browser.token == young


def test_a_client_that_keeps_its_token_gets_the_cookie_again(stack):
    """Or the browser would forget it while the session goes on. Over FastCGI, with the client that does not rotate."""
    token = stack.token(client_id="fixed")
    reply = fcgi.ask(stack.fcgi, fcgi.params(
        "refresh", "cookie", CONTENT_TYPE="application/json", HTTP_COOKIE=f"{REFRESH}={token}",
        HTTP_SEC_FETCH_SITE="same-origin", REFRESHD_CLIENT="fixed"))
    assert reply.status == 200 and f"{REFRESH}={token}; Max-Age=2592000;" in reply.headers["set-cookie"]


# Who may send the cookie.

@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
    {"Origin": "https://evil.example"}, {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1", "X-CSRF-Token": "x"}])
def test_ASVS_3_5_1_a_foreign_page_can_do_nothing(stack, browser, headers):
    before = stack.store.get(record_key(stack.keys, browser.token))
    body = compact(name=stack.user, password=stack.password)
    for path, content in (("/session/refresh", None), ("/session/logout", None), ("/session/login", body)):
        commands = stack.commands()
        response = stack.http("POST", path, {**JSON, "Cookie": f"{REFRESH}={browser.token}", **headers}, content)
        untouched(stack, response, 403, CROSS_SITE)
        assert stack.commands() == commands, "no hash, no look at Redis"
        assert f'"csrf.refused","request_id":"{response.header("X-Request-Id")}"' in stack.log()
    assert stack.store.get(record_key(stack.keys, browser.token)) == before


def test_a_refusal_logs_which_page_and_which_host(stack, browser):
    """So that an operator sees a page on another name, or a proxy that changes Host."""
    def refused(**headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        response = stack.http("POST", "/session/refresh", {**JSON, **headers})
        untouched(stack, response, 403, CROSS_SITE)
        line, = [line for line in stack.log().splitlines() if response.header("X-Request-Id") in line]
        line = json.loads(line)
        return {name: line.get(name) for name in ("event", "origin", "sec_fetch_site", "host")}
    host = stack.url.removeprefix("http://")
    assert refused(Origin="https://evil.example") == {
        "event": "csrf.refused", "origin": "https://evil.example", "sec_fetch_site": None, "host": host}
    assert refused(Sec_Fetch_Site="same-site")["sec_fetch_site"] == "same-site"
    long = refused(Origin="https://" + "x" * 500)
    assert long["origin"] == "https://" + "x" * 120
    params = fcgi.params("refresh", "cookie", HTTP_ORIGIN="https://a\x1b[31mé", HTTP_HOST="10.0.0.7:8080",
                         CONTENT_TYPE="application/json", REFRESHD_REQUEST_ID="unprintable")
    assert fcgi.ask(stack.fcgi, params).status == 403
    line, = [line for line in stack.log().splitlines() if '"unprintable"' in line]
    assert json.loads(line)["origin"] == "https://a?[31m??" and json.loads(line)["host"] == "10.0.0.7:8080"


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "same-origin"}, {"Origin": True}, {}, {"Origin": True, "Sec-Fetch-Site": "same-origin"}])
def test_our_own_page_and_who_names_none_may(stack, browser, headers):
    headers = {name: stack.url if value is True else value for name, value in headers.items()}
    response = stack.http("POST", "/session/refresh", {**JSON, "Cookie": f"{REFRESH}={browser.token}", **headers})
    access(response)


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded",
                                          "multipart/form-data", "application/jsonx"])
def test_ASVS_3_5_2_what_needs_no_preflight_is_415(stack, browser, content_type):
    headers = cookie(browser.token)
    del headers["Content-Type"]
    if content_type:
        headers["Content-Type"] = content_type
    for path in ("/session/refresh", "/session/logout", "/session/login"):
        for body in (b"", b"{}"):
            untouched(stack, stack.http("POST", path, headers, body), 415, TYPE)
    access(browser.refresh())


def test_H_two_of_anything_are_400(stack, browser):
    token = browser.token
    twice = [
        [("Cookie", f"{REFRESH}={token}"), ("Cookie", f"{REFRESH}={token}")],
        [("Cookie", f"{REFRESH}={token}; {REFRESH}={token}")],
        [("Cookie", f"{REFRESH}=; {REFRESH}={token}")],
        [("Cookie", f"{REFRESH}={token}"), ("Origin", stack.url), ("Origin", stack.url)],
        [("Cookie", f"{REFRESH}={token}"), ("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")],
        [("Cookie", f"{REFRESH}={token}"), ("Content-Type", "text/plain")],
        [("Cookie", f"{REFRESH}={token}"), ("Content-Type", "application/json; charset=utf-8")],
    ]
    for headers in twice:
        for path in ("/session/refresh", "/session/logout"):
            untouched(stack, stack.http("POST", path, [*JSON.items(), *headers]), 400, BAD)
    for body in (compact(refresh_token=token), b"[]", b"x", compact(refresh_token=1)):
        for path in ("/session/refresh", "/session/logout"):
            untouched(stack, stack.http("POST", path, cookie(token), body), 400, BAD)
    response = stack.http("POST", "/session/logout", cookie(token, Authorization=f"Bearer {token}"))
    untouched(stack, response, 400, BAD)
    access(browser.refresh())


def test_a_second_Cookie_header_adds_cookies_where_nginx_joins_them(stack, browser):
    """From 1.23 on, as HTTP/2 has it (RFC 9113 section 8.2.3); before, the worker sees two headers."""
    named = subprocess.run(["nginx", "-v"], capture_output=True, text=True, timeout=60,
                           env=environment() | {"PATH": "/usr/sbin:/usr/bin"}).stderr
    joined = tuple(map(int, re.search(r"/(\d+)\.(\d+)", named).groups())) >= (1, 23)
    token = browser.token
    for headers in ([("Cookie", f"{REFRESH}={token}"), ("Cookie", "theme=dark")],
                    [("Cookie", "theme=dark"), ("Cookie", f"{REFRESH}={token}")]):
        response = stack.http("POST", "/session/refresh", [*JSON.items(), *headers])
        if joined:
            access(response)
        else:
            untouched(stack, response, 400, BAD)


def test_a_token_in_the_body_alone_is_no_cookie(stack, browser):
    for path in ("/session/refresh", "/session/logout"):
        response = stack.http("POST", path, JSON, compact(refresh_token=browser.token))
        untouched(stack, response, 400, BAD)


# When the cookie goes, and when not.

def test_revoked_and_reused_clear_it(stack):
    token = stack.token()
    stack.http("POST", "/logout", bearer(token))
    response = ask(stack, token)
    checks.error(response, 401, INVALID)
    assert set_cookies(response) == CLEARED
    first = stack.token()
    third = stack.renew(stack.renew(first))
    stack.store.setrange(record_key(stack.keys, third), 8, bytes(6))
    stack.renew(third)
    response = ask(stack, first)
    checks.error(response, 401, INVALID)
    assert set_cookies(response) == CLEARED and ended(stack, first) == "reuse"


def test_expired_clears_it(stack):
    token = stack.token()
    key = record_key(stack.keys, token)
    stack.store.setrange(key, 14, (stack.now_ms() - 2592001 * 1000).to_bytes(6, "big"))
    response = ask(stack, token)
    checks.error(response, 401, INVALID)
    assert set_cookies(response) == CLEARED


def test_what_may_be_good_again_clears_nothing(stack, browser):
    token = browser.token
    parsed = Token.parse(token)
    future = type(parsed)(**{**vars(parsed), "generation": 9}).tagged(stack.keys).text()
    lost = stack.token()
    stack.store.delete(record_key(stack.keys, lost))
    for bad in ("x", token[:-1], token[:60] + ("A" if token[60] != "A" else "B") + token[61:], future, lost):
        untouched(stack, ask(stack, bad), 401, INVALID)
    untouched(stack, stack.http("POST", "/session/refresh", JSON), 401, compact(error="missing_token"))
    response = stack.http("GET", "/session/refresh", cookie(token))
    assert response.status == 405 and response.header("Set-Cookie") is None
    access(browser.refresh())


def test_logout_ends_the_session_and_clears_it_also_the_second_time(stack, browser):
    token = browser.token
    for _ in range(2):
        response = no_content(ask(stack, token, "/session/logout"))
        assert set_cookies(response) == CLEARED
    assert ended(stack, token) == "logout"
    checks.refused(stack.refresh(token), FLASK)


def test_a_session_ended_from_another_device_clears_it_here(stack):
    here, there = Browser(stack), Browser(stack)
    access(here.login())
    token = access(there.login())
    session, = [s for s in listed(stack, token)["sessions"] if s["sid"] == sid(stack, here.token)]
    no_content(stack.http("DELETE", f"/sessions/{session['sid']}", bearer(token)))
    checks.error(here.refresh(), 401, INVALID)
    assert here.token is None
    access(there.refresh())


def test_the_express_dialects_cookie_goes_by_the_same_rule(stack):
    def express(token):
        return stack.http("POST", "/auth/refresh", {"Cookie": f"refreshToken={token}", "Sec-Fetch-Site": "same-origin"})
    token = stack.token()
    stack.http("POST", "/logout", bearer(token))
    response = express(token)
    checks.error(response, 403, compact(message="Invalid refresh token"))
    assert set_cookies(response) == {"refreshToken": ("", 0)}
    lost = stack.token()
    stack.store.delete(record_key(stack.keys, lost))
    assert set_cookies(express(lost)) == {}


def test_a_wrong_password_and_a_429_set_and_clear_nothing():
    with stacks.Stack(REFRESHD_LOGIN_TRIES=2) as stack:
        browser = Browser(stack)
        access(browser.login())
        token = browser.token
        for _ in range(2):
            untouched(stack, browser.login(password="wrong"), 401, compact(error="invalid_credentials"))
        response = browser.login()
        untouched(stack, response, 429, compact(error="too_many_attempts"))
        assert int(response.header("Retry-After")) >= 1 and browser.token == token
        access(browser.refresh())


def test_R_redis_away_is_503_and_the_cookie_stays():
    server = RedisServer()
    try:
        with stacks.Stack(REFRESHD_REDIS=f"unix:{server.socket}") as stack:
            browser = Browser(stack)
            access(browser.login())
            token = browser.token
            server.signal(signal.SIGSTOP)
            for send in (browser.refresh, browser.logout, browser.login):
                response = send()
                untouched(stack, response, 503, compact(error="temporarily_unavailable"))
                assert response.header("Retry-After") == "1"
            server.signal(signal.SIGCONT)
            wait_until(lambda: browser.refresh().status == 200, what="refreshes work again")
            assert Token.parse(browser.token).family == Token.parse(token).family
    finally:
        server.stop()


# cookie_csrf = token

@pytest.fixture(scope="module")
def signed():
    with stacks.Stack(REFRESHD_COOKIE_CSRF="token") as running:
        yield running


def csrf_of(stack, token):
    """The documented derivation: a keyed hash of the family, with a context of its own."""
    secret = open(f"{stack.folder}/keys").read().split("deployment ")[1].split()[0]
    return b64(hashlib.blake2b(Token.parse(token).family, digest_size=24, key=derive(unb64(secret), 2),
                               person=b"refreshd csrf".ljust(16, b"\0")).digest())


def test_the_csrf_token_comes_with_the_session_and_goes_with_it(signed):
    browser = Browser(signed, site=None)
    response = browser.login()
    access(response)
    assert browser.cookies[CSRF] == csrf_of(signed, browser.token)
    assert set_cookies(response)[CSRF][1] == set_cookies(response)[REFRESH][1]
    access(browser.refresh(**{"X-CSRF-Token": browser.cookies[CSRF]}))
    assert browser.cookies[CSRF] == csrf_of(signed, browser.token), "the same for the session's life"
    response = no_content(browser.logout(**{"X-CSRF-Token": browser.cookies[CSRF]}))
    assert set_cookies(response) == {REFRESH: ("", 0), CSRF: ("", 0)} and browser.cookies == {}


def test_without_origin_another_sessions_csrf_token_will_not_do(signed):
    browser, other = Browser(signed, site=None), Browser(signed, site=None)
    access(browser.login()), access(other.login())
    good = browser.cookies[CSRF]
    for bad in (None, "", "x", other.cookies[CSRF], good[:-1], good + "A", good.swapcase(), sid(signed, browser.token)):
        headers = {} if bad is None else {"X-CSRF-Token": bad}
        for send in (browser.refresh, browser.logout):
            untouched(signed, send(**headers), 403, CROSS_SITE)
    assert Token.parse(browser.token).generation == 0 and ended(signed, browser.token) is None
    for headers in ([("X-CSRF-Token", good), ("X-CSRF-Token", good)],):
        lines = [*JSON.items(), ("Cookie", f"{REFRESH}={browser.token}"), *headers]
        untouched(signed, signed.http("POST", "/session/refresh", lines), 400, BAD)
    access(browser.refresh(**{"X-CSRF-Token": good}))


def test_a_browser_that_names_its_page_needs_no_csrf_token(signed):
    browser = Browser(signed)
    access(browser.login())
    access(browser.refresh())
    foreign = {"X-CSRF-Token": browser.cookies[CSRF], "Sec-Fetch-Site": "cross-site"}
    untouched(signed, ask(signed, browser.token, **foreign), 403, CROSS_SITE)


def test_no_cookie_ever_reaches_a_log(stack, browser):
    token = browser.token
    with rawhttp.Connection(stack.url) as connection:
        for headers in (cookie(token), cookie(token, **{"Sec-Fetch-Site": "cross-site"}), cookie(token[:-1])):
            connection.ask("POST", "/session/refresh", headers)
    for _, text in stack.logs():
        assert token[10:40] not in text
