"""`refreshd user passwd` at a terminal: it does not echo what is typed, and whatever ends it gives the echo back."""
import contextlib
import os
import pty
import signal
import subprocess
import sys
import termios

import pytest

from harness.stack import unique
from harness.wait import wait_until


def echoes(terminal):
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


class Prompt:
    """A command on a terminal of its own, which is `ours` here."""

    def __init__(self, command, env):
        self.pid, self.ours = pty.fork()
        if self.pid == 0:
            try:
                os.execvpe(command[0], command, env)
            finally:
                os._exit(127)
        self.seen, self.status = b"", None
        os.set_blocking(self.ours, False)

    def reads(self, text):
        """Whether all of it has come, and nothing of what comes later is waited for."""
        with contextlib.suppress(OSError):
            while part := os.read(self.ours, 65536):
                self.seen += part
        return self.seen.count(text.encode())

    def asks(self, times=1):
        wait_until(lambda: self.reads("password: ") == times and not echoes(self.ours), what="the prompt")

    def types(self, text):
        os.write(self.ours, text.encode())

    def ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = os.waitstatus_to_exitcode(status) if pid else None
        return self.status is not None

    def ends(self):
        wait_until(lambda: self.reads("") >= 0 and self.ended(), what="the end")
        return self.status


@pytest.fixture
def prompts(stack):
    begun = []

    def begin(*wrapper):
        name = unique()
        verb = [stack.env["REFRESHD_BIN"], "user", "add", name, "--config", f"{stack.folder}/refreshd.conf"]
        begun.append(Prompt([*wrapper, *verb], stack.env))
        return begun[-1], name
    yield begin
    for prompt in begun:
        if not prompt.ended():
            os.kill(prompt.pid, signal.SIGKILL)
            os.waitpid(prompt.pid, 0)
        os.close(prompt.ours)


def users(stack):
    return subprocess.run([stack.env["REFRESHD_BIN"], "user", "list", "--config", f"{stack.folder}/refreshd.conf"],
                          env=stack.env, capture_output=True, text=True, check=True).stdout.split()


def test_what_is_typed_is_not_shown_and_the_echo_comes_back(stack, prompts):
    prompt, name = prompts()
    prompt.asks()
    prompt.types("s3cret\n")
    assert prompt.ends() == 0 and b"s3cret" not in prompt.seen and echoes(prompt.ours)
    assert name in users(stack)


@pytest.mark.parametrize("key, number", [("\x03", signal.SIGINT), ("\x1c", signal.SIGQUIT)])
def test_a_key_that_ends_it_gives_the_echo_back(stack, prompts, key, number):
    prompt, name = prompts()
    prompt.asks()
    prompt.types("s3c" + key)
    assert prompt.ends() == -number and echoes(prompt.ours)
    assert name not in users(stack)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_that_ends_it_gives_the_echo_back(prompts, number):
    prompt, _ = prompts()
    prompt.asks()
    os.kill(prompt.pid, number)
    assert prompt.ends() == -number and echoes(prompt.ours)


def test_a_signal_that_is_ignored_stays_ignored(stack, prompts):
    """Under nohup a hang-up changes nothing."""
    prompt, name = prompts("sh", "-c", "trap '' HUP; exec \"$@\"", "sh")
    prompt.asks()
    os.kill(prompt.pid, signal.SIGHUP)
    prompt.types("s3cret\n")
    assert prompt.ends() == 0 and name in users(stack)


# A shell with job control, as far as it is needed: its job has a group of its own in the foreground, and goes on
# when the terminal has been looked at.
SHELL = """
import os, signal, subprocess, sys, termios

def in_the_foreground():
    os.setpgid(0, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)

job = subprocess.Popen(sys.argv[1:], preexec_fn=in_the_foreground)
_, status = os.waitpid(job.pid, os.WUNTRACED)
assert os.WIFSTOPPED(status), status
print("stopped", "echo" if termios.tcgetattr(0)[3] & termios.ECHO else "silent", flush=True)
os.kill(job.pid, signal.SIGCONT)
_, status = os.waitpid(job.pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def test_stopped_it_gives_the_echo_back_and_asks_again(stack, prompts, tmp_path):
    script = tmp_path / "shell.py"
    script.write_text(SHELL)
    prompt, name = prompts(sys.executable, str(script))
    prompt.asks()
    prompt.types("half a pass\x1a")
    wait_until(lambda: prompt.reads("stopped echo"), what="it stops")
    prompt.asks(2)
    prompt.types("s3cret\n")
    assert prompt.ends() == 0 and echoes(prompt.ours) and name in users(stack)
