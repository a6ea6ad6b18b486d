"""Run the commands of a page of docs/ and put what they print beneath them.

A block begins with its command, ``$ grucli ...``. A comment before it chooses what is shown by a
regular expression, ``<!-- lines: ^  W_ -->`` or ``<!-- paragraphs: 3 Loss -->``, which are what
stands between empty lines; … stands for what is left out between them.
"""

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
PLAIN = {"COLUMNS": "80", "TERM": "dumb", "NO_COLOR": "1"}
"""Environment of a terminal of 80 columns without colours."""
LEFT_OUT = "…"

_BLOCK = re.compile(
    r"^(?P<choice><!-- (?P<unit>lines|paragraphs): (?P<kept>.*) -->\n)?"
    r"```console\n\$ (?P<command>.*)\n(?P<shown>(?s:.*?))^```$",
    re.MULTILINE,
)

Choose = Callable[[str], str]
"""Takes from an output what is shown of it."""


def commands(page: str) -> list[str]:
    """The commands of a page's console blocks, one a block, in their order."""
    return [match["command"] for match in _BLOCK.finditer(page)]


def blocks(page: str) -> Iterator[tuple[str, Choose, str]]:
    """Of every block: its command, what chooses from an output, and what it shows."""
    for match in _BLOCK.finditer(page):
        yield match["command"], _choice(match), match["shown"]


def walk(page: str, run: Callable[[str], str]) -> str:
    """A page with the output of its commands; one that stands there twice is run once.

    ``run`` gives what a command writes.
    """
    made: dict[str, str] = {}

    def block(match: re.Match[str]) -> str:
        command, choice = match["command"], match["choice"] or ""
        if command not in made:
            made[command] = run(command)
        return f"{choice}```console\n$ {command}\n{_choice(match)(made[command])}```"

    return _BLOCK.sub(block, page)


def _choice(match: re.Match[str]) -> Choose:
    between = "\n\n" if match["unit"] == "paragraphs" else "\n"
    return partial(chosen, match["kept"], between) if match["choice"] else str


def chosen(expression: str, between: str, text: str) -> str:
    """The parts of an output, with ``between`` between them, that an expression is found in.

    Raises ValueError where there is none.
    """
    kept: list[str] = []
    for part in text.rstrip("\n").split(between):
        if re.search(expression, part, re.MULTILINE):
            kept.append(part)
        elif kept and kept[-1] != LEFT_OUT:
            kept.append(LEFT_OUT)
    if not kept:
        raise ValueError(f"{expression}: found in none of\n{text}")
    if kept[-1] == LEFT_OUT:
        kept.pop()
    return "".join(f"{part}\n" for part in kept)


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder with the recipes and tables that are shipped, to run commands in."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("recipes", "data"):
            shutil.copytree(REPOSITORY / name, Path(folder) / name)
        yield Path(folder)


def output(command: str, folder: Path) -> str:
    """What a command writes: talk first, then the result as on a terminal of 80 columns."""
    ours = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with terminal() as (reader, writer), tempfile.TemporaryFile("w+") as talk:
        running = subprocess.Popen(
            command,
            shell=True,
            cwd=folder,
            env=os.environ | PLAIN | ours,
            stdout=writer,
            stderr=talk,
        )
        os.close(writer)
        result = read_all(reader)
        code = running.wait()
        talk.seek(0)
        text = plain_lines(talk.read() + result, folder)
    if code:
        raise RuntimeError(f"{command}: exit code {code}\n{text}")
    return text


def plain_lines(text: str, folder: Path) -> str:
    """An output without carriage returns, blanks at the ends of lines, and the name of a folder."""
    lines = text.replace("\r\n", "\n").replace(f"{folder}/", "").splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


@contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    """The two ends of a terminal: what is written into the second is read from the first.

    The second is the caller's to close.
    """
    reader, writer = pty.openpty()
    try:
        yield reader, writer
    finally:
        os.close(reader)


def read_all(reader: int) -> str:
    """What comes out of a terminal until its other side has closed."""
    pieces = []
    while piece := _read(reader):
        pieces.append(piece)
    return b"".join(pieces).decode()


def _read(reader: int) -> bytes:
    """The next bytes; none when the other side has closed, which Linux reports as an error."""
    try:
        return os.read(reader, 65536)
    except OSError:
        return b""
