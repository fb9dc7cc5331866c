"""Wrong configurations: serve and -t refuse each with exit status 78 and one line that names the place and the way out."""
import subprocess

import pytest

from harness.processes import binary, environment

SHA = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
KEYS = "listen = unix:{0}/a.sock\nlogin_listen = unix:{0}/b.sock\nkey_file = {0}/keys\nredis = unix:{0}/none\n"  # 4 lines
NUMBER = "must be a whole number from"

# What follows KEYS, the line that is to blame, and what is said of it.
WRONG = {
    "misspelled": ("grace = 5", 5, "unknown key: grace; did you mean grace_s?"),
    "misspelled unit": ("access_ttl_ms = 5", 5, "unknown key: access_ttl_ms; did you mean access_ttl_s?"),
    "swapped letters": ("\nwokrers = 5", 6, "unknown key: wokrers; did you mean workers?"),
    "of no kind": ("colour = red", 5, "unknown key: colour"),
    "too large": ("grace_s = 301", 5, f"grace_s: {NUMBER} 0 to 300"),
    "too small": ("workers = 0", 5, f"workers: {NUMBER} 1 to 256"),
    "with a unit": ("access_ttl_s = 15m", 5, f"access_ttl_s: {NUMBER} 1 to 86400"),
    "negative": ("body_max = -1", 5, f"body_max: {NUMBER} 256 to 65536"),
    "empty": ("grace_s =", 5, f"grace_s: {NUMBER} 0 to 300"),
    "too long": ("redis_prefix = " + "x" * 33, 5, "redis_prefix: must be at most 32 bytes"),
    "line too long": ("# short\naudience = " + "x" * 200, 6, "not text, or longer in bytes than 198"),
    "no value": ("durability", 5, "neither `name = value` nor `[section]`"),
    "algorithm": ("access_alg = RS256", 5, "access_alg: must be EdDSA, HS256 or Ed25519"),
    "durability": ("durability = sync", 5, "durability: must be async or replica"),
    "switch": ("log_requests = maybe", 5, "log_requests: must be on or off"),
    "switch of a client": ("[client a]\nrotation = ja", 6, "rotation: must be on or off"),
    "TLS": ("redis = rediss://127.0.0.1", 5, "redis: TLS to Redis is not supported yet: use redis:// over a private "
            "network, or a tunnel such as stunnel"),
    "csrf": ("cookie_csrf = off", 5, "cookie_csrf: must be origin or token"),
    "jitter": ("access_ttl_s = 60\naccess_jitter_s = 90", 6, "access_jitter_s: must be less than access_ttl_s"),
    "default client": ("default_client = a b", 5, "default_client: client id must be 1 to 64 of A-Z a-z 0-9 . _ -: a b"),
    "section": ("[server]\nport = 80", 5, "unknown section: server; did you mean client NAME?"),
    "section of a client without a name": ("[client]", 5, "unknown section: client; did you mean client NAME?"),
    "section not closed": ("[client web", 5, "neither `name = value` nor `[section]`"),
    "section of a long name": (f"[client {'x' * 42}]", 5, "section name longer than 48 bytes"),
    "key of a client": ("[client a]\nscope = x", 6, "unknown key in a client section: scope; did you mean scopes?"),
    "key in the wrong section": ("[client a]\nissuer = x", 6,
                                 "unknown key in a client section: issuer; it belongs above the first section"),
    "client key above": ("rotation = off", 5, "unknown key: rotation; it belongs in a [client NAME] section"),
    "client kind": ("[client a]\nkind = private", 6, "kind: must be public or confidential"),
    "client without secret": ("[client a]\nkind = confidential", 5, "secret_sha256 is missing: client a"),
    "client with a secret in clear": ("[client a]\nkind = confidential\nsecret_sha256 = secret", 7,
                                      "secret_sha256: must be 64 hexadecimal digits"),
    "public client with a secret": (f"[client a]\nsecret_sha256 = {SHA}", 5,
                                    "a public client has no secret_sha256: client a"),
    "public client that issues": ("[client a]\nissue = on", 5, "issue = on requires kind = confidential: client a"),
    "client lifetime": ("[client a]\naccess_ttl_s = 0", 6, "access_ttl_s: must be a whole number from 1 to 86400"),
    "socket": ("listen = 127.0.0.1:9000", 5, "listen: 127.0.0.1:9000: must be unix:/path (at most 107 bytes of path), "
               "tcp:ADDRESS:PORT (IPv6 in brackets), or fd:0 to fd:9"),
    "socket mode": ("socket_mode = 0666", 5, "socket_mode: 0666: would let every user of this machine act as anybody; name a "
                    "group in socket_group instead"),
    "socket mode in words": ("socket_mode = rw-", 5, "socket_mode: rw-: must be octal, 0000 to 0775, such as 0660"),
    "socket mode with more": ("socket_mode = 2660", 5, "socket_mode: 2660: must be octal, 0000 to 0775, such as 0660"),
    "socket group": ("socket_group = no-such", 5, "socket_group: no-such: no such group"),
    "redis": ("redis = http://127.0.0.1", 5, "redis: must be unix:/path or redis://host:port/db"),
    "redis user": ("redis_user = me", 5, "redis_user needs redis_password_file"),
    "redis password": ("redis_password_file = /none", 5, "/none: No such file or directory"),
    "key file": ("key_file = /none", 5, "/none: No such file or directory"),
}


