"""docs/init.md: the rules of `grucli init`, from their table."""

from grucli.runs.recipe_rules import RULES

HEAD = """\
# The rules of `grucli init`

Written by `make docs` from the table of rules in `grucli/runs/recipe_rules.py`; what is wrong here
is put right there.

`grucli init DATA -o recipe.yaml` looks at the first rows of a table (up to 4,000,000 cells), says
on standard error what it saw, reads the whole table so, and writes a recipe that trains as it is,
with the reason for each choice. `--task` and `--target` say what is to be learned, where the rules
would choose another column. What is written is a recipe like any other, to be changed by hand,
and reading stays as strict as it is.

A key that is not named here has its default.

| key | for | rule |
|---|---|---|
"""


def init_page() -> str:
    """docs/init.md."""
    rows = [f"| `{r.key}` | {', '.join(r.kinds) or 'all'} | {r.words} |" for r in RULES if r.words]
    return HEAD + "\n".join(rows) + "\n"
