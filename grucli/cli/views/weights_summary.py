"""The first screen of a weight report: what it is, what happened, one table, what to type next."""

import math
import shlex
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from rich.text import Text

from grucli.cli.kit.columns import Column, name_columns
from grucli.cli.kit.gates import matrix_styles
from grucli.cli.kit.numbers import NONE, align_decimals, digits
from grucli.cli.kit.page import Page, Screen
from grucli.cli.views.weights_columns import histogram_words, is_told, short
from grucli.cli.views.weights_maps import WIDE, draw_maps
from grucli.cli.views.weights_movement import movement_words
from grucli.cli.views.weights_words import finding_words, place_of, place_words, weight_title
from grucli.results import MatrixStatistics, TimeConstants, WeightPictures, WeightReport
from grucli.text import clean

_SHOWN_FINDINGS = 3
_MAPPED_LAYERS = 2


def render_weight_summary(
    report: WeightReport,
    width: int,
    *,
    naming: str = "symbols",
    pictures: Callable[[], WeightPictures] | None = None,
) -> Screen:
    """Fits a window of 80 x 24 for one layer; from 120 columns on also draws the matrices.

    ``pictures`` gives those where there is room for them.
    """
    return Screen(width, lambda page: _content(page, report, naming, pictures))


def _content(
    page: Page,
    report: WeightReport,
    naming: str,
    pictures: Callable[[], WeightPictures] | None,
) -> Iterator[Text]:
    layers = [list(group) for _, group in groupby(report.matrices, key=place_of)]
    yield weight_title(page, report)
    yield from page.paragraphs(map(clean, report.notes), style="bold")
    yield from page.paragraphs(movement_words(report, naming))
    for matrices in layers:
        yield from _layer(page, report, matrices, naming=naming, is_one_of_many=len(layers) > 1)
    if pictures is not None and page.width >= WIDE and len(layers) <= _MAPPED_LAYERS:
        yield from draw_maps(page, pictures())
    yield Text("")
    findings = list(finding_words(report, naming))
    yield from page.paragraphs(findings[:_SHOWN_FINDINGS], style="bold")
    if len(findings) > _SHOWN_FINDINGS:
        yield from page.paragraphs([f"and {len(findings) - _SHOWN_FINDINGS} more: --all"])
    yield from page.paragraphs(_legend(report), style="dim")
    yield from _next(page, report)


def _layer(
    page: Page,
    report: WeightReport,
    matrices: Sequence[MatrixStatistics],
    *,
    naming: str,
    is_one_of_many: bool,
) -> Iterator[Text]:
    """The matrices of one layer in one direction, and its biases and gains in a line each."""
    maps = [item for item in matrices if len(item.shape) == 2]
    if is_one_of_many:
        yield Text("")
        yield page.line(place_words(matrices[0], report), style="bold")
    if maps:
        names = name_columns(maps, naming, [item.shape[0] for item in maps])
        alarms = {row for row, item in enumerate(maps) if item.not_finite}
        columns = [*names, *_columns(maps, report)]
        yield from page.table(columns, styles=matrix_styles(maps), alarms=alarms)
    memories = [m for m in report.time_constants if place_of(m) == place_of(matrices[0])]
    yield from page.paragraphs(_biases(matrices, memories, report))
    yield from page.paragraphs(_gains(matrices))


def _columns(maps: Sequence[MatrixStatistics], report: WeightReport) -> list[Column]:
    moved = {m.name: m for m in report.movement.matrices} if report.movement else {}
    acts = any(item.effective_spectral_norm is not None for item in maps)
    size = "effective_spectral_norm" if acts else "spectral_norm"
    norms, sizes, distances, outliers = [], [], [], []
    for item in maps:
        record = moved.get(item.name)
        norms.append(
            (
                record.frobenius_norm_at_initialisation
                if record
                else item.expected.get("frobenius_norm"),
                item.frobenius_norm,
            )
        )
        recorded = record.spectral_norm_at_initialisation if record and not acts else None
        start = item.expected.get(size) if recorded is None else recorded
        sizes.append((start, getattr(item, size)) if is_told(item, size) else (None, None))
        distances.append(short(record.cosine_distance_from_initialisation) if record else NONE)
        outliers.append(short(item.outliers) if is_told(item, "outliers") else NONE)
    return [
        Column("values", tuple(map(histogram_words, maps)), 3, numeric=False),
        Column("Frobenius norm", _from_to(norms), 2),
        Column("eff. norm" if acts else "spectral norm", _from_to(sizes), 1),
        Column("cos. dist.", tuple(align_decimals(distances)), 1),
        Column("outliers", tuple(outliers), 2),
    ]


