"""Learned vectors in the place of the categories of a row.

Suffixes: B batch, T steps, C columns as they are given, F those known in advance.
"""

from collections.abc import Mapping
from dataclasses import replace

from grucli.columns import vector_size
from grucli.nn.decoders.rows import Row
from grucli.nn.draws import draw_normal
from grucli.tensors import Tensor, functional, nn, torch


class Categories(nn.Module):
    """Turns the class of each category, a whole number in a row, into its vector.

    ``places`` maps where in a row of the form ``given`` there is one to how many texts it has;
    class 0 is any other text, or none. Vectors of future and static columns stand where the
    columns stood, those of the past behind the static ones, so that they are not normalised with
    what is measured. ``row`` is what comes out.

    A text k > 0 has a vector v_k, and the unknown the mean of them all plus v_0, which begins at
    zero: a text that was never seen is read as what is common to the others.
    """

    def __init__(self, given: Row, places: Mapping[int, int]) -> None:
        """Draw the vectors. Raises ValueError for a place of no covariate, or without texts."""
        super().__init__()
        strange = [n for n, texts in places.items() if not given.targets <= n < given.values]
        if strange or any(texts < 1 for texts in places.values()):
            raise ValueError(
                f"categories: {dict(places)}; expected places from {given.targets} to "
                f"{given.values - 1} with at least 1 text each"
            )
        self.given, self.places = given, dict(sorted(places.items()))
        sizes = {place: vector_size(texts) for place, texts in self.places.items()}
        self.vectors = nn.ParameterList(
            torch.empty(texts + 1, sizes[place]) for place, texts in self.places.items()
        )
        past = {place: size for place, size in sizes.items() if place < given.measured}
        later = given.measured + given.future
        of_future = [size for p, size in sizes.items() if given.measured <= p < later]
        of_static = [size for p, size in sizes.items() if p >= later]
        self.row = replace(
            given,
            past=given.past - len(past),
            future=given.future + sum(of_future) - len(of_future),
            static=given.static + sum(of_static) - len(of_static),
            named=sum(past.values()),
        )
        front = [place for place in range(given.values) if place not in past]
        self._order = [*front, *past, *range(given.values, given.size)]
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw the vectors of texts from N(0, 1), as wide as scaled columns are."""
        for vectors in self.vectors:
            draw_normal(vectors)
            vectors[0] = 0

    def is_number(self, rows_BTC: Tensor) -> Tensor:
        """1 for each column of rows that is no category, and 0 for one: [C]."""
        width = rows_BTC.shape[-1]
        return rows_BTC.new_tensor([float(place not in self.places) for place in range(width)])

    def forward(self, context_BTC: Tensor, future_BKF: Tensor) -> tuple[Tensor, Tensor]:
        """Contexts, and what is known in advance, with vectors in the place of classes."""
        first = self.given.measured
        ahead = [place for place in self._order if first <= place < first + self.given.future]
        return self.read(context_BTC), self._replaced(future_BKF, ahead, first=first)

    def read(self, rows_BTC: Tensor) -> Tensor:
        """Rows alone."""
        return self._replaced(rows_BTC, self._order, first=0)

    def _replaced(self, values: Tensor, order: list[int], *, first: int) -> Tensor:
        """Columns [..., C] in an order of places, of which the first column has ``first``."""
        if not any(place in self.places for place in order):
            return values
        tables = dict(zip(self.places, self.vectors, strict=True))
        parts = [
            functional.embedding(values[..., place - first].long(), _with_mean(tables[place]))
            if place in tables
            else values[..., place - first, None]
            for place in order
        ]
        return torch.cat(parts, dim=-1)


def _with_mean(vectors: Tensor) -> Tensor:
    """The vectors by class: that of the unknown is kept as what it differs by from their mean."""
    known = vectors[1:]
    return torch.cat([vectors[:1] + known.mean(dim=0, keepdim=True), known])
