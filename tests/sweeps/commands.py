"""A command run in this process as a shell would, and what must be true of any end of it."""

import io
from contextlib import redirect_stderr, redirect_stdout

from grucli.cli.app import run


def ended(arguments: list[str], allowed: set[int]) -> str:
    """How a command ends: ``done`` or ``refused``; any other end is an AssertionError.

    Nothing that a terminal acts on is printed, and an error is one line.
    """
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(arguments)
    said = err.getvalue()
    for text in (out.getvalue(), said):
        for letter in text:
            assert letter.isprintable() or letter == "\n", f"{letter!r} printed: {said[-300:]}"
    assert "internal fault" not in said, said[-400:]
    if code == 0:
        return "done"
    assert code in allowed, f"exit code {code}: {said[-300:]}"
    last = said.splitlines()[-1]
    assert last.startswith(("error: ", "... and ")), f"the last line is {last!r}"
    return f"refused ({code})"
