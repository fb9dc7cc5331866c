"""An upgrade loses no session: what the version before has written is taken up in place, by USR2 and side by side."""
import json
import pathlib
import shutil
import subprocess

import pytest

from harness import service
from harness.processes import alive, binary
from harness.version_before import binary_before, text_of
from harness.wait import wait_until
from test_upgrade import upgrade

CLIENTS = """
[client fixed]
kind = public
rotation = off
scopes = orders:read orders:write
audience = https://api.example
access_alg = HS256
grace_s = 5
refresh_idle_ttl_s = 7776000
"""


@pytest.fixture
def before(tmp_path):
    path = tmp_path / "refreshd"
    shutil.copy(binary_before(), path)
    return path


STRICT = {"REFRESHD_GRACE_S": 0, "REFRESHD_LATE_RETRY_S": 0}  # each refresh rotates, reuse shows at once


def configured(redis_server, path, **env):
    made = service.Service(redis_server.socket, workers=2, bin=str(path), **env)
    with open(made.config, "a") as file:
        file.write(CLIENTS)
    made.add_user("anna", "correct horse")
    return made


def put_in_place(path):
    aside = pathlib.Path(f"{path}.new")
    shutil.copy(binary(), aside)
    aside.rename(path)


def refreshed(running, token):
    reply = running.refresh(token)
    assert reply.status == 200, reply
    return json.loads(reply.body)["refresh_token"]


def logout(running, token):
    assert running.ask("logout", HTTP_AUTHORIZATION=f"Bearer {token}").status == 204


def test_sessions_accounts_and_keys_are_taken_up_by_USR2(redis_server, before):
    with configured(redis_server, before, **STRICT) as running:
        wait_until(lambda: '"service.ready"' in running.log(), what="ready")
        kept = [refreshed(running, running.token()) for _ in range(5)] + [running.token()]
        access = json.loads(running.login("anna", "correct horse").body)["access_token"]
        spent = running.token("eve")
        head = refreshed(running, refreshed(running, spent))
        ended = running.token()
        logout(running, ended)
        workers = running.workers()

        put_in_place(before)
        upgrade(running, running.process.pid)
        wait_until(lambda: not any(map(alive, workers)), what="the workers of before end")

        assert all(running.refresh(token).status == 200 for token in kept)
        assert running.login("anna", "correct horse").status == 200
        assert running.ask("verify", method="GET", HTTP_AUTHORIZATION=f"Bearer {access}",
                           REFRESHD_VERIFY="strict").status == 200
        assert running.refresh(ended).status == 401, "a tombstone stays one"
        assert refreshed(running, head) and running.refresh(spent).status == 401, "S4: reuse is seen"
        assert running.refresh(head).status == 401
        assert running.end() == 0


@pytest.fixture
def side_by_side(redis_server, before):
    """Makes both versions, with the same keys."""
    def make(**env):
        old = configured(redis_server, before, **env)
        new = service.Service(redis_server.socket, workers=2, **env)
        shutil.copy(pathlib.Path(old.folder, "keys"), pathlib.Path(new.folder, "keys"))
        return old, new
    return make


def test_both_versions_rotate_one_session_in_turns(side_by_side):
    old, new = side_by_side(**STRICT)
    with old, new:
        for asked in ((old, new), (new, old)):
            spent = token = asked[0].token()
            for turn in range(20):
                token = refreshed(asked[turn % 2], token)
            assert asked[0].refresh(spent).status == 401, "S4: reuse"
            assert asked[1].refresh(token).status == 401, "S4, seen by the other version"
        assert old.end() == 0 and new.end() == 0


def test_both_versions_answer_one_generation_with_one_token(side_by_side):
    old, new = side_by_side()
    with old, new:
        for asked in ((old, new), (new, old)):
            token = asked[0].token()
            heads = {refreshed(running, token) for running in asked * 3}
            assert len(heads) == 1, "S1: one token a generation, whoever is asked"
            logout(asked[0], *heads)
            assert asked[1].refresh(*heads).status == 401, "S6"


def test_its_configuration_is_read_on(redis_server, before, tmp_path):
    """Every option and key of a client, as that version prints them."""
    made = configured(redis_server, before)
    try:
        shown = made.run("-T", check=True).stdout.decode()
        assert "[client fixed]" in shown and shown.count(" = ") > 60
        made.bin = binary()
        pathlib.Path(made.config).write_text(shown.replace("secret_sha256          = ***",
                                                           "secret_sha256 = " + "1" * 64))
        again = made.run("-T", check=True).stdout.decode()
        values = [[line.split(";")[0].split() for line in text.splitlines() if " = " in line]
                  for text in (shown, again)]
        assert [line for line in values[0] if line not in values[1]] == []
    finally:
        made.stop()


def test_its_acl_lets_this_version_work(before):
    """The rights that an administrator has pasted then: nothing more may be needed now."""
    line = next(line for line in text_of("fcgi/dist/redis-acl.conf").splitlines() if line.startswith("user refreshd"))
    now = next(line for line in pathlib.Path("fcgi/dist/redis-acl.conf").read_text().splitlines()
               if line.startswith("user refreshd"))
    assert set(now.split()) <= set(line.split()), "more rights: an upgrade in place would be refused"
    assert subprocess.run([before, "version"], capture_output=True).returncode == 0