def run(verb, path, *flags, **env):
    return subprocess.run([binary(), *verb, "--config", str(path), *flags], env=environment(**env), text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=30)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "refreshd.conf"
    path.write_text(KEYS.format(tmp_path))
    assert run(["key", "new"], path).returncode == 0
    return path


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_configuration_is_explained(config, name):
    text, line, reason = WRONG[name]
    with open(config, "a") as file:
        file.write(text + "\n")
    wanted = f"{config}:{line}: {reason}"
    served = run(["serve"], config)
    lines = [said for said in served.stderr.splitlines() if not said.startswith("{")]
    assert (served.returncode, lines) == (78, [f"refreshd: {wanted}"])
    tested = run(["-t"], config)
    failed = [said.partition(": ")[2] for said in tested.stdout.splitlines() if said.startswith("FAIL")]
    assert tested.returncode == 78 and wanted in failed


def test_a_wrong_flag_and_a_wrong_variable_are_explained_too(config):
    done = run(["serve"], config, "--grace-s", "5s")
    assert done.returncode == 78 and done.stderr == f"refreshd: grace_s: {NUMBER} 0 to 300\n"
    done = run(["serve"], config, "--grace", "5")
    assert done.returncode == 64 and done.stderr.endswith("unknown flag: --grace; did you mean --grace-s?\n")
    done = run(["serve"], config, REFRESHD_GRACE_S="5s")
    assert done.returncode == 78 and done.stderr == f"refreshd: grace_s: {NUMBER} 0 to 300 (from the environment)\n"
    done = run(["-T"], config, REFRESHD_GRACE="5")
    assert done.returncode == 0 and "REFRESHD_GRACE; did you mean REFRESHD_GRACE_S?" in done.stderr


# What Kubernetes' kubelet sets for the Services refreshd and refreshd-login.
SERVICE = """REFRESHD_SERVICE_HOST=10.0.0.1 REFRESHD_SERVICE_PORT=9000 REFRESHD_SERVICE_PORT_FASTCGI=9000
REFRESHD_PORT=tcp://10.0.0.1:9000 REFRESHD_PORT_9000_TCP=tcp://10.0.0.1:9000 REFRESHD_PORT_9000_TCP_PROTO=tcp
REFRESHD_PORT_9000_TCP_PORT=9000 REFRESHD_PORT_9000_TCP_ADDR=10.0.0.1 REFRESHD_LOGIN_PORT=tcp://10.0.0.2:9001
REFRESHD_LOGIN_SERVICE_HOST=10.0.0.2 REFRESHD_LOGIN_PORT_9001_TCP=tcp://10.0.0.2:9001"""


def test_the_variables_of_a_Kubernetes_Service_are_one_line_and_no_other_is_taken_for_one(config):
    variables = dict(pair.split("=", 1) for pair in SERVICE.split())
    done = run(["-T"], config, **variables)
    line, = done.stderr.splitlines()
    assert done.returncode == 0 and '"level":"info"' in line and "11 variables" in line
    assert run(["-T"], config).stderr == ""
    for name in ("REFRESHD_PORT", "REFRESHD_HOST", "REFRESHD_SERVICE_HOSTS", "REFRESHD_PORT_X_TCP", "REFRESHD_IMPORT"):
        assert f"no such option: {name}" in run(["-T"], config, **{name: "9000"}).stderr


def test_a_switch_takes_the_usual_words_and_shows_its_own(config):
    """YAML 1.1 reads on as a boolean, so tools that write a variable from it hand over true."""
    for word, shown in (("true", "on"), ("True", "on"), ("yes", "on"), ("1", "on"), ("ON", "on"), ("false", "off"),
                        ("no", "off"), ("0", "off"), ("Off", "off")):
        for done in (run(["-T"], config, "--log-requests", word), run(["-T"], config, REFRESHD_LOG_REQUESTS=word)):
            line, = [line for line in done.stdout.splitlines() if line.startswith("log_requests ")]
            assert line.split()[2] == shown
    for wrong in ("", "2", "o", "onn", "enabled"):
        done = run(["serve"], config, "--log-requests", wrong)
        assert (done.returncode, done.stderr) == (78, "refreshd: log_requests: must be on or off\n")
    assert run(["serve"], config, "--durability", "yes").stderr.endswith("durability: must be async or replica\n")


def test_a_file_that_is_not_there_is_named(tmp_path):
    done = run(["serve"], tmp_path / "none.conf")
    assert (done.returncode, done.stderr) == (78, f"refreshd: {tmp_path}/none.conf: No such file or directory\n")
