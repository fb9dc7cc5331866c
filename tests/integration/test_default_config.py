"""/etc/refreshd/refreshd.conf is read where it exists and nothing else is named, by every verb."""
import pytest

from harness.own_root import OwnRoot, needs_root
from harness.processes import binary

pytestmark = needs_root


@pytest.fixture
def machine(tmp_path):
    return OwnRoot(tmp_path)


@pytest.fixture
def configured(machine, redis_server):
    """Keys and Redis are elsewhere than the defaults say."""
    (machine.etc / "refreshd").mkdir()
    (machine.etc / "refreshd/refreshd.conf").write_text(
        f"redis = unix:{redis_server.socket}\nkey_file = {machine.folder}/keys\ngrace_s = 7\n")
    machine(binary(), "key", "new", check=True)
    return machine


def test_verbs_read_it_and_shows_say_so(configured):
    assert (configured.folder / "keys").exists(), "key new"
    assert configured(binary(), "user", "add", "anna", input="the password of anna\n").returncode == 0
    assert configured(binary(), "user", "list", check=True).stdout.startswith("anna"), "it went to the Redis of the file"
    assert "ok   config: /etc/refreshd/refreshd.conf, " in configured(binary(), "-t").stdout
    shown = configured(binary(), "-T", check=True).stdout
    assert "; configuration file: /etc/refreshd/refreshd.conf\n" in shown
    assert " ; /etc/refreshd/refreshd.conf:3\n" in shown


def test_another_one_that_is_named_takes_its_place(configured):
    other = configured.folder / "other.conf"
    other.write_text("grace_s = 4\n")
    for words, env in (((f"--config={other}",), {}), ((), {"REFRESHD_CONFIG": other})):
        shown = configured(binary(), "-T", *words, check=True, **env).stdout
        assert f"; configuration file: {other}\n" in shown and "/etc/refreshd/refreshd.conf" not in shown


@pytest.mark.parametrize("words, env", [(("--config=",), {}), ((), {"REFRESHD_CONFIG": ""})])
def test_an_empty_name_means_none(configured, words, env):
    shown = configured(binary(), "-T", *words, check=True, **env).stdout
    assert "; configuration file: none\n" in shown and "refreshd.conf:" not in shown


def test_no_file_is_no_mistake(machine):
    assert "; configuration file: none\n" in machine(binary(), "-T", check=True).stdout


def test_one_that_may_not_be_read_is_not_passed_over(configured):
    (configured.etc / "refreshd").chmod(0o700)
    configured.folder.chmod(0o755)
    done = configured("setpriv", "--reuid=nobody", "--clear-groups", binary(), "-T")
    assert done.returncode == 78 and done.stderr == "refreshd: /etc/refreshd/refreshd.conf: Permission denied\n"
