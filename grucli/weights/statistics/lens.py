"""One matrix or vector under the lens: what statistics are read from, each part computed once."""

from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from grucli.weights.effective import EffectiveMatrix
from grucli.weights.statistics import eigen, elements, estimates, random_matrix
from grucli.weights.statistics.arrays import Matrix, Vector
from grucli.weights.statistics.power_law import PowerLaw, fit_power_law

Where = Literal["everywhere", "map", "directions", "loops", "normalised"]
"""Of what a statistic is defined: of all; of matrices whose entries are finite; of those that are
not zero; of square ones that return to the units that they read; below a layer normalisation."""


class Lens:
    """A gate's matrix [H, C] or vector [H] in float64; ``returns`` says whether it reads states.

    Large matrices are estimated unless ``exact``. ``effective`` is what the matrix does below a
    layer normalisation, where it is below one.
    """

    def __init__(
        self,
        values: NDArray[Any],
        *,
        exact: bool,
        returns: bool,
        effective: EffectiveMatrix | None = None,
    ) -> None:
        self.values, self.exact, self.returns = values, exact, returns
        self.effective = (
            effective if effective is not None and np.isfinite(effective.values).all() else None
        )

    @cached_property
    def defined(self) -> frozenset[Where]:
        """Where this is one of those that statistics are defined of."""
        found: set[Where] = {"everywhere"}
        if self.effective is not None:
            found.add("normalised")
        if self.values.ndim == 2 and self.not_finite == 0:
            found.add("map")
            if self.singular_values[0] != 0:
                found.add("directions")
                rows, columns = self.values.shape
                found |= {"loops"} if self.returns and rows == columns else set()
        return frozenset(found)

    @cached_property
    def entries(self) -> Vector:
        """All finite entries."""
        return elements.finite_entries(self.values)

    @cached_property
    def not_finite(self) -> int:
        """How many entries are no numbers."""
        return elements.not_finite(self.values)

    @cached_property
    def matrix(self) -> Matrix:
        """The matrix in float64."""
        return self.values.astype(np.float64)

    @cached_property
    def is_estimated(self) -> bool:
        """Whether the spectrum is an estimate."""
        return estimates.is_estimated(self.matrix, exact=self.exact)

    @cached_property
    def singular_values(self) -> Vector:
        """Largest first."""
        return estimates.fast_singular_values(self.matrix, exact=self.exact)

    @cached_property
    def eigenvalues(self) -> NDArray[np.complex128]:
        """Largest magnitude first; of a large matrix the leading ones alone."""
        read = estimates.leading_eigenvalues if self.is_estimated else eigen.eigenvalues
        return read(self.matrix)

    @cached_property
    def edge(self) -> float:
        """The singular value that chance hardly reaches."""
        rows, columns = self.values.shape
        deviation = elements.root_mean_square(self.entries)
        return random_matrix.marchenko_pastur_edge(rows, columns, deviation)

    @cached_property
    def power_law(self) -> PowerLaw | None:
        """The fit to the tail of the spectrum, where it has enough values."""
        return fit_power_law(self.singular_values)
