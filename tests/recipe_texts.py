"""A recipe to break in the tests, and the errors that come of it."""

from pathlib import Path

import pytest

from grucli.errors import RecipeError
from grucli.recipe import Recipe, load_recipe

BASE = """\
name: a
data:
  path: x.csv
  time: t
  target: y
task: {context: 10, horizon: 2}
"""


def load(content: str, *overrides: str) -> Recipe:
    """Load a recipe written as r.yaml into the current folder, a temporary one."""
    Path("r.yaml").write_text(content)
    return load_recipe("r.yaml", overrides)


def errors_of(content: str, *overrides: str) -> list[str]:
    """The lines of the error that loading it raises."""
    with pytest.raises(RecipeError) as caught:
        load(content, *overrides)
    return list(caught.value.problems)
