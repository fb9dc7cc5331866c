"""Binaries, pids and ports."""
import os
import pathlib
import random
import socket

REPO = pathlib.Path(__file__).parents[3]


def binary():
    return str(pathlib.Path(os.environ.get("REFRESHD_BIN") or REPO / "build" / "refreshd").resolve())


def binaries():
    """The binary under test, and the one with sanitizers when it is built."""
    found = [binary(), str(REPO / "build" / "asan" / "refreshd")]
    return [b for b in dict.fromkeys(found) if os.access(b, os.X_OK)] or found[:1]


def called(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().rstrip("\n")
    except (FileNotFoundError, ProcessLookupError):
        return None


def children(pid, name=None):
    """name: only those that call themselves so."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            found = [int(word) for word in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [child for child in found if name in (None, called(child))]


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def free_ports(count):
    """Ports that nothing listens on, below the range that outgoing connections use."""
    ports, held = [], []
    while len(ports) < count:
        port = random.SystemRandom().randrange(20000, 32000)
        probe = socket.socket()
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            probe.close()
            continue
        ports.append(port)
        held.append(probe)
    for probe in held:
        probe.close()
    return ports


def environment(**more):
    """Ours without what would change the service under test, as a configuration file of this machine would."""
    clean = {k: v for k, v in os.environ.items()
             if not k.startswith("REFRESHD_") and k not in ("PORT", "DIR", "WORKERS", "ACCESS_LOG")}
    return {**clean, "REFRESHD_CONFIG": "", **{k: str(v) for k, v in more.items()}}
