"""refreshd key new|list|activate|retire: a key is known before it makes, and stays while its tokens live."""
import hashlib
import json
import os
import stat
import subprocess
import time

import pytest

from harness import service
from harness.key_verbs import age, key, key_file, listed, near, only, seconds, states, time_said
from harness.tokens import Keys, Token, b64, unb64

DAY = 86400
REFRESH_MAX = 180 * DAY  # the default refresh_max_ttl_s


def test_a_new_file_has_one_active_key_of_each_kind_and_its_time(idle):
    keys = listed(idle)
    assert [(k["kind"], k.get("alg"), k["state"]) for k in keys] == [
        ("refresh", None, "active"), ("access", "EdDSA", "active"), ("access", "HS256", "active")]
    assert all(near(seconds(k["since"]), time.time()) for k in keys)
    assert "nothing done" in key(idle, "new")


def test_a_new_key_is_next_and_names_itself(idle):
    before = key_file(idle).read_text()
    assert time_said(key(idle, "new", "access"), "EdDSA", "SIGHUP") > time.time() + 250
    said = key(idle, "new", "access", "HS256"), key(idle, "new", "refresh")
    keys = [k for k in listed(idle) if k["state"] == "next"]
    assert [(k["kind"], k["kid"] if k["kind"] == "refresh" else k["alg"]) for k in keys] == [
        ("refresh", "2"), ("access", "EdDSA"), ("access", "HS256")]
    assert keys[2]["kid"] in said[0] and "refresh key 2" in said[1]
    after = key_file(idle).read_text()
    assert after.startswith(before) and len(after.splitlines()) == 7
    assert stat.S_IMODE(key_file(idle).stat().st_mode) == 0o600


@pytest.mark.parametrize("alg", ["EdDSA", "HS256", "Ed25519"])
def test_a_new_access_key_is_of_the_configured_algorithm(redis_server, alg):
    made = service.Service(redis_server.socket, REFRESHD_ACCESS_ALG=alg)
    try:
        key(made, "new", "access")
        assert [k["alg"] for k in listed(made) if k["state"] == "next"] == [alg.replace("Ed25519", "EdDSA")]
    finally:
        made.stop()


def test_RFC7638_the_kid_of_an_access_key_is_its_thumbprint(idle):
    text = '{"k":"%s","kty":"oct"}' % b64(idle.keys.access["HS256"])
    assert only(idle, "active", "HS256") == b64(hashlib.sha256(text.encode()).digest())


def test_list_is_a_table_that_says_what_is_next(idle):
    key(idle, "new", "access")
    key(idle, "new", "refresh")
    key(idle, "activate", "2")
    rows = [line.split() for line in key(idle, "list").splitlines()]
    assert rows[0] == ["KIND", "KID", "ALG", "STATE", "SINCE", "NEXT", "STEP"]
    assert rows[1][:4] == ["refresh", "1", "-", "retired"] and rows[1][5:8] == ["may", "be", "removed"]
    assert near(seconds(rows[1][9]), time.time() + REFRESH_MAX)
    assert rows[2][:4] == ["refresh", "2", "-", "active"] and rows[2][5:] == ["-"]
    assert rows[5][2:4] == ["EdDSA", "next"] and rows[5][5:8] == ["may", "become", "active"]
    assert near(seconds(rows[5][9]), time.time() + 300)
    age(idle, "next", 300)
    assert key(idle, "list").splitlines()[5].endswith("may become active now")


def test_publication_before_use(idle):
    """An EdDSA key signs only when whoever keeps the JWKS must have seen it."""
    key(idle, "new", "access")
    kid, before, old = only(idle, "next", "EdDSA"), key_file(idle).read_bytes(), only(idle, "active", "EdDSA")
    assert near(time_said(key(idle, "activate", kid, code=1), "may become active at"), time.time() + 300)
    assert key_file(idle).read_bytes() == before
    age(idle, "next", 290)
    key(idle, "activate", kid, code=1)
    age(idle, "next", 10)
    said = key(idle, "activate", kid)
    assert kid in said and old in said and "SIGHUP" in said
    assert states(idle, "access", "EdDSA") == {old: "retired", kid: "active"}
    assert Keys(key_file(idle)).access["EdDSA"] != idle.keys.access["EdDSA"]


def test_publication_lasts_as_long_as_configured(idle):
    key(idle, "new", "access")
    kid = only(idle, "next", "EdDSA")
    said = key(idle, "activate", kid, "--jwks-max-age-s=3600", code=1)
    assert near(time_said(said), time.time() + 3600)
    key(idle, "activate", kid, "--jwks-max-age-s", "0")


def test_now_overrides_publication_and_says_what_that_means(idle):
    key(idle, "new", "access")
    assert near(time_said(key(idle, "activate", "--now", only(idle, "next", "EdDSA")), "is active", "JWKS"),
                time.time() + 300)


@pytest.mark.parametrize("name", ["refresh", "HS256"])
def test_what_nobody_else_fetches_needs_no_publication(idle, name):
    key(idle, "new", *(["refresh"] if name == "refresh" else ["access", "HS256"]))
    assert "SIGHUP" in key(idle, "activate", "2" if name == "refresh" else only(idle, "next", "HS256"))


