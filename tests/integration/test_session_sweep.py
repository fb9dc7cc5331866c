"""refreshd session revoke-all over many users, and session clean: long work that can be stopped and gone on with."""
import datetime
import json
import os
import pty
import signal
import subprocess
import time

import pytest

from harness import service
from harness.broken import breaks_off_behind
from harness.dialects import compact
from harness.redis_server import RedisServer
from harness.wait import wait_until


@pytest.fixture(scope="module")
def redis():
    running = RedisServer()
    yield running
    running.stop()


@pytest.fixture
def one(redis):
    with redis.client() as client:
        client.flushall()
    made = service.Service(redis.socket)
    with open(made.config, "a") as file:
        file.write("\n[client app]\nkind = public\n")
    with made:
        yield made


def session(one, *words):
    return subprocess.Popen([one.bin, "session", *words, "--config", one.config], env=one.env, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(one, *words, stdin="", status=0):
    """Returns the last JSON line and stderr."""
    process = session(one, *words)
    out, err = process.communicate(stdin, timeout=60)
    assert process.returncode == status, (out, err)
    return json.loads(out.splitlines()[-1]) if out else None, err


def counts(line):
    return {name: line[name] for name in ("users", "ended", "over", "standing")}


def tokens(one, users, per_user=2):
    return {user: [one.token(user) for _ in range(per_user)] for user in users}


def standing(one, tokens):
    return [one.refresh(token).status for user in tokens.values() for token in user]


USERS = [f"user {i}" for i in range(20)]


def feed(process, name):
    process.stdin.write(name + "\n")
    process.stdin.flush()


def ended(one, user):
    return one.run("session", "list", "--json", user, check=True).stdout == b""


def as_text(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_everyones_sessions_end(one):
    given = tokens(one, USERS)
    line, err = run(one, "revoke-all", "--everyone")
    assert (line["event"], line["state"], err) == ("session.revoke_all", "done", "")
    assert counts(line) == dict(users=20, ended=40, over=0, standing=0)
    assert standing(one, given) == [401] * 40
    again, _ = run(one, "revoke-all", "--everyone")
    assert counts(again) == dict(users=0, ended=0, over=0, standing=0)


def test_a_dry_run_counts_and_changes_nothing(one, redis):
    given = tokens(one, USERS)
    with redis.client() as client:
        before = {key: client.dump(key) for key in client.scan_iter()}
        line, _ = run(one, "revoke-all", "--everyone", "--dry-run")
        assert before == {key: client.dump(key) for key in client.scan_iter()}
    assert line["dry_run"] is True and counts(line) == dict(users=20, ended=40, over=0, standing=0)
    assert standing(one, given) == [200] * 40


def test_only_the_clients_sessions_end(one):
    web = one.token("anna")
    app = json.loads(one.ask_issue(compact(sub="anna", client_id="app")).body)["refresh_token"]
    line, _ = run(one, "revoke-all", "--everyone", "--client", "app")
    assert counts(line) == dict(users=1, ended=1, over=0, standing=1)
    assert one.refresh(web).status == 200
    assert one.ask("refresh", "oauth2", f"grant_type=refresh_token&refresh_token={app}&client_id=app".encode(),
                   CONTENT_TYPE="application/x-www-form-urlencoded").status == 400


def test_only_sessions_begun_before_a_time_end(one):
    old = one.token("anna")
    created = json.loads(one.run("session", "list", "--json", "anna").stdout)["created"]
    wait_until(lambda: time.time() > created + 1, what="the next second")
    new = one.token("anna")
    for words in (["anna", "--json"], ["--everyone"]):
        line, _ = run(one, "revoke-all", *words, f"--before={as_text(created + 1)}")
        assert line["standing"] == 1
    assert [one.refresh(token).status for token in (old, new)] == [401, 200]


def test_users_come_from_a_file(one, tmp_path):
    given, others = tokens(one, USERS[:3]), tokens(one, USERS[3:6])
    names = tmp_path / "names"
    names.write_bytes(b"user 0\r\n\nuser 1\nuser 2\nnobody")
    line, _ = run(one, "revoke-all", "--users", str(names))
    assert counts(line) == dict(users=4, ended=6, over=0, standing=0)
    assert set(standing(one, given)) == {401} and set(standing(one, others)) == {200}


def test_a_line_that_is_no_name_stops_with_its_number(one, tmp_path):
    given = tokens(one, USERS[:2], per_user=1)
    names = tmp_path / "names"
    names.write_bytes(b"user 0\n\nnot a \x01name\nuser 1\n")
    line, err = run(one, "revoke-all", "--users", str(names), status=64)
    assert f"{names}:3: not a user name" in err and "to continue" in err
    assert line["state"] == "failed" and standing(one, given) == [401, 200]


def test_a_folder_is_no_list_of_users(one, tmp_path):
    line, err = run(one, "revoke-all", "--users", str(tmp_path), status=1)
    assert err == f"refreshd: {tmp_path}: Is a directory\n" and line["state"] == "failed" and line["users"] == 0


def test_a_list_that_breaks_off_is_a_failure_and_half_a_name_is_nobodys(one):
    given = tokens(one, USERS[:2], per_user=1)
    with breaks_off_behind(b"user 0\nuser 1") as list_of_users:
        done = subprocess.run([one.bin, "session", "revoke-all", "--users", "-", "--config", one.config], env=one.env,
                              stdin=list_of_users, capture_output=True, text=True, timeout=60)
    line = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 1 and "refreshd: -: Input/output error\n" in done.stderr and "to continue" in done.stderr
    assert line["state"] == "failed" and line["users"] == 1 and standing(one, given) == [401, 200]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle_it_says_how_to_go_on_and_does(one, number):
    given = tokens(one, USERS[:4], per_user=1)
    process = session(one, "revoke-all", "--users", "-")
    feed(process, "user 0")
    wait_until(lambda: ended(one, "user 0"), what="the first user's sessions end")
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    line = json.loads(out.splitlines()[-1])
    assert process.returncode == 1 and line["state"] == "stopped" and line["users"] == 1
    assert "to continue, run the same command again with --before 2" in err
    words = err.split("with ")[1].split()
    again, _ = run(one, "revoke-all", "--users", "-", *words, stdin="\n".join(USERS[:4]))
    assert counts(again) == dict(users=4, ended=3, over=0, standing=0) and set(standing(one, given)) == {401}


def test_a_session_begun_meanwhile_stands(one):
    tokens(one, USERS[:2])
    process = session(one, "revoke-all", "--users", "-")
    feed(process, "user 0")
    wait_until(lambda: ended(one, "user 0"), what="the first user's sessions end")
    after = int(time.time()) + 1
    wait_until(lambda: time.time() > after, what="the next second")
    meanwhile = one.token("user 1")
    out, _ = process.communicate("user 1\n", timeout=60)
    assert counts(json.loads(out.splitlines()[-1])) == dict(users=2, ended=4, over=0, standing=1)
    assert one.refresh(meanwhile).status == 200


def test_redis_lost_in_the_middle_is_said_and_what_is_done_stays():
    redis = RedisServer("--appendonly", "yes", "--appendfsync", "always")
    try:
        with service.Service(redis.socket) as one:
            given = tokens(one, USERS[:2], per_user=1)
            process = session(one, "revoke-all", "--users", "-")
            feed(process, "user 0")
            wait_until(lambda: ended(one, "user 0"), what="the first user's sessions end")
            redis.kill()
            out, err = process.communicate("user 1\n", timeout=60)
            assert process.returncode == 69 and json.loads(out.splitlines()[-1])["state"] == "failed"
            assert "refreshd: Redis: " in err and "to continue" in err
            redis.start()
            run(one, "revoke-all", "--users", "-", stdin="user 0\nuser 1\n")
            wait_until(lambda: standing(one, given) == [401, 401], what="both are refused")
    finally:
        redis.stop()


def test_clean_takes_what_is_over_out_of_the_lists(one, redis):
    given = tokens(one, USERS[:3])
    gone = one.key(given["user 1"][0])
    with redis.client() as client:
        index = gone.split(":f:")[0] + ":u"
        client.delete(gone)  # as its expiry would
        dry, _ = run(one, "clean", "--dry-run")
        assert counts(dry) == dict(users=3, ended=0, over=1, standing=5) and client.zcard(index) == 2
        line, _ = run(one, "clean")
        assert line["event"] == "session.clean" and counts(line) == counts(dry) and client.zcard(index) == 1
    assert counts(run(one, "clean")[0]) == dict(users=3, ended=0, over=0, standing=5)


def on_a_terminal(one, *words, stdin=subprocess.DEVNULL):
    """Returns all that the terminal has seen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([one.bin, "session", *words, "--config", one.config], env=one.env, stdin=stdin,
                               stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 65536):
            seen += part
    except OSError:  # EIO: the other end is closed
        pass
    os.close(ours)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return seen.decode()


def test_a_terminal_sees_a_bar_with_rate_and_time_left(one, tmp_path):
    names = tmp_path / "names"
    names.write_text("".join(f"nobody {i}\n" for i in range(20_000)))
    seen = on_a_terminal(one, "revoke-all", "--users", str(names))
    shown = seen.split("\r")
    assert any(part.startswith("[") and "%" in part and "/s  ETA " in part for part in shown)
    assert seen.endswith("0 sessions ended; 0 remain, of 20000 users\r\n") and "{" not in seen


def test_json_on_a_terminal_when_asked(one):
    tokens(one, USERS[:1])
    assert json.loads(on_a_terminal(one, "revoke-all", "--everyone", "--json"))["ended"] == 2


def test_without_a_terminal_a_line_tells_now_and_then(one):
    process = session(one, "revoke-all", "--users", "-")
    os.set_blocking(process.stdout.fileno(), False)

    def a_line():
        feed(process, "nobody")
        return process.stdout.readline()
    line = json.loads(wait_until(a_line, what="a line"))
    assert line["state"] == "running" and line["users"] > 1 and line["users_per_s"] > 0
    process.communicate(timeout=60)


@pytest.mark.parametrize("words, said", [
    (["revoke-all"], "usage: "), (["revoke-all", "anna", "--everyone"], "usage: "),
    (["revoke-all", "--users", "x", "--everyone"], "usage: "), (["revoke-all", "--evryone"], "--evryone"),
    (["clean", "anna"], "usage: "), (["clean", "--client", "web"], "usage: "),
    (["revoke-all", "anna", "--before", "yesterday"], "--before needs"),
    (["revoke-all", "anna", "--before", "2026-13-01"], "--before needs"),
    (["revoke-all", "anna", "--before", "2026-02-31"], "--before needs"),
    (["revoke-all", "anna", "--before", ""], "--before needs"), (["revoke-all", "--before"], "--before"),
    (["revoke-all", "--everyone", "--client", ""], "--client needs"), (["revoke-all", ""], "a user name has"),
    (["revoke-all", "--users", "/nowhere"], "/nowhere: No such file")])
def test_words_that_make_no_sense_end_nothing(one, words, said):
    token = one.token("anna")
    line, err = run(one, *words, status=64)
    assert said in err and "to continue" not in err and one.refresh(token).status == 200
