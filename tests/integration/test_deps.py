"""tests/deps.sh: the packages' names, as the package manager of each release is asked for them."""
import os
import pathlib
import subprocess

import pytest

DEPS = pathlib.Path(__file__).resolve().parents[2] / "tests/deps.sh"
BUILD = {"gcc", "glibc-devel", "fcgi-devel", "hiredis-devel", "json-c-devel", "libsodium-devel", "inih-devel"}


@pytest.fixture
def fedora(tmp_path):
    """A machine with dnf and without dpkg, on which gcc alone is installed; returns what it is asked to install."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sed", "sh"):
        (folder / name).symlink_to(f"/bin/{name}")
    for name, script in {"rpm": "echo gcc", "id": "echo 0", "promtool": ":", "dnf": f'echo "$@" >>{tmp_path}/asked'}.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    def wanted(group):
        subprocess.run([DEPS, group], env=os.environ | {"PATH": str(folder)}, check=True, timeout=60)
        words = (tmp_path / "asked").read_text().split()
        return set(words[words.index("install") + 1:])
    return wanted


def test_dnf_is_asked_by_its_own_names_and_only_for_what_is_missing(fedora):
    assert fedora("build") == BUILD - {"gcc"}
    assert fedora("run") >= BUILD - {"gcc"} | {"redis", "procps-ng"}


def test_nothing_that_only_Debian_has_is_asked_of_dnf(fedora):
    names = fedora("test")
    assert names >= {"ShellCheck", "clang-tools-extra", "compiler-rt"}
    assert not {name for name in names if name.startswith(("lib", "-")) and not name.endswith("-devel")}