def test_a_key_of_before_there_were_times_may_be_used_at_once(idle):
    key(idle, "new", "access")
    path = key_file(idle)
    path.write_text("".join(" ".join(line.split()[:4]) + "\n" for line in path.read_text().splitlines()))
    assert all(k["since"] is None for k in listed(idle))
    key(idle, "activate", only(idle, "next", "EdDSA"))


def test_activating_the_active_key_does_nothing(idle):
    before = key_file(idle).read_bytes()
    assert "already" in key(idle, "activate", "1")
    assert key_file(idle).read_bytes() == before


def test_overlap_of_access_keys(idle):
    key(idle, "new", "access")
    age(idle, "next", 300)
    old = only(idle, "active", "EdDSA")
    key(idle, "activate", only(idle, "next", "EdDSA"))
    assert near(time_said(key(idle, "retire", old, code=1), "may be removed at"), time.time() + 960)
    age(idle, "retired", 950)
    key(idle, "retire", old, code=1)
    age(idle, "retired", 10)
    assert "SIGHUP" in key(idle, "retire", old)
    assert old not in states(idle, "access", "EdDSA")


def test_overlap_of_refresh_keys_is_the_longest_session_of_any_client(idle):
    with open(idle.config, "a") as file:
        file.write(f"\n[client slow]\nrefresh_max_ttl_s = {2 * REFRESH_MAX}\n")
    key(idle, "new", "refresh")
    key(idle, "activate", "2")
    assert near(time_said(key(idle, "retire", "1", code=1)), time.time() + 2 * REFRESH_MAX)
    age(idle, "retired", 2 * REFRESH_MAX)
    key(idle, "retire", "1")
    assert states(idle) == {"2": "active"}


def test_the_active_key_is_never_removed(idle):
    key(idle, "new", "refresh")
    for kid in ("1", only(idle, "active", "EdDSA")):
        assert "active" in key(idle, "retire", kid, code=1)
        assert "active" in key(idle, "retire", kid, "--now", code=1)


def test_a_next_key_made_nothing_and_may_go_at_once(idle):
    before = key_file(idle).read_bytes()
    key(idle, "new", "refresh")
    key(idle, "retire", "2")
    assert key_file(idle).read_bytes() == before


def test_now_removes_a_key_that_leaked_and_says_what_that_means(idle):
    key(idle, "new", "refresh")
    key(idle, "activate", "2")
    said = key(idle, "retire", "1", "--now")
    assert "refused" in said and "next reload" in said and "log in again" in said
    assert states(idle) == {"2": "active"}


def test_rollback(idle):
    key(idle, "new", "access")
    age(idle, "next", 300)
    old, new = only(idle, "active", "EdDSA"), only(idle, "next", "EdDSA")
    key(idle, "activate", new)
    key(idle, "activate", old)
    assert states(idle, "access", "EdDSA") == {old: "active", new: "retired"}
    assert near(time_said(key(idle, "retire", new, code=1)), time.time() + 960), "it has signed"
    key(idle, "activate", new)


def test_edits_keep_every_other_byte(idle):
    path = key_file(idle)
    text = path.read_text().replace("access HS256", "\n#  by\tanna \r\n#refresh 9 next x\naccess HS256") + "\n# end"
    path.write_text(text, newline="")
    key(idle, "new", "refresh")
    key(idle, "activate", "2")
    key(idle, "activate", "1")
    key(idle, "retire", "2", "--now")
    with open(path, newline="") as file:
        old, new = text.split("\n"), file.read().split("\n")
    assert new.pop() == "", "the last line had no end before there was one behind it"
    changed = [a.split()[:4] for a, b in zip(old, new) if a != b]
    assert len(old) == len(new) and changed in ([], [old[1].split()[:4]])


def same_six(path):
    """Adds two keys whose thumbprints begin alike."""
    with path.open("a") as file:
        for number in (417922, 488979):
            file.write(f"access HS256 retired {b64(b'%032d' % number)} 1\n")


def test_a_prefix_names_a_key_when_it_names_no_other(idle):
    same_six(key_file(idle))
    before = key_file(idle).read_bytes()
    first, second = [kid for kid in states(idle, "access", "HS256") if kid.startswith("zEaEm2")]
    assert "2 kids" in key(idle, "retire", "zEaEm2", code=1)
    assert key_file(idle).read_bytes() == before
    key(idle, "retire", first[:12])
    assert second in states(idle, "access", "HS256")
    key(idle, "retire", "zEaEm2")
    assert len(states(idle, "access", "HS256")) == 1


@pytest.mark.parametrize("kid", ["2", "01", "256", "", "zEaEm", "zEaEm2", "x" * 44, "--nwo", "é"])
def test_a_key_that_is_not_there(idle, kid):
    assert "no key" in key(idle, "activate", kid, code=1)
    assert "no key" in key(idle, "retire", kid, "--now", code=1)


