"""docs/howto/notebook.ipynb: prose and programs of notebook.md as cells, without outputs."""

import json
import re
from typing import Any

from tools.docs_walk import REPOSITORY

PAGE = REPOSITORY / "docs" / "howto" / "notebook.md"
_PROGRAM = re.compile(r"^```python\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
_OWN_LINK = re.compile(
    r" The cells below are also a\nnotebook, \[notebook.ipynb\]\(notebook.ipynb\)\."
)


def notebook() -> str:
    """The notebook as JSON, in the format 4.5 of Jupyter."""
    parts = _PROGRAM.split(_OWN_LINK.sub("", PAGE.read_text()))
    cells = [_cell(at, text.strip("\n")) for at, text in enumerate(parts) if text.strip()]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    document = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1) + "\n"


def _cell(at: int, text: str) -> dict[str, Any]:
    """Every second part of a page is a program."""
    cell = {"id": f"part-{at}", "metadata": {}, "source": text.splitlines(keepends=True)}
    if at % 2:
        return {"cell_type": "code", "execution_count": None, "outputs": [], **cell}
    return {"cell_type": "markdown", **cell}
