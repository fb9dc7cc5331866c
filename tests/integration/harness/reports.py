"""What the conftest of each room imports: a failed test shows the logs of what ran, and a Redis alone."""
import pytest

from . import service, stack as stacks
from .redis_server import RedisServer


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
