"""fcgi/dist/redis-acl.conf: with it every operation works, and without any part of it refreshd says what is missing."""
import base64
import hashlib
import json
import os
import pathlib
import re
import subprocess

import pytest

from harness import service
from harness.dialects import compact
from harness.processes import REPO, free_ports
from harness.redis_server import RedisServer

ACL = (REPO / "fcgi" / "dist" / "redis-acl.conf").read_text()
PASSWORD = "correct horse"
RIGHTS = re.findall(r"(?<= )\+(\S+)", re.search("(?m)^user .*", ACL)[0])
FORM = {"CONTENT_TYPE": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    path = tmp_path_factory.mktemp("acl") / "redis-acl.conf"
    path.write_text(ACL.replace("PASSWORD_SHA256", hashlib.sha256(PASSWORD.encode()).hexdigest()))
    port, = free_ports(1)
    running = RedisServer("--include", str(path), "--port", str(port), "--bind", "127.0.0.1")
    running.port = port
    yield running
    running.stop()


@pytest.fixture
def admin(server):
    with server.client(decode_responses=True) as client:
        before = client.execute_command("ACL", "LIST")
        yield client
        for line in before:
            client.execute_command("ACL", "SETUSER", line.split()[1], "reset", *line.split()[2:])


def set_up(server):
    made = service.Service(server.socket, REFRESHD_REDIS_USER="refreshd", REFRESHD_SESSIONS_MAX=2,
                           REFRESHD_GRACE_S=0, REFRESHD_LATE_RETRY_S=0)
    secret = pathlib.Path(made.folder, "redis.password")
    secret.touch(0o600)
    secret.write_text(PASSWORD + "\n")
    made.env["REFRESHD_REDIS_PASSWORD_FILE"] = str(secret)
    with open(made.config, "a") as file:
        file.write("introspect = on\n")  # of the backend, whose section is the last
    return made


@pytest.fixture
def one(server):
    """Set up, not started."""
    made = set_up(server)
    yield made
    made.stop()


def check(one, *flags):
    """Exit status and lines of refreshd -t."""
    done = subprocess.run([one.bin, "-t", "--config", one.config, *flags], env=one.env, capture_output=True,
                          text=True, timeout=60)
    return done.returncode, done.stdout.splitlines()


def verb(one, *words, stdin=""):
    done = subprocess.run([one.bin, *words, "--config", one.config], env=one.env, capture_output=True, text=True,
                          input=stdin, timeout=60)
    assert done.returncode == 0, done
    return done.stdout


def use_everything(one):
    backend = "Basic " + base64.b64encode(f"backend:{service.SECRET}".encode()).decode()
    tokens = {token: one.refresh(token).status for token in [one.token("ann") for _ in range(3)]}
    assert sorted(tokens.values()) == [200, 200, 401], "one had to make room"
    assert all(one.refresh(token).status == 401 for token in tokens), "reuse"
    token = one.token("ann")
    reply = one.ask("introspect", "oauth2", f"token={token}".encode(), HTTP_AUTHORIZATION=backend, **FORM)
    assert json.loads(reply.body)["active"] is True
    assert one.ask("revoke", "oauth2", f"token={token}&client_id=web".encode(), **FORM).status == 200
    verb(one, "user", "add", "bob", stdin="secret word\n")
    assert one.login("bob", "wrong word").status == 401
    access = json.loads(one.login("bob", "secret word").body)["access_token"]
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {access}"}
    assert one.ask("verify", "json", method="GET", REFRESHD_VERIFY="strict", **bearer).status == 200
    assert json.loads(one.ask("sessions", "json", method="GET", **bearer).body)["total"] == 1
    assert one.ask("logout_all", **bearer).status == 204
    for action in ("disable", "enable"):
        verb(one, "user", action, "bob")
    verb(one, "user", "passwd", "bob", stdin="another word\n")
    assert "bob" in verb(one, "user", "list")
    one.token("bob")
    assert verb(one, "session", "list", "bob")
    verb(one, "session", "revoke-all", "bob")
    verb(one, "session", "clean")
    verb(one, "session", "revoke-all", "--everyone", "--client", "nobody")
    assert "web" in verb(one, "inspect", stdin=one.token("carl") + "\n")
    verb(one, "user", "delete", "bob")


def test_every_operation_works_with_these_rights_and_nothing_was_denied(server, admin, one):
    admin.execute_command("ACL", "LOG", "RESET")
    assert "PASSWORD_SHA256" in ACL, "what is shipped lets nobody in"
    one.start()
    use_everything(one)
    assert admin.execute_command("ACL", "LOG") == []
    assert not re.search("redis.error|NOPERM", one.log())


def test_it_has_no_right_but_these(server, admin):
    rule = " ".join(admin.execute_command("ACL", "GETUSER", "refreshd")[5].split())
    assert sorted(rule.split()) == sorted(["-@all", *("+" + right for right in RIGHTS)])
    with server.client(username="refreshd", password=PASSWORD) as client:
        for command in (["KEYS", "*"], ["FLUSHALL"], ["CONFIG", "GET", "*"], ["EVAL", "return redis.call('GET','x')", "0"],
                        ["GET", "x"], ["ACL", "WHOAMI"], ["SUBSCRIBE", "x"], ["MONITOR"]):
            with pytest.raises(Exception, match="permission|can't access"):
                client.execute_command(*command)


def test_with_all_rights_t_is_content(admin, one):
    status, lines = check(one)
    assert status == 0 and lines[-1].endswith("user refreshd has all rights") and lines[-1].startswith("ok ")


@pytest.mark.parametrize("file", ["redis-acl.conf", "container-setup.sh"])
def test_nobody_is_the_default_user_and_Redis_still_reads_back_all_that_it_has_written(tmp_path, file):
    default = re.search("user (default .*)", (REPO / "fcgi" / "dist" / file).read_text())[1]
    path = tmp_path / "redis-acl.conf"
    path.write_text(ACL.replace("PASSWORD_SHA256", hashlib.sha256(PASSWORD.encode()).hexdigest())
                    + f"user {default}\nuser admin on nopass ~* &* +@all\n")
    server = RedisServer("--include", str(path), "--appendonly", "yes", "--appendfsync", "always",
                         login={"username": "admin", "password": "x"})
    one = set_up(server)
    try:
        one.start()
        assert one.ask_issue(compact(sub="anna")).status == 200  # writes two keys
        with server.client() as client:
            before = {key: client.dump(key) for key in client.keys()}
        assert len(before) > 1
        server.kill()
        server.start()
        with server.client() as client:
            assert {key: client.dump(key) for key in client.keys()} == before
        with server.client(username=None, password=None) as client, pytest.raises(Exception, match="Authentication required"):
            client.ping()
    finally:
        one.stop()
        server.stop()


DEFAULTS = {"on": "on nopass ~* &* +@all", "locked out": "off resetpass ~* &* +@all",
            "off": "off", "no right": "on nopass ~* -@all +ping", "no keys": "on nopass resetkeys +@all",
            "no sorted sets": "on nopass ~* +@all -@sortedset"}


@pytest.mark.parametrize("aof", ["yes", "no"])
@pytest.mark.parametrize("name", DEFAULTS)
def test_a_default_user_who_would_lose_sessions_is_refused(tmp_path, name, aof):
    path = tmp_path / "redis-acl.conf"
    path.write_text(ACL.replace("PASSWORD_SHA256", hashlib.sha256(PASSWORD.encode()).hexdigest())
                    + f"user default {DEFAULTS[name]}\nuser admin on nopass ~* &* +@all\n")
    server = RedisServer("--include", str(path), "--appendonly", aof, login={"username": "admin", "password": "x"})
    one = set_up(server)
    try:
        status, lines = check(one)
        said = [line for line in lines if "user default" in line]
        if name in ("on", "locked out") or aof == "no":
            assert (status, said) == (0, [])
        else:
            assert status == 78 and len(said) == 1 and said[0].startswith("FAIL redis: the user default has too few")
        with server.client() as client:
            client.execute_command("ACL", "SETUSER", "refreshd", "-acl|dryrun")
        status, lines = check(one)
        said = [line for line in lines if "user default" in line]
        assert status == 0 and [line[:41] for line in said] == ["warn redis: user refreshd lacks +acl|dryrun"[:41]] * (aof == "yes")
    finally:
        one.stop()
        server.stop()


@pytest.mark.parametrize("right", [right for right in RIGHTS if right != "acl|dryrun"])  # its loss is a warning
def test_a_right_that_is_missing_is_named(server, admin, one, right):
    flags = {"wait": ["--durability=replica"], "select": [f"--redis=redis://127.0.0.1:{server.port}/1"]}
    assert check(one, *flags.get(right, []))[0] == 0
    admin.execute_command("ACL", "SETUSER", "refreshd", "-" + right)
    status, lines = check(one, *flags.get(right, []))
    assert [line for line in lines if line.startswith("FAIL")] == [f"FAIL redis: user refreshd lacks +{right}"]
    assert status == 78


@pytest.mark.parametrize("keys", ["~rd2:*", "%R~rd:*"])
def test_keys_that_are_missing_are_named(admin, one, keys):
    admin.execute_command("ACL", "SETUSER", "refreshd", "resetkeys", keys)
    status, lines = check(one)
    assert "FAIL redis: user refreshd lacks the keys ~rd:* (for eval)" in lines and status == 78


@pytest.mark.parametrize("right", ["evalsha", "zadd", "info"])
def test_serve_refuses_to_start_without_a_right(admin, one, right):
    admin.execute_command("ACL", "SETUSER", "refreshd", "-" + right)
    done = one.run("serve")
    assert done.returncode == 78 and f"redis: user refreshd lacks +{right}".encode() in done.stderr
    assert not os.path.exists(one.socket)


def test_a_wrong_password_refuses_too(one):
    pathlib.Path(one.env["REFRESHD_REDIS_PASSWORD_FILE"]).write_text("wrong\n")
    status, lines = check(one)
    assert status == 78 and any("WRONGPASS" in line for line in lines)
    done = one.run("serve")
    assert done.returncode == 78 and b"WRONGPASS" in done.stderr


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_a_redis_that_forgets_sessions_fails_the_test(admin, one, policy):
    admin.config_set("maxmemory-policy", policy)
    status, lines = check(one)
    admin.config_set("maxmemory-policy", "noeviction")
    assert f"FAIL redis: maxmemory-policy is {policy}; must be noeviction" in lines and status == 78


def test_persistence_is_told(admin, one):
    _, lines = check(one)
    assert any(line.startswith("warn redis: appendonly is no") for line in lines)
    admin.config_set("appendonly", "yes")
    _, lines = check(one)
    admin.config_set("appendonly", "no")
    assert "ok   redis: appendonly is yes" in lines


def test_a_replica_is_not_what_is_wanted(admin, one):
    admin.execute_command("REPLICAOF", "127.0.0.1", "1")
    status, lines = check(one)
    admin.execute_command("REPLICAOF", "NO", "ONE")
    assert status == 69
    assert "FAIL redis: it is a replica of 127.0.0.1:1; must be the primary, which can write" in lines


def test_the_server_and_its_own_version_are_named(admin, one):
    info = admin.info("server")
    name = "Valkey " + info["valkey_version"] if "valkey_version" in info else "Redis " + info["redis_version"]
    assert f"ok   redis: {name}" in check(one)[1]


def test_redis_away_is_69_and_no_reason_not_to_start(one):
    status, lines = check(one, "--redis=unix:/nowhere/redis.sock")
    assert status == 69 and lines[-1] == "FAIL redis: /nowhere/redis.sock: No such file or directory"
    one.env["REFRESHD_REDIS"] = "unix:/nowhere/redis.sock"
    one.start()
    assert one.serves() and one.ask_issue(compact(sub="ann")).status == 503
