"""SIGHUP takes up the configuration too: what may change live does, the rest is named, and what will not do
changes nothing."""
import json
import os
import pathlib
import re
import signal

import pytest

from harness import fcgi, service
from harness.dialects import compact
from harness.proxy import Proxy
from harness.wait import wait_until
from test_reload import events, hup

SHOP = "\n[client shop]\nkind = public\n"


@pytest.fixture
def one(redis_server):
    with service.Service(redis_server.socket, workers=2, REFRESHD_SESSIONS_MAX=50) as running:
        yield running


def rewrite(running, *lines, more="", without=""):
    """The configuration as it was, with lines above its sections and more below; in one step."""
    path = pathlib.Path(running.config)
    if not hasattr(running, "first_text"):
        running.first_text = path.read_text()
    text = re.sub(without, "", running.first_text) if without else running.first_text
    aside = path.with_name("conf.new")
    aside.write_text("".join(line + "\n" for line in lines) + text + more)
    aside.rename(path)


def reload(running, name="config.reloaded"):
    return hup(running, running.process.pid, name)["msg"]


def refused(running):
    return reload(running, "reload.refused")


def issue(running, **members):
    reply = running.ask_issue(compact(sub="somebody", **members))
    return reply.status, json.loads(reply.body)


def test_what_may_change_live_changes_for_the_next_request(one):
    assert issue(one)[1]["expires_in"] > 60
    rewrite(one, "access_ttl_s = 60", "grace_s = 0")
    workers = one.workers()
    changed = reload(one)
    assert changed.startswith("changed: ") and "access_ttl_s" in changed and "grace_s" in changed
    for _ in range(8):  # whichever worker gets it
        assert issue(one)[1]["expires_in"] <= 60
    token = one.token()
    assert one.refresh(token).status == 200 and one.refresh(token).status == 401, "no grace"
    assert one.workers() == workers and not events(one, "reload.ignored")
    rewrite(one)
    reload(one)
    assert issue(one)[1]["expires_in"] > 60, "and back"


def test_a_reload_of_the_same_says_so(one):
    assert reload(one) == "nothing has changed"


def test_limits_of_requests_change_live_too(one):
    body = b"refresh_token=" + b"x" * 2000
    ask = {"dialect": "oauth2", "body": body, "CONTENT_TYPE": "application/x-www-form-urlencoded"}
    assert one.ask("refresh", **ask).status != 413
    rewrite(one, "body_max = 1024")
    assert "body_max" in reload(one)
    assert one.ask("refresh", **ask).status == 413


def test_clients_come_change_and_go(one):
    assert issue(one, client_id="shop")[0] == 400
    rewrite(one, more=SHOP)
    assert reload(one) == "changed: clients"
    status, body = issue(one, client_id="shop")
    assert status == 200 and body["expires_in"] > 60
    rewrite(one, more=SHOP + "access_ttl_s = 60\n")
    reload(one)
    assert issue(one, client_id="shop")[1]["expires_in"] <= 60
    rewrite(one)
    reload(one)
    assert issue(one, client_id="shop")[0] == 400


def test_what_wants_a_restart_is_named_and_stays(one):
    folder = one.folder
    rewrite(one, "workers = 3", "verify_cache = 7", f"listen = unix:{folder}/other.sock", "redis_prefix = x:",
            "redis = unix:/nowhere", "key_file = /nowhere", "durability = replica", "access_ttl_s = 60",
            without="(?m)^(workers|listen|redis|key_file) = .*\n")
    token, workers = one.token(), one.workers()
    names = reload(one, "reload.ignored").partition(":")[0].split(", ")
    assert sorted(names) == ["durability", "key_file", "listen", "redis", "redis_prefix", "verify_cache", "workers"]
    assert issue(one)[1]["expires_in"] <= 60, "the rest is in use"
    assert one.refresh(token).status == 200 and one.workers() == workers
    assert not os.path.exists(os.path.join(folder, "other.sock"))
    reload(one, "reload.ignored")
    assert "durability" in events(one, "reload.ignored")[-1]["msg"], "as long as the file says so"


def test_the_environment_still_wins(one):
    rewrite(one, "sessions_max = 1")
    assert reload(one) == "nothing has changed"
    tokens = [one.token("crowd") for _ in range(3)]
    assert all(one.refresh(token).status == 200 for token in tokens)


