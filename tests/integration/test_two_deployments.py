"""Two deployments share one Redis, each with its own keys and redis_prefix: neither sees or ends what is the other's (D)."""
import json

import pytest

from harness import service
from harness.redis_server import RedisServer


@pytest.fixture(scope="module")
def pair():
    server = RedisServer()
    with service.Service(server.socket) as one, service.Service(server.socket, REFRESHD_REDIS_PREFIX="other:") as two:
        yield server, one, two
    server.stop()


def keys(server, prefix):
    with server.client() as client:
        return {key: client.dump(key) for key in client.keys(f"{prefix}*")}


def test_D_sessions_and_accounts_of_one_are_nothing_to_the_other(pair):
    server, one, two = pair
    token, other = one.token("anna"), two.token("anna")
    one.add_user("anna", "secret")
    with server.client() as client:
        assert all(key.startswith((b"rd:", b"other:")) for key in client.keys())
    assert two.refresh(token).status == one.refresh(other).status == 401
    assert one.login("anna", "secret").status == 200 and two.login("anna", "secret").status == 401
    assert one.refresh(token).status == two.refresh(other).status == 200


def test_D_ending_everyones_sessions_ends_those_of_one_alone(pair):
    server, one, two = pair
    token, other = one.token(), two.token()
    before = keys(server, "other:")
    done = one.run("session", "revoke-all", "--everyone", check=True)
    assert json.loads(done.stdout.splitlines()[-1])["ended"] >= 1, done
    assert one.refresh(token).status == 401
    assert keys(server, "other:") == before
    assert two.refresh(other).status == 200
