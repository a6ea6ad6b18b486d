"""``--plot FILE``: a figure beside what goes to standard output."""

from collections.abc import Callable
from pathlib import Path
from typing import Any


def check_plot(path: Path | None) -> None:
    """Refuse a file that cannot be drawn before anything is computed."""
    if path is not None:
        from grucli.figures import canvas

        canvas.check_plot(path)


def write_plot(path: Path | None, drawing: Callable[[], Any]) -> None:
    """Draw into ``path``, whose ending decides the format; nothing where there is no path."""
    if path is not None:
        from grucli.figures import canvas
        from grucli.files import write_atomically

        write_atomically(path, canvas.render(drawing(), path.suffix))
