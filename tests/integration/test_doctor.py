"""refreshd doctor: each mistake in an nginx configuration by its name, and none in what is shipped."""
import os
import pathlib
import re
import subprocess

import pytest

from harness.processes import REPO, binary, environment, free_ports
from harness.redis_server import RedisServer
from harness.wait import wait_until

CONF = """key_file = {folder}/keys
[client web]
[client fixed]
rotation = off
[client strict]
grace_s = 0
"""
WORDS = {"@USER@": "", "@NGINX_WORKERS@": "1", "@DIR@": "/tmp", "@PORT@": "8080", "@INTERNAL_PORT@": "8081",
         "@ACCESS_LOG@": "/tmp/access.log refreshd", "@HTML@": "/tmp"}


@pytest.fixture
def site(tmp_path):
    """The shipped configuration in a folder of the test's own."""
    for file in [*(REPO / "nginx/include").iterdir(), REPO / "nginx/nginx.conf.in"]:
        text = file.read_text()
        for word, value in WORDS.items():
            text = text.replace(word, value)
        (tmp_path / file.name.removesuffix(".in")).write_text(text)
    (tmp_path / "refreshd.ini").write_text(CONF.format(folder=tmp_path))
    return tmp_path


def doctor(site, *words, stdin=None):
    return subprocess.run([binary(), "doctor", *words, "--config", str(site / "refreshd.ini")], env=environment(),
                          input=stdin, capture_output=True, text=True, timeout=30)


def mistakes(site, *files, **options):
    """[(file, line, name)], in order."""
    done = doctor(site, "--nginx", *(files or [str(site / "nginx.conf")]), **options)
    found = re.findall(r"^(.*):(\d+): ((?!note:)[a-z-]+): [^\n]+$", done.stdout, re.M)
    assert done.stderr == "" and done.returncode == (1 if found else 0), done
    return [(pathlib.Path(path).name, int(line), name) for path, line, name in found]


def change(site, file, old, new):
    text = (site / file).read_text()
    assert old in text, f"{file} has no {old!r}"
    (site / file).write_text(text.replace(old, new))


def test_none_in_what_is_shipped(site):
    assert mistakes(site) == []


def test_none_in_what_is_shipped_for_containers(site):
    for file in site.glob("*.conf"):
        file.write_text(re.sub(r"fastcgi_pass (refreshd\w*);", r"fastcgi_pass $\1;", file.read_text()))
    change(site, "nginx.conf", "refreshd-upstream.conf", "refreshd-upstream-dns.conf")
    assert mistakes(site) == []


def several_hosts(site):
    change(site, "nginx.conf", "refreshd-upstream.conf", HOSTS)


def test_none_in_what_is_shipped_for_several_hosts(site):
    """Yet it is said that the way to them is in the clear, once for each upstream; that is no mistake."""
    several_hosts(site)
    change(site, "nginx.conf", "include refreshd-log.conf;", "include refreshd-log.conf;\n\tinclude refreshd-realip.conf;")
    assert mistakes(site) == []
    done = doctor(site, "--nginx", str(site / "nginx.conf"))
    assert len(re.findall(r": note: plain-tcp: .*WireGuard", done.stdout)) == 3 and done.returncode == 0


def test_none_in_the_shipped_limits(site):
    change(site, "nginx.conf", "include refreshd-upstream.conf;",
           "include refreshd-upstream.conf;\n\tinclude refreshd-limits.conf;")
    assert mistakes(site) == []


RETRY, PARAMS, VERIFY = "refreshd-retry.conf", "refreshd-params.conf", "refreshd-verify.conf"
HOSTS, ONCE = "refreshd-upstream-hosts.conf", "refreshd-once.conf"
LOGIN, UPSTREAM, LOCATIONS = "refreshd-login.conf", "refreshd-upstream.conf", "refreshd-locations.conf"
FLASK = "fastcgi_param REFRESHD_DIALECT flask;\n}\n\nlocation = /refresh {"
EXTRA = "location / {\n\t\t\troot"
LOCAL = "listen 127.0.0.1:8080"

