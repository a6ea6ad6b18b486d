"""Between original and scaled units: scaled = (value - center) / spread, column by column."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from grucli.data.kinds_of_number import Numbers, nearest
from grucli.data.panel import Panel
from grucli.data.split import Span
from grucli.data.values import Floats
from grucli.errors import CheckpointError
from grucli.forms import Fields, Listed, Mapped, Number, OneOf, Text, Whatever, check_form
from grucli.tensors import Tensor, torch

KINDS = ("standard", "minmax", "robust", "none")
LEAST = {"log": 0.0, "log1p": -1.0}
"""Transform -> what a value has to be above."""
Functions = dict[str, tuple[Any, Any]]
_FORWARD: Functions = {"log": (np.log, torch.log), "log1p": (np.log1p, torch.log1p)}
_BACK: Functions = {"log": (np.exp, torch.exp), "log1p": (np.expm1, torch.expm1)}
"""Transform -> function of arrays, function of tensors."""


@dataclass(frozen=True, eq=False)
class Scaler:
    """``center`` and ``spread`` [C] in float64, one of each for every name in ``columns``.

    The ``transformed`` among them are scaled by their logarithm, as ``transform`` says.
    ``vocabularies`` maps those that are categories to their texts, by which ``put_classes`` of
    ``grucli.data.categories`` goes; ``scale`` leaves them as they are. That of a panel scaled by
    series has a row for each of its series, [S, C]: ``at`` picks them. ``numbers`` is a kind of
    number that ``unscale`` gives back.
    """

    kind: str
    columns: tuple[str, ...]
    center: Floats
    spread: Floats
    transform: str = "none"
    transformed: tuple[str, ...] = ()
    vocabularies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: str = "real"

    @property
    def texts(self) -> dict[str, int]:
        """How many texts there are of each category."""
        return {name: len(words) - 1 for name, words in self.vocabularies.items()}

    def scale(self, values: Numbers) -> Numbers:
        """Original [..., C] to scaled units; arrays or tensors."""
        center, spread = self._of(values)
        return (self._mapped(values, _FORWARD) - center) / spread

    def unscale(self, values: Numbers) -> Numbers:
        """Scaled [..., C] to original units, the nearest of ``numbers``; arrays or tensors."""
        center, spread = self._of(values)
        return nearest(self._mapped(values * spread + center, _BACK), self.numbers)

    def _mapped(self, values: Numbers, table: Mapping[str, tuple[Any, Any]]) -> Numbers:
        """The values with those of transformed columns put through a function of a table."""
        places = [at for at, name in enumerate(self.columns) if name in self.transformed]
        if self.transform == "none" or not places:
            return values
        is_tensor = isinstance(values, Tensor)
        mapped: Any = values.clone() if isinstance(values, Tensor) else values.copy()
        mapped[..., places] = table[self.transform][is_tensor](mapped[..., places])
        return cast(Numbers, mapped)

    def of(self, _panel: Panel, _span: Span) -> "Scaler":
        """The scaler of a panel: this one, whatever its series."""
        return self

    def measured(self, column: int, values: Floats) -> Floats:
        """The values of one column as they are before its center is taken off."""
        if self.columns[column] not in self.transformed:
            return values
        return np.asarray(_FORWARD[self.transform][0](values))

    def can_scale(self, column: int, value: float) -> bool:
        """Whether a value of a column has a logarithm, where it is scaled by that."""
        return self.columns[column] not in self.transformed or value > LEAST[self.transform]

    @property
    def is_by_series(self) -> bool:
        """Whether every series has its own."""
        return self.center.ndim > 1

    def at(self, series: NDArray[np.int64] | Tensor) -> "Scaler":
        """That of values [..., C] whose series have these numbers [...]."""
        if not self.is_by_series:
            return self
        places = np.asarray(series)
        return replace(self, center=self.center[places], spread=self.spread[places])

    def only(self, columns: Sequence[str]) -> "Scaler":
        """The part of it that is for some of its columns, in the order given.

        Raises CheckpointError for a column that it does not know.
        """
        unknown = [name for name in columns if name not in self.columns]
        if unknown:
            raise CheckpointError(
                f"scaler: holds {', '.join(self.columns)}, not {', '.join(unknown)}; expected "
                "every target of the recipe; the file was changed"
            )
        places = [self.columns.index(name) for name in columns]
        return replace(
            self,
            columns=tuple(columns),
            transformed=tuple(name for name in columns if name in self.transformed),
            vocabularies={n: words for n, words in self.vocabularies.items() if n in columns},
            center=self.center[..., places],
            spread=self.spread[..., places],
        )

    def _of(self, values: Numbers) -> tuple[Numbers, Numbers]:
        """Center and spread in the kind of number that ``values`` are."""
        if isinstance(values, Tensor):
            return torch.as_tensor(self.center).to(values), torch.as_tensor(self.spread).to(values)
        return self.center, self.spread

    def to_plain(self) -> dict[str, Any]:
        """A mapping of plain values, for a checkpoint."""
        return {
            "kind": self.kind,
            "columns": list(self.columns),
            "center": [float(value) for value in self.center],
            "spread": [float(value) for value in self.spread],
            **self._rest_to_plain(),
        }

    def _rest_to_plain(self) -> dict[str, Any]:
        """Nothing without a transform and categories, as in older checkpoints."""
        plain: dict[str, Any] = {}
        if self.transformed:
            plain = {"transform": self.transform, "transformed": list(self.transformed)}
        if self.vocabularies:
            words = {name: list(words[1:]) for name, words in self.vocabularies.items()}
            plain["vocabularies"] = words
        return plain

    @classmethod
    def from_plain(cls, plain: Any) -> "Scaler":
        """The scaler that ``to_plain`` gave. Raises CheckpointError for anything else."""
        check_form(SCALER_FORM, plain, "scaler")
        lengths = {len(plain[name]) for name in ("columns", "center", "spread")}
        if len(lengths) > 1:
            raise CheckpointError(
                "scaler: columns, center and spread differ in length; the file was changed"
            )
        center, spread = np.array(plain["center"], float), np.array(plain["spread"], float)
        words = plain.get("vocabularies", {})
        return cls(
            plain["kind"],
            tuple(plain["columns"]),
            center,
            spread,
            plain.get("transform", "none"),
            tuple(plain.get("transformed", ())),
            {name: ("", *texts) for name, texts in words.items()},
        )


_LARGEST = float(np.finfo(float).max)
SCALER_FORM = Fields(
    {
        "kind": OneOf(KINDS),
        "columns": Listed(Text(), least=1),
        "center": Listed(Number(-_LARGEST, _LARGEST)),
        "spread": Listed(Number(math.nextafter(0.0, 1.0), _LARGEST)),
    },
    {
        "transform": OneOf(tuple(LEAST)),
        "transformed": Listed(Text()),
        "vocabularies": Mapped(Listed(Text(), least=1)),
    },
    others=Whatever(),
)
