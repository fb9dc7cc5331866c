#!/usr/bin/python3
"""make test: runs every part, says what each gave, and ends with `N passed, N failed`.

    run.py             everything
    run.py GROUP       one group: build unit fuzz lint integration; or browser, systemd, which are not in everything
    run.py NAME        the parts whose name has NAME in it, and the integration tests that pytest -k finds
"""
import concurrent.futures
import contextlib
import dataclasses
import itertools
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import typing
import xml.etree.ElementTree

REPO = pathlib.Path(__file__).resolve().parent.parent
CPUS = os.cpu_count() or 1
TIMEOUT_S = 900
PATIENCE_S = 20  # for pytest to stop its stacks
THREADED = ["store_dial_test", "store_redis_test"]  # have threads, or connections that may
VALGRIND = ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full"]
NO_TESTS = 5  # pytest's exit code

# Only what the tests set themselves may reach what they run.
ENV = {k: v for k, v in os.environ.items() if not k.startswith(("REFRESHD_", "MAKE", "MFLAGS"))
       and k not in ("PORT", "INTERNAL_PORT", "DIR", "WORKERS", "ACCESS_LOG", "CC", "CFLAGS", "T")}
ENV |= {"REFRESHD_CONFIG": "",  # none: not the file of this machine
        "REFRESHD_BIN": str(REPO / "build/refreshd"), "PYTHONDONTWRITEBYTECODE": "1",
        "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", "UBSAN_OPTIONS": "print_stacktrace=1"}

RUNNING = set()


@dataclasses.dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed" + (f", {self.skipped} skipped" if self.skipped else "")


@dataclasses.dataclass
class Part:
    name: str
    command: list
    count: typing.Callable  # (exit code, output) -> Count
    env: dict = dataclasses.field(default_factory=dict)
    needs: str = ""  # a build that must have passed
    alone: bool = False  # it keeps all processors busy by itself
    asked: bool = True  # else it only makes what others need, and counts when that fails


def one(code, _):
    """The whole part is one test."""
    return Count(int(code == 0), int(code != 0))


def cmocka(code, output):
    """Counts cases; a crash, or a program without cases, is a failure of its own."""
    count = Count(len(re.findall(r"^\[       OK \]", output, re.M)),
                  sum(map(int, re.findall(r"^\[  FAILED  \] (?:tests: )?(\d+) test", output, re.M))),
                  sum(map(int, re.findall(r"^\[  SKIPPED \] (?:tests: )?(\d+) test", output, re.M))))
    if count.failed == 0 and (code != 0 or count == Count()):
        count.failed = 1
    return count


def junit(path):
    def count(code, _):
        if code == NO_TESTS:
            return Count()
        try:
            suites = xml.etree.ElementTree.parse(path).getroot().iter("testsuite")
        except (OSError, xml.etree.ElementTree.ParseError):
            return Count(failed=1)
        total = Count()
        for suite in suites:
            number = {k: int(suite.get(k, 0)) for k in ("tests", "failures", "errors", "skipped")}
            bad = number["failures"] + number["errors"]
            total += Count(number["tests"] - bad - number["skipped"], bad, number["skipped"])
        if code != 0 and total.failed == 0:
            total.failed = 1
        return total
    return count


def run(part):
    """Returns exit code, output and seconds. What the part leaves running ends with it."""
    begin = time.monotonic()
    process = subprocess.Popen(part.command, cwd=REPO, env=ENV | part.env, text=True, errors="replace",
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)
    RUNNING.add(process)
    try:
        output, _ = process.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        output = f"{end(process)}\nended after {TIMEOUT_S} s\n"
    except KeyboardInterrupt:
        end(process)
        raise
    finally:
        RUNNING.discard(process)
    return process.returncode, output, time.monotonic() - begin


def end(process):
    """First as Ctrl-C would, so that it can clean up."""
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=PATIENCE_S)[0]
    return ""


def interrupted(*_):
    for process in list(RUNNING):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
    raise KeyboardInterrupt


def make(*words):
    return ["make", f"-j{CPUS}", *words]


def builds():
    yield Part("build gcc", make("all", "unit", "build/tests/bench/refresh_bench"), one, alone=True)
    yield Part("build clang", make("CC=clang", "all"), one, alone=True)
    yield Part("build asan", make("VARIANT=asan", "all", "unit", "replays"), one, alone=True)
    yield Part("build tsan", make("VARIANT=tsan", *(f"build/tsan/tests/unit/{name}" for name in THREADED)), one, alone=True)


