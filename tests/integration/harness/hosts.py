"""refreshd on several hosts, with one Redis, behind one or several nginx that have the shipped includes."""
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile

import redis

from . import fcgi, rawhttp, stack as stacks
from .network import Network
from .processes import REPO, binary, children, environment, free_ports
from .redis_server import RedisServer
from .service import SECRET
from .tokens import Keys
from .wait import wait_until

CONFIG = """listen = tcp:{address}:9000
login_listen = tcp:{address}:9001
listen_insecure_tcp = on
redis = redis://{redis}:6379
key_file = {folder}/keys
issuer = http://127.0.0.1
workers = 2

[client web]
kind = public

[client backend]
kind = confidential
secret_sha256 = 2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b
issue = on
"""
SHIPPED = "10.0.0.1{n}:"  # the addresses in refreshd-upstream-hosts.conf, from n = 1
# The tries of a request are the words of the last three, divided by " : " or ", ".
LOG = ("log_format tries '$uri $status $request_time $request_id|$upstream_addr|$upstream_status"
       "|$upstream_bytes_sent';")


class Refreshd:
    """One host's."""

    def __init__(self, host, folder, redis_address):
        self.host, self.process = host, None
        self.config = os.path.join(folder, f"{host.name}.conf")
        self.log_path = os.path.join(folder, f"{host.name}.log")
        with open(self.config, "w") as file:
            file.write(CONFIG.format(address=host.address, redis=redis_address, folder=folder))

    def start(self):
        with open(self.log_path, "ab") as log:
            # a session of its own, so that one signal reaches all of its processes
            self.process = subprocess.Popen(self.host.command(binary(), "serve", "--config", self.config),
                                            env=environment(), stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True)
        wait_until(self.serves, what=f"{self.host.name} serves")

    def serves(self):
        assert self.process.poll() is None, f"{self.host.name} ended with {self.process.returncode}"
        try:
            return all(fcgi.ask((self.host.address, port), fcgi.params("ready", method="GET"), timeout=5).status in
                       (200, 500) for port in (9000, 9001))  # 500: a login worker, asked for something else
        except (OSError, fcgi.Closed):
            return False

    def signal_all(self, number):
        os.killpg(self.process.pid, number)

    def kill(self):
        self.signal_all(signal.SIGKILL)
        self.process.wait()
        wait_until(self.has_ended, what="the workers too, which have the sockets")

    def has_ended(self):
        try:
            self.signal_all(0)
            return False
        except ProcessLookupError:
            return True

    def workers(self):
        return children(self.process.pid, "refreshd-worker")

    def drain(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.signal_all(signal.SIGCONT)
            self.kill()


class Nginx:
    """upstream: the text of refreshd-upstream-hosts.conf with the right addresses. replace: more words to replace
    in all files."""

    def __init__(self, host, folder, upstream, workers=2, replace=None):
        os.makedirs(os.path.join(folder, "nginx", "tmp"))
        self.folder, self.log_path = folder, os.path.join(folder, "access.log")
        port, internal = free_ports(2)
        self.url, self.internal_url = f"http://{host.address}:{port}", f"http://{host.address}:{internal}"
        host.sysctl("net.ipv4.tcp_orphan_retries", 3)  # as nginx/README.md has it
        words = {"@USER@": "user root;", "@NGINX_WORKERS@": str(workers), "@DIR@": folder, "@PORT@": str(port),
                 "@INTERNAL_PORT@": str(internal), "@ACCESS_LOG@": f'"{self.log_path}" tries',
                 "@HTML@": str(REPO / "nginx" / "html"), "include refreshd-upstream.conf;": upstream,
                 "include refreshd-log.conf;": LOG, "127.0.0.1:": f"{host.address}:", **(replace or {})}
        for file in [*(REPO / "nginx/include").iterdir(), REPO / "nginx/nginx.conf.in"]:
            text = file.read_text()
            for word, value in words.items():
                text = text.replace(word, value)
            with open(os.path.join(folder, "nginx", file.name.removesuffix(".in")), "w") as out:
                out.write(text)
        with open(os.path.join(folder, "nginx.log"), "ab") as log:
            self.process = subprocess.Popen(
                [*host.command("nginx"), "-e", "stderr", "-p", folder, "-c", os.path.join(folder, "nginx", "nginx.conf"),
                 "-g", "daemon off;"], env={**environment(), "PATH": os.environ["PATH"] + ":/usr/sbin"},
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until(self.answers, what="nginx answers")

    def answers(self):
        assert self.process.poll() is None, f"nginx ended with {self.process.returncode}"
        try:
            return rawhttp.ask(self.url, "GET", "/healthz").status == 200
        except OSError:
            return False

    def requests(self):
        """[(uri, status, seconds, id, [bytes sent by each try])]"""
        found = []
        with open(self.log_path) as file:
            for line in file:
                head, _, _, sent = line.rstrip("\n").split("|")
                uri, status, seconds, request_id = head.split(" ")
                tries = [int(word) for word in re.split(", | : ", sent) if word.isdigit()]
                found.append((uri, int(status), float(seconds), request_id, tries))
        return found

    def reload(self):
        """With the same configuration, but forgetting which host has failed."""
        before = children(self.process.pid)
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: set(children(self.process.pid)) - set(before), what="new nginx workers")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)


