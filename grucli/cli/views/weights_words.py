"""What a weight report and its layers are called on the screen, and its findings."""

from collections.abc import Iterator

from rich.text import Text

from grucli.cli.kit.columns import renamed
from grucli.cli.kit.page import Page
from grucli.results import MatrixStatistics, TimeConstants, WeightReport
from grucli.text import clean, plural


def place_of(item: MatrixStatistics | TimeConstants) -> tuple[str, int, str]:
    """The stack, layer and direction that something belongs to."""
    return item.module, item.layer, item.direction


def weight_title(page: Page, report: WeightReport) -> Text:
    """What this is, in one line: as many of its words as fit."""
    words = _title(report)
    while len(words) > 1 and len(" · ".join(words)) > page.width:
        words.pop()
    return page.line(" · ".join(words), style="bold")


def _title(report: WeightReport) -> list[str]:
    recipe, movement = report.recipe or {}, report.movement
    name = recipe.get("name")
    words = [clean(str(name))] if name else []
    words.append(report.cell.upper())
    if report.layer_norm != "none":
        words.append(f"layer_norm {report.layer_norm}")
    if movement is not None:
        words.append(f"epoch {movement.epoch} of {movement.epochs}")
    elif not recipe:
        words.append(clean(report.format))
    layers = {(item.module, item.layer) for item in report.matrices}
    units = {item.shape[0] for item in report.matrices}
    size = f" of {plural(units.pop(), 'unit')}" if len(units) == 1 else ""
    words.append(f"{plural(len(layers), 'layer')}{size}")
    readers = {item.shape[1] for item in report.matrices if item.part == "ih" and item.layer == 0}
    words += [plural(count, "input") for count in readers if len(readers) == 1]
    words.append(plural(sum(_entries(item) for item in report.matrices), "weight"))
    return words


def _entries(item: MatrixStatistics) -> int:
    rows, *columns = item.shape
    return rows * (columns[0] if columns else 1)


def place_words(item: MatrixStatistics, report: WeightReport) -> str:
    """The heading of a layer, with its stack and direction where there are several."""
    words = [f"Layer {item.layer}"]
    if len({other.module for other in report.matrices}) > 1:
        words.insert(0, clean(item.module.rstrip(".")))
    if any(other.direction == "reverse" for other in report.matrices):
        words.append(item.direction)
    return " · ".join(words)


def finding_words(report: WeightReport, naming: str) -> Iterator[str]:
    """Every finding with the names that were chosen, or that there is none."""
    hidden = {item.module + item.name: item.shape[0] for item in report.matrices}
    for finding in report.findings:
        rows = hidden.get(finding.matrix, 0)
        yield f"! {clean(renamed(finding, naming, rows))}"
    if not report.findings:
        yield "No findings: no threshold was crossed."
