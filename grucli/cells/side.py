"""What the gates of a cell read: the input, and the state before."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Side:
    """What the gates of a cell read, and by which matrix.

    ``name`` ends the names of parameters, ``letter`` stands in symbols such as W_hz, ``product``
    is what formulas call the product alone, ``share`` what they call it once it is normalised,
    ``reads`` says in words what it is of.
    """

    name: str
    letter: str
    product: str
    share: str
    reads: str

    @property
    def weight(self) -> str:
        """The kind of its matrix."""
        return f"weight_{self.name}"


INPUT = Side("ih", "x", "xW", "X", "the input")
STATE = Side("hh", "h", "hU", "Q", "the state before")
