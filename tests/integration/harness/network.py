"""Hosts as network namespaces, each on a cable of its own to one bridge. Needs the rights of root and iproute2."""
import itertools
import os
import shutil
import subprocess

SUBNETS = itertools.count(os.getpid() % 120 * 2)  # of tests that run side by side


def ip(*words, check=True):
    return subprocess.run(["ip", *words], check=check, capture_output=True, text=True, timeout=30)


def missing():
    """Why there can be no such network here; None when there can."""
    if not shutil.which("ip"):
        return "there is no ip (package iproute2)"
    name = f"rd{os.getpid()}t"
    done = ip("netns", "add", name, check=False)
    if done.returncode == 0:
        bridge = ip("link", "add", name, "type", "bridge", check=False)
        ip("link", "del", name, check=False)
        ip("netns", "del", name)
        done = bridge
    return None if done.returncode == 0 else f"no right to make networks: {done.stderr.strip()}"


class Network:
    """198.18.N.0/24 (RFC 2544: for tests). This side is .1, front i, for an nginx, .2 + i, and host i .11 + i."""

    def __init__(self, hosts, fronts):
        number = next(SUBNETS)
        self.name = f"rd{os.getpid()}n{number}"[:12]
        self.prefix = f"198.18.{number % 250}"
        self.address, self.all = f"{self.prefix}.1", []
        try:
            # an address of its own: by default it has that of a port, and would hear a host that is cut
            ip("link", "add", self.name, "address", f"02:72:64:00:00:{number % 256:02x}", "type", "bridge")
            ip("addr", "add", f"{self.address}/24", "dev", self.name)
            ip("link", "set", self.name, "up")
            self.hosts = [self.add(f"{self.name}h{i}", f"{self.prefix}.{11 + i}") for i in range(hosts)]
            self.fronts = [self.add(f"{self.name}f{i}", f"{self.prefix}.{2 + i}") for i in range(fronts)]
        except BaseException:
            self.remove()
            raise

    def add(self, name, address):
        """name: of the namespace, and of this end of the cable."""
        ip("netns", "add", name)
        self.all.append(Host(self, name, address))
        ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        for words in (("addr", "add", f"{address}/24", "dev", "eth0"), ("link", "set", "eth0", "up"),
                      ("link", "set", "lo", "up")):
            ip("-n", name, *words)
        ip("link", "set", name, "master", self.name, "up")
        return self.all[-1]

    def remove(self):
        for host in self.all:
            ip("netns", "del", host.name, check=False)  # the cable goes with it
            ip("link", "del", host.name, check=False)
        ip("link", "del", self.name, check=False)


class Host:
    def __init__(self, network, name, address):
        self.network, self.name, self.address = network, name, address

    def command(self, *words):
        """The command that runs words there."""
        return ["ip", "netns", "exec", self.name, *words]

    def sysctl(self, name, value):
        path = "/proc/sys/" + name.replace(".", "/")
        subprocess.run(self.command("sh", "-c", f"echo {value} > {path}"), check=True, timeout=30)

    def cut(self):
        """Frames get lost without a word: neither side sees its own link go down."""
        ip("link", "set", self.name, "nomaster")

    def join(self):
        ip("link", "set", self.name, "master", self.network.name)
