"""Pods of the rendered manifests in podman, as kubelet would run them: users, groups, read-only roots, volumes with
their owners and links, probes, and the order of their end. What is not here: scheduling, network policies, DNS."""
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time


def podman(*words, check=True, timeout=600):
    done = subprocess.run(["podman", *map(str, words)], stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=timeout)
    assert done.returncode == 0 or not check, f"{' '.join(map(str, words))}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout.strip() if check else done


MADE = []  # pods


def there():
    return bool(shutil.which("podman")) and podman("version", check=False).returncode == 0


def wait_until(predicate, what, timeout=60):
    end = time.monotonic() + timeout
    while not (value := predicate()):
        assert time.monotonic() < end, f"not within {timeout} s: {what}"
        time.sleep(0.1)
    return value


class Volume:
    """A folder that kubelet fills: a version of its own for each content, and one rename of ..data."""

    def __init__(self, folder, mode, group):
        self.folder, self.mode, self.group, self.count = folder, mode, group, 0
        folder.mkdir()
        os.chown(folder, 0, group)
        folder.chmod(0o3777)

    def publish(self, files):
        self.count += 1
        version = self.folder / f"..version_{self.count}"
        version.mkdir()
        for name, data in files.items():
            (version / name).write_bytes(data)
            os.chown(version / name, 0, self.group)
            (version / name).chmod(self.mode | 0o440)  # fsGroup adds the group's right to read
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        (self.folder / "..data_tmp").symlink_to(version.name)
        (self.folder / "..data_tmp").rename(self.folder / "..data")


class Pod:
    """spec: of the pod. objects: what its volumes name, {(kind, name): {file: bytes}}. hosts: {name: address}."""

    def __init__(self, name, spec, objects, images, network, folder, ports=(), hosts=()):
        self.name, self.spec, self.objects = name, spec, objects
        self.pause, self.containers = None, {}
        MADE.append(self)
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir()
        self.group = spec["securityContext"]["fsGroup"]
        self.claims = {}
        self.volumes = {volume["name"]: self.make_volume(volume) for volume in spec["volumes"]}
        self.pause = podman("run", "-d", "--network", network, *(word for port, to in ports for word in ("-p", f"127.0.0.1:{port}:{to}")),
                            *(word for host in hosts for word in ("--add-host", ":".join(host))), "--entrypoint", '["sleep", "infinity"]',
                            images[spec["containers"][0]["image"]])
        for one in spec["containers"]:
            self.containers[one["name"]] = self.run(one, images)
        for one in spec["containers"]:
            self.await_start(one)

    def contents(self, source):
        kind, = source.keys() & {"secret", "configMap"}
        held = self.objects[kind, source[kind].get("secretName") or source[kind]["name"]]
        items = source[kind].get("items")
        return {item["path"]: held[item["key"]] for item in items} if items else held

    def make_volume(self, volume):
        if "emptyDir" in volume:
            return volume["emptyDir"]
        made = Volume(self.folder / volume["name"], (volume.get("projected") or volume.get("secret") or volume["configMap"]).get("defaultMode", 0o644),
                      self.group)
        files = {}
        for source in volume["projected"]["sources"] if "projected" in volume else [volume]:
            files |= self.contents(source)
        made.publish(files)
        return made

    def claim(self, name):
        """A volume that stays: root's, its fsGroup may write to it."""
        if name not in self.claims:
            self.claims[name] = self.folder / f"claim-{name}"
            self.claims[name].mkdir()
            os.chown(self.claims[name], 0, self.group)
            self.claims[name].chmod(0o2775)
        return self.claims[name]

    def mounts(self, container):
        for mount in container["volumeMounts"]:
            volume, path = self.volumes.get(mount["name"]), mount["mountPath"]
            if isinstance(volume, dict):
                size = volume.get("sizeLimit", "64Mi").removesuffix("i").lower()
                yield from ("--mount", f"type=tmpfs,destination={path},tmpfs-mode=2777,tmpfs-size={size}")
            elif volume:
                source = (volume.folder / mount["subPath"]).resolve() if "subPath" in mount else volume.folder
                yield from ("-v", f"{source}:{path}:ro")
            else:
                yield from ("-v", f"{self.claim(mount['name'])}:{path}")

    def run(self, container, images):
        context = {**self.spec["securityContext"], **container["securityContext"]}
        assert context["capabilities"] == {"drop": ["ALL"]} and context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
        command = (("--entrypoint", "[" + ", ".join(f'"{word}"' for word in container["command"]) + "]") if "command" in container else ())
        memory = container["resources"]["limits"]["memory"].removesuffix("i").lower()
        return podman("run", "-d", "--network", f"container:{self.pause}", "--user", f"{context['runAsUser']}:{context['runAsGroup']}",
                      "--group-add", self.group, "--read-only", "--read-only-tmpfs=false", "--cap-drop", "all",
                      "--security-opt", "no-new-privileges", "--memory", memory, *self.mounts(container), *command,
                      *(word for entry in container.get("env", []) for word in ("-e", f"{entry['name']}={entry['value']}")),
                      images[container["image"]])

    def exec(self, name, *words, check=True, input=None):
        done = subprocess.run(["podman", "exec", "-i", self.containers[name], *words], input=input or "", text=True, capture_output=True, timeout=120)
        assert done.returncode == 0 or not check, f"{self.name} {name} {words}: {done.stdout}{done.stderr}{self.logs(name)}"
        return done.stdout if check else done

    def logs(self, name):
        done = podman("logs", self.containers[name], check=False)
        return done.stdout + done.stderr

    def probe(self, container, kind):
        probe = container.get(kind, {}).get("exec")
        return not probe or self.exec(container["name"], *probe["command"], check=False).returncode == 0

    def await_start(self, container):
        probe = container.get("startupProbe", {})
        wait_until(lambda: self.probe(container, "startupProbe"), f"{container['name']} starts: {self.logs(container['name'])}",
                   probe.get("failureThreshold", 30) * probe.get("periodSeconds", 1))
        assert self.probe(container, "readinessProbe") and self.probe(container, "livenessProbe")

    def address(self):
        found = podman("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", self.pause)
        assert re.fullmatch(r"[0-9.]+", found), found
        return found

    def end(self):
        """preStop, then the image's stop signal, each container by itself and all within the grace. Returns their exit codes."""
        grace, begin = self.spec["terminationGracePeriodSeconds"], time.monotonic()

        def end_one(container):
            hook = container.get("lifecycle", {}).get("preStop", {}).get("exec")
            if hook:
                self.exec(container["name"], *hook["command"])
            podman("stop", "-t", max(1, int(grace - (time.monotonic() - begin))), self.containers[container["name"]])

        threads = [threading.Thread(target=end_one, args=[one]) for one in self.spec["containers"]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(grace + 30)
        return {name: int(podman("inspect", "--format", "{{.State.ExitCode}}", id)) for name, id in self.containers.items()}

    def remove(self):
        for container in [*self.containers.values(), self.pause]:
            podman("rm", "-f", "-t", "0", "-i", container, check=False)
