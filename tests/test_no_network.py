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
    "tune": ["wave.yaml", "--trials", "1", "--quiet"],
    "backtest": ["run/best.pt", "--quiet"],
    "trace": ["run/best.pt"],
    "explain": ["run/best.pt", "--at", "2024-04-01"],
    "export": ["run/best.pt", "-o", "weights.safetensors"],
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


RUN = """
import numpy as np
from onnx import TensorProto, helper
from grucli.exporting import GRAPHS
ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
node = helper.make_node("Identity", ["x"], ["y"])
model = helper.make_model(
    helper.make_graph([node], "drawn", ports[:1], ports[1:]),
    opset_imports=[helper.make_opsetid("", 17)],
    ir_version=9,
)
GRAPHS[".onnx"].run(model.SerializeToString(), {"x": np.ones(1, np.float32)})
"""


def test_onnx_runtime_keeps_no_identifier_and_so_sends_nothing(tmp_path):
    kept = {k: v for k, v in os.environ.items() if k not in ("CI", "ORT_DISABLE_TELEMETRY")}
    places = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME"), str(tmp_path))
    subprocess.run([sys.executable, "-c", RUN], env={**kept, **places}, check=True)
    assert [path for path in tmp_path.rglob("*") if path.name in ("Microsoft", ".ses")] == []


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("verb", VERBS)
def test_the_system_sees_no_verb_open_a_connection(copied, verb):
    command = ["strace", "-f", "-o", "seen", "-e", "trace=socket,connect,sendto,sendmsg"]
    words = VERBS[verb] if verb != "export" else ["run/best.pt", "-o", "model.onnx"]
    command += [sys.executable, "-m", "grucli", verb, *words]
    subprocess.run(command, cwd=copied, check=True, capture_output=True)
    assert re.findall(r".*AF_(?!UNIX|NETLINK).*", (copied / "seen").read_text()) == []
