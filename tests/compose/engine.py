"""The container engine, by compose for what users do, and by its API for what goes wrong."""
import http.client
import json
import os
import shutil
import socket
import subprocess
import urllib.parse

SOCKET = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")


class Unix(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(SOCKET)


def api(method, path, **query):
    connection = Unix("docker")
    try:
        connection.request(method, f"{path}?{urllib.parse.urlencode(query)}")
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    assert response.status < 300 or response.status == 304, f"{method} {path}: {response.status} {body!r}"
    return json.loads(body) if body.strip().startswith((b"{", b"[")) else body


def there():
    try:
        return bool(api("GET", "/version")) and command() is not None
    except (OSError, AssertionError, http.client.HTTPException):
        return False


def command():
    """`docker compose` where the plugin is there, else docker-compose, else None."""
    if shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None


class Project:
    """docker-compose.yml under a name, with more files upon it; env: its variables."""

    def __init__(self, folder, name, files=(), **env):
        self.folder, self.name = folder, name
        self.files = [word for file in ("docker-compose.yml", *files) for word in ("-f", file)]
        self.env = os.environ | {key: str(value) for key, value in env.items()}

    def __call__(self, *words, timeout=600):
        done = subprocess.run([*command(), "-p", self.name, *self.files, *words], cwd=self.folder, env=self.env,
                              text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
        assert done.returncode == 0, f"compose {' '.join(words)}: {done.stdout[-4000:]}{done.stderr[-4000:]}"
        return done.stdout

    def containers(self, service):
        """Ids, also of those that do not run."""
        labels = [f"com.docker.compose.project={self.name}", f"com.docker.compose.service={service}"]
        found = api("GET", "/containers/json", all="true", filters=json.dumps({"label": labels}))
        return sorted(container["Id"] for container in found)

    def inspect(self, container):
        return api("GET", f"/containers/{container}/json")

    def kill(self, container):
        api("POST", f"/containers/{container}/kill", signal="SIGKILL")

    def start(self, container):
        api("POST", f"/containers/{container}/start")

    def restart(self, container):
        api("POST", f"/containers/{container}/restart", t=10)

    def health(self, container):
        state = self.inspect(container)["State"]
        return state.get("Health", state.get("Healthcheck", {})).get("Status")