@pytest.mark.parametrize("verb", [
    [], ["frob"], ["new", "x"], ["new", "refresh", "2"], ["new", "access", "RS256"], ["new", "access", "EdDSA", "x"],
    ["list", "x"], ["activate"], ["activate", "--now"], ["activate", "1", "2"], ["retire"], ["retire", "1", "--now", "2"]])
def test_usage(idle, verb):
    before = key_file(idle).read_bytes()
    assert "usage" in key(idle, *verb, code=64)
    assert key_file(idle).read_bytes() == before


def test_the_number_of_a_new_refresh_key_is_past_all_others(idle):
    for _ in range(2):
        key(idle, "new", "refresh")
    key(idle, "retire", "2")
    assert "refresh key 4," in key(idle, "new", "refresh")
    path = key_file(idle)
    path.write_text(path.read_text().replace("refresh 4", "refresh 255"))
    assert "refresh key 2," in key(idle, "new", "refresh")


def test_no_more_keys_than_a_file_may_hold(idle):
    for _ in range(15):
        key(idle, "new", "refresh")
    before = key_file(idle).read_bytes()
    assert "too many refresh keys" in key(idle, "new", "refresh", code=1)
    assert key_file(idle).read_bytes() == before


VERBS = [["list"], ["new", "access"], ["new", "refresh"], ["activate", "1"], ["retire", "1", "--now"]]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_file_that_cannot_be_read_or_trusted(idle, verb):
    path = key_file(idle)
    path.chmod(0o640)
    assert "chmod 600" in key(idle, *verb, code=78)
    path.chmod(0o600)
    text = path.read_text()
    path.write_text(text.replace("access EdDSA", "access EdDSB"))
    assert "line 3" in key(idle, *verb, code=78)
    path.write_text(text)
    if os.geteuid() != 0:
        path.chmod(0)
        assert "denied" in key(idle, *verb, code=78)
    path.unlink()
    assert "No such file" in key(idle, *verb, code=78)
    path.mkdir(0o700)
    assert "regular file" in key(idle, *verb, code=78)


def test_a_file_that_cannot_be_replaced_stays(idle):
    """Its name leaves no room for that of a file aside."""
    path = key_file(idle)
    real = path.rename(path.with_name("k" * 252))
    path.symlink_to(real.name)
    before = real.read_bytes()
    assert "name too long" in key(idle, "new", "refresh", code=1)
    assert real.read_bytes() == before and path.is_symlink()


def test_an_edit_keeps_mode_and_link_and_leaves_nothing_aside(idle):
    path = key_file(idle)
    real = path.rename(path.with_name("real"))
    path.symlink_to(real.name)
    real.chmod(0o400)
    key(idle, "new", "refresh")
    assert path.is_symlink() and stat.S_IMODE(real.stat().st_mode) == 0o400
    assert sorted(os.listdir(idle.folder)) == ["keys", "real", "refreshd.conf"]


def test_edits_at_once_lose_none_and_every_reader_finds_a_whole_file(idle):
    verbs = [["new", "refresh"]] * 8 + [["new", "access", "HS256"]] * 8 + [["list"]] * 4
    running = [subprocess.Popen([idle.bin, "key", *verb, "--config", idle.config], env=idle.env, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
               for pair in zip(verbs[:8], verbs[8:16]) for verb in (*pair, verbs[-1])]
    for process in running:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    assert states(idle) == {"1": "active", **{str(n): "next" for n in range(2, 10)}}
    assert len(states(idle, "access", "HS256")) == 9
    assert sorted(os.listdir(idle.folder)) == ["keys", "refreshd.conf"]


def restart(made):
    if made.process:
        assert made.end() == 0
    made.start()


def access_of(reply):
    assert reply.status == 200, reply
    return json.loads(reply.body)["access_token"]


def verified(made, token):
    return made.ask("verify", None, method="GET", HTTP_AUTHORIZATION=f"Bearer {token}").status == 200


def kid_of(token):
    return json.loads(unb64(token.split(".")[0]))["kid"]


def test_tokens_of_before_stand_until_their_key_is_removed(idle):
    """The whole turn, over both kinds of key, as an operator does it."""
    restart(idle)
    token, other = idle.token(), idle.token()
    before = access_of(idle.refresh(idle.token()))
    old = only(idle, "active", "EdDSA")
    key(idle, "new", "access")
    key(idle, "new", "refresh")
    new = only(idle, "next", "EdDSA")
    restart(idle)
    assert kid_of(access_of(idle.refresh(idle.token()))) == old, "next makes nothing"
    assert Token.parse(idle.token()).kid == 1

    key(idle, "activate", new, "--now")
    key(idle, "activate", "2")
    restart(idle)
    reply = idle.refresh(token)
    after, turned = access_of(reply), json.loads(reply.body)["refresh_token"]
    assert kid_of(after) == new and Token.parse(idle.token()).kid == 2
    assert verified(idle, after) and verified(idle, before), "overlap"

    key(idle, "retire", old, "--now")
    key(idle, "retire", "1", "--now")
    restart(idle)
    assert verified(idle, after) and not verified(idle, before)
    assert idle.refresh(other).status == 401 and idle.refresh(token).status == 401
    assert Token.parse(turned).kid == 2 and idle.refresh(turned).status == 200
