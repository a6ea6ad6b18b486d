"""The recipes that come with grucli, with their tables, to begin with."""

from pathlib import Path

from grucli.errors import UsageError
from grucli.files import check_place, write_atomically
from grucli.results import ExampleFiles
from grucli.text import some

_PACKAGE = Path(__file__).parents[1]
_TABLES = "../data/"
"""How a recipe that is shipped names the folder of its table."""


def write_example(name: str, output: str | None, *, overwrite: bool) -> ExampleFiles:
    """Write an example's recipe (default ``NAME.yaml``) and its table beside it.

    Another example's copy of the same table stays. Raises UsageError for a name that there is none
    of, and where a file would be written over, GrucliError where none can be written.
    """
    found = _examples()
    if name not in found:
        raise UsageError(f"--example {name}: no such example; expected one of {some([*found], 20)}")
    text, table = found[name]
    recipe = Path(output or f"{name}.yaml")
    check_place(output or recipe)
    copy = recipe.parent / table.name
    if recipe.name == copy.name:
        raise UsageError(f"-o {recipe}: is the name of the table beside it; choose another name")
    rows = table.read_bytes()
    has_copy = copy.is_file() and copy.read_bytes() == rows
    for path in [recipe] if has_copy else [recipe, copy]:
        if path.exists() and not overwrite:
            raise UsageError(f"{path}: is there already; add --overwrite, or choose another name")
    if not has_copy:
        write_atomically(copy, rows)
    text = text.replace(_TABLES, "").replace(f"recipes/{name}.yaml", recipe.name)
    write_atomically(recipe, text.encode())
    return ExampleFiles(str(recipe), str(copy))


def _examples() -> dict[str, tuple[str, Path]]:
    """Name -> text of the recipe, without the line that names a schema beside it, and its table."""
    folder = _PACKAGE / "examples"
    folder = folder if folder.is_dir() else _PACKAGE.parent  # as installed, or in a checkout
    found = {}
    for path in sorted((folder / "recipes").glob("*.yaml")):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        text = "".join(line for line in lines if not line.startswith("# yaml-language-server:"))
        table = folder / "data" / text.partition(_TABLES)[2].partition("\n")[0].strip()
        if table.is_file():
            found[path.stem] = (text.removeprefix("#\n"), table)
    return found
