"""A container in which systemd is the first process, by podman."""
import pathlib
import shutil
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
REPO = HERE.parents[1]
SOURCES = ("Makefile", "README.md", "LICENSE", "fcgi", "lib", "nginx", "tests/deps.sh")  # of the package
RELEASES = ("bookworm", "trixie")


def podman(*words, check=True, timeout=300):
    done = subprocess.run(["podman", *words], stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=timeout)
    assert done.returncode == 0 or not check, f"{' '.join(words)}: {done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout.strip()


def there():
    return bool(shutil.which("podman")) and bool(podman("version", check=False))


def build(release):
    """Returns the image: the release with systemd, nginx and Redis, and in /packages/VERSION refreshd's package."""
    image = f"localhost/refreshd-systemd-{release}"
    with tempfile.TemporaryDirectory(prefix="rd-") as folder:
        for name in SOURCES:
            target = pathlib.Path(folder) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (REPO / name).is_dir() else shutil.copy2)(REPO / name, target)
        podman("build", "--network", "host", "--build-arg", f"BASE=docker.io/library/debian:{release}-slim", "-t", image,
               "-f", str(HERE / "Dockerfile"), folder, timeout=1800)
    return image


class Machine:
    """port: its nginx, here."""

    def __init__(self, image, port):
        self.id = podman("run", "-d", "--privileged", "--systemd=always", "-p", f"127.0.0.1:{port}:80", image)
        self.boots()

    def boots(self):
        end = time.monotonic() + 60
        while self("systemctl is-system-running", check=False) != "running":
            assert time.monotonic() < end, self("systemctl --failed", check=False)
            time.sleep(0.2)

    def reboot(self):
        podman("restart", "-t", "30", self.id)
        self.boots()

    def __call__(self, command, check=True):
        """Returns what a shell in it prints; any command that fails is an error."""
        return podman("exec", self.id, "sh", "-ec", command, check=check)

    def put(self, path, text):
        subprocess.run(["podman", "exec", "-i", self.id, "tee", path], input=text.encode(), check=True, stdout=subprocess.DEVNULL)

    def show(self, unit, name):
        return self(f"systemctl show --property={name} --value {unit}")

    def remove(self):
        podman("rm", "-f", "-t", "0", self.id, check=False)
