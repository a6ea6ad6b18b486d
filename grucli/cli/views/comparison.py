"""Two weight files beside each other on the screen."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType
from rich.text import Text

from grucli.cli.kit.columns import Column, name_columns, name_of, naming_words
from grucli.cli.kit.gates import matrix_styles
from grucli.cli.kit.page import Page
from grucli.cli.kit.words import align_decimals, clean, digits
from grucli.cli.views.difference_words import difference_words
from grucli.cli.views.weights_columns import shape_words
from grucli.results import MatrixChange, WeightComparison


def render_weight_comparison(
    comparison: WeightComparison, width: int, *, naming: str = "symbols"
) -> RenderableType:
    """Change in norm and direction by matrix, then whatever else differs, in ``width`` columns."""
    return _Screen(comparison, width, naming)


@dataclass(frozen=True)
class _Screen:
    comparison: WeightComparison
    width: int
    naming: str

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        page = Page(min(self.width, options.max_width), options.ascii_only)
        found = self.comparison
        yield page.line(f"A {clean(found.path_before)}", style="bold")
        yield page.line(f"B {clean(found.path_after)}", style="bold")
        if found.changes:
            columns = _columns(found.changes, self.naming)
            yield page.table(columns, styles=matrix_styles(found.changes))
        yield Text("")
        yield from page.paragraphs(_words(found, self.naming))
        yield Text("")
        yield from page.paragraphs(_legend(found.changes, self.naming), style="dim")


def _columns(changes: tuple[MatrixChange, ...], naming: str) -> list[Column]:
    def numbers(heading: str, values: list[float | None], rank: int) -> Column:
        return Column(heading, tuple(align_decimals([digits(v, 3) for v in values])), rank)

    many = len({(item.module, item.layer, item.direction) for item in changes}) > 1
    return [
        *name_columns(changes, naming, [item.shape[0] for item in changes], many=many),
        Column("shape", tuple(shape_words(item.shape) for item in changes), 3),
        numbers("norm A", [item.norm_before for item in changes], 1),
        numbers("norm B", [item.norm_after for item in changes], 1),
        numbers("|B-A|/|A|", [item.relative_change for item in changes], 1),
        numbers("cosine", [item.cosine for item in changes], 2),
        numbers("rank of B-A", [item.change_rank for item in changes], 4),
    ]


def _words(found: WeightComparison, naming: str) -> Iterator[str]:
    moved = [item for item in found.changes if item.relative_change > 0]
    if found.changes and all(item.relative_change == 0 for item in found.changes):
        yield "Every matrix that both have is the same, bit for bit."
    elif moved:
        yield _most(moved, naming)
    for which, names in (("A", found.only_before), ("B", found.only_after)):
        if names:
            shown = ", ".join(clean(name) for name in names[:6])
            more = f" and {len(names) - 6} more" if len(names) > 6 else ""
            yield f"Only in {which}, or of another shape: {shown}{more}."
    yield from difference_words(found.differences)


def _most(moved: Sequence[MatrixChange], naming: str) -> str:
    """Which matrix changed most; biases that begin near 0 would always be the first.

    Below a layer normalisation it is the direction that counts.
    """
    maps = [item for item in moved if len(item.shape) == 2] or moved
    turned = [item for item in maps if _is_normalised(moved) and not math.isnan(item.cosine)]
    if turned:
        most = min(turned, key=lambda item: item.cosine)
        angle = math.degrees(math.acos(max(-1.0, min(1.0, most.cosine))))
        how = f"turned most: by {digits(angle, 3)} degrees"
    else:
        most = max(maps, key=lambda item: item.relative_change)
        how = f"moved most: by {digits(most.relative_change, 3)} of its norm"
    return f"{name_of(most, naming, most.shape[0])} in layer {most.layer} {how}."


def _is_normalised(changes: Sequence[MatrixChange]) -> bool:
    return any(item.part.startswith("gain") for item in changes)


def _legend(changes: tuple[MatrixChange, ...], naming: str) -> Iterator[str]:
    yield from naming_words(naming, [item.cell for item in changes])
    yield (
        "Cosine: 1 is the same direction, 0 a right angle. Rank: in how many directions "
        "the change went. What began near 0, as biases do, moves by many times its norm."
    )
    if _is_normalised(changes):
        yield "Below a layer normalisation the size of a matrix does nothing: look at the cosine."
