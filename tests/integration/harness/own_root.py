"""A machine's /etc, /run and /var of a test's own: programs see them in place of this machine's. Takes root."""
import os
import pathlib
import shutil
import subprocess

import pytest

from .processes import environment

MOUNTS = 'root=$1; shift; for f in etc run; do mount --bind "$root/$f" "/$f" || exit 125; done; exec "$@"'
BARE = ("unshare", "--mount", "--propagation", "private")

needs_root = pytest.mark.skipif(os.getuid() != 0 or subprocess.run([*BARE, "true"], capture_output=True).returncode != 0,
                                reason="takes root and mount namespaces")


class OwnRoot:
    """folder: becomes the place of etc/ (a copy of ours, without what is refreshd's or nginx') and run/ (empty)."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.etc, self.run_folder = self.folder / "etc", self.folder / "run"
        shutil.copytree("/etc", self.etc, symlinks=True,
                        ignore=lambda where, names: {"refreshd", "nginx"} & set(names) if where == "/etc" else ())
        self.run_folder.mkdir()

    def wrap(self, *command):
        return [*BARE, "sh", "-c", MOUNTS, "sh", str(self.folder), *map(str, command)]

    def __call__(self, *command, check=False, input="", **env):
        """REFRESHD_CONFIG is not set, as on a machine."""
        clean = {k: v for k, v in environment(**env).items() if k != "REFRESHD_CONFIG" or k in env}
        done = subprocess.run(self.wrap(*command), env=clean, input=input, text=True, capture_output=True, timeout=60)
        assert done.returncode == 0 or not check, done
        return done
