"""refreshd completion: what a shell offers for half a word."""
import shutil
import subprocess

import pytest

from harness.processes import binary


def script(shell):
    return subprocess.run([binary(), "completion", shell], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("words, offered", [
    (["us"], {"user"}),
    (["user", "pass"], {"passwd"}),
    (["user", ""], {"add", "passwd", "disable", "enable", "delete", "list"}),
    (["session", "revoke-"], {"revoke-all"}),
    (["completion", ""], {"bash", "zsh", "fish"}),
    (["serve", "--gra"], {"--grace-s"}),
    (["serve", "--conf"], {"--config"}),
    (["nothing", "x"], set()),
])
def test_bash(words, offered):
    asked = " ".join(f"'{word}'" for word in ["refreshd", *words])
    done = subprocess.run(["bash", "-c", f"{script('bash')}\nCOMP_WORDS=({asked}); COMP_CWORD={len(words)}\n"
                           'complete -p refreshd >/dev/null && { _refreshd; printf "%s\\n" "${COMPREPLY[@]}"; }'],
                          capture_output=True, text=True, timeout=10)
    assert done.returncode == 0 and done.stderr == "", done
    assert set(done.stdout.split()) == offered


def test_bash_offers_files(tmp_path):
    (tmp_path / "mine.conf").touch()
    done = subprocess.run(["bash", "-c", f"{script('bash')}\nCOMP_WORDS=(refreshd serve --config mi); COMP_CWORD=3\n"
                           '_refreshd && printf "%s\\n" "${COMPREPLY[@]}"'],
                          cwd=tmp_path, capture_output=True, text=True, timeout=10)
    assert done.stdout == "mine.conf\n"


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_can_read_it(shell, tmp_path):
    text = script(shell)
    assert "passwd" in text and "grace-s" in text
    if shutil.which(shell):
        (tmp_path / "script").write_text(text)
        subprocess.run([shell, "-n", str(tmp_path / "script")], check=True, timeout=10)


def test_another_shell_is_refused():
    done = subprocess.run([binary(), "completion", "csh"], capture_output=True, text=True)
    assert done.returncode == 64 and "bash|zsh|fish" in done.stderr