BAD = [
    # name, file, what is replaced, by what
    ("keep-conn", PARAMS, "fastcgi_keep_conn on;", ""),
    ("keep-conn", VERIFY, "fastcgi_keep_conn on;", "fastcgi_keep_conn off;"),
    ("not-retried", RETRY, " non_idempotent", ""),
    ("sent-twice", LOGIN, "next_upstream error timeout;", "next_upstream error non_idempotent;"),
    ("sent-twice", ONCE, "next_upstream error timeout;", "next_upstream error non_idempotent;"),
    ("strict-twice", "nginx.conf", "REFRESHD_CLIENT fixed", "REFRESHD_CLIENT strict"),
    ("read-timeout", RETRY, "fastcgi_read_timeout 3s;", "fastcgi_read_timeout 10s;"),
    ("read-timeout", RETRY, "fastcgi_read_timeout 3s;", ""),
    ("retry-window", RETRY, "fastcgi_next_upstream_timeout 5s;", ""),
    ("retry-window", RETRY, "fastcgi_next_upstream_timeout 5s;", "fastcgi_next_upstream_timeout 1m;"),
    ("connect-timeout", PARAMS, "fastcgi_connect_timeout 500ms;", ""),
    ("verify-open", "refreshd-auth.conf", "location = /_verify_strict {\n\tinternal;", "location = /_verify_strict {"),
    ("verify-body", VERIFY, "fastcgi_pass_request_body off;", ""),
    ("verify-length", VERIFY, "fastcgi_param REQUEST_METHOD",
     "fastcgi_param CONTENT_LENGTH $content_length;\nfastcgi_param REQUEST_METHOD"),
    ("pinned-address", RETRY, "fastcgi_pass refreshd;", "fastcgi_pass app.internal:9000;"),
    ("no-resolver", RETRY, "fastcgi_pass refreshd;", "fastcgi_pass $refreshd_app;"),
    ("pass-from-request", RETRY, "fastcgi_pass refreshd;", "resolver 127.0.0.1; fastcgi_pass $arg_app:9000;"),
    ("no-keepalive", UPSTREAM, "\tkeepalive 64;", ""),
    ("max-fails", UPSTREAM, "refreshd.sock max_fails=0;", "refreshd.sock;"),
    ("few-tries", UPSTREAM, "\tserver unix:/run/refreshd/refreshd.sock max_fails=0;\n" * 12, ""),
    ("host-hangs", HOSTS, "max_fails=1 fail_timeout=10s", "max_fails=0"),
    ("hosts-all-out", HOSTS, "max_fails=0 backup", "backup"),
    ("host-down", LOGIN, "next_upstream error timeout;", "next_upstream off;"),
    ("host-down", ONCE, "next_upstream error timeout;", "next_upstream off;"),
    ("cache", "nginx.conf", "server_tokens off;", "server_tokens off; fastcgi_cache all;"),
    ("body-size", PARAMS, "client_max_body_size 16k;", "client_max_body_size 1m; client_body_buffer_size 1m;"),
    ("body-on-disk", PARAMS, "client_body_buffer_size 16k;", "client_body_buffer_size 8k;"),
    ("body-on-disk", "nginx.conf", "server_tokens off;", "client_body_in_file_only clean;"),
    ("answer-on-disk", PARAMS, "fastcgi_max_temp_file_size 0;", ""),
    ("headers-passed", RETRY, "fastcgi_pass_request_headers off;", ""),
    ("limit-status", LOGIN, "fastcgi_pass refreshd_login;", "fastcgi_pass refreshd_login; limit_req zone=login;"),
    ("health-limited", LOCATIONS, "fastcgi_param REFRESHD_ROUTE health;",
     "fastcgi_param REFRESHD_ROUTE health; limit_req zone=all; limit_req_status 429;"),
    ("shared-limit", LOCATIONS, FLASK, "limit_req zone=x burst=9; limit_req_status 429;\n" + FLASK),
    ("forged-address", PARAMS, "$remote_addr;", "$http_x_forwarded_for;"),
    ("route-variable", LOCATIONS, "REFRESHD_ROUTE revoke", "REFRESHD_ROUTE $uri"),
    ("route-variable", RETRY, "fastcgi_pass refreshd;", "fastcgi_pass refreshd; fastcgi_param REFRESHD_CLIENT $arg_c;"),
    ("unknown-route", LOCATIONS, "REFRESHD_ROUTE revoke", "REFRESHD_ROUTE revok"),
    ("no-route", LOCATIONS, "fastcgi_param REFRESHD_ROUTE revoke;", ""),
    ("unknown-dialect", LOCATIONS, "REFRESHD_DIALECT flask", "REFRESHD_DIALECT flusk"),
    ("unknown-client", "nginx.conf", "REFRESHD_CLIENT fixed", "REFRESHD_CLIENT fixt"),
    ("no-request-id", PARAMS, "fastcgi_param REFRESHD_REQUEST_ID", "fastcgi_param X_ID"),
    ("missing-param", PARAMS, "fastcgi_param REMOTE_ADDR", "fastcgi_param X_ADDR"),
    ("login-socket", LOGIN, "fastcgi_pass refreshd_login;", "fastcgi_pass refreshd;"),
    ("intercept-errors", "nginx.conf", "server_tokens off;", "fastcgi_intercept_errors on;"),
    ("metrics-open", "nginx.conf", EXTRA, "location = /m { include refreshd-retry.conf; "
     "fastcgi_param REFRESHD_ROUTE metrics; } " + EXTRA),
    ("auth-skipped", "nginx.conf", "auth_request /_verify_fresh;", "auth_request /_verify_fresh; return 200 hello;"),
    ("auth-skipped", "nginx.conf", "auth_request /_verify_fresh;",
     "auth_request /_verify_fresh; if ($http_x) { rewrite ^ /y; }"),
    ("auth-error-page", "nginx.conf", EXTRA, "location /app/ { auth_request /_verify; error_page 401 @refreshd_error; } "
     + EXTRA),
    ("satisfy-any", "nginx.conf", "auth_request /_verify_fresh;", "auth_request /_verify_fresh; satisfy any;"),
    ("log-secrets", "nginx.conf", "access.log refreshd", "access.log"),
    ("log-secrets", "refreshd-log.conf", "$uri", "$request_uri"),
    ("log-secrets", "refreshd-log.conf", "$request_id", "$http_authorization"),
    ("error-log-level", "nginx.conf", "error_log stderr error;", "error_log stderr info;"),
    ("error-log-level", "nginx.conf", "server_tokens off;", "error_log /tmp/e debug;"),
    ("cookie-plain", "nginx.conf", LOCAL, "listen 8080"),
    ("issue-public", "nginx.conf", EXTRA, "location = /issue { include refreshd-once.conf; "
     "fastcgi_param REFRESHD_ROUTE issue; fastcgi_param REFRESHD_DIALECT json; } " + EXTRA),
    ("realip-open", "nginx.conf", "server_tokens off;", "set_real_ip_from 0.0.0.0/0;"),
    ("underscores", "nginx.conf", "server_tokens off;", "underscores_in_headers on;"),
]
@pytest.mark.parametrize("name, file, old, new", BAD, ids=[f"{row[0]}-{i}" for i, row in enumerate(BAD)])
def test_a_mistake_is_named(site, name, file, old, new):
    change(site, file, old, new)
    if name.startswith("host"):
        several_hosts(site)
    if name == "shared-limit":
        change(site, LOGIN, "fastcgi_pass refreshd_login;",
               "fastcgi_pass refreshd_login; limit_req zone=x; limit_req_status 429;")
    if name == "metrics-open":
        change(site, "nginx.conf", LOCAL, "listen 8080 ssl")
    found = mistakes(site)
    assert {row[2] for row in found} == {name} | ({"no-keepalive"} if name == "pinned-address" else set())


