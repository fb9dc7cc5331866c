"""refreshd nginx: the locations of one prefix and dialect are those of nginx/include, nothing beside them is taken from the
site, and nginx accepts them."""
import os
import re
import shutil
import subprocess

import pytest

from harness.processes import REPO, binary, environment

INCLUDE = REPO / "nginx" / "include"
# Where refreshd-locations.conf has the dialect's refresh; json it has none of.
HOMES = {"flask": "/", "header": "/", "jwt-extended": "/token", "express": "/auth", "express-token": "/", "oauth2": "/oauth2",
         "cookie": "/session"}
CONF = """
pid {folder}/pid;
error_log {folder}/error.log error;
events {{ }}
http {{
    {temp}
    access_log off;
    {http}
    server {{
        listen 127.0.0.1:1;
        location / {{ return 200; }}
        location = /login {{ return 200; }}
        {server}
    }}
}}
"""


def printed(*words, code=0):
    done = subprocess.run([binary(), "nginx", *words], env=environment(), capture_output=True, text=True, timeout=30)
    assert done.returncode == code, done
    return done.stdout if code == 0 else done.stderr


def code(text):
    """Its lines without comments, empty ones and indentation."""
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return [line for line in lines if line]


def locations(text):
    """[(head, [line, ...])] of all locations; the order of their lines does not matter."""
    return [(head.strip(), sorted(code(body))) for head, body in re.findall(r"^\s*location ([^{]*(?:\{22\}[^{]*)?) \{(.*?)^\s*\}", text, re.M | re.S)]


def kind(body, routes_only=False):
    """What a location does: its route and dialect."""
    said = dict(re.findall(r"fastcgi_param REFRESHD_(ROUTE|DIALECT) ([\w-]+);", "\n".join(body)))
    return said.get("ROUTE"), None if routes_only else said.get("DIALECT")


SHIPPED = locations((INCLUDE / "refreshd-locations.conf").read_text())


@pytest.mark.parametrize("dialect", HOMES)
def test_the_dialects_own_place_is_as_shipped(dialect):
    made = locations(printed("--prefix", HOMES[dialect], "--dialect", dialect))
    [refresh] = [row for row in made if kind(row[1]) == ("refresh", dialect)]
    assert refresh in SHIPPED


@pytest.mark.parametrize("dialect", [*HOMES, "json"])
def test_all_others_are_as_shipped_but_for_their_names(dialect):
    shipped = {kind(body): body for _, body in SHIPPED}
    for _, body in locations(printed("--prefix", "/x/y", "--dialect", dialect, "--cookie", "--health")):
        route, spoken = kind(body)
        if "internal;" in body or (route, spoken) == ("refresh", "json"):
            continue
        if route == "login" and spoken != "cookie":  # in any dialect, as express-token's
            body = sorted(line.replace(spoken, "express-token") for line in body)
        assert shipped[kind(body)] == body


def test_together_they_have_all_that_is_shipped():
    words = [("--prefix", home, "--dialect", dialect, "--health") for dialect, home in HOMES.items()]
    made = [row for word in words for row in locations(printed(*word))]
    assert [row for row in SHIPPED if row not in made] == []


def test_what_auth_request_asks_is_as_shipped():
    shipped = locations((INCLUDE / "refreshd-auth.conf").read_text())
    made = [row for row in locations(printed("--prefix", "/", "--dialect", "express")) if "internal;" in row[1]]
    assert made == shipped


def test_the_internal_listener_is_as_shipped():
    http = code(printed("--http", "--internal", "127.0.0.1:8081"))
    assert http[0] == "include refreshd-upstream.conf;" and code(printed("--http")) == http[:1]
    assert http[1:] == code((INCLUDE / "refreshd-internal.conf").read_text())