def spoil(running, name):
    """Returns what the refusal must say."""
    path = running.config
    if name == "syntax":
        rewrite(running, "", "hello")
        return f"{path}:2: neither `name = value` nor `[section]`"
    if name == "range":
        rewrite(running, "access_ttl_s = 60", "grace_s = 301")
        return f"{path}:2: grace_s: must be a whole number from 0 to 300"
    if name == "unknown":
        rewrite(running, "access_ttl_s = 60", "grace = 3")
        return f"{path}:2: unknown key: grace; did you mean grace_s?"
    if name == "client":
        rewrite(running, "access_ttl_s = 60", more="\n[client shop]\nissue = on\n")
        return "issue = on requires kind = confidential: client shop"
    if name == "algorithm without key":
        rewrite(running, "access_ttl_s = 60", more="\n[client shop]\naccess_alg = HS256\n")
        pathlib.Path(running.folder, "keys").write_text(
            re.sub("(?m)^access HS256.*\n", "", pathlib.Path(running.folder, "keys").read_text()))
        return "no active access key for HS256, which signs for client shop"
    if name == "no file":
        os.unlink(path)
        return f"{path}: No such file or directory"
    if name == "unreadable":
        os.unlink(path)
        os.mkdir(path)
        return f"{path}: Is a directory"
    rewrite(running, "access_ttl_s = 60")
    keys = os.path.join(running.folder, "keys")
    if name == "keys missing":
        os.unlink(keys)
        return f"{keys}: No such file or directory"
    os.chmod(keys, 0o644)
    return f"{keys}: others than its owner have access; chmod 600 it"


@pytest.mark.parametrize("name", ["syntax", "range", "unknown", "client", "algorithm without key", "no file",
                                  "unreadable", "keys missing", "keys open"])
def test_what_will_not_do_is_refused_in_one_line_and_the_old_one_serves(redis_server, name):
    with service.Service(redis_server.socket, workers=2) as running:
        token, workers = running.token(), running.workers()
        reason = spoil(running, name)
        assert reason in refused(running)
        assert running.refresh(token).status == 200 and issue(running)[1]["expires_in"] > 60
        assert running.workers() == workers
        assert len(events(running, "reload.refused")) == 1 and not events(running, "config.reloaded")


def test_a_redis_that_lets_us_do_less_refuses_the_reload(redis_server):
    with redis_server.client() as admin:
        admin.execute_command("ACL", "SETUSER", "few", "on", ">few", "~rd:*", "+@all")
        running = service.Service(redis_server.socket)
        secret = pathlib.Path(running.folder, "redis.password")
        secret.touch(0o600)
        secret.write_text("few\n")
        running.env.update(REFRESHD_REDIS_USER="few", REFRESHD_REDIS_PASSWORD_FILE=str(secret))
        with running:
            token = running.token()
            admin.execute_command("ACL", "SETUSER", "few", "-zadd", "-pexpiretime")
            rewrite(running, "access_ttl_s = 60")
            assert refused(running).startswith(
                "redis: user few lacks +pexpiretime; user few lacks +zadd; nothing has changed")
            assert running.refresh(token).status == 200
            admin.execute_command("ACL", "SETUSER", "few", "+zadd", "+pexpiretime")
            reload(running)
            assert issue(running)[1]["expires_in"] <= 60


def test_redis_being_away_refuses_no_reload(redis_server):
    proxy = Proxy(redis_server.socket)
    try:
        with service.Service(proxy.path, REFRESHD_REDIS_TIMEOUT_MS=100) as running:
            running.token()
            proxy.hold = True
            rewrite(running, "access_ttl_s = 60")
            assert "access_ttl_s" in reload(running)
            proxy.hold = False
            wait_until(lambda: issue(running)[0] == 200, what="Redis is back")
            assert issue(running)[1]["expires_in"] <= 60
    finally:
        proxy.close()


def test_a_request_in_flight_keeps_the_client_that_it_began_with(redis_server):
    proxy = Proxy(redis_server.socket)
    try:
        running = service.Service(proxy.path, REFRESHD_REDIS_TIMEOUT_MS=60_000)
        rewrite(running, more=SHOP + "access_ttl_s = 50\n")
        with running:
            status, body = issue(running, client_id="shop")
            assert status == 200
            proxy.hold = True
            with fcgi.Connection(running.socket) as connection:
                form = f"grant_type=refresh_token&client_id=shop&refresh_token={body['refresh_token']}".encode()
                asked = fcgi.params("refresh", "oauth2", body=form,
                                    CONTENT_TYPE="application/x-www-form-urlencoded")
                connection.send(fcgi.request(asked, form))
                wait_until(lambda: proxy.held, what="the script has run")
                rewrite(running)
                reload(running)
                gone = fcgi.ask(running.socket, asked, form)
                assert gone.status in (400, 401), "to new requests there is no such client"
                proxy.hold = False
                reply = connection.read_reply()
                assert reply.status == 200 and json.loads(reply.body)["expires_in"] <= 50
    finally:
        proxy.close()


def test_a_worker_that_starts_after_a_reload_needs_no_file(redis_server):
    with service.Service(redis_server.socket) as running:
        rewrite(running, "access_ttl_s = 60")
        reload(running)
        os.unlink(running.config)
        worker = running.workers()[0]
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: running.workers() not in ([], [worker]), what="a new worker")
        assert issue(running)[1]["expires_in"] <= 60