def test_at_least_thirty_are_known():
    assert len({row[0] for row in BAD}) >= 30


def test_file_and_line_are_those_of_the_mistake(site):
    change(site, RETRY, "fastcgi_read_timeout 3s;", "fastcgi_read_timeout\n  70s;")
    line = (site / RETRY).read_text().splitlines().index("fastcgi_read_timeout") + 1
    assert mistakes(site) == [(RETRY, line, "read-timeout")]


def test_what_nginx_itself_prints(site):
    """nginx -T, also from stdin."""
    change(site, "nginx.conf", 'pid "/tmp/nginx/pid"', f'pid "{site}/pid"')
    for kind in ("client_body", "fastcgi", "proxy", "scgi", "uwsgi"):
        change(site, "nginx.conf", f'{kind}_temp_path "/tmp/nginx/tmp"', f'{kind}_temp_path "{site}/tmp"')
    change(site, "nginx.conf", "error_log stderr error;", "error_log stderr debug;")
    printed = subprocess.run(["nginx", "-T", "-p", site, "-c", site / "nginx.conf"], env=environment(),
                             capture_output=True, text=True, timeout=30).stdout
    for file in site.glob("*.conf"):
        file.unlink()
    assert [row[0::2] for row in mistakes(site, "-", stdin=printed)] == [("nginx.conf", "error-log-level")]


