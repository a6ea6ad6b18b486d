"""The structure of the code: which room may import which. This table is the architecture."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "grucli"

GROUND = {"errors", "columns", "cells"}
VALUES = {"files", "formats", "results", "recipe"}
MAY_IMPORT = {
    "errors": set(),
    "columns": set(),
    "dialect": set(),
    "cells": set(),
    "files": {"errors"},
    "formats": {"errors"},
    "results": {"errors"},
    "recipe": {"errors", "columns", "dialect"},
    "data": {"errors", "columns", "dialect", "results"},
    "nn": GROUND | {"results"},
    "training": {"errors", "results", "recipe"},
    "tasks": GROUND | {"results", "recipe", "data", "nn", "training"},
    "insight": GROUND | {"results", "data", "nn", "tasks", "training"},
    "weights": GROUND | {"formats", "results", "checkpoint"},
    "checkpoint": {"errors", "files", "formats"},
    "runs": GROUND
    | VALUES
    | {"data", "nn", "training", "insight", "tasks", "weights", "checkpoint", "version"},
    "page": {"errors", "results"},
    "figures": {"errors", "cells", "results", "page"},
    "cli": {"errors", "files", "figures", "page", "results", "recipe", "runs", "cells", "version"},
    "__init__": {"results", "recipe", "runs"},
    "__main__": {"cli"},
}
"""Room -> rooms it may import; ``version`` is the package itself, for its ``__version__``."""


def room_of(path: Path) -> str:
    """The room a source file belongs to: the first name below the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    """Every room that a file imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    ours = [name.split(".") for name in names if name.split(".")[0] == "grucli"]
    return {"version" if parts[1:] == ["__version__"] else parts[1] for parts in ours}


SOURCES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_point_down(path):
    room = room_of(path)
    assert imported_rooms(path) - {room} <= MAY_IMPORT[room]


def test_every_room_of_the_table_exists():
    assert set(MAY_IMPORT) == {room_of(path) for path in SOURCES}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_import_hides_behind_a_type_checking_guard(path):
    assert "TYPE_CHECKING" not in path.read_text()


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
        ["train", "--help"],
        ["eval", "--help"],
        ["predict", "--help"],
        ["inspect-weights", "--help"],
        ["trace", "--help"],
        ["explain", "--help"],
        ["report", "--help"],
    ],
    ids=" ".join,
)
def test_help_and_version_load_nothing_heavy(arguments):
    assert modules_after(*arguments) & HEAVY == set()


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