def upstream_of(hosts, text=None):
    """The shipped upstreams with the addresses of hosts, which are as many as there."""
    text = text or (REPO / "nginx/include/refreshd-upstream-hosts.conf").read_text()
    for n, host in enumerate(hosts, 1):
        assert SHIPPED.format(n=n) in text
        text = text.replace(SHIPPED.format(n=n), f"{host.address}:")
    return text


class Cluster(stacks.Stack):
    """What Stack is, of several hosts. A client sees the nginx whose number it has."""

    def __init__(self, count=2, nginxes=1, upstream=None):
        self.folder = tempfile.mkdtemp(prefix="rd-")
        self.redis_server = self.network = None
        self.hosts, self.nginxes = [], []
        stacks.RUNNING.append(self)
        try:
            self.network = Network(count, nginxes)
            self.redis_server = RedisServer("--port", "6379", "--bind", self.network.address,
                                            "--protected-mode", "no")
            self.store = redis.Redis(unix_socket_path=self.redis_server.socket)
            self.hosts = [Refreshd(host, self.folder, self.network.address) for host in self.network.hosts]
            self.prepare()
            for host in self.hosts:
                host.start()
            for i, front in enumerate(self.network.fronts):
                self.nginxes.append(Nginx(front, os.path.join(self.folder, str(i)),
                                          upstream_of(self.network.hosts, upstream)))
        except BaseException:
            stacks.print_logs(self)
            self.down()
            raise
        self.url, self.internal_url = self.nginxes[0].url, self.nginxes[0].internal_url

    def prepare(self):
        self.user, self.password = "demo", secrets.token_urlsafe(12)
        self.client_id, self.client_secret = "backend", SECRET
        self.verb("key", "new")
        self.keys = Keys(os.path.join(self.folder, "keys"))
        self.verb("user", "add", self.user, input=self.password.encode() + b"\n")

    def verb(self, *words, **options):
        subprocess.run([binary(), *words, "--config", self.hosts[0].config], env=environment(), check=True,
                       capture_output=True, timeout=60, **options)

    def through(self, number):
        """The same as seen through another nginx."""
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        other.url, other.internal_url = self.nginxes[number].url, self.nginxes[number].internal_url
        return other

    def logs(self):
        for number in range(len(self.nginxes) or 1):
            yield from stacks.tails(os.path.join(self.folder, str(number)))
        for host in self.hosts:
            if os.path.exists(host.log_path):
                with open(host.log_path, errors="replace") as file:
                    yield host.log_path, file.read()[-3000:]

    def down(self):
        for part in [*self.nginxes, *self.hosts]:
            part.stop()
        if self.redis_server:
            self.redis_server.stop()
        if self.network:
            self.network.remove()
        stacks.RUNNING.remove(self)
        shutil.rmtree(self.folder, ignore_errors=True)
