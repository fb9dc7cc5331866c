"""/metrics as Prometheus reads it, strictly: https://prometheus.io/docs/instrumenting/exposition_formats/"""
import os
import pathlib
import re
import shutil
import subprocess

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf'({NAME})(?:\{{((?:{NAME}="[^"\\\n]*",?)+)\}})? ([0-9]+(?:\.[0-9]+)?)')
TYPES = {"counter", "gauge", "histogram"}
# tests/deps.sh brings the last one
PROMTOOL = (os.environ.get("PROMTOOL") or shutil.which("promtool")
            or pathlib.Path(__file__).resolve().parents[3] / "build/promtool")


class Metrics(dict):
    """(name, labels as a sorted tuple of pairs) -> value; also what of it by name."""

    def __init__(self, text):
        super().__init__()
        self.types, self.helps, current = {}, {}, None
        assert text.endswith("\n") and "\n\n" not in text
        for line in text.splitlines():
            if line.startswith("# "):
                _, kind, name, rest = line.split(" ", 3)
                if kind == "HELP":
                    assert name not in self.helps and rest, line
                    self.helps[name] = rest
                else:
                    assert (kind, current) == ("TYPE", None) or name not in self.types, line
                    assert rest in TYPES and name in self.helps, line
                    self.types[name], current = rest, name
                continue
            found = SAMPLE.fullmatch(line)
            assert found, line
            name, labels, value = found.groups()
            assert name == current or (self.types[current] == "histogram" and name.startswith(current)), line
            key = name, tuple(sorted(re.findall(rf'({NAME})="([^"]*)"', labels or "")))
            assert key not in self, f"twice: {line}"
            self[key] = float(value)

    def get(self, name, **labels):
        """0 for what is not there, as a rate would see it."""
        return super().get((f"refreshd_{name}", tuple(sorted(labels.items()))), 0)

    def total(self, name, **labels):
        """The sum of all that have these labels among theirs."""
        return sum(value for (is_, theirs), value in self.items()
                   if is_ == f"refreshd_{name}" and set(labels.items()) <= set(theirs))


def of(service):
    """Of a Service."""
    reply = service.ask("metrics", method="GET")
    assert reply.status == 200, reply
    return Metrics(reply.body.decode())


def promtool(*words, text=""):
    """Returns what it complains of."""
    done = subprocess.run([PROMTOOL, *words], input=text, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr
