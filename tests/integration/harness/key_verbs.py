"""`refreshd key …` of a Service, and the times of its key file."""
import datetime
import json
import pathlib

from .tokens import Keys, b64


def key_file(made):
    return pathlib.Path(made.folder) / "keys"


def key(made, *verb, code=0):
    """`refreshd key …`. Returns what it printed, which is no secret."""
    done = made.run("key", *verb, text=True)
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    if key_file(made).is_file():
        held = [b64(s) for s in Keys(key_file(made)).secrets]
        assert not [s for s in held if s in said], "says no secret"
    assert done.stdout == "" if code else done.stderr == ""
    return said


def listed(made):
    return json.loads(key(made, "list", "--json"))


def states(made, kind="refresh", alg=None):
    """The states of a kind's keys by kid."""
    return {k["kid"]: k["state"] for k in listed(made) if k["kind"] == kind and k.get("alg") == alg}


def only(made, state, alg):
    kid, = [k["kid"] for k in listed(made) if k.get("alg") == alg and k["state"] == state]
    return kid


def age(made, state, seconds):
    """Makes each key of this state that much older."""
    path, out = key_file(made), []
    for line in path.read_text().splitlines():
        fields = line.split()
        if fields[2:3] == [state]:
            fields[4] = str(int(fields[4]) - seconds)
        out.append(" ".join(fields))
    path.write_text("\n".join(out) + "\n")


def seconds(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(
        tzinfo=datetime.timezone.utc).timestamp()


def time_said(said, *words):
    """The one time in a line."""
    at, = [w.rstrip(":;,") for w in said.split() if w.startswith("20") and "T" in w]
    for word in words:
        assert word in said, said
    return seconds(at)


def near(is_, wanted):
    return abs(is_ - wanted) < 30
