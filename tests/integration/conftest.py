import os
import pathlib
import sys

import pytest

os.environ["REFRESHD_CONFIG"] = ""  # none: not the file of this machine
sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import service, stack as stacks  # noqa: E402
from harness.processes import alive  # noqa: E402
from harness.reports import pytest_runtest_makereport, redis_server  # noqa: E402, F401


@pytest.fixture(scope="session")
def stack():
    """Defaults, two workers, access log on. Shared: a test uses users of its own."""
    with stacks.Stack(workers=2) as running:
        yield running


@pytest.fixture(scope="session")
def quick():
    """A grace of one second, and nothing after it: no late retries."""
    with stacks.Stack(REFRESHD_GRACE_S=1, REFRESHD_LATE_RETRY_S=0) as running:
        yield running


@pytest.fixture(scope="session")
def strict():
    """No grace: each refresh token is good once. And no token newer than Redis' data is believed."""
    with stacks.Stack(REFRESHD_GRACE_S=0, REFRESHD_HEAL_WINDOW_S=0) as running:
        yield running


@pytest.fixture(scope="session")
def short():
    """Sessions that end when unused for one second."""
    with stacks.Stack(REFRESHD_REFRESH_IDLE_TTL_S=1) as running:
        yield running


@pytest.fixture
def idle(redis_server):
    """A service that is set up but not started."""
    made = service.Service(redis_server.socket)
    yield made
    made.stop()


@pytest.fixture
def same_worker(one):
    """Whatever a test does, the one worker of the Service `one` survives it and serves."""
    workers = one.workers()
    yield
    assert one.serves()
    assert one.workers() == workers and alive(workers[0])
