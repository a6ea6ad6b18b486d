"""Two weight files beside each other on the screen."""

import math
from collections.abc import Iterator, Sequence

from rich.text import Text

from grucli.cli.kit.columns import Column, name_columns, name_of, naming_words
from grucli.cli.kit.gates import matrix_styles
from grucli.cli.kit.numbers import align_decimals, digits
from grucli.cli.kit.page import Page, Screen
from grucli.cli.views.difference_words import difference_words
from grucli.cli.views.weights_columns import shape_words
from grucli.results import MatrixChange, Statistic, WeightComparison, rows_of
from grucli.text import clean, model_words, some

_SHOWN_NAMES = 6


def render_weight_comparison(
    comparison: WeightComparison, width: int, *, naming: str = "symbols"
) -> Screen:
    """Change in norm and direction by matrix, then whatever else differs, in ``width`` columns."""
    return Screen(width, lambda page: _content(page, comparison, naming))


def _content(page: Page, found: WeightComparison, naming: str) -> Iterator[Text]:
    before = model_words(found.member_before, found.members_before)
    after = model_words(found.member_after, found.members_after)
    yield page.line(f"A {before}{clean(found.path_before)}", style="bold")
    yield page.line(f"B {after}{clean(found.path_after)}", style="bold")
    if found.changes:
        columns = _columns(found.changes, naming)
        yield from page.table(columns, styles=matrix_styles(found.changes))
    yield Text("")
    yield from page.paragraphs(_words(found, naming))
    yield Text("")
    yield from page.paragraphs(_legend(found.changes, naming), style="dim")


def _columns(changes: tuple[MatrixChange, ...], naming: str) -> list[Column]:
    def numbers(name: str, row: Statistic) -> Column:
        cells = align_decimals([digits(getattr(item, name), 3) for item in changes])
        return Column(row.heading, tuple(cells), row.rank or 0)

    many = len({(item.module, item.layer, item.direction) for item in changes}) > 1
    return [
        *name_columns(changes, naming, [item.shape[0] for item in changes], many=many),
        Column("shape", tuple(shape_words(item.shape) for item in changes), 3),
        *(numbers(name, row) for name, row in rows_of(MatrixChange, Statistic).items()),
    ]


def _words(found: WeightComparison, naming: str) -> Iterator[str]:
    moved = [item for item in found.changes if item.relative_change > 0]
    if found.changes and all(item.relative_change == 0 for item in found.changes):
        yield "Every matrix that both have is the same, bit for bit."
    elif found.is_of_two_draws:
        yield from _two_draws(found)
    elif moved:
        yield _most(moved, naming)
    for which, names in (("A", found.only_before), ("B", found.only_after)):
        if names:
            shown = some([*map(clean, names)], _SHOWN_NAMES)
            yield f"Only in {which}, or of another shape: {shown}."
    yield from difference_words(found.differences)


def _two_draws(found: WeightComparison) -> Iterator[str]:
    """Nothing moved from one to the other; what can be compared all the same."""
    maps = [item for item in found.changes if item.spectrum_distance is not None]
    nearest, furthest = (
        digits(end(item.spectrum_distance or 0.0 for item in maps), 2) for end in (min, max)
    )
    yield (
        "A and B began from different draws: cosines near 0 at like norms. So no matrix moved from "
        "A to B, and unit 5 of the one has nothing to do with unit 5 of the other."
    )
    yield (
        f"What can be compared: spectra, which are apart by {nearest} to {furthest} of their norm "
        "(of spectra), and what the networks do on data: grucli eval of both."
    )


def _most(moved: Sequence[MatrixChange], naming: str) -> str:
    """Which matrix changed most; biases that begin near 0 would always be the first.

    Below a layer normalisation it is the direction that counts.
    """
    maps = [item for item in moved if len(item.shape) == 2] or moved
    turned = [
        item for item in maps if _is_normalised(moved) and not math.isnan(item.cosine_similarity)
    ]
    if turned:
        most = min(turned, key=lambda item: item.cosine_similarity)
        angle = math.degrees(math.acos(max(-1.0, min(1.0, most.cosine_similarity))))
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
        "the change went. What began near 0, as biases do, moves by many times its norm. Of "
        "spectra: |s B - s A| / |s A| of the singular values."
    )
    if _is_normalised(changes):
        yield "Below a layer normalisation the size of a matrix does nothing: look at the cosine."
