"""The binary of the version before, built from this repository's own history."""
import fcntl
import os
import pathlib
import subprocess

import pytest

from .processes import REPO

COMMIT = "ea4c8ac16e1317bcc1108a4a105faaedb3f180aa"
TREE = REPO / "build" / f"before-{COMMIT[:12]}"


def text_of(path):
    """A file as it was then."""
    return git("show", f"{COMMIT}:{path}", text=True).stdout


def binary_before():
    """Its path. Built once for all who ask; without the history, as in an archive, the test is skipped."""
    if git("cat-file", "-e", f"{COMMIT}^{{commit}}", check=False).returncode:
        pytest.skip("the history of this checkout does not reach back to the version before")
    TREE.mkdir(parents=True, exist_ok=True)
    built = TREE / "build" / "refreshd"
    with open(TREE / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            subprocess.run(["tar", "-x", "-C", TREE], input=git("archive", COMMIT).stdout, check=True)
            # It is older than some of today's libraries and compilers, which it passes a callback of another type.
            subprocess.run(["make", "-C", TREE, f"-j{os.cpu_count()}", "WARN=-w -Wno-incompatible-pointer-types", "all"],
                           check=True, capture_output=True,
                           env={"PATH": os.environ["PATH"]}, timeout=600)
    return pathlib.Path(built)


def git(*words, check=True, **options):
    return subprocess.run(["git", "-C", REPO, *words], check=check, capture_output=True, timeout=60, **options)
