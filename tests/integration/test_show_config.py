"""refreshd -T: every value with where it came from, as a file that can be read again; and --help."""
import re
import subprocess

import pytest

from harness.processes import binary, environment

SECRET = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
FILE = f"""grace_s = 5
issuer = https://id.example
access_alg = Ed25519
[client shop]
kind = confidential

secret_sha256 = {SECRET}
scopes = read write
access_ttl_s = 3600
"""


def show(path, *flags, **env):
    done = subprocess.run([binary(), "-T", "--config", path, *flags], env=environment(**env), text=True,
                          capture_output=True, timeout=30)
    assert done.returncode == 0 and not done.stderr, done
    return done.stdout


def rows(text):
    """(section, name) -> (value, origin), of comments too where they look like an option."""
    section, found = "", {}
    for line in text.splitlines():
        if line.startswith("["):
            section = line[1:line.index("]")]
        elif match := re.fullmatch(r"(?:; )?(\w+) *= (.*?) *(?: ; (.*))?", line):
            found[section, match[1]] = match[2], match[3]
    return found


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "refreshd.conf"
    path.write_text(FILE)
    return str(path)


def test_each_value_and_where_it_came_from(config):
    got = rows(show(config, "--sessions-max", "7", REFRESHD_WORKERS=3))
    assert got["", "grace_s"] == ("5", f"{config}:1")
    assert got["", "workers"] == ("3", "REFRESHD_WORKERS")
    assert got["", "sessions_max"] == ("7", "--sessions-max")
    assert got["", "access_ttl_s"] == ("900", "default")
    assert got["", "access_jitter_s"] == ("90", "default")
    assert got["", "access_alg"] == ("Ed25519", f"{config}:3")
    assert got["client shop", "kind"] == ("confidential", f"{config}:5")
    assert got["client shop", "access_ttl_s"] == ("3600", f"{config}:9")
    assert got["client shop", "grace_s"] == ("5", "default, or as above")
    assert got["client web", "kind"] == ("public", "default, or as above")


def test_secrets_are_not_shown(config):
    text = show(config)
    assert SECRET not in text and rows(text)["client shop", "secret_sha256"] == ("***", f"{config}:7")


def test_it_can_be_read_again_and_says_the_same(config, tmp_path):
    before = show(config, "--body-max=5000", REFRESHD_AUDIENCE="https://api.example")
    again = tmp_path / "again.conf"
    again.write_text(before.replace("***", SECRET))
    got, wanted = rows(show(str(again))), rows(before)
    assert {key: value for key, (value, _) in got.items()} == {key: value for key, (value, _) in wanted.items()}


def test_what_no_file_can_hold_is_shown_as_a_comment(config, tmp_path):
    text = show(config, "--token-endpoint", "x" * 200, REFRESHD_JWKS_URI="a ;b")
    assert f"; token_endpoint       = {'x' * 160}\n; ... {'x' * 40}\n" in text and "; jwks_uri             = a ;b\n" in text
    again = tmp_path / "again.conf"
    again.write_text(text.replace("***", SECRET))
    assert rows(show(str(again)))["", "token_endpoint"][0] == ""


@pytest.mark.parametrize("ask", ["help", "--help"])
def test_help_names_all_and_fits_a_terminal(ask, config):
    text = subprocess.run([binary(), ask], env=environment(), text=True, capture_output=True, check=True).stdout
    assert all(len(line) <= 100 for line in text.splitlines())
    options = {name for section, name in rows(show(config)) if not section}
    assert options <= set(re.findall(r"(?m)^  (\w+)", text))
    for title in ("Processes and sockets:", "Redis:", "Logins:"):
        assert f"\n{title}\n" in text


def test_an_argument_too_many_is_refused(config):
    done = subprocess.run([binary(), "-T", "--config", config, "--grace", "5"], capture_output=True, text=True)
    assert done.returncode == 64 and "unknown flag: --grace; did you mean --grace-s?" in done.stderr
