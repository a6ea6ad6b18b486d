"""The structure of the code: which room may import which. This table is the architecture."""

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import yaml

from grucli import __version__
from grucli.cells import CELLS, NORM_NAMES
from grucli.tasks import TASKS

PACKAGE = Path(__file__).parent.parent / "grucli"

GROUND = {"errors", "calendars", "columns", "text", "cells", "dialect"}
VALUES = {"forms", "files", "places", "temporary", "formats", "results", "recipe"}
MAY_IMPORT = {
    "errors": set(),
    "computing": {"errors"},
    "tensors": {"computing", "errors"},
    "calendars": set(),
    "columns": set(),
    "text": set(),
    "forms": {"errors"},
    "dialect": set(),
    "cells": set(),
    "temporary": set(),
    "places": {"errors", "temporary"},
    "files": {"errors", "temporary", "places"},
    "formats": {"errors", "text"},
    "results": GROUND,
    "recipe": GROUND | {"places"},
    "data": {
        "errors",
        "files",
        "places",
        "calendars",
        "columns",
        "text",
        "dialect",
        "forms",
        "results",
    }
    | {"tensors"},
    "nn": GROUND | {"results", "tensors"},
    "training": {"errors", "computing", "forms", "results", "recipe", "tensors"},
    "tasks": GROUND | {"forms", "results", "recipe", "data", "nn", "tensors", "training"},
    "insight": GROUND | {"forms", "results", "data", "nn", "tasks", "tensors", "training"},
    "weights": GROUND | {"forms", "formats", "results", "checkpoint"},
    "tuning": {"errors", "files", "places", "recipe", "results"},
    "checkpoint": {"errors", "forms", "files", "formats"},
    "exporting": {"columns", "data", "nn"},
    "runs": GROUND
    | VALUES
    | {"data", "nn", "tensors", "training", "insight", "tasks", "tuning", "weights", "exporting"}
    | {"checkpoint", "version"},
    "page": {"errors", "results"},
    "figures": GROUND | {"results", "page"},
    "cli": GROUND
    | {"files", "temporary", "figures", "page", "results", "recipe", "runs", "version"},
    "__init__": {"computing", "results", "recipe", "runs"},
    "__main__": {"cli", "computing"},
}
"""Room -> rooms it may import; ``version`` is the package itself, for its ``__version__``."""


INSIDE = {
    "cli": {
        "app": {"verbs", "kit"},
        "verbs": {"views", "kit"},
        "views": {"kit"},
        "kit": set(),
    },
}
"""Room -> its own rooms -> those of them that each may import."""


def room_of(path: Path) -> str:
    """The room a source file belongs to: the first name below the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def imported_modules(path: Path) -> list[list[str]]:
    """Everything of the package that a file imports, also inside functions, as parts of names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return [name.split(".") for name in sorted(names) if name.split(".")[0] == "grucli"]


def imported_rooms(path: Path) -> set[str]:
    """Every room that a file imports."""
    ours = imported_modules(path)
    return {"version" if parts[1:] == ["__version__"] else parts[1] for parts in ours}


def inner_rooms(path: Path) -> set[str]:
    """Every inner room of its own room that a file imports."""
    room = room_of(path)
    return {parts[2] for parts in imported_modules(path) if parts[1:2] == [room] and parts[2:]}


SOURCES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_point_down(path):
    room = room_of(path)
    assert imported_rooms(path) - {room} <= MAY_IMPORT[room]


INNER = [path for path in SOURCES if room_of(path) in INSIDE and path.name != "__init__.py"]


