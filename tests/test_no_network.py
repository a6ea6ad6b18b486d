"""No command opens a connection."""

import multiprocessing
import os
import re
import shutil
import subprocess
import sys

import pytest

from grucli.cli.app import run
from tests import forked

VERBS = {
    "train": ["wave.yaml", "--run-dir", "new", "--quiet"],
    "eval": ["run/best.pt"],
    "predict": ["run/best.pt", "-o", "forecast.csv"],
    "inspect-weights": ["run/best.pt"],
    "report": ["run", "-o", "page.html"],
    "compare": ["run", "run"],
    "check": ["wave.yaml"],
    "init": ["wave.csv", "-o", "-"],
}


@pytest.fixture
def copied(trained, tmp_path):
    """A folder with a table, a recipe and a finished run, which commands may write into."""
    shutil.copytree(trained, tmp_path / "copy")
    return tmp_path / "copy"


def refuse_sockets(event, arguments):
    """An audit hook: what Python does with sockets is an error, connections or look-ups alike."""
    if event.startswith("socket."):
        os.write(2, f"{event} {arguments}\n".encode())
        raise PermissionError(event)


def run_all(folder):
    """Run every verb in this process, which ends by the number of those that failed."""
    os.chdir(folder)
    os.dup2(os.open("out", os.O_WRONLY | os.O_CREAT, 0o600), 1)
    sys.addaudithook(refuse_sockets)
    failed = [verb for verb, words in VERBS.items() if run([verb, *words]) != 0]
    os.write(2, f"failed: {failed}\n".encode())
    os._exit(len(failed))


def test_no_verb_does_anything_with_a_socket(copied):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(forked.PRELOADED)
    process = context.Process(target=run_all, args=(copied,))
    process.start()
    process.join(forked.SECONDS)
    assert process.exitcode == 0


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("verb", VERBS)
def test_the_system_sees_no_verb_open_a_connection(copied, verb):
    command = ["strace", "-f", "-o", "seen", "-e", "trace=socket,connect,sendto,sendmsg"]
    command += [sys.executable, "-m", "grucli", verb, *VERBS[verb]]
    subprocess.run(command, cwd=copied, check=True, capture_output=True)
    assert re.findall(r".*AF_(?!UNIX|NETLINK).*", (copied / "seen").read_text()) == []
