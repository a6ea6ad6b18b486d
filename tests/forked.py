"""The command line in a process of its own, without the seconds that importing torch takes.

A server imports what a verb needs, once, and forks a process for each call: exit codes, signals and
streams are those of a process. Only what happens while Python starts differs, so calls with an
environment or a standard input of their own are started anew (``tests.conftest.grucli``).
"""

import io
import multiprocessing
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from tools import docs_walk

SECONDS = 120
PRELOADED = ["torch", "pandas", "pytest", "grucli.cli.app", "grucli.runs.training", "tests.forked"]


def run(arguments, cwd):
    """Run ``grucli`` in a forked process."""
    with tempfile.TemporaryDirectory() as place:
        streams = [f"{place}/stdout", f"{place}/stderr"]
        code = _exit_code(arguments, cwd, os.environ, streams)
        out, err = (Path(name).read_text("utf-8") for name in streams)
        return subprocess.CompletedProcess(arguments, code, out, err)


def run_on_terminal(arguments, cwd, environment):
    """The same with a terminal as standard output: its lines end with a carriage return."""
    with ExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory())
        reader, writer = stack.enter_context(docs_walk.terminal())
        read = stack.enter_context(ThreadPoolExecutor()).submit(docs_walk.read_all, reader)
        try:
            streams = [os.ttyname(writer), f"{place}/stderr"]
            code = _exit_code(arguments, cwd, os.environ | environment, streams)
        finally:
            os.close(writer)
        err = Path(streams[1]).read_text("utf-8")
        return subprocess.CompletedProcess(arguments, code, read.result(), err)


def _exit_code(arguments, cwd, environment, streams):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    call = (arguments, os.fspath(cwd or Path.cwd()), dict(environment), streams)
    process = context.Process(target=_call, args=call)
    process.start()
    process.join(SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise subprocess.TimeoutExpired(arguments, SECONDS)
    return process.exitcode


def _call(arguments, cwd, environment, streams):
    for number, name in enumerate(streams, start=1):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOCTTY), number)
    sys.stdout = _text(1, "strict")
    sys.stderr = _text(2, "backslashreplace")
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["grucli", *arguments]
    from grucli.__main__ import main

    main()


def _text(number, errors):
    return io.TextIOWrapper(io.FileIO(number, "w"), "utf-8", errors, line_buffering=number == 2)
