"""make deb: what the Debian package holds, asks for, and does to a machine. make deb itself fails where lintian says a word."""
import fcntl
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from harness.processes import environment

REPO = pathlib.Path(__file__).resolve().parents[2]
DIST = REPO / "fcgi/dist"
SOURCES = ("Makefile", "README.md", "LICENSE", "fcgi", "lib", "nginx", "tests/deps.sh")  # and no .git
UNITS = ("refreshd.service", "refreshd-keys.service", "refreshd.socket", "refreshd-login.socket")

pytestmark = pytest.mark.skipif(not (shutil.which("dh") and shutil.which("lintian")),
                                reason="debhelper and lintian are not installed; `tests/deps.sh deb` brings them")


def output(*command, **options):
    done = subprocess.run(command, env=environment(), text=True, capture_output=True, timeout=400, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """Built once, whichever process of pytest comes first."""
    here = tmp_path_factory.getbasetemp()
    tree = (here.parent if "PYTEST_XDIST_WORKER" in os.environ else here) / "tree"
    with open(tree.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tree.exists():
            for name in SOURCES:
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if (REPO / name).is_dir() else shutil.copy2)(REPO / name, tree / name)
            output("make", "deb", cwd=tree)
    [deb] = (tree / "build/deb").glob("refreshd_*.deb")
    return deb


@pytest.fixture(scope="session")
def unpacked(package, tmp_path_factory):
    """What it installs, and below DEBIAN its scripts."""
    folder = tmp_path_factory.mktemp("root")
    output("dpkg-deb", "--raw-extract", str(package), str(folder))
    return folder


def test_a_tree_without_git_gives_a_version_too(package):
    arch = output("dpkg", "--print-architecture").strip()
    assert package.name == f"refreshd_0.1.0_{arch}.deb"
    assert not list(package.parent.glob("refreshd-0*/")), "the copy it was built in is gone"


def test_versions_sort_as_they_came():
    given = [("0000abc", 1), ("be49d82", 2), ("4789f70-dirty", 3), ("0.1.0", 4), ("v1.2.0-rc1", 5), ("v1.2.0-rc1-3-gabc", 6),
             ("v1.2.0", 7), ("v1.2.0-5-gabc", 8), ("v1.2.0-12-gabc-dirty", 9), ("v1.2.1", 10)]
    versions = [output(str(DIST / "deb-version.sh"), name, str(epoch)).strip() for name, epoch in given]
    for version in versions:
        output("dpkg", "--validate-version", version)
    for older, newer in zip(versions, versions[1:]):
        output("dpkg", "--compare-versions", older, "lt", newer)


def test_it_asks_for_what_it_uses(package, unpacked):
    """By the names that this release's packages of the libraries have."""
    wants, likes = (output("dpkg-deb", "--field", str(package), field) for field in ("Depends", "Recommends"))
    needed = re.findall(r"\(NEEDED\).*\[(\S+)\]", output("readelf", "--dynamic", str(unpacked / "usr/bin/refreshd")))
    assert {name.partition(".so")[0] for name in needed} == \
        {"libc", "libfcgi", "libhiredis", "libjson-c", "libsodium", "libinih"}
    libraries = {output("dpkg-query", "--search", f"*/{name}").partition(":")[0] for name in needed}
    assert libraries <= {want.split()[0] for want in wants.split(",")}
    assert likes.split() == ["nginx,", "redis-server"]


def test_what_builds_it_is_what_builds_the_binary():
    """deps.sh and Debian's own list, which build-essential begins."""
    build = set(re.search(r'^build="(.*)"$', (REPO / "tests/deps.sh").read_text(), re.M)[1].split())
    control = re.search(r"^Build-Depends:\n((?: .*\n)+)", (DIST / "debian/control").read_text(), re.M)[1]
    assert {line.split()[0].rstrip(",") for line in control.splitlines()} == build - {"gcc", "libc6-dev"} | {"debhelper-compat"}


def test_it_holds_what_make_install_installs(unpacked, tmp_path):
    output(str(DIST / "install.sh"), str(unpacked / "usr/bin/refreshd"), str(tmp_path), "/usr")
    moved = {"usr/share/doc/refreshd/examples/": "etc/refreshd/",
             "usr/share/zsh/site-functions/": "usr/share/zsh/vendor-completions/"}
    for file in filter(pathlib.Path.is_file, tmp_path.rglob("*")):
        name = str(file.relative_to(tmp_path))
        for old, new in moved.items():
            name = name.replace(old, new)
        packed = [unpacked / name, unpacked / f"{name}.gz"]
        assert any(map(pathlib.Path.exists, packed)) or name.endswith("/LICENSE"), name
    assert (unpacked / "DEBIAN/conffiles").read_text() == "/etc/refreshd/refreshd.conf\n"
    for unit in UNITS:
        assert (unpacked / "usr/lib/systemd/system" / unit).is_file()
    for doc in ("README.Debian", "changelog.gz", "copyright"):
        assert (unpacked / "usr/share/doc/refreshd" / doc).is_file()
    licence = re.sub(r"(?m)^ \.?", "", (unpacked / "usr/share/doc/refreshd/copyright").read_text())
    assert (REPO / "LICENSE").read_text().split("\n", 4)[4] in licence


def test_its_configuration_passes_its_own_test(unpacked, redis_server, tmp_path):
    binary, config = str(unpacked / "usr/bin/refreshd"), unpacked / "etc/refreshd/refreshd.conf"
    where = ["--key-file", str(tmp_path / "keys"), "--redis", f"unix:{redis_server.socket}"]
    assert output(binary, "version") == "refreshd 0.1.0\n"
    output(binary, "key", "new", *where)
    assert "ok   config: " in output(binary, "-t", "--config", str(config), *where)
    # Every line of it is a default: with all of them in force, nothing but where it came from changes.
    spoken = tmp_path / "refreshd.conf"
    spoken.write_text(re.sub(r"(?m)^# (?=\w+ =|\[)", "", config.read_text()))
    assert len(re.findall(r"(?m)^\w+ =", spoken.read_text())) > 40
    before, after = (re.findall(r"(?m)^(?:; )?(\w+) *= (.*?) *(?: ; .*)?$", output(binary, "-T", "--config", str(file)))
                     for file in (config, spoken))
    assert before == after and ("grace_s", "10") in before


def test_nothing_starts_or_is_enabled_by_itself(unpacked):
    script = (unpacked / "DEBIAN/postinst").read_text()
    for enable in re.finditer(r"deb-systemd-helper enable", script):
        assert "was-enabled" in script[:enable.start()].rpartition("\n\t\tif ")[2]
    assert "systemctl start" not in script and "systemctl enable" not in script, "deb-systemd-invoke starts nothing disabled"
    restarted = re.findall(r"deb-systemd-invoke (\S+) (.*) >", script)
    assert restarted == [("$_dh_action", "'refreshd.service'"), ("start", "'refreshd-login.socket' 'refreshd.socket'")], \
        "an upgrade leaves the sockets open"
    assert "systemd-sysusers" in script.partition("systemd-tmpfiles")[0], "tmpfiles gives the user a folder"


def test_purge_takes_away_what_was_made_and_leaves_the_rest(unpacked, tmp_path):
    """The script as it is, but for where the folders are."""
    etc, run = tmp_path / "etc/refreshd", tmp_path / "run/refreshd"
    script = tmp_path / "postrm"
    text = (unpacked / "DEBIAN/postrm").read_text().partition("# Automatically added")[0]
    script.write_text(text.replace("/etc/refreshd", str(etc)).replace("/run/refreshd", str(run)))
    for left in ((), ("redis.password",)):
        for folder in (etc, run):
            folder.mkdir(parents=True, exist_ok=True)
        for file in (etc / "keys", run / "refreshd.sock", *(etc / name for name in left)):
            file.touch()
        output("sh", str(script), "remove")
        assert (etc / "keys").exists()
        output("sh", str(script), "purge")
        output("sh", str(script), "purge")
        assert not run.exists() and etc.exists() == bool(left)
        assert not left or [file.name for file in etc.iterdir()] == list(left)
