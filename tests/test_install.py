"""Installing grucli where nothing can compile its kernel."""

import os
import subprocess
import sys
import sysconfig

import pytest

from tests.conftest import REPOSITORY

pytestmark = pytest.mark.slow  # pip fetches what builds the package


@pytest.fixture(scope="module")
def pure(tmp_path_factory):
    """The environment of a process that sees grucli as installed with a broken compiler."""
    site = tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site, "."],
        cwd=REPOSITORY,
        env=os.environ | {"CXX": "/bin/false"},
        check=True,
    )
    assert not [*site.rglob("_native*")]
    (described,) = site.glob("grucli-*.dist-info/METADATA")
    assert "(`docs/learning.md`)" in described.read_text()  # as tests/test_readme.py says
    assert (site / "grucli" / "py.typed").is_file()  # type checkers read the wheel's annotations
    return os.environ | {"PYTHONPATH": f"{site}{os.pathsep}{sysconfig.get_path('purelib')}"}


def grucli_of(environment, *arguments, cwd):
    """Run the command line without ``site``, which would bring the repository's own grucli back."""
    command = [sys.executable, "-S", "-m", "grucli", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=True
    )


def test_without_a_compiler_the_version_says_that_torch_computes(pure, tmp_path):
    said = grucli_of(pure, "--version", "--verbose", cwd=tmp_path).stdout
    assert "kernel: torch (the native kernel is not installed: it was not compiled)\n" in said


def test_without_a_compiler_everything_runs_and_training_says_so_once(pure, folder):
    trained = grucli_of(pure, "train", "wave.yaml", cwd=folder)
    assert trained.stderr.count("the native kernel is not installed") == 1
    scored = grucli_of(pure, "eval", "runs/wave/best.pt", cwd=folder)
    assert "seasonal naive" in scored.stdout
    assert "native" not in scored.stderr