def test_a_part_alone_is_no_configuration(site):
    """What is around a location decides whether it is wrong: the log format, the upstream, the parameters."""
    done = doctor(site, "--nginx", str(site / RETRY), str(site / "nginx.conf"))
    assert done.returncode == 1 and done.stdout == ""
    assert f"{site / RETRY}: no http block" in done.stderr and "nginx -T" in done.stderr


@pytest.mark.parametrize("text, why", [
    ("http {", "a block without end"), ("}", "`}` without `{`"), ("http", "a directive without `;`"),
    ('a "b', "a quote without end"), (";", "`;` without directive"), ("include no-such-file;", "no such file"),
    ("include nginx.conf;", "too deep"),
])
def test_what_cannot_be_read(site, text, why):
    (site / "nginx.conf").write_text(f"# a line\n{text}\n")
    done = doctor(site, "--nginx", str(site / "nginx.conf"))
    assert done.returncode == 1 and why in done.stderr and "nginx.conf:" in done.stderr, done


@pytest.fixture
def durable_redis():
    server = RedisServer("--appendonly", "yes")
    yield server
    server.stop()


def test_the_set_up(site, durable_redis):
    redis = "--redis", f"unix:{durable_redis.socket}"
    subprocess.run([binary(), "key", "new", "--config", site / "refreshd.ini"], env=environment(), check=True,
                   capture_output=True)
    good = doctor(site, "--listen", f"unix:{site}/no.sock", *redis)
    assert good.returncode == 0 and "WRONG" not in good.stdout, good
    (site / "keys").chmod(0o644)
    with durable_redis.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
    bad = doctor(site, "--issuer", "http://app.example", "--listen", "tcp:0.0.0.0:9", "--listen-insecure-tcp", "on",
                 *redis)
    wrong = re.findall(r"^WRONG  (\w+)", bad.stdout, re.M)
    assert bad.returncode == 1 and wrong == ["key_file", "issuer", "listen", "redis"], bad
    assert "allkeys-lru" in bad.stdout


def test_ping_over_tcp(site, durable_redis):
    port, = free_ports(1)
    words = ("--listen", f"tcp:127.0.0.1:{port}", "--login-listen", f"unix:{site}/login.sock",
             "--redis", f"unix:{durable_redis.socket}", "--config", site / "refreshd.ini")
    (site / "keys").unlink(missing_ok=True)
    subprocess.run([binary(), "key", "new", *words], env=environment(), check=True, capture_output=True)

    def ping():
        return subprocess.run([binary(), "ping", *words], env=environment(), capture_output=True, timeout=30).returncode

    assert ping() == 69
    with subprocess.Popen([binary(), "serve", *words], env=environment(), stderr=subprocess.DEVNULL) as service:
        wait_until(lambda: ping() == 0, what="it is well")
        service.terminate()
    assert ping() == 69


