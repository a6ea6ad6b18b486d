"""Whole jobs and single calls where the system is Windows, as ``tests.as_windows`` has it."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from grucli.checkpoint import load_checkpoint
from tests.conftest import REPOSITORY
from tests.test_runs_training import metrics_of

SECONDS = 240
SIGBREAK = 21
"""Its number there; here another signal has it."""

JOBS = {
    "train": ["wave.yaml", "--run-dir", "run", "--threads", "1", "--quiet"],
    "eval": ["run"],
    "predict": ["run", "-o", "forecast.csv"],
    "inspect-weights": ["run"],
    "trace": ["run"],
    "explain": ["run", "--at", "2024-04-01"],
    "report": ["run", "-o", "page.html"],
    "compare": ["run", "run"],
    "check": ["wave.yaml"],
    "init": ["wave.csv", "-o", "mine.yaml"],
    "export": ["run", "-o", "weights.safetensors"],
    "backtest": ["run", "--quiet"],
    "tune": ["wave.yaml", "--trials", "2", "--run-dir", "study", "--quiet"],
}
AGAIN = [
    ["train", *JOBS["train"], "--overwrite"],
    ["train", *JOBS["train"], "--resume", "--set", "train.epochs=4"],
    ["train", *JOBS["train"][:1], "--run-dir", "two", "--processes", "2", "--quiet"],
]

RUN_ALL = """
import contextlib, io, json, sys
import tests.as_windows
from grucli.cli.app import run
if __name__ == "__main__":
    codes = []
    for words in json.loads(sys.argv[1]):
        with contextlib.redirect_stdout(io.StringIO()):
            codes.append(run(words))
    print(codes)
