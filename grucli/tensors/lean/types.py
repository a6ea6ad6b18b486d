"""The same numbers in other types."""

from typing import Any, Self

from grucli.tensors.lean.numbers import Held, bool_, float32, float64, int32, int64


class Types(Held):
    """Torch's short names of types; numbers that have the type already are not copied."""

    __slots__ = ()

    def to(self, kind: Any) -> Self:
        """The same in another type, or that of another tensor; there is one device."""
        if isinstance(kind, str):
            return self
        dtype = kind.array.dtype if isinstance(kind, Held) else kind
        return self._like(self.array.astype(dtype, copy=False))

    def double(self) -> Self:
        """In float64."""
        return self.to(float64)

    def float(self) -> Self:
        """In float32."""
        return self.to(float32)

    def long(self) -> Self:
        """In int64."""
        return self.to(int64)

    def int(self) -> Self:
        """In int32."""
        return self.to(int32)

    def bool(self) -> Self:
        """As truths."""
        return self.to(bool_)
