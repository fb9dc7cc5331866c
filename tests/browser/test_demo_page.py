"""The demo page and refreshd.js in a real browser: make test-browser, which installs Chromium."""
import signal

import pytest

from chromium import Chromium
from harness import stack as stacks
from harness.browser import REFRESH
from harness.redis_server import RedisServer
from harness.sessions import ended
from harness.tokens import Token

READY = "document.querySelector('script[src=\"demo.js\"]') && document.readyState === 'complete'"


@pytest.fixture(scope="module")
def server():
    running = RedisServer()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def site(server):
    """Access tokens of a few seconds, which the page has to renew."""
    with stacks.Stack(REFRESHD_REDIS=f"unix:{server.socket}", REFRESHD_ACCESS_TTL_S=8, REFRESHD_ACCESS_JITTER_S=0,
                      REFRESHD_GRACE_S=2) as running:
        yield running


@pytest.fixture
def chromium(site):
    with Chromium() as running:
        yield running


def opened(chromium, site):
    tab = chromium.tab(site.url + "/")
    tab.until(READY)
    return tab


def login(tab, site):
    tab.run(f"""(() => {{ const form = document.getElementById("login");
        form.elements.password.value = {site.password!r}; form.requestSubmit(); }})()""")
    tab.until("document.body.className === 'in' && document.querySelectorAll('#sessions li').length > 0")


def press(tab, action, text):
    tab.run(f"document.querySelector('[data-do=\"{action}\"]').click()")
    return tab.until(f"document.getElementById('out').textContent.includes({text!r}) && "
                     "document.getElementById('out').textContent")


def session(tab):
    """A Session of the test's own in the tab."""
    tab.run("import('./refreshd.js').then((m) => { window.mine = new m.Session(); window.kinds = m; })")


def token_of(chromium):
    return chromium.cookies()[REFRESH]["value"]


def test_the_demo_page_logs_in_works_and_logs_out(chromium, site):
    tab = opened(chromium, site)
    login(tab, site)
    cookie = chromium.cookies()[REFRESH]
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"], cookie["path"]) == (True, True, "Strict", "/")
    assert tab.run("document.cookie") == "", "out of reach of scripts"
    press(tab, "protected", '"sub": "demo"')
    press(tab, "sensitive", "GET /sensitive → 200")
    press(tab, "refresh", "/session/refresh → 200")
    press(tab, "sensitive", "GET /sensitive → 401")
    press(tab, "tabs", " ".join(["200"] * 20))
    press(tab, "sessions", '"total": 1')
    token = token_of(chromium)
    press(tab, "logout", "Not logged in.")
    assert ended(site, token, site.store) == "logout" and chromium.cookies() == {}


def test_a_reload_stays_logged_in_and_another_session_can_be_ended(chromium, site):
    tab = opened(chromium, site)
    login(tab, site)
    other = site.login()["refreshToken"]
    tab.run("location.reload()")
    tab.until(f"{READY} && document.querySelectorAll('#sessions li').length === 2")
    tab.run("[...document.querySelectorAll('#sessions button')].find((b) => b.textContent === 'End').click()")
    tab.until("document.querySelectorAll('#sessions li').length === 1")
    assert ended(site, other, site.store) == "user"
    tab.run("document.querySelector('#sessions button').click()")
    tab.until("document.body.className === 'out'")
    assert chromium.cookies() == {}, "the session is over for good"


def test_twenty_refreshes_in_five_tabs_rotate_once(chromium, site):
    tabs = [opened(chromium, site) for _ in range(6)]
    login(tabs[0], site)
    for tab in tabs[1:]:
        tab.until("document.body.className === 'in'")  # told by the first one
        session(tab)
    generation = Token.parse(token_of(chromium)).generation
    for tab in tabs[1:]:
        tab.run("window.done = Promise.all(Array.from({ length: 4 }, () => mine.refresh())).then(() => 'done'); 0")
    assert {tab.run("done") for tab in tabs[1:]} == {"done"}
    assert Token.parse(token_of(chromium)).generation <= generation + 1
    press(tabs[0], "logout", "Not logged in.")
    for tab in tabs[1:]:
        tab.until("document.body.className === 'out'")


def test_the_access_token_is_renewed_before_its_end(chromium, site):
    tab = opened(chromium, site)
    login(tab, site)
    first = Token.parse(token_of(chromium)).generation
    tab.until("new Promise((done) => setTimeout(() => done(true), 9000))", 60)  # longer than it lives
    assert Token.parse(token_of(chromium)).generation > first
    press(tab, "protected", '"sub": "demo"')
    press(tab, "logout", "Not logged in.")


def test_hydrogen_3916_redis_away_is_no_logout(chromium, site, server):
    tab = opened(chromium, site)
    login(tab, site)
    session(tab)
    server.signal(signal.SIGSTOP)
    try:
        tab.run("window.done = mine.refresh().then(() => 'refreshed', (e) => e.constructor.name); 0")
        tab.run("new Promise((done) => setTimeout(done, 1500))")
        assert chromium.cookies()[REFRESH] and tab.run("document.body.className") == "in"
    finally:
        server.signal(signal.SIGCONT)
    assert tab.run("done") == "refreshed", "it tried again by itself"
    press(tab, "logout", "Not logged in.")


def test_the_access_token_goes_to_our_own_origin_only(chromium, site):
    tab = opened(chromium, site)
    login(tab, site)
    session(tab)
    tab.run("mine.resume()")
    sent = tab.run("""(async () => { const seen = [], plain = window.fetch;
        window.fetch = (request) => { seen.push(request.headers.get("Authorization")); return Promise.resolve(new Response()); };
        await mine.fetch("https://elsewhere.example/"); await mine.fetch("/protected");
        window.fetch = plain; return seen; })()""")
    assert sent[0] is None and sent[1].startswith("Bearer eyJ")
    press(tab, "logout", "Not logged in.")


def test_a_foreign_page_gets_nothing(chromium, site):
    """Another port is another origin, though SameSite calls it the same site: the worker refuses it."""
    tab = opened(chromium, site)
    login(tab, site)
    token = token_of(chromium)
    foreign = chromium.tab(site.internal_url + "/")
    foreign.until("document.readyState === 'complete'")
    status = foreign.run(f"""fetch({site.url + "/session/logout"!r}, {{ method: "POST", mode: "no-cors",
        credentials: "include" }}).then((r) => r.type, (e) => "failed")""")
    assert status in ("opaque", "failed") and ended(site, token, site.store) is None
    press(tab, "refresh", "/session/refresh → 200")
    press(tab, "logout", "Not logged in.")
