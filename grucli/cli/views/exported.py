"""What ``grucli export`` wrote, on screen."""

from collections.abc import Iterator

from rich.text import Text

from grucli.cli.kit.numbers import digits
from grucli.cli.kit.page import Page, Screen
from grucli.results import Exported, Port
from grucli.text import clean, plural, some

_MOST_COLUMNS = 6


def render_exported(exported: Exported, width: int) -> Screen:
    """The file, what goes in and comes out, and how near it is, in ``width`` columns."""
    return Screen(width, lambda page: _content(page, exported))


def _content(page: Page, exported: Exported) -> Iterator[Text]:
    head = f"{clean(exported.path)}: {exported.format}, {plural(exported.bytes, 'byte')}"
    yield page.line(head, style="bold")
    facts = [("input", _port(port)) for port in exported.inputs]
    facts += [("output", _port(port)) for port in exported.outputs]
    if exported.levels:
        facts.append(("levels", ", ".join(f"{level:g}" for level in exported.levels)))
    if exported.parity is None:
        facts.append(("holds", f"{plural(exported.tensors, 'tensor')}, the recipe and the scaler"))
    else:
        parity = exported.parity
        facts.append(
            (
                "parity",
                f"at most {digits(parity.largest_difference, 3)} from what predict says, on "
                f"{clean(parity.compared_on)}",
            )
        )
    for name, words in facts:
        yield from page.paragraphs([f"{name:<8}{words}"])


def _port(port: Port) -> str:
    axes = ", ".join(map(str, port.axes))
    columns = f": {some([*map(clean, port.columns)], _MOST_COLUMNS)}" if port.columns else ""
    return f"{port.name} {port.dtype} ({axes}){columns}"
