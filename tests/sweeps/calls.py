"""Every system call of one save, as the kernel sees it: failed, or the process ended at it.

Needs strace; without it there are no cases.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.sweeps.sweep import Case

FAULTS = ("error=EIO", "error=ENOSPC", "signal=SIGKILL", "signal=SIGTERM")
BEGIN = "here-the-save-begins"
PROGRAM = f"""
import os, pathlib, sys
from grucli.errors import GrucliError
from grucli.files import write_atomically
path, content = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).read_bytes()
pathlib.Path("{BEGIN}").exists()
try:
    write_atomically(path, content)
except GrucliError as error:
    sys.exit(3)
os._exit(0)
"""
HARMLESS = {"brk", "exit_group", "mmap", "munmap", "rt_sigaction", "futex", "getrandom"}
"""Calls that touch no file."""


def calls(_: Path, folder: Path) -> Iterator[Case]:
    """Each call from the first of a save to its end, with each fault."""
    if shutil.which("strace") is None:
        return
    (folder / "new").write_bytes(os.urandom(50_000))

    def attempt(name: str, number: int, fault: str) -> str:
        for entry in folder.glob("*run*/.*.tmp"):
            entry.unlink()
        run = folder / "run"
        run.mkdir(exist_ok=True)
        path = run / "best.pt"
        path.write_bytes(b"old")
        code = _traced(folder, "-e", f"inject={name}:{fault}:when={number}").returncode
        new = path.read_bytes() == (folder / "new").read_bytes()
        assert new or path.read_bytes() == b"old", "half a file"
        left = [entry.name for entry in run.iterdir() if entry.name != "best.pt"]
        if code == 0:
            assert new, "done, but the old file is there"
        elif code == 3:
            assert not left or name == "unlink", f"left over: {left}"
        else:
            assert code == -signal.Signals[fault.partition("=")[2]], f"ends with {code}"
            assert not left or code == -signal.SIGKILL, f"left over: {left}"
        return "the new file" if new else "the old file"

    for name, number in _calls_of(folder):
        for fault in FAULTS:
            yield f"{name} {number}, {fault}", lambda a=(name, number, fault): attempt(*a)


def _traced(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["strace", "-o", str(folder / "trace"), *options, sys.executable, "-c", PROGRAM]
    paths = [str(folder / "run" / "best.pt"), str(folder / "new")]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    return subprocess.run([*command, *paths], env=environment, check=False)


def _calls_of(folder: Path) -> list[tuple[str, int]]:
    """The calls of a save by name, each with its number among those of its name in the process."""
    (folder / "run").mkdir()
    (folder / "run" / "best.pt").write_bytes(b"old")
    assert _traced(folder).returncode == 0
    counts: Counter[str] = Counter()
    found, begun = [], False
    for line in (folder / "trace").read_text().splitlines():
        name = re.match(r"\w+", line)
        if name is None:
            continue
        counts[name[0]] += 1
        if begun and name[0] not in HARMLESS:
            found.append((name[0], counts[name[0]]))
        begun = begun or BEGIN in line
    return found