@pytest.mark.parametrize("path", INNER, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_inside_a_room_only_point_down(path):
    inner = path.relative_to(PACKAGE).parts[1].removesuffix(".py")
    assert inner_rooms(path) - {inner} <= INSIDE[room_of(path)][inner]


def test_a_view_knows_nothing_of_what_runs():
    views = [path for path in SOURCES if path.relative_to(PACKAGE).parts[:2] == ("cli", "views")]
    assert all("runs" not in imported_rooms(path) for path in views)


def test_a_task_imports_no_other_task():
    kinds = {kind: inner_rooms(PACKAGE / "tasks" / "__init__.py") & {kind} for kind in TASKS}
    assert all(kinds.values())
    for path in (PACKAGE / "tasks").glob("*/*.py"):
        assert inner_rooms(path) & TASKS.keys() <= {path.parent.name}, path


def test_no_module_comes_back_to_itself_through_what_it_imports():
    names = {path: path.relative_to(PACKAGE.parent).with_suffix("").parts for path in SOURCES}
    modules = {
        parts[:-1] if parts[-1] == "__init__" else parts: path for path, parts in names.items()
    }
    imports = {
        own: {
            (*parts,) if (*parts,) in modules else (*parts[:-1],)
            for parts in imported_modules(path)
            if parts[1:] != ["__version__"]
        }
        for own, path in modules.items()
    }
    assert set(TopologicalSorter(imports).static_order()) == set(modules)


def test_every_room_of_the_table_exists():
    assert set(MAY_IMPORT) == {room_of(path) for path in SOURCES}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_import_hides_behind_a_type_checking_guard(path):
    assert "TYPE_CHECKING" not in path.read_text()


LONGEST_FILE, LONGEST_FUNCTION = 250, 45
"""In lines, with docstrings and empty ones."""
ROOTS = ("grucli", "native", "tools", "benchmarks", "experiments")
CODE = {".py", ".cpp", ".h", ".js", ".css", ".html"}
HEAD_OF_NO_FUNCTION = re.compile(
    r"\s*(namespace|extern|struct|class|if|for|else|switch|while|do|}|const \w+ = \{)"
)


def long_python_functions(text: str) -> set[str]:
    """Names of functions with more lines than are allowed."""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    return {n.name for n in nodes if n.end_lineno - n.lineno >= LONGEST_FUNCTION}


def long_blocks(text: str) -> set[str]:
    """Heads of functions in C++ and JavaScript with more lines than are allowed."""
    lines, long = text.splitlines(), set()
    for first, head in enumerate(lines):
        depth, last = 0, first
        if not head.endswith("{") or HEAD_OF_NO_FUNCTION.match(head):
            continue
        while (depth := depth + lines[last].count("{") - lines[last].count("}")) > 0:
            last += 1
        if last - first >= LONGEST_FUNCTION:
            long.add(head.strip())
    return long


@pytest.mark.parametrize("root", ROOTS)
def test_files_and_functions_stay_short_enough_to_be_read(root):
    files = [path for path in (PACKAGE.parent / root).rglob("*") if path.suffix in CODE]
    texts = {path.relative_to(PACKAGE.parent): path.read_text() for path in files}
    assert texts
    assert {p: t.count("\n") for p, t in texts.items() if t.count("\n") > LONGEST_FILE} == {}
    for path, text in texts.items():
        functions = long_python_functions if path.suffix == ".py" else long_blocks
        assert (path, functions(text)) == (path, set())


def test_the_package_says_that_it_is_typed_and_the_citation_names_this_version():
    assert (PACKAGE / "py.typed").is_file()
    citation = yaml.safe_load((PACKAGE.parent / "CITATION.cff").read_text())
    assert citation["version"] == __version__


def test_the_measure_of_functions_finds_a_long_one():
    body = "    x = 1\n" * LONGEST_FUNCTION
    assert long_python_functions(f"def long():\n{body}") == {"long"}
    assert long_blocks(f"int f(int a,\n      int b) {{\n{body}}}\n") == {"int b) {"}
    assert not long_blocks(f"namespace a {{\n{body}}}\n")


def test_the_kernel_keeps_to_pythons_stable_abi():
    """The wheel for 3.12 and later needs that; CPython spells what it leaves out in capitals."""
    unstable = re.compile(r"\bPy[A-Z][A-Za-z]+_[A-Z]{2,}\w*")
    files = [path for path in (PACKAGE.parent / "native").iterdir() if path.suffix in CODE]
    found = {(path.name, name) for path in files for name in unstable.findall(path.read_text())}
    assert (bool(files), found) == (True, set())


CELL_WORDS = {
    *CELLS,
    *(name for name in NORM_NAMES if name not in ("none", "sum", "split")),
    *("reset", "candidate", "forget", "logistic"),
}
"""What only a cell's own files may say in a text; words that mean other things too are not here."""
OF_CELLS = [PACKAGE / room / "cells" for room in ("", "nn", "nn/cuda")]


def texts_of(path: Path) -> set[str]:
    """Every string of a file that is no docstring."""
    tree = ast.parse(path.read_text())
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return {n.value for n in constants if isinstance(n.value, str) and id(n) not in alone}


@pytest.mark.parametrize(
    "path",
    [path for path in SOURCES if not set(OF_CELLS) & set(path.parents)],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_no_room_knows_a_cell_by_its_name(path):
    words = re.compile(rf"\b({'|'.join(CELLS)})\b")
    texts = texts_of(path)
    assert texts & CELL_WORDS == set()
    assert [text for text in texts if words.search(text)] == []
    assert not re.search(r"startswith\(.(sum|split|ba)", path.read_text())


@pytest.mark.parametrize("folder", OF_CELLS, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_of_one_cell_names_no_other(folder):
    for name in CELLS:
        others = CELLS.keys() - {name}
        assert texts_of(folder / f"{name}.py") & others == set()


def modules_after(*arguments: str) -> set[str]:
    """Top-level modules loaded in a fresh interpreter by one command line."""
    program = (
        "import sys; from grucli.cli.app import run; code = run(sys.argv[1:]); "
        "print(code, *sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    code, *modules = done.stderr.split()
    assert code == "0", done.stderr
    return set(modules)


HEAVY = {"torch", "pandas", "numpy", "yaml", "matplotlib"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["init", "--help"],
        ["backtest", "--help"],
        ["check", "--help"],
        ["compare", "--help"],
        ["train", "--help"],
        ["tune", "--help"],
        ["eval", "--help"],
        ["predict", "--help"],
        ["export", "--help"],
        ["inspect-weights", "--help"],
        ["trace", "--help"],
        ["explain", "--help"],
        ["report", "--help"],
    ],
    ids=" ".join,
)
def test_help_and_version_load_nothing_heavy(arguments):
    assert modules_after(*arguments) & HEAVY == set()


def test_a_process_that_only_reads_a_model_loads_no_torch(trained):
    program = (
        "import sys; from grucli.__main__ import main\n"
        "try: main()\n"
        "finally: print(*{'torch'} & set(sys.modules), file=sys.stderr)"
    )
    for verb in ("predict", "eval", "trace", "inspect-weights --unit 0"):
        done = subprocess.run(
            [sys.executable, "-c", program, *verb.split(), trained / "run"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr.split()) == (0, [])


def test_training_does_not_bring_torchs_compiler_into_memory(folder):
    loaded = (
        "import sys; from grucli import train; train(sys.argv[1], run_dir=sys.argv[2]); "
        "print(*{'torch._dynamo', 'torch._inductor', 'sympy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", loaded, str(folder / "wave.yaml"), str(folder / "run")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []


def test_importing_the_package_loads_nothing_heavy():
    program = "import sys, grucli; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) & HEAVY == set()