# A worker as nginx calls it, and a doctor who sees no other one. $1: its group.
ALONE = """setpriv --reuid=65534 --regid=65534 --groups="$1" bash -c 'exec -a "nginx: worker process" sleep 60' &
until grep -q "^nginx: worker" "/proc/$!/cmdline"; do sleep 0.01; done
shift; "$@"; kill $!"""


@pytest.mark.skipif(os.getuid() != 0, reason="takes root, to be another user")
def test_a_socket_that_nginx_may_not_connect_to_is_named(site, durable_redis, idle):
    subprocess.run([binary(), "key", "new", "--config", site / "refreshd.ini"], env=environment(), check=True,
                   capture_output=True)
    idle.env["REFRESHD_SOCKET_GROUP"] = "1"
    idle.start()
    wait_until(lambda: os.path.exists(idle.socket))

    def told(group, folder_mode):
        os.chmod(idle.folder, folder_mode)
        done = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "bash", "-c", ALONE, "bash", str(group), binary(),
                               "doctor", "--config", site / "refreshd.ini", "--listen", f"unix:{idle.socket}",
                               "--login-listen", f"unix:{site}/none", "--redis", f"unix:{durable_redis.socket}"],
                              env=environment(), capture_output=True, text=True, timeout=30)
        return re.findall(r"^WRONG  (.*)$", done.stdout, re.M)

    assert told(1, 0o711) == []
    [closed] = told(2, 0o711)
    assert closed.startswith(f"listen: unix:{idle.socket}: nginx' workers (user nobody) may not connect, so nginx answers 503")
    [folder] = told(1, 0o700)
    assert f"(user nobody) may not enter {idle.folder}, so" in folder


def nginx_T(path):
    done = subprocess.run(["nginx", "-T", "-e", "stderr", "-c", str(path)], capture_output=True, text=True, timeout=30,
                          env={"PATH": "/usr/sbin:/usr/bin:/bin"})
    return done.returncode, done.stdout, done.stderr


def test_a_failing_nginx_T_is_quoted(site):
    change(site, "nginx.conf", "http {", "htp {")
    status, out, err = nginx_T(site / "nginx.conf")
    said = next(line for line in err.splitlines() if "[emerg]" in line)
    assert status == 1 and out == "" and 'unknown directive "htp"' in said
    done = doctor(site, "--nginx", "-", stdin=err)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == f"refreshd: nginx -T has failed, so there is nothing to check: {said}\n"
    done = doctor(site, "--nginx", "-", stdin="")
    assert done.returncode == 1 and done.stderr.startswith("refreshd: stdin is empty: nginx -T has failed"), done


def test_what_nginx_says_before_a_good_configuration_is_passed_over(site):
    dump = "".join(f"# configuration file {path}:\n{path.read_text()}\n"
                   for path in (site / "nginx.conf", *sorted(site.glob("refreshd-*.conf"))))
    said = ("nginx: [warn] the \"user\" directive makes sense only if the master process runs with super-user "
            "privileges\nnginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n"
            "nginx: configuration file /etc/nginx/nginx.conf test is successful\n")
    done = doctor(site, "--nginx", "-", stdin=said + dump)
    assert done.returncode == 0 and done.stdout == "no mistakes found\n" and done.stderr == "", done


def test_a_configuration_that_is_no_dump_is_judged_as_such(site):
    done = doctor(site, "--nginx", "-", stdin="server {\n}\n")
    assert done.returncode == 1 and "no http block" in done.stderr
    done = doctor(site, "--nginx", "-", stdin="http {\n")
    assert done.returncode == 1 and done.stderr.startswith("refreshd: -:")
