"""Help, version, and options before or behind the verb: what is asked for comes on stdout with exit status 0."""
import subprocess

import pytest

from harness.processes import binary, environment

VERBS = ["serve", "ping", "stats", "user", "session", "inspect", "key", "-t", "-T", "doctor", "completion", "version",
         "help"]


def run(*words, **env):
    return subprocess.run([binary(), *words], env=environment(**env), text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=30)


def asked(*words):
    done = run(*words)
    assert done.returncode == 0 and done.stderr == "", done
    return done.stdout


@pytest.mark.parametrize("words", [("-V",), ("--version",), ("--workers", "3", "--version")])
def test_version(words):
    assert asked(*words) == asked("version") and asked("version").startswith("refreshd ")


@pytest.mark.parametrize("words", [("-h",), ("--help",), ("--grace-s", "5", "-h")])
def test_help_of_all(words):
    assert asked(*words) == asked("help")


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_has_its_usage_and_what_it_does(verb):
    said = asked(verb, "--help")
    usage, line = said.splitlines()[0], next(line for line in said.splitlines() if line.startswith("   "))
    assert usage.startswith(f"usage: refreshd {verb}") and len(line) > 10
    for words in ((verb, "-h"), ("help", verb), ("--help", verb), (verb, "--grace-s", "5", "--help")):
        assert asked(*words) == said, words
    assert all(len(line) <= 100 for line in said.splitlines())


def test_help_of_a_verb_has_the_options_that_matter():
    for verb, has, lacks in (("serve", "workers", "no such"), ("user", "argon2_mem_kib", "workers"),
                             ("session", "redis_password_file", "workers"), ("ping", "listen", "redis"),
                             ("key", "key_file", "redis"), ("completion", "bash", "workers")):
        said = asked(verb, "--help")
        assert has in said and lacks not in said, (verb, said)


def test_help_behind_the_words_of_a_verb_does_nothing_else(tmp_path):
    key_file = tmp_path / "keys"
    assert asked("key", "new", "--key-file", str(key_file), "--help") == asked("key", "--help")
    assert not key_file.exists()
    assert asked("user", "add", "--help") == asked("user", "--help")


def test_the_value_of_an_option_is_no_question_for_help_and_no_verb():
    assert "issuer                 = --help " in asked("-T", "--issuer", "--help")
    assert "issuer                 = -V " in asked("-T", "--issuer", "-V")
    assert "issuer                 = serve " in asked("--issuer", "serve", "-T")


def test_a_user_called_h_is_a_user():
    done = run("session", "list", "-h", "--key-file", "/nowhere/keys")
    assert done.returncode == 78 and "/nowhere/keys" in done.stderr and done.stdout == ""


def test_options_before_or_behind_the_verb(tmp_path):
    config = tmp_path / "refreshd.conf"
    config.write_text("grace_s = 7\n")
    behind = asked("-T", "--config", str(config), "--workers", "3")
    assert f"grace_s                = 7                    ; {config}:1\n" in behind
    for words in (("--config", str(config), "--workers", "3", "-T"), (f"--config={config}", "-T", "--workers=3"),
                  ("--workers", "3", "-T", "--config", str(config))):
        assert asked(*words) == behind


@pytest.mark.parametrize("words, said", [
    ((), "usage: refreshd "), (("--workers", "3"), "usage: refreshd "),
    (("--grace", "5", "serve"), "unknown flag: --grace; did you mean --grace-s?"),
    (("--json", "stats"), "unknown flag: --json; a verb's own flags stand behind it"),
    (("-x",), "unknown flag: -x"), (("sesion", "--help"), "unknown verb 'sesion'; did you mean session?"),
    (("help", "sesion"), "help: unexpected argument 'sesion'"), (("--versoin",), "unknown flag: --versoin"),
    (("serve", "--token=secret"), "serve: unexpected argument '--token'\n")])
def test_wrong_usage_is_64_on_stderr(words, said):
    done = run(*words)
    assert done.returncode == 64 and said in done.stderr and done.stdout == "", done
    assert "secret" not in done.stderr
