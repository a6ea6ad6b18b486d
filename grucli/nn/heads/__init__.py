"""What a forecast says of every value: a number alone, or how it may come out."""

from grucli.nn.arguments import check_choice
from grucli.nn.heads.distribution import Distribution, Head
from grucli.nn.heads.gaussian import Gaussian, GaussianHead
from grucli.nn.heads.negative_binomial import NegativeBinomial, NegativeBinomialHead
from grucli.nn.heads.point import Point, PointHead
from grucli.nn.heads.quantiles import MEDIAN, Quantiles, QuantilesHead, pinball
from grucli.nn.heads.student_t import StudentT, StudentTHead

POINT = PointHead()
COUNTS = "negative_binomial"
HEADS: dict[str, Head] = {
    "point": POINT,
    "gaussian": GaussianHead(),
    "student_t": StudentTHead(),
    COUNTS: NegativeBinomialHead(),
}
"""Name in the recipe -> head, of those that need nothing else."""
OUTPUTS = (*HEADS, "quantiles")

__all__ = [
    "COUNTS",
    "MEDIAN",
    "OUTPUTS",
    "POINT",
    "Distribution",
    "Gaussian",
    "Head",
    "NegativeBinomial",
    "Point",
    "PointHead",
    "Quantiles",
    "StudentT",
    "head_of",
    "pinball",
]


def head_of(output: str, levels: tuple[float, ...] = ()) -> Head:
    """The head of a name; ``levels`` are those of quantiles, 0.5 among them.

    Raises ValueError for an unknown one.
    """
    check_choice("output", output, OUTPUTS)
    return QuantilesHead(levels) if output == "quantiles" else HEADS[output]
