"""Run the commands of a page of docs/ and put what they print beneath them."""

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
WIDTH = 80

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(page: str) -> list[str]:
    """The commands of a page's console blocks, one a block, in their order."""
    return [match[1].splitlines()[0].removeprefix("$ ") for match in _BLOCK.finditer(page)]


def walk(page: str) -> str:
    """A page with the output of its commands, run in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("recipes", "data"):
            shutil.copytree(REPOSITORY / name, Path(folder) / name)

        def run(match: re.Match[str]) -> str:
            command = match[1].splitlines()[0]
            return f"```console\n{command}\n{_output(command.removeprefix('$ '), folder)}```"

        return _BLOCK.sub(run, page)


def _output(command: str, folder: str) -> str:
    """What a command writes: talk first, then the result as on a terminal of 80 columns."""
    ours = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    plain = {"COLUMNS": str(WIDTH), "TERM": "dumb", "NO_COLOR": "1", "PATH": ours}
    reader, writer = pty.openpty()
    with tempfile.TemporaryFile("w+") as talk:
        running = subprocess.Popen(
            command, shell=True, cwd=folder, env=os.environ | plain, stdout=writer, stderr=talk
        )
        os.close(writer)
        pieces = []
        while piece := _read(reader):
            pieces.append(piece)
        os.close(reader)
        code = running.wait()
        talk.seek(0)
        text = talk.read() + b"".join(pieces).decode()
    lines = text.replace("\r\n", "\n").replace(f"{folder}/", "").splitlines()
    if code:
        raise RuntimeError(f"{command}: exit code {code}\n" + "\n".join(lines))
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _read(terminal: int) -> bytes:
    """The next bytes; none when the other side has closed, which Linux reports as an error."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
