"""A verb whose result cannot be written has failed, and with stdout closed the result goes nowhere else."""
import subprocess

import pytest

from harness import service

VERBS = [["help"], ["version"], ["completion", "bash"], ["-T"], ["-t"], ["doctor"], ["ping"], ["stats"],
         ["stats", "--json"], ["key", "list"], ["key", "list", "--json"], ["user", "list"],
         ["session", "list", "anna"], ["session", "list", "--json", "anna"], ["session", "clean"], ["inspect"]]


@pytest.fixture(scope="module")
def one(redis_server):
    with service.Service(redis_server.socket) as running:
        running.tokens = [running.token("anna") for _ in range(60)]  # more text than a buffer holds
        running.add_user("bert", "password")
        yield running


def run(one, verb, redirection):
    return subprocess.run(["sh", "-c", f'exec "$@" {redirection}', "sh", one.bin, *verb],
                          env={**one.env, "REFRESHD_CONFIG": one.config}, input=one.tokens[0], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_full_disk_is_a_failure(one, verb):
    done = run(one, verb, ">/dev/full")
    assert done.returncode != 0 and "refreshd: stdout: " in done.stderr, done


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_closed_stdout_is_a_failure(one, verb):
    done = run(one, verb, ">&-")
    assert done.returncode != 0 and "refreshd: stdout: " in done.stderr, done


@pytest.mark.parametrize("verb", [["inspect"], ["user", "passwd", "bert"]], ids=" ".join)
def test_a_closed_stdin_is_a_failure(one, verb):
    done = run(one, verb, "<&-")
    assert (done.returncode, done.stderr) == (1, "refreshd: stdin: Bad file descriptor\n")


def test_the_reason_is_said(one):
    assert run(one, ["help"], ">/dev/full").stderr == "refreshd: stdout: No space left on device\n"
    assert run(one, ["help"], ">&-").stderr == "refreshd: stdout: Bad file descriptor\n"


def test_a_reader_that_has_had_enough_is_no_message(one):
    done = run(one, ["session", "list", "anna"], "| head -n 1")
    assert done.stdout.startswith("sid") and done.stderr == ""
