"""Name servers that a test has in its hand, for the processes that have `env`: see names.c."""
import os
import pathlib
import shutil
import subprocess
import tempfile

SOURCE = pathlib.Path(__file__).with_name("names.c")


class Names:
    """Silent until it is told what to say."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rd-names-"))
        self.file = self.folder / "names"
        library = self.folder / "names.so"
        subprocess.run([os.environ.get("CC", "cc"), "-D_GNU_SOURCE", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library,
                        SOURCE], check=True, stdin=subprocess.DEVNULL, timeout=60)
        asan = os.environ.get("ASAN_OPTIONS", "")
        self.env = {"LD_PRELOAD": library, "NAMES": self.file,
                    "ASAN_OPTIONS": f"{asan}:verify_asan_link_order=0".lstrip(":")}

    def say(self, *addresses):
        """From now on, of every name. None: no name is known."""
        aside = self.folder / "aside"
        aside.write_text(" ".join(addresses))
        aside.rename(self.file)

    def be_silent(self):
        self.file.unlink()

    def asked(self, name="redis.test"):
        """(name, "main" or "other" thread, pid) of each look-up. name: None for all, also of IP addresses."""
        try:
            lines = (self.folder / "names.asked").read_text().splitlines()
        except FileNotFoundError:
            return []
        found = [(line[0], line[1], int(line[2])) for line in map(str.split, lines)]
        return [look_up for look_up in found if name in (None, look_up[0])]

    def close(self):
        shutil.rmtree(self.folder)