def thread_sanitized(code, output):
    """Some kernels place memory where this sanitizer cannot have it."""
    return Count(skipped=1) if "unexpected memory mapping" in output else cmocka(code, output)


def units():
    for name in THREADED:
        yield Part(f"unit {name} tsan", [f"build/tsan/tests/unit/{name}"], thread_sanitized, needs="build tsan")
    for test in sorted(REPO.glob("tests/unit/*_test.c")):
        name = test.stem
        plain, asan = f"build/tests/unit/{name}", f"build/asan/tests/unit/{name}"
        yield Part(f"unit {name}", [plain], cmocka, needs="build gcc")
        yield Part(f"unit {name} asan", [asan], cmocka, needs="build asan")
        # The slow ones look at RD_VALGRIND and do less.
        yield Part(f"unit {name} valgrind", [*VALGRIND, plain], cmocka, {"RD_VALGRIND": "1"}, "build gcc")


def fuzzes():
    for target in sorted(REPO.glob("tests/fuzz/*_fuzz.c")):
        corpus = f"tests/fuzz/corpus/{target.stem.removesuffix('_fuzz')}"
        yield Part(f"fuzz {target.stem}", [f"build/asan/tests/fuzz/{target.stem}", corpus], one, needs="build asan")


def lints():
    for check in sorted(REPO.glob("tests/lint/*")):
        if os.access(check, os.X_OK) and check.is_file():
            yield Part(f"lint {check.name}", [str(check)], one, alone=check.name == "tidy")


def integrations(select=()):
    return pytests("integration", ("tests/integration", "tests/fault", "tests/model"), select)


def browsers():
    return pytests("browser", ("tests/browser",))


def systemds():
    for release in ("bookworm", "trixie"):
        yield Part(f"systemd {release}", ["tests/systemd/run", release],
                   lambda code, output: Count(skipped=1) if output.startswith("skipped") else one(code, output))


def pytests(name, rooms, select=()):
    report = REPO / f"build/{name}.xml"
    report.parent.mkdir(exist_ok=True)
    report.unlink(missing_ok=True)
    command = ["/usr/bin/python3", "-m", "pytest", "-q", "--tb=short", f"--junitxml={report}",
               "-o", "cache_dir=build/pytest",
               "-o", "faulthandler_timeout=120", *select, *rooms]
    if subprocess.run(["/usr/bin/python3", "-c", "import xdist"], env=ENV, stderr=subprocess.DEVNULL).returncode == 0:
        command += ["-n", "4"]
    yield Part(name, command, junit(report), needs="build gcc", alone=True)


GROUPS = {"build": builds, "unit": units, "fuzz": fuzzes, "lint": lints, "integration": integrations}
ON_DEMAND = {"browser": browsers, "systemd": systemds}


def choose(name):
    """Returns the parts to run, with the builds they need in front."""
    if not name:
        return [part for group in GROUPS.values() for part in group()]
    if name in GROUPS | ON_DEMAND:
        parts = list((GROUPS | ON_DEMAND)[name]())
    else:
        parts = [part for group in (builds, units, fuzzes, lints) for part in group() if name in part.name]
        parts += integrations(["-k", name])
    needed = {part.needs for part in parts} - {part.name for part in parts}
    return [dataclasses.replace(part, asked=False) for part in builds() if part.name in needed] + parts


def report(part, count, code, output, seconds):
    word = "FAIL" if count.failed else "ok" if count.passed or count.skipped else "none"
    print(f"{word:5} {part.name:42} {count}  {seconds:.1f} s", flush=True)
    if count.failed:
        print(output.rstrip(), f"(exit code {code})\n", sep="\n", flush=True)


def main():
    total, broken = Count(), set()

    def finish(part):
        if part.needs in broken:
            return part, Count(failed=1), "none", f"{part.needs} failed", 0.0
        try:
            code, output, seconds = run(part)
        except OSError as error:
            return part, Count(failed=1), "none", str(error), 0.0
        return part, part.count(code, output), code, output, seconds

    pool = concurrent.futures.ThreadPoolExecutor(CPUS)
    try:
        for alone, parts in itertools.groupby(choose(sys.argv[1] if len(sys.argv) > 1 else ""), lambda p: p.alone):
            for result in map(finish, parts) if alone else pool.map(finish, parts):
                part, count = result[:2]
                if part.asked or count.failed:
                    report(*result)
                    total += count
                if count.failed:
                    broken.add(part.name)
    finally:
        pool.shutdown(cancel_futures=True)

    if total == Count():
        print("nothing has that name")
    print(total)
    return int(total.failed > 0 or total == Count())


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
