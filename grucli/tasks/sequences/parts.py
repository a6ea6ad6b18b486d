"""Which sequences are learned from, which choose the weights, and which judge them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from grucli.data import Panel
from grucli.data.split import Share
from grucli.errors import DataError
from grucli.recipe import Recipe, SplitRecipe
from grucli.results import SplitName

Places = NDArray[np.int64]
"""Numbers of series in a panel."""
PARTS = ("train", "valid", "test")


def part_columns(recipe: Recipe, split: SplitName) -> tuple[str, ...]:
    """The column that says the part of every series, where there is one and it is asked for."""
    column = recipe.data.split.column
    return () if column is None or split == "all" else (column,)


def deal(panel: Panel, kinds: Sequence[str], split: SplitRecipe) -> dict[str, Places]:
    """The series of each part, whole, in the order of the panel.

    A panel of two tables has its test part in the second; where ``test`` names a table and the
    panel is another one, all of it is judged. A column says the part of every series, or else
    shares of them are drawn with ``split.seed``, of each of the ``kinds`` in proportion. Raises
    DataError where a part that training needs is empty.
    """
    everything = np.arange(panel.series)
    pool, parts = everything, {"test": everything[:0]}
    if panel.files:
        pool, parts["test"] = everything[: panel.files[0]], everything[panel.files[0] :]
    elif isinstance(split.test, str):
        return {"train": pool[:0], "valid": pool[:0], "test": everything}
    if split.column is not None:
        named = _named(panel, split.column)
        parts = {part: everything[named == part] for part in PARTS}
        pool = parts["train"]
        if len(parts["valid"]):
            return parts
    elif not panel.files:
        pool, parts["test"] = _draw(pool, kinds, split.test, split.seed)
    parts["train"], parts["valid"] = _draw(pool, kinds, split.valid, split.seed + 1)
    _check(panel, parts, is_judged=split.test != 0)
    return parts


def _named(panel: Panel, column: str) -> NDArray[np.str_]:
    words = panel.texts[column]
    unknown = [place for place, word in enumerate(words) if word not in PARTS]
    if unknown:
        place = unknown[0]
        raise DataError(
            f"{panel.source}: column {column!r}: {words[place]!r} in series {panel.ids[place]!r}; "
            "expected train, valid or test (data.split.column)"
        )
    return np.array(words)


def _draw(
    pool: Places, kinds: Sequence[str], share: Share | None, seed: int
) -> tuple[Places, Places]:
    """Those that stay, and a share of them that is drawn, each kind in proportion.

    The places that are left by rounding down go to the kinds with the largest remainders. One of
    each kind stays where there is one.
    """
    if share is None or isinstance(share, str):
        raise ValueError(f"data.split: {share!r} is no share; the recipe allows none here")
    count = share if isinstance(share, int) else int(share * len(pool) + 1e-6)
    by_kind: dict[str, list[int]] = {}
    for place in pool.tolist():
        by_kind.setdefault(kinds[place], []).append(place)
    quotas = {name: count * len(places) / len(pool) for name, places in by_kind.items()}
    sizes = {name: min(int(quota), len(by_kind[name]) - 1) for name, quota in quotas.items()}
    by_remainder = sorted(sizes, key=lambda name: (sizes[name] - quotas[name], name))
    for name in by_remainder[: max(count - sum(sizes.values()), 0)]:
        sizes[name] = min(sizes[name] + 1, len(by_kind[name]) - 1)
    draw = np.random.default_rng(seed)
    drawn = [
        draw.permutation(by_kind[name])[: sizes[name]].astype(np.int64) for name in sorted(sizes)
    ]
    chosen = np.sort(np.concatenate(drawn))
    return np.setdiff1d(pool, chosen), chosen


def _check(panel: Panel, parts: Mapping[str, Places], *, is_judged: bool) -> None:
    needed = PARTS if is_judged else PARTS[:-1]
    empty = [part for part in needed if not len(parts[part])]
    if empty:
        raise DataError(
            f"{panel.source}: data.split leaves none of {panel.series} series for "
            f"{' and '.join(empty)}; expected at least one; change data.split or bring more series"
        )
