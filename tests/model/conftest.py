import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "integration"))

from harness.reports import pytest_runtest_makereport, redis_server  # noqa: E402, F401
