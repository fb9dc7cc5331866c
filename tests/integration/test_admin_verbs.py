"""refreshd session, user and inspect, against the running stack."""
import json
import subprocess

import pytest

from harness import stack as stacks
from harness.broken import breaks_off_behind
from harness.dialects import compact
from harness.processes import environment
from harness.stack import unique


def run(stack, *verb, stdin=b"", config="refreshd.conf"):
    return subprocess.run([stack.env["REFRESHD_BIN"], *verb, "--config", f"{stack.folder}/{config}"],
                          env=environment(), input=stdin, capture_output=True, timeout=60)


def ok(stack, *verb, stdin=b""):
    done = run(stack, *verb, stdin=stdin)
    assert done.returncode == 0, done
    return done.stdout.decode()


def sessions(stack, user):
    return [json.loads(line) for line in ok(stack, "session", "list", "--json", user).splitlines()]


def inspect(stack, token):
    done = run(stack, "inspect", stdin=token.encode() + b"\n")
    assert token.encode() not in done.stdout + done.stderr
    lines = (line.split(maxsplit=1) for line in done.stdout.decode().splitlines())
    return done.returncode, {name: rest for name, rest in lines if len(name)}, done.stdout.decode()


def login(stack, name, password):
    return stack.http("POST", "/login", {"Content-Type": "application/json"},
                      compact(name=name, password=password))


@pytest.fixture
def user(stack):
    name = unique()
    ok(stack, "user", "add", name, stdin=b"right\n")
    return name


def test_session_list_shows_each_session(stack):
    user = unique()
    for ip in ("192.0.2.1", "2001:db8::1"):
        stack.issue(user, ip=ip, user_agent="a browser")
    rows = sessions(stack, user)
    assert {row["ip"] for row in rows} == {"192.0.2.1", "2001:db8::1"}
    text = ok(stack, "session", "list", user)
    assert all(row["sid"] in text for row in rows) and text.count("a browser") == 2


def test_session_list_cannot_steer_a_terminal(stack):
    user = unique()
    stack.issue(user, user_agent="\x1b[2Jx\nfake row")
    assert "\x1b" not in ok(stack, "session", "list", user)
    assert len(ok(stack, "session", "list", user).splitlines()) == 2


def test_session_revoke_ends_one_and_leaves_the_other(stack):
    user = unique()
    tokens = {stack.issue(user)["refresh_token"] for _ in range(2)}
    assert ok(stack, "session", "revoke", user, sessions(stack, user)[0]["sid"]) == "1 session ended\n"
    assert sorted(stack.refresh(token).status for token in tokens) == [200, 401]
    assert len(sessions(stack, user)) == 1


def test_session_revoke_all_ends_all_of_this_user(stack):
    user, other = unique(), stack.token()
    tokens = [stack.issue(user)["refresh_token"] for _ in range(3)]
    assert ok(stack, "session", "revoke-all", "--dry-run", user) == "3 sessions would end\n"
    assert len(sessions(stack, user)) == 3
    assert ok(stack, "session", "revoke-all", user) == "3 sessions ended\n"
    assert [stack.refresh(token).status for token in tokens] == [401] * 3
    assert sessions(stack, user) == [] and stack.refresh(other).status == 200


def test_session_revoke_of_none_says_so(stack):
    done = run(stack, "session", "revoke", unique(), "A" * 22)
    assert (done.returncode, done.stderr) == (1, b"refreshd: no such session\n")


@pytest.mark.parametrize("verb", [["session"], ["session", "list"], ["session", "revoke", "x"],
                                  ["session", "revoke", "x", "short"], ["user"], ["user", "add"],
                                  ["user", "rename", "x"], ["inspect", "rt1_abc"]])
def test_wrong_words_are_a_usage_error(stack, verb):
    done = run(stack, *verb)
    assert done.returncode == 64 and not done.stdout and b"rt1_" not in done.stderr


def test_user_passwd_changes_the_password_and_ends_sessions(stack, user):
    token = json.loads(login(stack, user, "right").body)["refreshToken"]
    assert "1 session ended" in ok(stack, "user", "passwd", user, stdin=b"other\n")
    assert stack.refresh(token).status == 401
    assert login(stack, user, "right").status == 401
    assert login(stack, user, "other").status == 200


def test_user_passwd_can_keep_sessions(stack, user):
    token = json.loads(login(stack, user, "right").body)["refreshToken"]
    ok(stack, "user", "passwd", "--keep-sessions", user, stdin=b"other\n")
    assert stack.refresh(token).status == 200


