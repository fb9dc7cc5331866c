"""Headless Chromium by its debugging pipe: tabs that run scripts. https://chromedevtools.github.io/devtools-protocol/"""
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
           "--disable-background-networking", "--disable-component-update", "--no-proxy-server",
           "--remote-debugging-pipe")


def far(fd):
    """The same pipe under a number that is not in the way of 3 and 4."""
    copy = fcntl.fcntl(fd, fcntl.F_DUPFD, 100)
    os.close(fd)
    return copy


class Chromium:
    def __init__(self, timeout=60):
        self.folder = tempfile.mkdtemp(prefix="rd-chromium-")
        self.timeout, self.number, self.rest = timeout, 0, b""
        theirs_in, self.out = map(far, os.pipe())
        self.inn, theirs_out = map(far, os.pipe())
        self.process = subprocess.Popen(
            [PROGRAM, *OPTIONS, f"--user-data-dir={self.folder}", "about:blank"], pass_fds=(3, 4),
            preexec_fn=lambda: (os.dup2(theirs_in, 3), os.dup2(theirs_out, 4)), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)

    def message(self, end):
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.inn], [], [], max(0, end - time.monotonic()))
            part = os.read(self.inn, 65536) if ready else b""
            assert part, "Chromium is silent or gone"
            self.rest += part
        text, _, self.rest = self.rest.partition(b"\0")
        return json.loads(text)

    def ask(self, method, session=None, **params):
        self.number += 1
        number, end = self.number, time.monotonic() + self.timeout
        message = {"id": number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.message(end)
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def tab(self, url):
        return Tab(self, url)

    def cookies(self):
        return {cookie["name"]: cookie for cookie in self.ask("Storage.getCookies")["cookies"]}

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)  # its own session: it and what it started
        self.process.wait()
        os.close(self.out)
        os.close(self.inn)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Tab:
    def __init__(self, chromium, url):
        self.chromium = chromium
        self.target = chromium.ask("Target.createTarget", url=url)["targetId"]
        self.session = chromium.ask("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]

    def run(self, script):
        """Evaluates an expression, awaits it, and gives its value."""
        done = self.chromium.ask("Runtime.evaluate", self.session, expression=script, awaitPromise=True,
                                 returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def until(self, script, timeout=30):
        end = time.monotonic() + timeout
        while not (value := self.run(script)):
            assert time.monotonic() < end, f"not within {timeout} s: {script}: {self.run('document.body.innerText')}"
            time.sleep(0.05)
        return value