"""


def there(folder, *words, **options):
    """Python's answer to these words, in a process that has its temporary files in the folder."""
    (folder / "tmp").mkdir(exist_ok=True)
    paths = {"PYTHONPATH": str(REPOSITORY), "TMPDIR": str(folder / "tmp")}
    return subprocess.Popen(
        [sys.executable, *map(str, words)],
        cwd=folder,
        env=os.environ | paths | options.pop("env", {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def said(process):
    """What it says to its end."""
    try:
        out, err = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return out, err.decode()


def told(folder, program, *words):
    """What a program prints there, which imports the pretence first."""
    process = there(folder, "-c", f"import tests.as_windows\n{program}", *words)
    out, err = said(process)
    assert process.returncode == 0, err
    return out


def test_every_verb_does_there_what_it_does_here(folder, trained):
    (folder / "all.py").write_text(RUN_ALL)
    jobs = [[verb, *words] for verb, words in JOBS.items()] + AGAIN
    out, err = said(there(folder, "all.py", json.dumps(jobs)))
    assert json.loads(out) == [0] * len(jobs), err
    for name in ("metrics.jsonl", "weights.jsonl", "snapshots.jsonl", "recipe.yaml"):
        assert b"\r" not in (folder / "run" / name).read_bytes()
    assert metrics_of(folder / "run")[:3] == metrics_of(trained / "run")[:3]
    assert load_checkpoint(folder / "run" / "last.pt").progress["epoch"] == 4
    left = {path.name for end in ("tmp", "lock") for path in folder.rglob(f"*.{end}")}
    assert left == {"claim.lock", "study.journal.lock"}, "those of a study, which stay here too"
    assert list((folder / "tmp").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, SIGBREAK])
def test_a_signal_saves_the_state(folder, number):
    words = ["train", "wave.yaml", "--set", "train.epochs=5000", "--set", "train.patience=null"]
    process = there(folder, "-m", "tests.as_windows", *words)
    until = time.monotonic() + SECONDS
    while not (folder / "runs" / "wave" / "last.pt").exists():
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(number)
    _, err = said(process)
    assert "\nstopping after this step; the state is being saved ...\n" in err
    assert "last.pt; go on with --resume" in err
    assert process.returncode == 128 + number


WRITTEN = """
import sys, threading, time
from pathlib import Path
from grucli.files import append, sync, write_atomically
path = Path("best.pt")
write_atomically(path, b"old\\n")
reader = path.open("rb")
threading.Timer(0.3, reader.close).start()
write_atomically(path, b"new\\n")
append(path, b"line\\nline\\n")
sync(path)
sync(path.parent)
"""


def test_a_file_is_replaced_once_its_reader_has_gone_and_no_byte_is_added(tmp_path):
    told(tmp_path, WRITTEN)
    assert (tmp_path / "best.pt").read_bytes() == b"new\nline\nline\n"
    assert {path.name for path in tmp_path.iterdir()} == {"best.pt", "tmp"}


def test_a_file_that_stays_open_is_named_and_kept(tmp_path):
    program = (
        "import grucli.temporary as t; t._PATIENCE_SECONDS = 0.1\n"
        "from pathlib import Path\n"
        "from grucli.files import write_atomically\n"
        "path = Path('best.pt'); path.write_bytes(b'old'); held = path.open('rb')\n"
        "try: write_atomically(path, b'new')\n"
        "except Exception as error: print(error)\n"
    )
    said = told(tmp_path, program)
    assert b"best.pt: could not be written: Permission denied; the previous file is unch" in said
    assert (
        b"; close what else has it open, change the permissions or choose another place, " in said
    )
    assert (tmp_path / "best.pt").read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"best.pt", "tmp"}


def test_a_working_folder_in_use_is_no_leftover_and_another_one_is(tmp_path):
    program = (
        "import subprocess, sys\n"
        "from grucli.temporary import working_folder\n"
        "with working_folder('backtest') as folder:\n"
        "    (folder / 'kept').touch()\n"
        "    if len(sys.argv) == 2:\n"
        "        if sys.argv[1] == 'dies': __import__('os')._exit(0)\n"
        "        other = ['-c', sys.argv[1]]\n"
        "        subprocess.run([sys.executable, *other], check=True)\n"
        "        print((folder / 'kept').exists())\n"
    )
    told(tmp_path, program, "dies")
    assert len(list((tmp_path / "tmp").iterdir())) == 1
    assert told(tmp_path, program, f"import tests.as_windows\n{program}") == b"True\n"
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_folder_in_the_place_of_a_file_is_called_so(trained, tmp_path):
    program = (
        "import sys; from grucli.cli.app import run\n"
        "for words in (['train', '.'], ['predict', sys.argv[1], '.', '-o', 'f.csv'],\n"
        "              ['predict', sys.argv[1], '-o', sys.argv[1] + '/..']): run(words)\n"
    )
    process = there(tmp_path, "-c", f"import tests.as_windows\n{program}", trained / "run")
    _, err = said(process)
    recipe, table, output = err.splitlines()
    assert recipe == "error: .: is a folder; expected a recipe file"
    assert table == "error: .: a folder; expected a CSV table; name a file in it"
    assert "folder" in output


def test_the_pretence_holds(tmp_path):
    program = (
        "import os, sys, signal, tempfile, grucli\n"
        "for name in ('O_NONBLOCK', 'set_blocking', 'fork'): assert hasattr(os, name)\n"
        "ours = {'__name__': 'grucli.any', 'found': []}\n"
        "exec('''import os, signal, sys\n"
        "assert sys.platform == 'win32'\n"
        "found += [hasattr(os, name) for name in ('O_NONBLOCK', 'set_blocking', 'fork')]\n"
        "found += [hasattr(signal, 'SIGHUP'), os.fstat(os.open(os.devnull, 0)).st_nlink]\n"
        "try: import fcntl\n"
        "except ModuleNotFoundError: found.append(0)\n"
        "try: os.open('.', 0)\n"
        "except PermissionError: found.append(0)\n"
        "handle, name = __import__('tempfile').mkstemp(dir='.')\n"
        "for change in (os.unlink, lambda name: os.replace(name, 'other')):\n"
        "    try: change(name)\n"
        "    except PermissionError: found.append(0)\n"
        "''', ours)\n"
        "print(ours['found'])\n"
    )
    assert told(tmp_path, program) == b"[False, False, False, False, 0, 0, 0, 0, 0]\n"
