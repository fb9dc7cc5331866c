"""nginx/README.md, "Into a site that exists": its commands as pasted, its nginx blocks in the distribution's own site."""
import http.client
import json
import re
import subprocess
import textwrap
import time

import machine

PAGE = (machine.REPO / "nginx/README.md").read_text()
PASSWORD = "the password of anna"
# What an admin's machine has and this one has not.
PRELUDE = 'sudo() { "$@"; }\ncd /packages/1.0.0\n'
APP = 'server { listen 127.0.0.1:3000; location / { default_type text/plain; return 200 "hello $http_x_auth_subject"; } }\n'
SITE = "/etc/nginx/sites-available/default"


def section(title):
    return re.search(rf"^### {title}\n(.*?)(?=^###? |\Z)", PAGE, re.M | re.S)[1]


def commands(title):
    """Its indented blocks."""
    return [textwrap.dedent(block) for block in re.findall(r"(?m)^\n((?:    .*\n|\n(?=    ))+)", section(title))]


def blocks(title):
    return re.findall(r"^```nginx\n(.*?)^```", section(title), re.M | re.S)


def paste(debian, block, typed=""):
    done = subprocess.run(["podman", "exec", "-i", debian.id, "bash", "-ec", PRELUDE + block], input=typed, text=True,
                          capture_output=True, timeout=300)
    assert done.returncode == 0, (block, done)
    return done.stdout


def edit_site(debian, block):
    """As an admin does, by hand: behind the server's name."""
    text = debian(f"cat {SITE}")
    debian.put(SITE, text.replace("\tserver_name _;\n", f"\tserver_name _;\n{block}", 1))


def ask(port, method, path, headers=(), body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body, dict(headers))
    response = connection.getresponse()
    return response.status, response.read().decode()


def login(port):
    status, body = ask(port, "POST", "/auth/login", {"Content-Type": "application/json"},
                       json.dumps({"name": "anna", "password": PASSWORD}))
    assert status == 200, (status, body)
    return json.loads(body)


def is_guarded(port):
    token = login(port)["accessToken"]
    assert ask(port, "GET", "/api/x")[0] == 401
    assert ask(port, "GET", "/api/x", {"Authorization": f"Bearer {token}"}) == (200, "hello anna")


def reloaded(port, path, status):
    """nginx' old workers may answer for a moment."""
    end = time.monotonic() + 20
    while (got := ask(port, "GET", path)[0]) != status:
        assert time.monotonic() < end, (path, got)
        time.sleep(0.1)


def works_as_pasted(debian, port):
    before, begin = ask(port, "GET", "/"), time.monotonic()
    install, user = commands("Install, set up, start")
    said = paste(debian, install)
    assert "FAIL" not in said and "todo" not in re.sub(r"(?m)^todo redis: .*overcommit.*$", "", said), said
    paste(debian, user, f"{PASSWORD}\n")
    debian.put("/etc/nginx/conf.d/app.conf", APP)
    tees, reload, curl = commands("nginx")
    paste(debian, tees)
    edit_site(debian, blocks("nginx")[0])
    edit_site(debian, blocks("An API")[0])
    said = paste(debian, reload)
    assert "WRONG" not in said, said
    reloaded(port, "/api/x", 401)
    assert "accessToken" in paste(debian, curl.replace("…", PASSWORD))
    is_guarded(port)
    print(f"  {time.monotonic() - begin:.0f} s from the package to a guarded location", flush=True)
    assert ask(port, "GET", "/") == before and ask(port, "GET", "/login")[0] == 404, "the site's own stays"
    assert "www-data" not in debian("getent group refreshd")
    mistakes = debian("nginx -T 2>/dev/null | refreshd doctor --nginx - || true")
    assert set(re.findall(r": ([a-z-]+): ", mistakes)) <= {"log-secrets"}, mistakes
    again = debian("refreshd setup")
    assert not re.search(r"(?m)^(make|FAIL)", again), again

    # A single page app, and pages that a server renders.
    [copy] = commands("A single page app")
    paste(debian, copy)
    assert "class Session" in ask(port, "GET", "/refreshd.js")[1]
    [backend] = commands("Pages that a server renders")
    alice = json.loads(paste(debian, backend))
    edit_site(debian, blocks("Pages that a server renders")[0])
    paste(debian, "nginx -t && systemctl reload nginx")
    reloaded(port, "/account/", 303)
    assert ask(port, "GET", "/account/", {"Cookie": f"__Host-access={alice['access_token']}"}) == (200, "hello ")


def outlives_a_reboot(debian, port):
    debian.reboot()
    is_guarded(port)
    assert debian("stat -c '%U %G' /run/refreshd") == "refreshd refreshd"
    assert debian("stat -c '%a %U %G' /run/refreshd/refreshd.sock /run/refreshd/login.sock").split("\n") == ["660 refreshd www-data"] * 2


def goes_without_a_trace(debian, port):
    debian("rm /etc/nginx/conf.d/refreshd.conf /etc/nginx/snippets/refreshd.conf /var/www/html/refreshd.js")
    debian("dpkg -P refreshd")
    left = debian("find / -xdev -not -path '/packages/*' -not -path '/proc/*' -name '*refreshd*'; find /run -name '*refreshd*'")
    assert left == "", left
