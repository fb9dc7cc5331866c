"""Nothing that opens a door lies on disk or in a log: tokens, passwords, keys (canary), key files."""
import base64
import json
import os
import pathlib
import stat
import subprocess

import pytest

from harness import service, stack as stacks
from harness.dialects import DIALECTS, compact
from harness.tokens import Token
from harness.wait import wait_until

OWN = {"keys", "demo.password", "backend.secret", "stack.json"}  # meant to hold secrets, mode 0600


def spellings(secret):
    """A secret as bytes, hex, base64 and base64url at every alignment."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for skip in range(3):
            yield encode(bytes(skip) + secret)[4 if skip else 0:-4]


def canaries(stack, tokens, access_tokens):
    yield "password", stack.password.encode()
    yield "client secret", stack.client_secret.encode()
    yield "basic", stack.basic().split()[1].encode()
    for key in stack.keys.secrets + [k for pair in stack.keys.refresh.values() for k in pair] + [
            stack.keys.slot_key, stack.keys.sid_key]:
        for spelling in spellings(key):
            yield "key", spelling
    for token in tokens:
        parsed = Token.parse(token)
        yield "refresh token", token.encode()
        yield "half a refresh token", token[50:].encode()
        for part in (parsed.secret, parsed.tag):
            for spelling in spellings(part):
                yield "refresh token's secret", spelling
    for token in access_tokens:
        yield "access token", token.encode()
        yield "access token's signature", token.rpartition(".")[2].encode()


def use(stack):
    """Some of everything, good and bad. Returns the refresh and the access tokens seen."""
    tokens, access = [], []
    for _ in range(3):
        answer = stack.login()
        tokens.append(answer["refreshToken"])
        access.append(answer["accessToken"])
    for dialect in DIALECTS:
        issued = stack.issue("canary", scope="read", claims={"role": "x"})
        tokens.append(issued["refresh_token"])
        access.append(issued["access_token"])
        answer = json.loads(stack.refresh(tokens[-1], dialect).body)
        tokens.append(dialect.refresh(answer))
        access.append(dialect.access(answer))
        stack.refresh(tokens[-1][:-1] + "!", dialect)
        stack.http("POST", dialect.path + "?refresh_token=" + tokens[-1], *dialect.put(tokens[-1]))
        stack.http("GET", dialect.path, dialect.put(tokens[-1])[0])
        stack.refresh(tokens[-1] + "x" * 20000, dialect)
    stack.age(tokens[-1], 10_000)
    stack.refresh(tokens[-2])  # reuse
    for token in access[:2] + tokens[:2]:
        for path in ("/protected", "/sensitive"):
            stack.http("GET", path, {"Authorization": f"Bearer {token}"})
    headers = {"Content-Type": "application/json"}
    stack.http("POST", "/login", headers, compact(name=stack.user, password=stack.password + "x"))
    stack.http("POST", "/login", headers, compact(name=stack.password, password="x"))
    stack.http("POST", "/login", headers, compact(password=stack.password)[:-1])
    stack.ask_issue(b"{", stack.basic())
    return tokens, access


def files(folder):
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file() and path.name not in OWN:
            yield path


def test_canary_no_secret_in_dump_log_or_any_other_file():
    with stacks.Stack(workers=2) as stack:
        tokens, access = use(stack)
        stack.store.save()
        aof = stack.store.info("persistence")["aof_rewrites"]
        stack.store.bgrewriteaof()
        wait_until(lambda: stack.store.info("persistence")["aof_rewrites"] > aof, what="AOF rewrite")
        wait_until(lambda: not stack.store.info("persistence")["aof_rewrite_in_progress"])
        stack.refresh(stack.token("canary"))  # so that the new AOF has an increment
        log = pathlib.Path(stack.folder) / "access.log"
        wait_until(lambda: log.exists() and b"/internal/issue" in log.read_bytes(), what="access log")
        seen = {path: path.read_bytes() for path in files(stack.folder)}
        names = [str(path) for path in seen]
        for kind in (".rdb", ".aof", "refreshd.log", "access.log"):
            assert any(name.endswith(kind) and seen[pathlib.Path(name)] for name in names), (kind, names)
        found = [(what, str(path)) for what, canary in canaries(stack, tokens, access)
                 for path, content in seen.items() if canary in content]
        assert not found
        everything = b"".join(str(k).encode() for k in stack.store.keys())
        assert not [w for w, canary in canaries(stack, tokens, access) if canary in everything]


def test_canary_the_search_would_find_a_secret(stack):
    """The test of the test: it finds what lies in the files that may hold it."""
    keys = (pathlib.Path(stack.folder) / "keys").read_bytes()
    token = stack.token()
    wanted = list(canaries(stack, [token], []))
    assert any(what == "key" and canary in keys for what, canary in wanted)
    assert any(what == "refresh token's secret" and canary in b"..." + token.encode() + b"..."
               for what, canary in wanted)


def test_every_file_of_the_stack_is_private(stack):
    for name in OWN:
        mode = stat.S_IMODE(os.stat(os.path.join(stack.folder, name)).st_mode)
        assert mode == 0o600, f"{name}: {mode:o}"


def test_process_arguments_and_environment_hold_no_secret(stack):
    for pid in [stack.pids["refreshd"], *stack.workers(), *stack.login_workers()]:
        for part in ("cmdline", "environ"):
            text = pathlib.Path(f"/proc/{pid}/{part}").read_bytes()
            assert not [w for w, canary in canaries(stack, [], []) if canary in text], part


def serve(idle):
    """`refreshd serve`, which must end by itself. Returns (exit code, what it said)."""
    done = subprocess.run([idle.bin, "serve", "--config", idle.config], env=idle.env, timeout=30,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o666, 0o610, 0o601])
def test_a_key_file_that_others_can_use_is_refused_at_start(idle, mode):
    path = os.path.join(idle.folder, "keys")
    os.chmod(path, mode)
    code, said = serve(idle)
    assert code == 78 and path in said and "chmod 600" in said, said
    assert not any(k in said for k in pathlib.Path(path).read_text().split() if len(k) == 43)


def without_access_keys(text):
    return "".join(line + "\n" for line in text.splitlines() if not line.startswith("access"))


BAD_KEYS = {
    "empty": lambda text: "",
    "short": lambda text: text.replace(text.split()[1], text.split()[1][:-2]),
    "long": lambda text: text.replace(text.split()[1], text.split()[1] + "AA"),
    "zero": lambda text: text.replace(text.split()[1], "A" * 43),
    "garbage": lambda text: "\0\xff\x01" * 100,
    "unknown word": lambda text: text + "signing x\n",
    "two active": lambda text: text + "refresh 2 active " + "B" * 42 + "A\n",
    "one key twice": lambda text: text + "refresh 2 retired " + text.split()[1] + "\n",
    "no signing key": without_access_keys,
    "huge": lambda text: text + "# comment\n" * 10000,
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_a_key_file_that_is_no_good_is_refused_at_start(idle, name):
    path = pathlib.Path(idle.folder) / "keys"
    text = path.read_text()
    path.write_bytes(BAD_KEYS[name](text).encode("latin-1"))
    code, said = serve(idle)
    assert code == 78, said
    assert not any(word in said for word in text.split() if len(word) == 43), "says no secret"


def test_a_key_file_that_is_missing_or_no_file_is_refused_at_start(idle):
    path = os.path.join(idle.folder, "keys")
    os.unlink(path)
    assert serve(idle)[0] == 78
    os.mkdir(path, 0o700)
    assert serve(idle)[0] == 78


def test_key_new_never_overwrites_and_makes_a_private_file(idle):
    path = pathlib.Path(idle.folder) / "keys"
    before = path.read_bytes()
    idle.run("key", "new")
    assert path.read_bytes() == before and stat.S_IMODE(path.stat().st_mode) == 0o600


def test_user_add_takes_the_password_from_stdin_and_stores_argon2id(redis_server, idle):
    done = subprocess.run([idle.bin, "user", "add", "erna", "--config", idle.config], env=idle.env,
                          input=b"correct horse\n", capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert b"correct horse" not in done.stdout + done.stderr
    with redis_server.client() as client:
        held = [client.hgetall(k) for k in client.keys("rd:*:a")]
    assert any(h[b"hash"].startswith(b"$argon2id$") for h in held)
    assert not any(b"correct horse" in v for h in held for v in h.values())
    again = subprocess.run([idle.bin, "user", "add", "erna", "--config", idle.config], env=idle.env,
                           input=b"other\n", capture_output=True, timeout=60)
    assert again.returncode != 0


def test_the_sockets_are_for_owner_and_group_only(stack):
    for path in (stack.fcgi, os.path.join(stack.folder, "login.sock")):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o660


def test_a_redis_user_without_password_is_refused_at_start(redis_server):
    """It would connect as the default user, who may do everything."""
    made = service.Service(redis_server.socket, REFRESHD_REDIS_USER="refreshd")
    try:
        code, said = serve(made)
        assert code == 78 and "redis_password_file" in said, said
    finally:
        made.stop()


def test_S_the_service_leaves_no_core(redis_server):
    with service.Service(redis_server.socket) as running:
        for pid in (running.process.pid, *running.workers(), *running.login_workers()):
            limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
            assert next(line for line in limits.splitlines() if "core" in line).split()[4:6] == ["0", "0"], limits


def test_S_no_worker_can_start_a_program(redis_server):
    """What the filter holds back is tests/unit/serve_sandbox_test.c's; here: every worker has it, the master none."""
    def status(pid):
        words = pathlib.Path(f"/proc/{pid}/status").read_text().split()
        return [words[words.index(name) + 1] for name in ("Seccomp:", "NoNewPrivs:")]

    with service.Service(redis_server.socket, workers=2) as running:
        wait_until(running.all_serve, what="all workers serve")
        before = status("self")  # a container may have a filter for all
        assert [status(pid) for pid in (*running.workers(), *running.login_workers())] == [["2", "1"]] * 3
        assert status(running.process.pid) == before, "SIGUSR2 may start any binary of the administrator's"


@pytest.mark.parametrize("name", [" demo", "demo ", "a\tb", b"\xff\xfe"])
def test_a_name_that_a_header_would_change_is_refused(idle, name):
    done = idle.run("user", "add", name)
    assert done.returncode == 64 and b"name" in done.stderr, done
