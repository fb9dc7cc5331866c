"""What the headers of the nginx includes show is pasted into an nginx of its own, as a user would, and runs."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from harness import rawhttp
from harness.processes import REPO, binary, environment, free_ports
from harness.wait import wait_until

INCLUDE = REPO / "nginx" / "include"
# As a distribution has it, with what README tells to include and what the headers show.
CONF = """
{user}
error_log {folder}/error.log error;
pid {folder}/pid;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {folder}/tmp;
    fastcgi_temp_path {folder}/tmp;
    proxy_temp_path {folder}/tmp;
    scgi_temp_path {folder}/tmp;
    uwsgi_temp_path {folder}/tmp;
    include refreshd-log.conf;
    include refreshd-upstream.conf;
    include refreshd-limits.conf;
    {log}
    upstream app {{ server 127.0.0.1:{app}; }}
    server {{
        listen 127.0.0.1:{port};
        include refreshd-errors.conf;
        include refreshd-locations.conf;
        include refreshd-auth.conf;
        {pasted}
    }}
    server {{
        listen 127.0.0.1:{app};
        location / {{ default_type text/plain; return 200 "$http_x_auth_subject $uri"; }}
    }}
}}
"""


def shown(file, first):
    """The indented example in the file's header that begins with `first`."""
    lines = [line[4:] for line in (INCLUDE / file).read_text().splitlines() if line.startswith("#   ")]
    begin = next(i for i, line in enumerate(lines) if line.startswith(first))
    end = next(i for i, line in enumerate(lines[begin:], begin) if line == "}")
    return "\n".join(lines[begin:end + 1])


class Site:
    def __init__(self, stack, pasted):
        self.folder = tempfile.mkdtemp(prefix="rd-")
        self.port, app = free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}"
        for file in INCLUDE.iterdir():
            text = file.read_text().replace("unix:/run/refreshd/", f"unix:{stack.folder}/")
            (pathlib.Path(self.folder) / file.name).write_text(text)
        log = re.search(r"access_log [^;]*;", (INCLUDE / "refreshd-log.conf").read_text())[0]
        self.conf = os.path.join(self.folder, "nginx.conf")
        with open(self.conf, "w") as out:
            out.write(CONF.format(folder=self.folder, port=self.port, app=app, pasted=pasted,
                                  user="user root;" if os.getuid() == 0 else "",
                                  log=log.replace("/var/log/nginx", self.folder)))
        self.process = subprocess.Popen(["nginx", "-e", "stderr", "-p", self.folder, "-c", self.conf, "-g", "daemon off;"],
                                        env=environment(PATH=os.environ["PATH"] + ":/usr/sbin"),
                                        stdin=subprocess.DEVNULL)
        wait_until(self.answers, what="nginx answers")

    def answers(self):
        assert self.process.poll() is None, f"nginx ended with {self.process.returncode}"
        try:
            return self.ask("GET", "/healthz").status == 200
        except OSError:
            return False

    def ask(self, method, path, headers=(), body=None):
        return rawhttp.ask(self.url, method, path, headers, body)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def site(stack):
    running = Site(stack, shown("refreshd-auth.conf", "location /api/"))
    yield running
    running.stop()


def login(site, stack, password=None):
    body = json.dumps({"name": stack.user, "password": password or stack.password})
    return site.ask("POST", "/login", {"Content-Type": "application/json"}, body.encode())


def test_the_auth_example_guards_an_app(site, stack):
    token = json.loads(login(site, stack).body)["accessToken"]
    passed = site.ask("GET", "/api/x", {"Authorization": f"Bearer {token}", "X-Auth-Subject": "root"})
    assert (passed.status, passed.body) == (200, f"{stack.user} /api/x".encode())
    refused = site.ask("GET", "/api/x", {"Authorization": "Bearer no"})
    assert refused.status == 401 and json.loads(refused.body) == {"error": "invalid_token"}
    assert site.ask("GET", "/api/x").status == 401


def test_the_log_holds_what_it_says(site):
    site.ask("GET", "/healthz?secret=canary", {"Refresh-Token": "canary", "Referer": "canary"})
    log = pathlib.Path(site.folder) / "access.log"
    wait_until(lambda: log.exists() and "/healthz" in log.read_text(), what="access log")
    assert "canary" not in log.read_text()


def test_doctor_finds_no_mistake(site, stack):
    done = subprocess.run([binary(), "doctor", "--nginx", site.conf, "--config", f"{stack.folder}/refreshd.conf"],
                          capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (0, "no mistakes found\n")


def test_limits_count_logins_and_refreshes_apart_and_nothing_else(site):
    statuses = [site.ask("POST", "/login", {"Content-Type": "application/json"}, b"{}").status for _ in range(60)]
    assert set(statuses) == {400, 429} and statuses[:20] == [400] * 20
    limited = next(r for r in (site.ask("POST", "/login") for _ in range(60)) if r.status == 429)
    assert json.loads(limited.body) == {"error": "temporarily_unavailable"}
    head = {name.lower(): value for name, value in limited.headers}
    assert head["retry-after"] == "1" and head["content-type"] == "application/json" and head["cache-control"] == "no-store"
    assert all(site.ask("POST", "/refresh_token").status == 401 for _ in range(60))
    assert all(site.ask("GET", "/healthz").status == 200 for _ in range(300))


def test_the_sed_of_the_container_upstream_leaves_a_configuration_that_nginx_takes(stack, site, tmp_path):
    sed = re.search(r"^#   (sed .*)$", (INCLUDE / "refreshd-upstream-dns.conf").read_text(), re.M)[1]
    for file in INCLUDE.iterdir():
        shutil.copy(file, tmp_path)
    subprocess.run(sed, shell=True, cwd=tmp_path, check=True)
    conf = pathlib.Path(site.conf).read_text().replace("refreshd-upstream.conf", "refreshd-upstream-dns.conf")
    (tmp_path / "nginx.conf").write_text(conf)
    done = subprocess.run(["nginx", "-t", "-e", "stderr", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True,
                          env=environment(PATH=os.environ["PATH"] + ":/usr/sbin"), timeout=30)
    assert done.returncode == 0, done.stderr