@pytest.mark.parametrize("verb", ["disable", "delete"])
def test_ASVS_7_4_2_a_user_that_is_ended_loses_all_sessions(stack, user, verb):
    token = json.loads(login(stack, user, "right").body)["refreshToken"]
    ok(stack, "user", verb, user)
    assert stack.refresh(token).status == 401
    assert login(stack, user, "right").status == 401


def test_user_enable_lets_in_again(stack, user):
    ok(stack, "user", "disable", user)
    assert f"{user}  disabled\n" in ok(stack, "user", "list")
    ok(stack, "user", "enable", user)
    assert f"{user}\n" in ok(stack, "user", "list")
    assert login(stack, user, "right").status == 200


@pytest.mark.parametrize("verb", ["passwd", "disable", "enable", "delete"])
def test_a_user_that_is_not_there_is_named(stack, verb):
    name = unique()
    done = run(stack, "user", verb, name, stdin=b"password\n")
    assert (done.returncode, done.stderr.decode()) == (1, f"refreshd: there is no user '{name}'\n")


def test_user_list_has_everybody_on_all_pages(stack):
    names = {f"{unique()}-{n}" for n in range(12)}
    for name in names:
        ok(stack, "user", "add", name, stdin=b"p\n")
    assert names <= set(ok(stack, "user", "list").split())


@pytest.mark.parametrize("age, word", [(0, "newest"), (1, "within the grace"), (20_000, "ends the session")])
def test_inspect_explains_a_refresh_token(stack, age, word):
    user = unique()
    token = stack.issue(user)["refresh_token"]
    if age:
        stack.renew(token)
        stack.age(token, age)
    status, said, _ = inspect(stack, token)
    assert status == 0 and word in said["verdict"] and said["user"] == user, said
    assert said["sid"] == sessions(stack, user)[0]["sid"] and said["client"] == "web"


def ahead(stack, generations):
    """A token that Redis has lost so many rotations of."""
    token = stack.token()
    raw = stack.raw_record(token)
    for _ in range(generations):
        token = stack.renew(token)
        stack.age(token, 20_000)
    stack.store.set(stack.key(token), raw, keepttl=True)
    return token


@pytest.mark.parametrize("generations, verdict", [
    (1, "1 generation ahead of Redis, which has lost writes: accepted within heal_window_s (600 s) of its restart or "
        "failover, refused otherwise"),
    (4, "4 generations ahead of Redis, which has lost writes: accepted within heal_window_s (600 s) of its restart or "
        "failover, refused otherwise"),
    (5, "refused: 5 generations ahead of Redis; at most 4 are accepted after a restart or failover")])
def test_inspect_says_how_far_ahead_of_Redis_a_token_may_be(stack, generations, verdict):
    token = ahead(stack, generations)
    assert inspect(stack, token)[1]["verdict"] == verdict
    off = run(stack, "inspect", "--heal-window-s", "0", stdin=token.encode()).stdout
    assert b"refused: " in off and b"accepted within" not in off


@pytest.mark.parametrize("verb", [["inspect"], ["user", "add", "nobody"]], ids=" ".join)
def test_an_input_that_breaks_off_is_no_secret(stack, verb):
    with breaks_off_behind(b"rt1_half") as half:
        done = subprocess.run([stack.env["REFRESHD_BIN"], *verb, "--config", f"{stack.folder}/refreshd.conf"],
                              env=environment(), stdin=half, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "stdin: Input/output error" in done.stderr and not done.stdout


def test_inspect_explains_what_is_over_or_not_ours(stack):
    user = unique()
    token = stack.issue(user)["refresh_token"]
    ok(stack, "session", "revoke-all", user)
    _, said, _ = inspect(stack, token)
    assert "revoked" in said["verdict"] and said["reason"] == "admin"
    forged = token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]
    for text in (forged, token[:-1], "rt1_"):
        status, said, _ = inspect(stack, text)
        assert status == 1 and said["verdict"].startswith("refused"), said


def test_inspect_explains_an_access_token(stack):
    user = unique()
    token = stack.issue(user, scope="a b")["access_token"]
    assert inspect(stack, token)[1]["verdict"] == "good"
    ok(stack, "session", "revoke-all", user)
    assert "revoked" in inspect(stack, token)[1]["verdict"]
    assert inspect(stack, token + "x")[1]["verdict"].startswith("refused")


def test_verbs_tell_when_redis_is_away():
    with stacks.Stack() as alone:
        alone.store.shutdown(nosave=True)
        for verb in (["session", "list", "x"], ["user", "list"]):
            done = run(alone, *verb)
            assert done.returncode == 69 and done.stderr.startswith(b"refreshd: Redis: "), done