def _from_to(pairs: Sequence[tuple[float | None, float | None]]) -> tuple[str, ...]:
    """``1.13 → 7.85``, or the second alone where no start is known."""
    then, now = ([short(pair[side]) for pair in pairs] for side in (0, 1))
    if all(start is None for start, _ in pairs):
        return tuple(align_decimals(now))
    before, after = max(map(len, then)), max(map(len, now))
    return tuple(
        f"{was:>{before}} → {is_:>{after}}" if start is not None else is_
        for was, is_, (start, _) in zip(then, now, pairs, strict=True)
    )


def _biases(
    matrices: Sequence[MatrixStatistics], memories: Sequence[TimeConstants], report: WeightReport
) -> Iterator[str]:
    """What the biases alone say: the memory that they set, or how far they reach."""
    biases = [item for item in matrices if item.part.startswith("bias")]
    starts = report.movement.time_constants_at_initialisation if report.movement else {}
    for memory in memories:
        start = starts.get(memory.bias_name)
        before = f"{digits(start, 3)} → " if start is not None else ""
        yield (
            f"biases  {memory.gate} gate's time constant {before}{digits(memory.median, 3)} steps "
            f"(median; {digits(memory.minimum, 3)} to {digits(memory.maximum, 3)})"
        )
    if biases and not memories:
        yield f"biases  {_range(biases)}"


def _gains(matrices: Sequence[MatrixStatistics]) -> Iterator[str]:
    gains = [item for item in matrices if item.part.startswith("gain")]
    if gains:
        starts = {item.expected["rms"] for item in gains if "rms" in item.expected}
        start = f"; start {digits(starts.pop(), 3)}" if len(starts) == 1 else ""
        low, high = (end(gains, key=lambda item: item.mean) for end in (min, max))
        yield (
            f"gains   {_range(gains)}; means {digits(low.mean, 3)} ({low.symbol}) to "
            f"{digits(high.mean, 3)} ({high.symbol}){start}"
        )


def _range(vectors: Sequence[MatrixStatistics]) -> str:
    low = min((item.minimum for item in vectors), default=math.nan)
    high = max((item.maximum for item in vectors), default=math.nan)
    return f"from {digits(low, 3)} to {digits(high, 3)}"


def _legend(report: WeightReport) -> Iterator[str]:
    words = []
    if report.movement:
        words.append("a → b: at step 0 → now")
        words.append("cos. dist.: 1 - cosine to the initialisation")
    elif any(item.expected for item in report.matrices):
        words.append("a → b: expected before training → now")
    if any(item.effective_spectral_norm is not None for item in report.matrices):
        words.append(
            "eff. norm: spectral norm of gain times direction below the normalisation, "
            "expected → now"
        )
    words.append("outliers: singular values beyond those of a random matrix")
    yield f"{'; '.join(words)}."


def _next(page: Page, report: WeightReport) -> Iterator[Text]:
    """Commands that run as they stand, never broken."""
    file = shlex.quote(clean(report.path))
    if report.layout:
        file += f" --layout {report.layout}"
    if report.member:
        file += f" --member {report.member}"
    commands = {"--all": "every statistic"}
    moved = report.movement.matrices if report.movement else ()
    distances = {item.name: item.cosine_distance_from_initialisation or 0.0 for item in moved}
    maps = [item for item in report.matrices if item.part == "hh"]
    if maps:
        most = max(maps, key=lambda item: (distances.get(item.name, 0.0), item.outliers or 0))
        is_single = len({place_of(item) for item in report.matrices}) == 1
        name = most.symbol if is_single else f"{most.module}{most.name}"
        commands[f"--matrix {name}"] = "its picture"
    if report.movement:
        commands["--history"] = "how they were learned"
    if len({item.module for item in report.matrices}) == 1:
        commands["--unit 0"] = "what one unit learned"
    for options, words in commands.items():
        line = Text(f"  grucli inspect-weights {file} {options}", "cyan")
        fits = line.cell_len + 2 + len(words) <= page.width
        yield line.append(f"  {words}" if fits else "", "dim")
