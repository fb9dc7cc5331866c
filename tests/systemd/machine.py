"""A container in which systemd is the first process, by podman."""
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).parent
IMAGE = "localhost/refreshd-systemd"


def podman(*words, check=True, timeout=300):
    done = subprocess.run(["podman", *words], stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=timeout)
    assert done.returncode == 0 or not check, f"{' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout.strip()


def there():
    return bool(shutil.which("podman")) and bool(podman("version", check=False))


class Machine:
    """packages: a folder with .deb files. port: its nginx, here."""

    def __init__(self, packages, port):
        podman("build", "--network", "host", "-q", "-t", IMAGE, str(HERE), timeout=600)
        self.id = podman("run", "-d", "--rm", "--privileged", "--systemd=always", "-p", f"127.0.0.1:{port}:80",
                         "-v", f"{packages}:/packages:ro", IMAGE)

    def __call__(self, command, check=True):
        """Returns what a shell in it prints; any command that fails is an error."""
        return podman("exec", self.id, "sh", "-ec", command, check=check)

    def put(self, path, text):
        subprocess.run(["podman", "exec", "-i", self.id, "tee", path], input=text.encode(), check=True, stdout=subprocess.DEVNULL)

    def show(self, unit, name):
        return self(f"systemctl show --property={name} --value {unit}")

    def remove(self):
        podman("rm", "-f", "-t", "0", self.id, check=False)
