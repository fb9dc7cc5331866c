import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "integration"))

from harness import service, stack as stacks  # noqa: E402
from harness.redis_server import RedisServer  # noqa: E402


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for running in stacks.RUNNING + service.RUNNING:
            report.sections += list(running.logs())


@pytest.fixture(scope="module")
def redis_server():
    """A Redis alone, for a Service."""
    server = RedisServer()
    yield server
    server.stop()
