"""Hard files kept in the repository: each ends as its line in corpus/ends.json says."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from grucli.cli.app import run
from grucli.columns import Columns
from grucli.data import build_panel, read_table
from grucli.data.readers.wanted import Wanted
from grucli.errors import DataError

CORPUS = Path(__file__).parent / "corpus"
ENDS = json.loads((CORPUS / "ends.json").read_text("utf-8"))
VERBS = {"checkpoints": "predict", "weights": "inspect-weights"}


def refusal_of(path):
    """The last word on a checkpoint or a file of weights, which must be one error and exit 4."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run([VERBS[path.parent.name], str(path)])
    assert (code, out.getvalue()) == (4, "")
    (line,) = err.getvalue().splitlines()
    return line.removeprefix("error: ")


def values_or_refusal_of(path):
    """The first values of a table, or the first word on what is wrong with it."""
    try:
        table = read_table(str(path), Wanted("day", columns=["a"]))
        panel = build_panel(table, Columns(("a",)), missing="mask")
    except DataError as error:
        problems = error.problems
    else:
        return panel.values[:5, 0].tolist()
    assert all(problem.isprintable() for problem in problems)
    return problems[0]


def test_every_hard_file_has_an_end_and_is_there():
    files = {str(path.relative_to(CORPUS)) for path in CORPUS.glob("*/*")}
    assert files == set(ENDS)


@pytest.mark.parametrize("name", ENDS)
def test_a_hard_file_ends_as_is_right(name):
    path, expected = CORPUS / name, ENDS[name]
    end = values_or_refusal_of(path) if path.parent.name == "tables" else refusal_of(path)
    if isinstance(expected, list):
        assert end == expected
    else:
        assert end.startswith(str(path))
        assert end.isprintable()
        assert expected in end
