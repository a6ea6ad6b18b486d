"""How a run's weights were learned, on the screen: five phases, each matrix over time, findings."""

from collections.abc import Callable, Iterator, Sequence

from rich.text import Text

from grucli.cli.kit.charts import sparkline
from grucli.cli.kit.columns import Column, name_columns, naming_words, renamed
from grucli.cli.kit.gates import matrix_styles
from grucli.cli.kit.numbers import NONE, align_decimals, digits, power
from grucli.cli.kit.page import GAP, MARGIN, Page, Screen
from grucli.cli.views.history_phases import phases
from grucli.results import MatrixLearning, MatrixRecord, WeightHistory, WeightRecord
from grucli.text import clean, model_words, plural

_NUMBER = 8
_LEAST, _MOST = 6, 40
_SIZES = 2

Read = Callable[[MatrixRecord], float | None]


def render_weight_history(history: WeightHistory, width: int, *, naming: str = "symbols") -> Screen:
    """The whole story in ``width`` columns (80 are enough); wider screens get longer lines.

    Where the console's encoding is not UTF-8, the curves are drawn in ASCII.
    """
    return Screen(width, lambda page: _content(page, history, naming))


def _content(page: Page, history: WeightHistory, naming: str) -> Iterator[Text]:
    styles = matrix_styles(history.learning)
    names = _names(history, naming)
    yield page.line(_title(history), style="bold")
    which = model_words(history.member, history.members)
    yield page.line(f"{which}{clean(history.path)}", style="dim")
    for heading, words in phases(history):
        yield Text("")
        yield page.line(heading, style="bold")
        yield from page.paragraphs(words)
    yield from page.table([*names, *_phase_columns(history)], styles=styles)
    yield Text("")
    yield page.line(_span(history.records), style="bold")
    yield from page.paragraphs(_best(history), style="dim")
    yield from page.table([*names, *_curves(history, page, names)], styles=styles)
    yield Text("")
    yield page.line("Where learning happened", style="bold")
    yield from page.paragraphs(
        clean(renamed(finding, naming, history.hidden)) for finding in history.findings
    )
    yield Text("")
    yield from page.paragraphs(_legend(history, naming), style="dim")


def _title(history: WeightHistory) -> str:
    words = [clean(history.name)] if history.name else []
    words.append(history.cell.upper())
    if history.layer_norm != "none":
        words.append(f"layer_norm {history.layer_norm}")
    return " · ".join([*words, plural(len(history.records), "record")])


def _span(records: Sequence[WeightRecord]) -> str:
    first, last = records[0], records[-1]
    return f"Over training, step {first.step:,} to step {last.step:,}"


def _best(history: WeightHistory) -> Iterator[str]:
    """Where the weights in best.pt are not those that the curves end with."""
    end = history.records[-1].step
    best = max((epoch.step for epoch in history.epochs if epoch.is_best), default=end)
    if best != end:
        yield f"Numbers are of step {end:,}; best.pt holds the weights of step {best:,}."


def _names(history: WeightHistory, naming: str) -> list[Column]:
    items = history.learning
    many = len({(item.layer, item.direction) for item in items}) > 1
    return name_columns(items, naming, [history.hidden] * len(items), many=many)


def _series(item: MatrixLearning, records: Sequence[WeightRecord], read: Read) -> list[float]:
    """One number of one matrix over the records that have it."""
    found = [
        read(matrix) for record in records for matrix in record.matrices if matrix.name == item.name
    ]
    return [value for value in found if value is not None]


def _phase_columns(history: WeightHistory) -> list[Column]:
    """Sizes at the start; gradients and updates in the first and the last step recorded."""
    records, items = history.records, history.learning
    trained = [record for record in records if record.loss is not None]
    columns: list[Column] = []

    def add(name: str, record: WeightRecord, rank: int, read: Read) -> None:
        write = _three if rank == _SIZES else power
        series = [_series(item, [record], read) for item in items]
        cells = align_decimals([write(values[0]) if values else NONE for values in series])
        columns.append(Column(f"{name} {record.step:,}", tuple(cells), rank))

    add("norm", records[0], _SIZES, _norm)
    add("radius", records[0], _SIZES, _radius)
    ends = trained[:1] + trained[1:][-1:]
    for name, read in (("grad.", _gradient), ("update", _update)):
        for record in ends:
            add(name, record, 1, read)
    return columns


def _curves(history: WeightHistory, page: Page, names: Sequence[Column]) -> list[Column]:
    """Sparklines over the records with the value at the end, as wide as ``names`` leave room."""
    records, items = history.records, history.learning
    columns: list[Column] = []
    used = sum(column.width + GAP for column in names)
    room = (page.width - MARGIN - used + GAP) // 3 - GAP - _NUMBER - 1
    width = min(max(room, _LEAST), _MOST, len(records))

    def add(heading: str, rank: int, read: Read, write: Callable[[float], str]) -> None:
        cells = []
        for item in items:
            values = _series(item, records, read)
            line = sparkline(values, width).ljust(width)
            cells.append(f"{line} {write(values[-1])}" if values else "")
        columns.append(Column(heading, tuple(cells), rank, numeric=False))

    add("update / weight", 1, _update, power)
    add("cosine distance", 1, _distance, _three)
    add("spectral radius", 2, _radius, _three)
    return columns


def _norm(matrix: MatrixRecord) -> float | None:
    return matrix.frobenius_norm


def _radius(matrix: MatrixRecord) -> float | None:
    return matrix.spectral_radius


def _gradient(matrix: MatrixRecord) -> float | None:
    return matrix.gradient_norm


def _update(matrix: MatrixRecord) -> float | None:
    return matrix.update_ratio


def _distance(matrix: MatrixRecord) -> float | None:
    return matrix.cosine_distance_from_initialisation


def _three(value: float) -> str:
    return digits(value, 3)


def _legend(history: WeightHistory, naming: str) -> Iterator[str]:
    yield from naming_words(naming, [item.cell for item in history.learning])
    yield (
        "The number in a heading is the step. Update: the change that one step applied over the "
        "norm of the matrix; about 1e-3 is usual. Cosine distance: 1 - cos of the angle to the "
        "initialisation, 0 unchanged, 1 a right angle. Radius: largest |eigenvalue|. Each curve "
        "runs from its own lowest to its own highest value; records lie at steps 1, 2, 4, 8 and "
        "so on, and at the ends of epochs (where those are short, not of every one)."
    )
    if history.layer_norm != "none":
        yield (
            "Below a layer normalisation the size of a matrix does nothing: norms and radii only "
            "tell how far a step can still turn it. Watch the cosine distance and the gains."
        )