@pytest.mark.parametrize("dialect", [*HOMES, "json"])
def test_nothing_outside_the_prefix_is_taken(dialect):
    heads = [head for head, _ in locations(printed("--prefix", "/auth/", "--dialect", dialect, "--cookie", "--health"))]
    assert len(heads) == len(set(heads))
    outside = [head for head in heads if not re.match(r'(= |~ "\^)?/auth/', head)]
    assert outside == ["= /.well-known/oauth-authorization-server"] * (dialect == "oauth2") + ["= /.well-known/jwks.json"]
    assert not any("login" in head for head, _ in locations(
        printed("--prefix", "/auth", "--dialect", dialect, "--cookie", "--no-login", "--no-well-known")))
    assert ".well-known" not in printed("--prefix", "/auth", "--dialect", dialect, "--no-well-known")


def test_the_metadata_follow_the_issuer_and_the_prefix():
    text = printed("--prefix", "/auth", "--dialect", "oauth2", "--issuer", "https://id.example/one")
    assert "location = /.well-known/oauth-authorization-server/one {" in text
    assert "#   token_endpoint = https://id.example/one/auth/token\n" in text
    assert "_endpoint" not in printed("--prefix", "/oauth2", "--dialect", "oauth2")
    assert "location = /.well-known/oauth-authorization-server {" in printed("--prefix", "/", "--dialect", "oauth2", "--issuer",
                                                                             "https://id.example/")


@pytest.fixture
def nginx_takes(tmp_path):
    for file in INCLUDE.iterdir():
        shutil.copy(file, tmp_path)
    temp = " ".join(f"{name}_temp_path {tmp_path}/tmp;" for name in ("client_body", "fastcgi", "proxy", "scgi", "uwsgi"))

    def check(server, http):
        (tmp_path / "nginx.conf").write_text(CONF.format(folder=tmp_path, temp=temp, http=http, server=server))
        done = subprocess.run(["nginx", "-t", "-e", "stderr", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True,
                              env=environment(PATH=os.environ["PATH"] + ":/usr/sbin"), timeout=30)
        assert done.returncode == 0, done.stderr
        doctor = subprocess.run([binary(), "doctor", "--nginx", tmp_path / "nginx.conf"], env=environment(), capture_output=True,
                                text=True, timeout=30)
        assert doctor.stdout == "no mistakes found\n", doctor
    return check


@pytest.mark.parametrize("dialect", [*HOMES, "json"])
def test_nginx_takes_it_and_doctor_finds_no_mistake(nginx_takes, dialect):
    nginx_takes(printed("--prefix", "/auth", "--dialect", dialect, "--cookie", "--health"),
                printed("--http", "--internal", "127.0.0.1:2"))


def test_two_prefixes_in_one_server(nginx_takes):
    nginx_takes(printed("--prefix", "/auth", "--dialect", "express")
                + printed("--prefix", "/oauth2", "--dialect", "oauth2", "--no-errors", "--no-well-known"), printed("--http"))


@pytest.mark.parametrize("words, said", [
    ((), "usage: refreshd nginx"),
    (("--prefix", "/auth"), "usage: refreshd nginx"),
    (("--http", "--prefix", "/auth", "--dialect", "flask"), "usage: refreshd nginx"),
    (("--prefix", "auth", "--dialect", "flask"), "--prefix auth: must be a path such as /auth"),
    (("--prefix", "/a;b", "--dialect", "flask"), "--prefix /a;b: must be a path"),
    (("--prefix", "/a//b", "--dialect", "flask"), "--prefix /a//b: must be a path"),
    (("--prefix", "/" + "a" * 64, "--dialect", "flask"), "must be a path"),
    (("--prefix", "/auth", "--dialect", "django"), "--dialect django: must be one of flask, header, jwt-extended, express, "
     "express-token, oauth2, cookie, json"),
    (("--http", "--internal", "localhost:80"), "--internal localhost:80: must be ADDRESS:PORT"),
    (("--prefix", "/auth", "--dialect", "flask", "--internal", "127.0.0.1:1"), "refreshd nginx --http --internal 127.0.0.1:1"),
    (("--prefix", "/auth", "--dialect", "flask", "more"), "unexpected argument 'more'"),
])
def test_what_it_does_not_understand(words, said):
    assert said in printed(*words, code=64)
